//! What an idle stream costs in memory, as the kernel counts it. The server is a process of its own: this test starts
//! itself, and looks at `/proc`.

use std::any::Any;
use std::env;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use sse_hub::HubOptions;
use sse_hub::serve::Options;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::rustls::ClientConfig;

use crate::common::{self, News};
use crate::server::{Server, raise_file_limit};
use crate::{tls, wire};

/// Makes a process the server; the value is its certificate and key in PEM, or nothing.
const CHILD: &str = "SSE_HUB_MEMORY_CHILD";
/// The server's line that tells where it listens begins so.
const ADDRESS: &str = "address: ";
/// So many streams come before the first look, so that what is made once is not counted.
const BEFORE: usize = 100;
const STREAMS: usize = 600;
const AT_A_TIME: usize = 100;

/// This test starts itself: with a protocol in the environment it is the server.
#[test]
fn an_idle_stream_costs_little_memory_over_every_protocol() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    if let Ok(pem) = env::var(CHILD) {
        return runtime.block_on(serve(&pem));
    }
    raise_file_limit();
    // In KiB, resident. What the kernel keeps for sockets is not in it. Over HTTP/2, 19 are h2's and hyper's, and cannot be
    // set: of buffers of 16, 8 and 4 one page each is touched, and 7 are what they know of the connection, its one stream and
    // the headers. Over TLS, 7 are rustls', of which 4 are a buffer.
    let mut report = String::new();
    let mut is_within = true;
    for (protocol, limit) in
        [(Protocol::Http1, 2.1), (Protocol::Http2, 24.0), (Protocol::Tls1, 11.5), (Protocol::Tls2, 31.5)]
    {
        let each = runtime.block_on(measure(protocol));
        report += &format!("{protocol:?}: {each:.1} KiB, at most {limit}\n");
        is_within &= each <= limit;
    }
    println!("{report}");
    assert!(is_within, "{report}");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
    Tls1,
    Tls2,
}

/// The server: with a certificate if there is one. Ends when it is killed.
async fn serve(pem: &str) {
    let tls = (!pem.is_empty()).then(|| tls::usable(pem));
    // So that every stream has been written to, by when we look.
    let hub = HubOptions { heartbeat: Some(Duration::from_millis(500)), ..HubOptions::default() };
    let server = Server::with_hub(common::hub(hub), Options { tls, ..Options::default() }).await;
    server.hub.topic::<News>("news").expect("opened");
    println!("\n{ADDRESS}{}", server.address);
    server.running.await.expect("no panic").expect("served");
}

/// What each of many idle streams costs, in KiB.
async fn measure(protocol: Protocol) -> f64 {
    let (pem, config) = tls::certificate();
    let has_tls = matches!(protocol, Protocol::Tls1 | Protocol::Tls2);
    let mut child = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "memory::an_idle_stream_costs_little_memory_over_every_protocol", "--nocapture"])
        .env(CHILD, if has_tls { pem } else { String::new() })
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let address = wire::in_time("an address", async {
        loop {
            let line = lines.next_line().await.expect("read").expect("it goes on");
            if let Some(address) = line.strip_prefix(ADDRESS) {
                return address.parse::<SocketAddr>().expect("an address");
            }
        }
    })
    .await;
    let config = has_tls.then_some(config);
    let is_http2 = matches!(protocol, Protocol::Http2 | Protocol::Tls2);
    let pid = child.id().expect("it runs");
    let mut streams = open(address, config.as_ref(), is_http2, BEFORE).await;
    let before = resident(pid);
    streams.extend(open(address, config.as_ref(), is_http2, STREAMS).await);
    let after = resident(pid);
    drop(streams);
    (after - before) / STREAMS as f64
}

/// Opens streams, a few at a time, and reads from each until there was a heartbeat.
async fn open(
    address: SocketAddr,
    config: Option<&ClientConfig>,
    is_http2: bool,
    count: usize,
) -> Vec<Box<dyn Any>> {
    futures_util::stream::iter(0..count)
        .map(async |_| -> Box<dyn Any> {
            let socket = TcpStream::connect(address).await.expect("connected");
            match config {
                None => read(socket, is_http2).await,
                Some(config) => {
                    let protocol = if is_http2 { &b"h2"[..] } else { b"http/1.1" };
                    read(tls::shake_hands(socket, config.clone(), protocol).await, is_http2).await
                }
            }
        })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await
}

async fn read<S>(socket: S, is_http2: bool) -> Box<dyn Any>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if is_http2 {
        let mut sender = tls::speak_http2(socket).await;
        let mut stream = tls::Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
        assert!(stream.until("sse.heartbeat").await);
        return Box::new((sender, stream));
    }
    let mut answer = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    while answer.any_event().await.expect("goes on").event_type != "sse.heartbeat" {}
    Box::new(answer)
}

/// What a process has of its own in memory, in KiB.
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux tells");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
