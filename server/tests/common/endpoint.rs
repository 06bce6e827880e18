//! An OpenAI-compatible endpoint that does what a test tells it to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    sockets: Mutex<mpsc::UnboundedReceiver<TcpStream>>,
    calls: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A request that has come.
pub(crate) struct Call {
    socket: TcpStream,
    pub(crate) path: String,
    headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// How a call is answered.
pub(crate) enum Reply<'a> {
    Stream,
    Refusal { status: &'a str, headers: &'a str, body: &'a str },
}

impl Endpoint {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, sockets) = mpsc::unbounded_channel();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        // Counted when they come, also those that no test expects.
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let _ = sender.send(socket);
            }
        });
        Self { address, sockets: Mutex::new(sockets), calls, accepting }
    }

    /// One that refuses every connection. Its port is held, so that it is nobody else's either.
    pub(crate) fn nowhere() -> Self {
        let held = TcpSocket::new_v4().expect("a socket");
        held.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = held.local_addr().expect("an address");
        let accepting = tokio::spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        let (_, sockets) = mpsc::unbounded_channel();
        Self { address, sockets: Mutex::new(sockets), calls: Arc::default(), accepting }
    }

    /// Waits for the next call.
    pub(crate) async fn call(&self) -> Call {
        let mut sockets = self.sockets.lock().await;
        let socket = timeout(PATIENCE, sockets.recv()).await.expect("a call in time").expect("a call");
        let mut call = Call { socket, path: String::new(), headers: HashMap::new(), body: Vec::new() };
        timeout(PATIENCE, call.read()).await.expect("a request in time");
        call
    }

    /// How many calls have come.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Call {
    async fn read(&mut self) {
        let mut raw = Vec::new();
        let end = loop {
            if let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            assert!(self.socket.read_buf(&mut raw).await.expect("more") > 0, "closed before the head");
        };
        let head = String::from_utf8(raw[..end].to_vec()).expect("ASCII");
        self.path = head.split(' ').nth(1).expect("a path").to_owned();
        let fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
        self.headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let length: usize = self.header("content-length").parse().expect("a length");
        self.body = raw.split_off(end + 4);
        while self.body.len() < length {
            assert!(self.socket.read_buf(&mut self.body).await.expect("more") > 0, "closed in the body");
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Sends the head, and of a refusal the rest too.
    pub(crate) async fn begin(&mut self, reply: Reply<'_>) {
        let head = match reply {
            Reply::Stream => {
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n".into()
            }
            Reply::Refusal { status, headers, body } => {
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
            }
        };
        self.raw(&head).await;
    }

    pub(crate) async fn tokens(&mut self, tokens: &[&str]) {
        for text in tokens {
            self.raw(&token(text)).await;
        }
    }

    pub(crate) async fn done(&mut self) {
        self.raw("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n").await;
    }

    pub(crate) async fn raw(&mut self, bytes: &str) {
        self.socket.write_all(bytes.as_bytes()).await.expect("sent");
    }

    /// Waits until the caller has closed the connection.
    pub(crate) async fn hung_up(&mut self) {
        let read = timeout(PATIENCE, self.socket.read(&mut [0; 64])).await.expect("hung up in time");
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
}

/// An event with a piece of text, as the endpoints send it.
pub(crate) fn token(text: &str) -> String {
    let chunk = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "test-model",
        "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }],
    });
    format!("data: {chunk}\n\n")
}
