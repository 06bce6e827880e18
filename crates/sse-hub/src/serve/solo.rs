//! Streams over TLS: a task for each, as a record cannot be encrypted once for all, but without hyper and its buffers.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::admission::Permit;
use super::connection::{Life, Order};
use super::frame;
use super::handoff::{MOST_SAID, Stream};
use super::io::Transport;

/// Writes the stream to its client until one of them ends.
pub(super) async fn serve<T>(mut transport: Box<Transport<T>>, stream: Stream, mut life: Life, permit: Permit)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let Stream { mut subscription, first, framing, husk } = stream;
    life.streams().add(subscription.signal());
    let mut next = Some(first);
    let mut said = 0;
    while let Some(chunk) = next {
        if !write(&mut transport, frame::chunk(framing, chunk), &mut life).await {
            return;
        }
        next = loop {
            tokio::select! {
                chunk = subscription.next() => break chunk,
                () = gone(&mut transport, &mut said) => return,
                order = life.next() => match order {
                    // The subscription was told, and ends.
                    Order::Finish => {}
                    Order::Cut => return,
                },
            }
        };
    }
    if write(&mut transport, frame::end(framing), &mut life).await {
        // TLS tells an end from a cut by its own last message (RFC 8446, 6.1).
        let _ = transport.shutdown().await;
    }
    drop((husk, permit));
}

/// Whether all of it was taken.
async fn write<T>(transport: &mut Transport<T>, mut chunk: Bytes, life: &mut Life) -> bool
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let all = async {
            // Can be dropped half way: what was written is no longer in `chunk`.
            transport.write_all_buf(&mut chunk).await?;
            transport.flush().await
        };
        tokio::select! {
            written = all => return written.is_ok(),
            order = life.next() => if order == Order::Cut {
                return false;
            },
        }
    }
}

/// Completes when the client has closed its side, the connection is broken, or it says too much. What it says is nothing
/// to us.
async fn gone<T>(transport: &mut Transport<T>, said: &mut usize)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // Not there while it waits: an array would be, in every task.
    let mut unread = BytesMut::new();
    while *said <= MOST_SAID && transport.read_buf(&mut unread).await.is_ok_and(|bytes| bytes > 0) {
        *said += unread.len();
        unread.clear();
    }
}
