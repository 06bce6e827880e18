use std::panic::Location;
use std::time::Duration;

use gloo_timers::future::sleep;

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// Far longer than anything takes, also on a machine that compiles beside it.
const DEADLINE: Duration = Duration::from_secs(15);

/// Waits until `condition` holds.
///
/// # Panics
/// If it does not hold in time; says that it waited for `what`, and where.
#[track_caller]
pub fn until<F: Fn() -> bool>(what: &str, condition: F) -> impl Future<Output = ()> + use<F> {
    let mut patience = Patience::new(what);
    async move {
        while !condition() {
            patience.spend().await;
        }
    }
}

/// Waits until the browser has done what was queued before.
pub async fn next_task() {
    sleep(Duration::ZERO).await;
}

/// The time that is left for something to happen.
pub(crate) struct Patience {
    what: String,
    place: &'static Location<'static>,
    end: sse_proto::Instant,
}

impl Patience {
    #[track_caller]
    pub(crate) fn new(what: &str) -> Self {
        Self { what: what.to_owned(), place: Location::caller(), end: sse_web::now() + DEADLINE }
    }

    /// Waits for a moment, before the next look.
    pub(crate) async fn spend(&mut self) {
        assert!(
            sse_web::now() < self.end,
            "waited {} s for: {} ({})",
            DEADLINE.as_secs(),
            self.what,
            self.place
        );
        sleep(INTERVAL).await;
    }
}
