//! The transport under hyper.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::handoff::Handoff;
use super::stats::Counters;

/// A connection as hyper gets it: first what was read of it to find out the protocol, then the rest.
///
/// It says when all was flushed after the body of a handed-over stream was asked for, and it fails when the peer takes
/// nothing for too long.
#[derive(Debug)]
pub(super) struct Transport<T> {
    inner: T,
    /// What was read before hyper was there.
    read_before: Bytes,
    handoff: Option<Arc<Handoff>>,
    write_deadline: Duration,
    /// Runs while the peer does not take what is there for it.
    blocked: Option<Pin<Box<Sleep>>>,
    counters: Arc<Counters>,
}

impl<T> Transport<T> {
    pub(super) fn new(inner: T, write_deadline: Duration, counters: Arc<Counters>) -> Self {
        Self { inner, read_before: Bytes::new(), handoff: None, write_deadline, blocked: None, counters }
    }

    pub(super) fn read_before(mut self, bytes: Bytes) -> Self {
        self.read_before = bytes;
        self
    }

    pub(super) fn handoff(mut self, handoff: Arc<Handoff>) -> Self {
        self.handoff = Some(handoff);
        self
    }

    pub(super) fn into_inner(self) -> T {
        self.inner
    }

    /// `done`, or an error if it has been pending for too long.
    fn watch<R>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if done.is_ready() {
            self.blocked = None;
            return done;
        }
        let deadline = self.write_deadline;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + deadline)));
        ready!(blocked.as_mut().poll(cx));
        self.counters.cut.add(1);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Transport<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read_before.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let length = self.read_before.len().min(buf.remaining());
        buf.put_slice(&self.read_before[..length]);
        self.read_before.advance(length);
        if self.read_before.is_empty() {
            // Even an empty rest holds all of it.
            self.read_before = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Transport<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(cx, buf);
        this.watch(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(cx, bufs);
        this.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// hyper flushes when it has written all it had.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        if let (Poll::Ready(Ok(())), Some(handoff)) = (&flushed, &this.handoff) {
            handoff.handle_flushed();
        }
        this.watch(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.inner).poll_shutdown(cx);
        this.watch(cx, shut)
    }
}
