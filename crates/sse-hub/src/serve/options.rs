//! What can be set, with the defaults and what they are for.

use std::time::Duration;

use super::exempt::Exempt;
use super::stats::Stats;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::Hub;
use crate::options::LONGEST;

/// How [`run`](super::run) serves. Start from the default: `Options { max_age, ..Options::default() }`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most connections at a time. Who comes beyond that is answered with `503`, [`Self::retry_after`], and a problem
    /// (RFC 9457) as JSON; over TLS it is cut without a word. Each takes a file, of which a process often may have
    /// only 1,024 (`ulimit -n`): who comes beyond that gets no answer. Raise that limit, or lower this one.
    /// Default: 20,000.
    pub connections: usize,
    /// The most connections at a time from one address, or one [`network`](super::network()) of IPv6; the rest are answered
    /// likewise. Default: `None`, no limit, because behind a proxy everybody has the proxy's address.
    pub connections_per_address: Option<usize>,
    /// Whom that limit is not for. Default: nobody.
    pub exempt: Exempt,
    /// The most connections that are accepted in a second. More of them wait in the [backlog](Self::backlog), and are
    /// refused by the kernel when that is full. Default: `None`, no limit.
    pub accepts_per_second: Option<u32>,
    /// How many connections may wait to be accepted; the kernel has a bound of its own (Linux: `net.core.somaxconn`).
    /// Default: 4,096.
    pub backlog: u32,
    /// How long a client may take to send the head of a request, from when it connected or from when its last request
    /// was answered. Also for the handshake of TLS. Default: 10 s.
    pub header_timeout: Duration,
    /// A client that takes nothing for this long although something is there for it is cut off; whatever it takes gives
    /// it the whole time again. That it takes is seen by its socket, which takes more from us when a part of what the
    /// kernels hold was read. On Linux the kernel cuts as well, if what it has sent is not acknowledged, and it asks after
    /// as long a silence whether the peer is there: so one that vanished is noticed. Over HTTP/2 it is one stream that is
    /// cut, if its window has no room for any of what is there for so long. A stream that was told to end, for its age or
    /// because its reader may no longer read, is cut after at most twice as long, however much it takes. Default: 20 s.
    pub write_deadline: Duration,
    /// The send buffer of each socket in bytes, `SO_SNDBUF`; Linux doubles it for its own use. With
    /// [`Self::unsent`] it bounds what a client that does not read costs. Default: 64 KiB.
    pub send_buffer: usize,
    /// The most bytes that the kernel takes before it has begun to send them, `TCP_NOTSENT_LOWAT`, where the platform
    /// has it; over HTTP/2 also what waits in front of that for each stream, but always one chunk. What stays with us
    /// may still be left out or replaced. Default: 16 KiB.
    pub unsent: u32,
    /// After about this long, within a tenth, a connection is ended: a stream comes back with its cursor. A request
    /// whose body still comes is answered first, however long that takes, unless nothing of it has come for this time.
    /// So clients spread over servers that were added, and nothing leaks for ever. Default: one hour.
    pub max_age: Option<Duration>,
    /// What a refused client is told to wait, in whole seconds. Default: 5 s.
    pub retry_after: Duration,
    /// How long it goes on as ever when it is told to shut down: nothing but [`Stats::is_shutting_down`] says so. Load
    /// balancers that ask a route which answers by that look elsewhere before the first client is sent away. Make it a
    /// little longer than they take to notice. Default: zero.
    pub lame_duck: Duration,
    /// The hub of the streams, which is [drained](Hub::drain) when that time is over. Default: `None`; then nobody but
    /// you drains it.
    pub hub: Option<Hub>,
    /// When it shuts down, the streams are ended evenly over this time, and told to come back evenly over a longer one.
    /// With fewer than 400 streams it takes less: 5 ms for each. Default: 2 s.
    pub drain: Duration,
    /// How long a shutdown may take in all, after [`Self::lame_duck`]. What is open then is cut. Default: 5 s.
    pub shutdown_deadline: Duration,
    /// How many tasks write to the streams. Default: `None`, one for each core.
    pub shards: Option<usize>,
    /// The most streams on one HTTP/2 connection. Default: 128.
    pub http2_streams: u32,
    /// Serves HTTPS, with HTTP/2 for those who ask for it. Default: `None`, plain HTTP. Feature `tls`.
    #[cfg(feature = "tls")]
    pub tls: Option<Tls>,
    /// Where it is counted what happens. Keep a clone to look at.
    pub stats: Stats,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: None,
            exempt: Exempt::default(),
            accepts_per_second: None,
            backlog: 4_096,
            header_timeout: Duration::from_secs(10),
            write_deadline: Duration::from_secs(20),
            send_buffer: 64 * 1024,
            unsent: 16 * 1024,
            max_age: Some(Duration::from_secs(3_600)),
            retry_after: Duration::from_secs(5),
            lame_duck: Duration::ZERO,
            hub: None,
            drain: Duration::from_secs(2),
            shutdown_deadline: Duration::from_secs(5),
            shards: None,
            http2_streams: 128,
            #[cfg(feature = "tls")]
            tls: None,
            stats: Stats::default(),
        }
    }
}

