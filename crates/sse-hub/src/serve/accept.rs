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
    loop {
        if let Some(pace) = &mut pace {
            pace.wait().await;
        }
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_the_client(&error) {
                    tracing::error!(%error, "no connection can be accepted");
                    sleep(EXHAUSTED).await;
                }
                continue;
            }
        };
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
}
