//! The transport under hyper.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::handoff::Handoff;

/// A connection as hyper gets it: first what was read of it to find out the protocol, then the rest.
///
/// It says when all was flushed after the body of a handed-over stream was asked for.
#[derive(Debug)]
pub(super) struct Transport<T> {
    inner: T,
    /// What was read before hyper was there.
    read_before: Bytes,
    handoff: Option<Arc<Handoff>>,
}

impl<T> Transport<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, read_before: Bytes::new(), handoff: None }
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
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// hyper flushes when it has written all it had.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if let (Poll::Ready(Ok(())), Some(handoff)) = (&flushed, &self.handoff) {
            handoff.handle_flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
