//! Streams over TLS: a task for each, as a record cannot be encrypted once for all, but without hyper and its buffers.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::admission::Permit;
use super::connection::{Life, Order};
use super::frame;
use super::handoff::{MOST_SAID, Stream};

/// Writes the stream to its client until one of them ends.
pub(super) async fn serve<T>(mut socket: Box<T>, stream: Stream, mut life: Life, permit: Permit)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let Stream { mut subscription, first, framing, husk } = stream;
    life.streams().add_only(Arc::clone(subscription.signal()));
    let mut next = Some(first);
    let mut said = 0;
    while let Some(chunk) = next {
        if !write(&mut *socket, frame::chunk(framing, chunk), &mut life).await {
            return;
        }
        next = loop {
            tokio::select! {
                chunk = subscription.next() => break chunk,
                () = gone(&mut *socket, &mut said) => return,
                order = life.next() => match order {
                    // The subscription was told, and ends.
                    Order::Finish => {}
                    Order::Cut => return,
                },
            }
        };
    }
    if write(&mut *socket, frame::end(framing), &mut life).await {
        // TLS tells an end from a cut by its own last message (RFC 8446, 6.1).
        let _ = unless_cut(socket.shutdown(), &mut life).await;
    }
    drop((husk, permit));
}

/// Whether all of it was taken.
async fn write<T>(socket: &mut T, mut chunk: Bytes, life: &mut Life) -> bool
where
    T: AsyncWrite + Unpin,
{
    let all = async {
        socket.write_all_buf(&mut chunk).await?;
        socket.flush().await
    };
    unless_cut(all, life).await.is_some_and(|written| written.is_ok())
}

/// What is done with the socket; `None` if time is up before.
async fn unless_cut<D>(doing: impl Future<Output = D>, life: &mut Life) -> Option<D> {
    let mut doing = std::pin::pin!(doing);
    loop {
        tokio::select! {
            done = &mut doing => return Some(done),
            order = life.next() => if order == Order::Cut {
                return None;
            },
        }
    }
}

/// Completes when the client has closed its side, the connection is broken, or it says too much. What it says is nothing
/// to us.
async fn gone<T>(socket: &mut T, said: &mut usize)
where
    T: AsyncRead + Unpin,
{
    // Not there while it waits: an array would be, in every task.
    let mut unread = BytesMut::new();
    while *said <= MOST_SAID && socket.read_buf(&mut unread).await.is_ok_and(|bytes| bytes > 0) {
        *said += unread.len();
        unread.clear();
    }
}
