use core::ops::Add;
use core::time::Duration;

/// A point in time: milliseconds since an origin that the caller chooses.
///
/// The caller's clock must not run backwards, as the wall clock may. In a browser it is `performance.now()` and the
/// time for which the device was asleep, as `sse_web::now` gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The point `millis` milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the origin.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// So many milliseconds later.
    pub(crate) const fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// The longest reconnection time that counts, however a server says it: the largest delay that a browser's timer takes. A
/// larger one wraps and fires at once (p11).
pub(crate) const MAX_RETRY_MILLIS: u64 = (1 << 31) - 1;

/// Whole milliseconds, rounded up. The client computes in these: [`Duration`] arithmetic checks seconds and nanoseconds
/// at each step, which costs more code than the computation itself.
#[inline(never)]
pub(crate) fn millis(duration: Duration) -> u64 {
    let millis = duration.as_secs().saturating_mul(1_000);
    millis.saturating_add(u64::from(duration.subsec_nanos().div_ceil(1_000_000)))
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Rounds up to whole milliseconds, so that a timer never fires before its time.
    fn add(self, rhs: Duration) -> Self {
        self.after(millis(rhs))
    }
}
