//! What is set on the sockets.

use std::io;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::options::Options;

/// The queue of the listener may have been made for less: in a storm of connects the kernel drops what does not fit,
/// and those clients try again a second later.
pub(super) fn widen_backlog(listener: &TcpListener, backlog: u32) -> io::Result<()> {
    SockRef::from(listener).listen(i32::try_from(backlog).unwrap_or(i32::MAX))
}

pub(super) fn tune(stream: &TcpStream, options: &Options) -> io::Result<()> {
    // An event is small and must not wait for the next one to fill a packet.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(options.send_buffer)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_notsent_lowat(options.unsent)?;
        socket.set_tcp_user_timeout(Some(options.write_deadline))?;
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
    let _ = SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
}
