//! The publisher for a server that cannot publish by itself: POSTs over one connection, from a thread of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::pace::{Pace, ServerOptions};
use crate::tick::{EVENT_TYPE, Tick};

/// A thread that publishes. It ends when this is dropped.
#[derive(Debug)]
pub struct Publisher {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    /// Publishes to a path of nchan's, as `options` say.
    ///
    /// # Errors
    /// If it cannot connect.
    pub fn start(server: SocketAddr, path: &'static str, options: &ServerOptions) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let connection = Connection::open(server, path)?;
        let (stopped, pace) = (stop.clone(), Pace::new(options));
        let thread = thread::spawn(move || {
            if let Err(error) = publish(connection, pace, &stopped)
                && !stopped.load(Ordering::Relaxed)
            {
                eprintln!("the publisher has failed: {error:#}");
            }
        });
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn publish(mut connection: Connection, mut pace: Pace, stop: &AtomicBool) -> Result<()> {
    while let Some(due) = pace.due() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if stop.load(Ordering::Relaxed) {
            break;
        }
        for tick in pace.turn() {
            connection.post(&tick)?;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Connection {
    server: SocketAddr,
    path: &'static str,
    socket: BufReader<TcpStream>,
}

impl Connection {
    fn open(server: SocketAddr, path: &'static str) -> Result<Self> {
        let socket = TcpStream::connect(server).context("could not connect to publish")?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(Self { server, path, socket: BufReader::new(socket) })
    }

    /// Publishes a tick and waits for the answer.
    fn post(&mut self, tick: &Tick) -> Result<()> {
        let json = tick.json();
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nX-EventSource-Event: {EVENT_TYPE}\r\nContent-Length: {}\r\n\r\n{json}",
            self.path,
            self.server,
            json.len(),
        );
        self.socket.get_mut().write_all(request.as_bytes())?;
        let mut length = 0;
        for number in 0.. {
            let mut line = String::new();
            if self.socket.read_line(&mut line)? == 0 {
                bail!("the server has closed the connection");
            }
            let line = line.trim_end().to_ascii_lowercase();
            if number == 0 && !line.starts_with("http/1.1 2") {
                bail!("answered with `{line}`");
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().context("no length")?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        Ok(self.socket.read_exact(&mut body)?)
    }
}
