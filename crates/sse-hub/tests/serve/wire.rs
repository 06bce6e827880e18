//! A client that speaks plain HTTP/1.1 over a socket.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use sse_proto::{Decoder, Limits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::common::{Seen, hear};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Fails a test that waits in vain.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not in time"))
}

pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let socket = TcpStream::connect(address).await.expect("connected");
    ask(socket, "GET", path, headers).await
}

/// A connection whose receive buffer is small, so that it is full soon.
pub(crate) async fn connect_narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
    socket.connect(address).await.expect("connected")
}

pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: S,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer<S> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    socket.write_all(head.as_bytes()).await.expect("sent");
    // Over TLS it may still be in a buffer.
    socket.flush().await.expect("sent");
    Answer::read(socket).await
}

/// An answer, and what has come of its body.
pub(crate) struct Answer<S = TcpStream> {
    pub(crate) socket: S,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    /// Not decoded yet: still in chunks if it is sent so.
    pub(crate) raw: Vec<u8>,
    /// Decoded, and not taken yet.
    pub(crate) body: Vec<u8>,
    /// Whether the body is complete: an empty chunk, or all of its announced length.
    pub(crate) is_complete: bool,
    /// How many chunks have come.
    pub(crate) chunks: usize,
    decoder: Decoder,
    seen: VecDeque<Seen>,
    pub(crate) retry: Option<Duration>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Answer<S> {
    pub(crate) async fn read(socket: S) -> Self {
        let mut answer = Self {
            socket,
            status: 0,
            headers: HashMap::new(),
            raw: Vec::new(),
            body: Vec::new(),
            is_complete: false,
            chunks: 0,
            decoder: Decoder::new(Limits::default()),
            seen: VecDeque::new(),
            retry: None,
        };
        in_time("a head", answer.read_head()).await;
        answer
    }

    async fn read_head(&mut self) {
        let end = loop {
            if let Some(end) = self.raw.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            assert!(self.read_some().await, "closed before the head: {:?}", self.raw);
        };
        let head = String::from_utf8(self.raw[..end].to_vec()).expect("ASCII");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        self.status = status.parse().expect("a number");
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            self.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        self.raw.drain(..end + 4);
        self.dechunk();
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) async fn read_some(&mut self) -> bool {
        self.socket.read_buf(&mut self.raw).await.is_ok_and(|bytes| bytes > 0)
    }

    /// Moves what is complete from `raw` to `body`.
    fn dechunk(&mut self) {
        if self.header("transfer-encoding") != "chunked" {
            self.body.append(&mut self.raw);
            self.is_complete = self.header("content-length").parse() == Ok(self.body.len());
            return;
        }
        while let Some(line) = self.raw.windows(2).position(|window| window == b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..line]).expect("ASCII");
            let size = usize::from_str_radix(size, 16).expect("a size in hexadecimal");
            if self.raw.len() < line + 2 + size + 2 {
                return;
            }
            assert!(!self.is_complete, "a chunk after the last one");
            self.is_complete = size == 0;
            self.chunks += 1;
            self.body.extend_from_slice(&self.raw[line + 2..line + 2 + size]);
            assert_eq!(&self.raw[line + 2 + size..line + 4 + size], b"\r\n", "what ends a chunk");
            self.raw.drain(..line + 2 + size + 2);
        }
    }

    /// Reads the rest of the body, and of the connection if `Content-Length` does not say where it ends.
    pub(crate) async fn text(&mut self) -> String {
        in_time("the rest of a body", async {
            while !self.is_complete && self.read_some().await {
                self.dechunk();
            }
        })
        .await;
        String::from_utf8(std::mem::take(&mut self.body)).expect("UTF-8")
    }

    /// The next event; `None` at the end of the stream, complete or not.
    pub(crate) async fn any_event(&mut self) -> Option<Seen> {
        in_time("an event", async {
            loop {
                hear(&mut self.decoder, &self.body, &mut self.seen, &mut self.retry);
                self.body.clear();
                if let Some(seen) = self.seen.pop_front() {
                    return Some(seen);
                }
                if self.is_complete || !self.read_some().await {
                    return None;
                }
                self.dechunk();
            }
        })
        .await
    }

    /// The next event that is not the opening and no heartbeat.
    pub(crate) async fn event(&mut self) -> Option<Seen> {
        // Of all together: heartbeats would let it wait for ever.
        in_time("an event", async {
            loop {
                let seen = self.any_event().await?;
                if !matches!(seen.event_type.as_str(), "sse.open" | "sse.retry" | "sse.heartbeat") {
                    return Some(seen);
                }
            }
        })
        .await
    }

    /// The next `count` events as `type:data`.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<String> {
        let mut taken = Vec::new();
        for _ in 0..count {
            let seen = self.event().await.expect("the stream goes on");
            taken.push(format!("{}:{}", seen.event_type, seen.data));
        }
        taken
    }

    /// Every event up to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Seen> {
        let mut rest = Vec::new();
        while let Some(seen) = self.event().await {
            rest.push(seen);
        }
        rest
    }
}
