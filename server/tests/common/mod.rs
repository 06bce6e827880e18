//! A server on a port of its own, and a client that speaks plain HTTP/1.1 over a socket.
#![expect(dead_code, reason = "each suite uses its own part of it")]

pub(crate) mod endpoint;
pub(crate) mod program;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use server::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) running: JoinHandle<Result<(), server::RunError>>,
}

impl Server {
    /// A server that was started otherwise.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, stop: None, running: tokio::spawn(async { Ok(()) }) }
    }

    pub(crate) async fn start(config: Config) -> Self {
        // As the program does: macOS gives a process 256 files, which are too few.
        server::raise_limit();
        let listener = TcpListener::bind(config.listen).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let running = tokio::spawn(server::run(listener, config, shutdown));
        Self { address, stop: Some(stop), running }
    }

    pub(crate) fn shut_down(&mut self) {
        let _ = self.stop.take().expect("once").send(());
    }

    /// Sends a request with `Connection: close` and reads the whole answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut answer = self.open(method, path, headers, body).await;
        answer.read_to_end().await;
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    /// What `/metrics` says now: a name, with its labels if it has some.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let answer = self.get("/metrics").await;
        let line = answer.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is missing in {}", answer.text())).parse().expect("a number")
    }

    /// Posts JSON with a token.
    pub(crate) async fn post_as(&self, token: &str, path: &str, json: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
        self.send("POST", path, &headers, json.as_bytes()).await
    }

    pub(crate) async fn post_json(&self, path: &str, json: &str) -> Answer {
        self.send("POST", path, &[("Content-Type", "application/json")], json.as_bytes()).await
    }

    /// Opens a stream and reads its head.
    pub(crate) async fn stream(&self, path: &str, last_event_id: Option<&str>) -> Answer {
        let headers: Vec<_> = last_event_id.map(|id| ("Last-Event-ID", id)).into_iter().collect();
        self.open("GET", path, &headers, b"").await
    }

    /// Sends a request and reads the head of the answer.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let socket = TcpStream::connect(self.address).await.expect("connected");
        self.open_over(socket, method, path, headers, body).await
    }

    /// [`Self::open`] over a connection of the caller's.
    pub(crate) async fn open_over(
        &self,
        mut socket: TcpStream,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        socket.write_all(head.as_bytes()).await.expect("sent");
        socket.write_all(body).await.expect("sent");
        let mut answer =
            Answer { socket, raw: Vec::new(), status: 0, headers: HashMap::new(), body: Vec::new() };
        tokio::time::timeout(PATIENCE, answer.read_head()).await.expect("a head in time");
        answer
    }
}

pub(crate) struct Answer {
    socket: TcpStream,
    /// What has come of the body, still in chunks if it is sent so.
    raw: Vec<u8>,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// An event as it is on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: String,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body of a refusal, after a look at its form.
    pub(crate) fn problem(&self) -> demo_contract::Problem {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem: demo_contract::Problem = serde_json::from_slice(&self.body).expect("a problem");
        assert_eq!(problem.status, self.status);
        assert!(!problem.title.is_empty() && !problem.detail.is_empty());
        problem
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
            let known = self.headers.entry(name.to_ascii_lowercase()).or_default();
            *known = if known.is_empty() { value.to_owned() } else { format!("{known}, {value}") };
        }
        self.raw.drain(..end + 4);
        self.decode();
    }

    async fn read_some(&mut self) -> bool {
        self.socket.read_buf(&mut self.raw).await.is_ok_and(|bytes| bytes > 0)
    }

    /// Moves what is complete from `raw` to `body`.
    fn decode(&mut self) {
        if self.header("transfer-encoding") != "chunked" {
            self.body.append(&mut self.raw);
            return;
        }
        while let Some(line) = self.raw.windows(2).position(|window| window == b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..line]).expect("ASCII");
            let size = usize::from_str_radix(size, 16).expect("a size");
            if self.raw.len() < line + 2 + size + 2 {
                return;
            }
            self.body.extend_from_slice(&self.raw[line + 2..line + 2 + size]);
            self.raw.drain(..line + 2 + size + 2);
        }
    }

    /// Waits until more of the body has come.
    pub(crate) async fn wait(&mut self) {
        assert!(tokio::time::timeout(PATIENCE, self.read_some()).await.expect("more in time"), "closed");
        self.decode();
    }

    pub(crate) async fn read_to_end(&mut self) {
        let all = async {
            while self.read_some().await {
                self.decode();
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("an end in time");
    }

    /// The body as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// The next event of a stream that is not the opening or a heartbeat; `None` at its end.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        let counts = async {
            loop {
                let event = self.any_event().await?;
                if !matches!(event.event.as_str(), "sse.open" | "sse.retry" | "sse.heartbeat") {
                    return Some(event);
                }
            }
        };
        tokio::time::timeout(PATIENCE, counts).await.expect("an event in time")
    }

    /// Like [`Self::event`], until there is one of the type.
    pub(crate) async fn event_of(&mut self, event_type: &str) -> Event {
        loop {
            let event = self.event().await.expect("the stream goes on");
            if event.event == event_type {
                return event;
            }
        }
    }

    async fn any_event(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.body.windows(2).position(|window| window == b"\n\n") {
                let block: Vec<u8> = self.body.drain(..end + 2).collect();
                let block = String::from_utf8(block).expect("UTF-8");
                if let Some(event) = parse(&block) {
                    return Some(event);
                }
            }
            if !self.read_some().await {
                return None;
            }
            self.decode();
        }
    }
}

/// The event of a block, if it is one. Stricter than a client: a server writes each field once, data aside, and ends lines
/// in one way.
fn parse(block: &str) -> Option<Event> {
    assert!(!block.contains(['\r', '\0']), "a line is forged in {block:?}");
    let (mut id, mut event, mut data) = (None, None, None::<String>);
    for line in block.split('\n').filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} in {block:?}"));
        let earlier = match name {
            "id" => id.replace(value.to_owned()),
            "event" => event.replace(value.to_owned()),
            "data" => {
                data = Some(data.map_or_else(|| value.to_owned(), |data| format!("{data}\n{value}")));
                None
            }
            "" | "retry" => None,
            name => panic!("a forged field {name:?} in {block:?}"),
        };
        assert_eq!(earlier, None, "{name} is forged in {block:?}");
    }
    let event = event.unwrap_or_else(|| "message".to_owned());
    data.map(|data| Event { id: id.unwrap_or_default(), event, data })
}