/// An option that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidOption {
    /// The field of [`Options`].
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Options {
    /// Looks for a value with which nothing could be served. [`run`](super::run) does so first.
    ///
    /// # Errors
    /// [`InvalidOption`] names the first one.
    pub fn validate(&self) -> Result<(), InvalidOption> {
        let invalid = |field, reason| Err(InvalidOption { field, reason });
        let zero = "must be more than zero";
        for (field, is_zero) in [
            ("connections", self.connections == 0),
            ("connections_per_address", self.connections_per_address == Some(0)),
            ("accepts_per_second", self.accepts_per_second == Some(0)),
            ("backlog", self.backlog == 0),
            ("header_timeout", self.header_timeout.is_zero()),
            ("write_deadline", self.write_deadline.is_zero()),
            ("max_age", self.max_age.is_some_and(|age| age.is_zero())),
            ("shutdown_deadline", self.shutdown_deadline.is_zero()),
            ("shards", self.shards == Some(0)),
            ("http2_streams", self.http2_streams == 0),
        ] {
            if is_zero {
                return invalid(field, zero);
            }
        }
        for (field, time) in [
            ("header_timeout", self.header_timeout),
            ("write_deadline", self.write_deadline),
            ("max_age", self.max_age.unwrap_or_default()),
            ("lame_duck", self.lame_duck),
            ("shutdown_deadline", self.shutdown_deadline),
        ] {
            if time > LONGEST {
                return invalid(field, "must not be longer than a year");
            }
        }
        if self.send_buffer < 4 * 1024 {
            return invalid("send_buffer", "must be at least 4096 bytes");
        }
        if self.unsent < 1_024 {
            return invalid("unsent", "must be at least 1024 bytes");
        }
        if self.drain > self.shutdown_deadline {
            return invalid("drain", "must not be longer than shutdown_deadline");
        }
        Ok(())
    }

    pub(super) fn shard_count(&self) -> usize {
        self.shards.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Options::default().validate(), Ok(()));
    }

    #[test]
    fn an_option_that_cannot_be_is_named() {
        let named = |options: Options| options.validate().expect_err("not valid").to_string();
        let default = Options::default;
        assert_eq!(named(Options { connections: 0, ..default() }), "connections must be more than zero");
        assert_eq!(named(Options { shards: Some(0), ..default() }), "shards must be more than zero");
        assert_eq!(named(Options { send_buffer: 1, ..default() }), "send_buffer must be at least 4096 bytes");
        assert_eq!(
            named(Options { write_deadline: Duration::MAX, ..default() }),
            "write_deadline must not be longer than a year"
        );
        assert_eq!(named(Options { unsent: 1, ..default() }), "unsent must be at least 1024 bytes");
        assert_eq!(
            named(Options { drain: Duration::from_secs(6), ..default() }),
            "drain must not be longer than shutdown_deadline"
        );
    }
}
