//! What it costs to send one event to many clients: a load client on epoll, and the servers that it drives in turn.
//!
//! The program `fanout` starts a server, connects to it as many clients ([`load`]), and asks Linux what the server's
//! processes used meanwhile ([`usage`]). The servers in Rust are the other programs of this package; those in other
//! languages are beside it. Each publishes the same ticks by itself ([`pace`]), but for nginx, which cannot and has a
//! [`publisher`].

pub mod load;
pub mod pace;
pub mod peer;
pub mod publisher;
pub mod report;
pub mod scenario;
pub mod tick;
pub mod usage;
pub mod versions;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpSocket};

/// How many clients may wait to be accepted. Every server gets the same, since each has another default.
pub const BACKLOG: i32 = 4_096;

/// A listener on the loopback address for the servers on tokio.
///
/// # Errors
/// If the port is taken.
pub fn listener(port: u16) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG.unsigned_abs()).with_context(|| format!("could not listen on port {port}"))
}
