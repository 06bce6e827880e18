//! HTTPS and HTTP/2.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sse_hub::serve::{Options, Tls};
use sse_hub::{Hub, HubOptions, Retention, TopicOptions};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};

use crate::access::{self, Banned};
use crate::common::{self, News, note};
use crate::server::{Server, app};
use crate::wire;

/// A certificate and its key in PEM with a `|` between them, and what a client needs to believe them.
pub(crate) fn certificate() -> (String, ClientConfig) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let client = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (format!("{}|{}", made.cert.pem(), made.signing_key.serialize_pem()), client)
}

/// What a server needs of a [`certificate`].
pub(crate) fn usable(pem: &str) -> Tls {
    let (certificate, key) = pem.split_once('|').expect("both");
    Tls::from_pem(certificate.as_bytes(), key.as_bytes()).expect("usable")
}

/// A server with a certificate, and a client that believes it.
pub(crate) async fn start(options: Options) -> (Server, ClientConfig) {
    let hub = common::hub(HubOptions::default());
    start_app(hub.clone(), app(hub), options).await
}

pub(crate) async fn start_app(hub: Hub, app: axum::Router, options: Options) -> (Server, ClientConfig) {
    let (pem, client) = certificate();
    (Server::with_app(hub, app, Options { tls: Some(usable(&pem)), ..options }).await, client)
}

pub(crate) async fn connect(server: &Server, client: ClientConfig, protocol: &[u8]) -> TlsStream<TcpStream> {
    shake_hands(TcpStream::connect(server.address).await.expect("connected"), client, protocol).await
}

pub(crate) async fn shake_hands<S>(socket: S, mut client: ClientConfig, protocol: &[u8]) -> TlsStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    client.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(client)).connect(name, socket).await.expect("a handshake")
}

pub(crate) async fn speak_http2<S>(socket: S) -> SendRequest<Empty<Bytes>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    speak_http2_with(socket, 2 * 1024 * 1024, 5 * 1024 * 1024).await
}

/// With windows of so many bytes for each stream and for all of them.
pub(crate) async fn speak_http2_with<S>(socket: S, stream: u32, connection: u32) -> SendRequest<Empty<Bytes>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(stream).initial_connection_window_size(connection);
    let (sender, connection) = builder.handshake(TokioIo::new(socket)).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

pub(crate) struct Stream(hyper::body::Incoming, String);

