//! What is set on the sockets.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};

use super::options::Options;

/// The queue of the listener may have been made for less: in a storm of connects the kernel drops what does not fit,
/// and those clients try again a second later.
pub(super) fn widen_backlog(listener: &TcpListener, backlog: u32) -> io::Result<()> {
    SockRef::from(listener).listen(i32::try_from(backlog).unwrap_or(i32::MAX))
}

/// After how long a silence the kernel asks whether a peer is still there. Linux takes whole seconds, and not too many.
fn longest_silence(options: &Options) -> Duration {
    options.write_deadline.clamp(Duration::from_secs(1), Duration::from_secs(2 * 3_600))
}

pub(super) fn tune(stream: &TcpStream, options: &Options) -> io::Result<()> {
    // An event is small and must not wait for the next one to fill a packet.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(options.send_buffer)?;
    // The kernel of a client that reads slowly answers at once. A ping of HTTP/2 waits behind all that is to be read.
    let keepalive = TcpKeepalive::new().with_time(longest_silence(options));
    #[cfg(target_os = "linux")]
    let keepalive = keepalive.with_interval(longest_silence(options));
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_notsent_lowat(options.unsent)?;
        // Linux counts it in milliseconds, in a signed number.
        let longest = Duration::from_millis(i32::MAX.unsigned_abs().into());
        socket.set_tcp_user_timeout(Some(options.write_deadline.min(longest)))?;
    }
    Ok(())
}

/// Writes what the socket takes. Tokio is not asked before whether it does: it nearly always does, and what tokio knows of
/// it lies far away in memory. Where it does not, tokio learns of it by the next write, which is its own.
#[cfg(target_os = "linux")]
pub(super) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    use rustix::io::retry_on_intr;
    use rustix::net::SendFlags;

    Ok(retry_on_intr(|| rustix::net::send(stream, bytes, SendFlags::NOSIGNAL))?)
}

/// Writes what the socket takes.
#[cfg(not(target_os = "linux"))]
pub(super) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.try_write(bytes)
}

/// Has the kernel forget what was not sent when the socket is closed. It would keep that for minutes, for a client
/// that does not read.
pub(super) fn forget_unsent(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_looks_after_a_peer_in_a_silence_whatever_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let stream = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        for (write_deadline, silence) in [
            (Duration::from_secs(20), Duration::from_secs(20)),
            (Duration::from_millis(300), Duration::from_secs(1)),
            (Duration::from_secs(365 * 86_400), Duration::from_secs(7_200)),
        ] {
            let options = Options { write_deadline, ..Options::default() };
            assert_eq!(longest_silence(&options), silence);
            tune(&stream, &options).expect("tuned");
            let socket = SockRef::from(&stream);
            assert!(socket.keepalive().expect("an option"));
            #[cfg(target_os = "linux")]
            assert_eq!(socket.tcp_keepalive_time().expect("an option"), silence);
        }
    }
}
