//! The write deadline of a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::stats::Counters;

/// A socket that fails when its peer takes nothing for too long. Every byte that it takes gives it the whole time again.
///
/// It lies under TLS. Above, records are collected, and a flush waits for all of them: whoever takes them slowly would look
/// like one who takes nothing.
#[derive(Debug)]
pub(super) struct Timed<T> {
    socket: T,
    write_deadline: Duration,
    /// Runs while the peer does not take what is there for it.
    blocked: Option<Pin<Box<Sleep>>>,
    is_cut: bool,
    counters: Arc<Counters>,
}

impl<T> Timed<T> {
    pub(super) fn new(socket: T, write_deadline: Duration, counters: Arc<Counters>) -> Self {
        Self { socket, write_deadline, blocked: None, is_cut: false, counters }
    }

    pub(super) fn into_inner(self) -> T {
        self.socket
    }

    /// `written`, or an error if it has been pending for too long.
    fn watch(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.blocked = None;
            return written;
        }
        let deadline = self.write_deadline;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + deadline)));
        ready!(blocked.as_mut().poll(cx));
        // Whoever is above may try once more, as to say goodbye.
        if !std::mem::replace(&mut self.is_cut, true) {
            self.counters.cut.add(1);
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Timed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Timed<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write(cx, buf);
        this.watch(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write_vectored(cx, bufs);
        this.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// A socket has nothing to flush, and says nothing of its peer by it.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::serve::Stats;

    const DEADLINE: Duration = Duration::from_secs(20);
    /// What fits into the connection.
    const ROOM: usize = 1_000;
    /// What a client takes when it takes something.
    const PIECE: usize = 100;
    const WRITTEN: usize = 50 * PIECE;

    fn connection(stats: &Stats) -> (Timed<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(ROOM);
        (Timed::new(ours, DEADLINE, stats.counters()), theirs)
    }

    /// Writes to a client that takes a little shortly before each deadline, and then nothing.
    async fn write_to_one_who_takes_slowly(
        mut ours: impl AsyncWrite + Unpin,
        mut theirs: DuplexStream,
        stats: &Stats,
    ) {
        let began = Instant::now();
        let write = async {
            ours.write_all(&[b'x'; WRITTEN]).await?;
            ours.flush().await
        };
        let take = async {
            loop {
                tokio::time::sleep(DEADLINE.mul_f32(0.9)).await;
                theirs.read_exact(&mut [0; PIECE]).await.expect("there is more");
            }
        };
        tokio::select! {
            written = write => written.expect("not cut"),
            () = take => {}
        }
        assert!(began.elapsed() > 30 * DEADLINE, "{:?}", began.elapsed());
        assert_eq!(stats.counts().cut, 0);

        let began = Instant::now();
        let mut write = async || {
            let write = async {
                ours.write_all(&[b'x'; WRITTEN]).await?;
                ours.flush().await
            };
            tokio::time::timeout(10 * DEADLINE, write).await.expect("an end")
        };
        assert_eq!(write().await.expect_err("cut").kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), DEADLINE.as_secs());
        write().await.expect_err("still");
        assert_eq!(began.elapsed().as_secs(), DEADLINE.as_secs(), "there is no second deadline");
        assert_eq!(stats.counts().cut, 1, "counted once");
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_little_before_each_deadline_is_not_cut_and_who_takes_nothing_is() {
        let stats = Stats::default();
        let (ours, theirs) = connection(&stats);
        write_to_one_who_takes_slowly(ours, theirs, &stats).await;
    }

    #[cfg(feature = "tls")]
    #[tokio::test(start_paused = true)]
    async fn so_it_is_over_tls_where_a_flush_takes_many_deadlines() {
        use tokio_rustls::TlsConnector;
        use tokio_rustls::rustls::crypto::ring::default_provider;
        use tokio_rustls::rustls::pki_types::ServerName;
        use tokio_rustls::rustls::{ClientConfig, RootCertStore};

        use crate::serve::Tls;

        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let tls = Tls::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes());
        let tls = tls.expect("usable");
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a root");
        let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = TlsConnector::from(Arc::new(client));

        let stats = Stats::default();
        let (ours, theirs) = connection(&stats);
        let name = ServerName::try_from("localhost").expect("a name");
        let (ours, theirs) = tokio::join!(tls.accept(ours), client.connect(name, theirs));
        let (theirs, _) = theirs.expect("a handshake").into_inner();
        write_to_one_who_takes_slowly(ours.expect("a handshake").0, theirs, &stats).await;
    }
}