impl Stream {
    pub(crate) async fn open(sender: &mut SendRequest<Empty<Bytes>>, uri: &str) -> Self {
        let request = http::Request::get(uri).body(Empty::new()).expect("a request");
        let response = wire::in_time("a response", sender.send_request(request)).await.expect("answered");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body(), String::new())
    }

    /// Reads so many events, each of which begins with its number.
    pub(crate) async fn read_all(&mut self, events: usize) {
        assert!(self.until(&format!("\ndata: \"{}|", events - 1)).await);
        let numbers = self.1.lines().filter_map(|line| line.strip_prefix("data: \"")?.split('|').next());
        let numbers: Vec<usize> = numbers.filter_map(|number| number.parse().ok()).collect();
        assert_eq!(numbers, (0..events).collect::<Vec<_>>());
    }

    /// Reads until the text is there; returns false if the stream has ended before.
    pub(crate) async fn until(&mut self, text: &str) -> bool {
        wire::in_time(text, async {
            let mut looked_at = 0;
            while !self.1[looked_at..].contains(text) {
                looked_at = self.1.floor_char_boundary(self.1.len().saturating_sub(text.len()));
                if !self.read_some().await {
                    return false;
                }
            }
            true
        })
        .await
    }

    /// Reads a frame; returns false if there is none any more.
    pub(crate) async fn read_some(&mut self) -> bool {
        match self.0.frame().await {
            Some(Ok(frame)) => {
                let data = frame.into_data().expect("data");
                self.1 += std::str::from_utf8(&data).expect("UTF-8");
                true
            }
            Some(Err(_)) | None => false,
        }
    }

    /// What was read.
    pub(crate) fn text(&self) -> &str {
        &self.1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn https_carries_a_stream_over_http_1_1() {
    let (server, client) = start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let socket = connect(&server, client, b"http/1.1").await;
    let mut stream = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    news.publish(&News::Count(1)).expect("published");
    assert_eq!(stream.take(1).await, ["count:1"]);
    drop(stream);
    server.until("gone", |counts| counts.connections == 0).await;
    assert_eq!(server.hub.subscriptions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn https_loses_nothing_to_a_client_that_reads_late_and_ends_its_streams_at_a_shutdown() {
    let (mut server, client) = start(Options::default()).await;
    let retention = Retention { events: 10_000, bytes: 64 * 1024 * 1024, ..Retention::default() };
    let options = TopicOptions { retention, ..TopicOptions::default() };
    let news = server.hub.topic_with("news", options).expect("opened");
    let socket = connect(&server, client, b"http/1.1").await;
    let mut stream = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    let padding = "x".repeat(1_000);
    for number in 0..3_000 {
        news.publish(&note(&format!("{number}|{padding}"))).expect("published");
        if number % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
    server.shut_down();
    let seen = stream.rest().await;
    for (number, seen) in seen.iter().enumerate() {
        assert!(seen.data.starts_with(&format!("\"{number}|")), "{number}: {}", &seen.data[..10]);
    }
    assert_eq!(seen.len(), 3_000);
    assert!(stream.is_complete && stream.retry.is_some(), "ended, not cut");
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_http_2_connection_carries_fifty_streams() {
    let (server, client) = start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut sender = speak_http2(connect(&server, client, b"h2").await).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        streams.push(Stream::open(&mut sender, "https://localhost/stream?topics=news").await);
    }
    assert_eq!((server.hub.subscriptions(), server.stats.counts().connections), (50, 1));
    news.publish(&News::Count(7)).expect("published");
    for stream in &mut streams {
        assert!(stream.until("event: count\ndata: 7\n\n").await);
    }
    streams.truncate(10);
    wire::in_time("forty are gone", async {
        while server.hub.subscriptions() > 10 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_without_tls_is_known_by_its_preface() {
    let server = Server::start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let socket = TcpStream::connect(server.address).await.expect("connected");
    let mut sender = speak_http2(socket).await;
    let mut stream = Stream::open(&mut sender, "http://localhost/stream?topics=news").await;
    news.publish(&News::Count(7)).expect("published");
    assert!(stream.until("data: 7\n\n").await);
    assert_eq!(server.stats.counts().sharded, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_the_streams_of_http_2_with_a_time_to_come_back() {
    let (mut server, client) = start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut sender = speak_http2(connect(&server, client, b"h2").await).await;
    let mut stream = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    assert!(stream.until("sse.open").await);
    news.publish(&News::Count(7)).expect("published");
    server.shut_down();
    assert!(!stream.until("never").await, "it ends");
    assert!(stream.1.contains("data: 7\n\n"), "{}", stream.1);
    assert!(stream.1.rsplit_once("data: 7\n\n").expect("it").1.starts_with("retry: "), "{}", stream.1);
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_over_tls_has_an_age_too() {
    // Longer than a handshake and a request take.
    let max_age = Some(Duration::from_secs(2));
    let (server, client) = start(Options { max_age, ..Options::default() }).await;
    server.hub.topic::<News>("news").expect("opened");
    let mut sender = speak_http2(connect(&server, client.clone(), b"h2").await).await;
    let mut stream = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    assert!(!stream.until("never").await);
    let socket = connect(&server, client, b"http/1.1").await;
    let mut stream = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    assert!(stream.rest().await.is_empty());
    assert!(stream.is_complete);
    let counts = server.until("gone", |counts| counts.connections == 0).await;
    assert_eq!(counts.expired, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let (server, client) =
        start(Options { header_timeout: Duration::from_secs(2), ..Options::default() }).await;
    let mut silent = TcpStream::connect(server.address).await.expect("connected");
    tokio::io::AsyncWriteExt::write_all(&mut silent, b"\x16\x03\x01").await.expect("sent");
    // The handshake is made, and then nothing is asked.
    let _speechless = connect(&server, client, b"h2").await;
    server.until("both are gone", |counts| (counts.accepted, counts.connections) == (2, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_holds_up_no_shutdown() {
    // By itself, it is given up after a minute.
    let minute = Duration::from_secs(60);
    let options = Options { header_timeout: minute, shutdown_deadline: minute, ..Options::default() };
    let (mut server, _client) = start(options).await;
    let mut silent = TcpStream::connect(server.address).await.expect("connected");
    tokio::io::AsyncWriteExt::write_all(&mut silent, b"\x16\x03\x01").await.expect("sent");
    server.until("it is there", |counts| counts.connections == 1).await;
    let started = std::time::Instant::now();
    server.shut_down();
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(server.stats.counts().connections, 0);
}

/// Gives whoever connects the certificate that is there at the time.
#[derive(Debug)]
struct Renewed(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().expect("not poisoned")))
    }
}

/// A [`certificate`] as a resolver hands it out, and what a client needs to believe it and no other.
fn resolvable() -> (Arc<CertifiedKey>, ClientConfig) {
    let (pem, client) = certificate();
    let (certificate, key) = pem.split_once('|').expect("both");
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let provider = crypto::ring::default_provider();
    (Arc::new(CertifiedKey::from_der(vec![certificate], key, &provider).expect("usable")), client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_while_it_serves() {
    let (first, believes_the_first) = resolvable();
    let (second, believes_the_second) = resolvable();
    let resolver = Arc::new(Renewed(RwLock::new(first)));
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(resolver.clone());
    let tls = Some(Tls::from_config(Arc::new(config)));
    let hub = common::hub(HubOptions::default());
    let news = hub.topic::<News>("news").expect("opened");
    let server = Server::with_hub(hub, Options { tls, ..Options::default() }).await;

    // Protocols are agreed on as with a certificate from a file.
    let mut sender = speak_http2(connect(&server, believes_the_first, b"h2").await).await;
    let mut before = Stream::open(&mut sender, "https://localhost/stream?topics=news").await;
    *resolver.0.write().expect("not poisoned") = second;
    let socket = connect(&server, believes_the_second, b"http/1.1").await;
    let mut after = wire::ask(socket, "GET", "/stream?topics=news", &[]).await;
    news.publish(&News::Count(1)).expect("published");
    assert!(before.until("data: 1\n").await, "what is open goes on");
    assert_eq!(after.take(1).await, ["count:1"]);
}

#[cfg(feature = "self-signed")]
#[test]
fn a_certificate_for_development_is_made_on_the_spot() {
    Tls::self_signed(["localhost", "127.0.0.1"]).expect("made");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_over_tls_and_http_2_end_when_their_reader_may_no_longer_read() {
    let (hub, banned) = (access::hub(), Banned::default());
    let (server, client) = start_app(hub.clone(), banned.app(&hub), Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let socket = connect(&server, client.clone(), b"http/1.1").await;
    let mut over_http1 = wire::ask(socket, "GET", "/news?who=ann", &[]).await;
    let mut sender = speak_http2(connect(&server, client, b"h2").await).await;
    let mut ann = Stream::open(&mut sender, "https://localhost/news?who=ann").await;
    let mut bob = Stream::open(&mut sender, "https://localhost/news?who=bob").await;
    news.publish(&News::Count(1)).expect("published");
    assert_eq!(over_http1.take(1).await, ["count:1"]);
    for stream in [&mut ann, &mut bob] {
        assert!(stream.until("data: 1\n").await);
    }
    assert_eq!(banned.ban("ann", &hub), 2);
    news.publish(&News::Count(2)).expect("published");
    assert_eq!(over_http1.rest().await, []);
    assert!(over_http1.is_complete, "ended, not cut");
    assert!(!ann.until("data: 2\n").await, "{}", ann.1);
    assert!(ann.1.ends_with(": unauthorized\n\n"), "{}", ann.1);
    assert!(bob.until("data: 2\n").await);
}
