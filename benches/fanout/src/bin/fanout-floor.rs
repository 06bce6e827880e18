//! The floor: the least that a delivery can cost. One thread encodes an event once and writes it to one socket after
//! the other, a system call each. It keeps nothing for anybody: a client whose socket is full is dropped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use fanout::pace::{Pace, ServerOptions};
use rustix::net::{AddressFamily, SocketType, bind, listen, sockopt};

/// The bare write loop of the fan-out benchmark
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    server: ServerOptions,
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: text/event-stream\r\n\
    cache-control: no-store\r\n\
    transfer-encoding: chunked\r\n\r\n";

type Sockets = Arc<Mutex<Vec<TcpStream>>>;

fn main() -> Result<()> {
    let options = Options::parse().server;
    let sockets = Sockets::default();
    let accepted = sockets.clone();
    let listener = listener(options.port).context("could not listen")?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if let Ok(client) = begin(client) {
                accepted.lock().unwrap_or_else(PoisonError::into_inner).push(client);
            }
        }
    });
    let mut pace = Pace::new(&options);
    while let Some(due) = pace.due() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let events: String = pace.turn().iter().map(|tick| tick.event()).collect();
        if events.is_empty() {
            continue;
        }
        let chunk = format!("{:x}\r\n{events}\r\n", events.len());
        let mut sockets = sockets.lock().unwrap_or_else(PoisonError::into_inner);
        sockets
            .retain_mut(|client| client.write(chunk.as_bytes()).is_ok_and(|written| written == chunk.len()));
    }
    // Nothing is published: the clients are kept.
    loop {
        thread::park();
    }
}

/// The standard library's own listener lets only 128 clients wait.
fn listener(port: u16) -> Result<TcpListener> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    listen(&socket, fanout::BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Reads the head of the request and answers it.
fn begin(mut client: TcpStream) -> Result<TcpStream> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        let count = client.read(&mut buffer)?;
        anyhow::ensure!(count > 0, "the client has gone");
        head.extend_from_slice(&buffer[..count]);
    }
    client.set_nodelay(true)?;
    client.write_all(HEAD)?;
    client.set_nonblocking(true)?;
    Ok(client)
}
