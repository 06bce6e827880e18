//! The accept loop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use super::Server;
use super::admission::Admission;
use super::connection::Connection;
use super::drain::Drain;
use super::options::Options;

/// How many refused clients are answered at a time, for two seconds at most; the others are cut without a word. So many
/// sockets may be open beyond [`Options::connections`].
pub const REFUSALS: usize = 256;
/// How long a refused client has to take its answer.
const REFUSAL_TIME: Duration = Duration::from_secs(2);
/// How long to wait when the process has no more file descriptors.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// How often the log is told that no connection can be accepted, and for how long none may have failed before that is
/// over: where descriptors are scarce, connections fail and succeed by turns.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Accepts connections until it is dropped.
pub(super) async fn accept(
    listener: &TcpListener,
    server: &Arc<Server>,
    draining: &watch::Receiver<Option<Drain>>,
) -> std::convert::Infallible {
    let counters = server.options.stats.counters();
    let admission = Admission::new(&server.options);
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let refusal: Arc<[u8]> = refusal(&server.options).into();
    let mut pace = server.options.accepts_per_second.map(Pace::new);
    let mut shortage = Shortage::default();
    loop {
        if let Some(pace) = &mut pace {
            pace.wait().await;
        }
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_the_client(&error) {
                    if let Some(attempts) = shortage.handle_failed() {
                        tracing::error!(%error, attempts, "no connection can be accepted");
                    }
                    sleep(EXHAUSTED).await;
                }
                continue;
            }
        };
        if let Some(attempts) = shortage.handle_accepted() {
            tracing::info!(attempts, "connections are accepted, and none has failed for a minute");
        }
        counters.accepted.add(1);
        let Some(permit) = admission.admit(peer.ip()) else {
            counters.refused.add(1);
            if let Ok(place) = Arc::clone(&refusals).try_acquire_owned() {
                // Not the server: nobody would wait at a shutdown for somebody who was not let in.
                let refusal = Arc::clone(&refusal);
                tokio::spawn(async move {
                    let _ = timeout(REFUSAL_TIME, refuse(socket, &refusal)).await;
                    drop(place);
                });
            }
            continue;
        };
        let (server, draining) = (Arc::clone(server), draining.clone());
        tokio::spawn(Connection { server, socket, peer, permit, draining }.serve());
    }
}

/// Whether it is the client's fault, and the next one will do.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// What a client hears that is one too many, whatever it asks. Nothing over TLS: a handshake is what we cannot afford.
fn refusal(options: &Options) -> Vec<u8> {
    #[cfg(feature = "tls")]
    if options.tls.is_some() {
        return Vec::new();
    }
    // A problem of RFC 9457: whoever reads refusals by machine can read this one.
    let problem = r#"{"title":"Service Unavailable","status":503,"detail":"too many connections"}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nretry-after: {}\r\nconnection: close\r\n\r\n{problem}",
        problem.len(),
        options.retry_after.as_secs().max(1),
    );
    answer.into_bytes()
}

async fn refuse(mut socket: TcpStream, refusal: &[u8]) -> io::Result<()> {
    if refusal.is_empty() {
        return Ok(());
    }
    socket.write_all(refusal).await?;
    socket.shutdown().await?;
    // Closing with something unread resets the connection, and takes the answer with it.
    let mut unread = [0; 1_024];
    while socket.read(&mut unread).await? > 0 {}
    Ok(())
}

/// Tells the log of a time in which connections cannot be accepted through no fault of a client, and does not fill it.
#[derive(Debug, Default)]
struct Shortage {
    /// When the log was last told, and when an attempt last failed.
    told_and_failed: Option<(Instant, Instant)>,
    /// How many attempts have failed since the log was told.
    untold: u64,
}

impl Shortage {
    /// If it is time to tell of it: how many attempts have failed since that was done, this one included.
    fn handle_failed(&mut self) -> Option<u64> {
        let now = Instant::now();
        self.untold += 1;
        let told = self.told_and_failed.map(|(told, _)| told);
        let told_lately = told.filter(|told| now.duration_since(*told) < TELL_EVERY);
        self.told_and_failed = Some((told_lately.unwrap_or(now), now));
        told_lately.is_none().then(|| std::mem::take(&mut self.untold))
    }

    /// If it is over with this: how many attempts have failed since the log was told.
    fn handle_accepted(&mut self) -> Option<u64> {
        let over = self.told_and_failed.take_if(|(_, failed)| failed.elapsed() >= TELL_EVERY);
        over.map(|_| std::mem::take(&mut self.untold))
    }
}

/// Lets so many pass in a second, after a burst of as many.
#[derive(Debug)]
struct Pace {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, left: per_second, at: Instant::now() }
    }

    async fn wait(&mut self) {
        let now = Instant::now();
        let earned = now.duration_since(self.at).as_secs_f64() * self.per_second;
        self.left = (self.left + earned).min(self.per_second);
        self.at = now;
        if self.left < 1.0 {
            sleep(Duration::from_secs_f64((1.0 - self.left) / self.per_second)).await;
        }
        // What was slept is earned the next time.
        self.left -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_so_many_in_a_second() {
        let started = Instant::now();
        let mut pace = Pace::new(100);
        for _ in 0..100 {
            pace.wait().await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        for _ in 0..200 {
            pace.wait().await;
        }
        let took = started.elapsed().as_millis();
        assert!((1_900..2_400).contains(&took), "{took} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn a_shortage_is_told_at_once_then_once_a_minute_and_its_end_once() {
        let mut shortage = Shortage::default();
        assert_eq!(shortage.handle_accepted(), None);
        let mut told = Vec::new();
        // Ten minutes out of descriptors, in which one becomes free each second.
        for attempt in 0..6_000 {
            told.extend(shortage.handle_failed());
            if attempt % 10 == 0 {
                assert_eq!(shortage.handle_accepted(), None);
            }
            tokio::time::advance(EXHAUSTED).await;
        }
        assert_eq!((told[0], told.len(), told.iter().sum::<u64>()), (1, 10, 5_401));
        assert_eq!(shortage.handle_accepted(), None, "one was free a moment ago");
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!([shortage.handle_accepted(), shortage.handle_accepted()], [Some(599), None]);
        assert_eq!(shortage.handle_failed(), Some(1), "the next one is told at once");
    }
}
