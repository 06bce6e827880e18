//! HTTPS and HTTP/2, as browsers speak them.

mod common;

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderName, Method, Request, Response};
use bytes::Bytes;
use common::Server;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use server::Config;
use server::config::AccessConfig;
use server::config::ServingConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

const READ: &str = "the-token-that-reads-2";
const MESSAGE: &str = r#"{"client_id":"1","author":"Ann","text":"hi"}"#;

/// A connection, which speaks what it was made for.
enum Client {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    async fn http1(socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self::Http1(sender)
    }

    async fn http2(socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(socket));
        let (sender, connection) = handshake.await.expect("HTTP/2");
        tokio::spawn(connection);
        Self::Http2(sender)
    }

    /// Asks, and reads the head of the answer. Over HTTP/2, the host of `uri` is the `:authority`, and there is no `Host`
    /// unless it is among the headers.
    async fn send(
        &mut self,
        method: Method,
        uri: &str,
        headers: &[(HeaderName, &str)],
        body: &'static str,
    ) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::new(Bytes::from_static(body.as_bytes()))).expect("a request");
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
        .expect("answered")
    }
}

/// A server with a certificate, and connections that believe it.
struct Secure {
    server: Server,
    client: ClientConfig,
    _files: tempfile::TempDir,
}

impl Secure {
    async fn start(config: Config) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let files = tempfile::tempdir().expect("a folder");
        let (cert, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
        std::fs::write(&cert, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        let serving = ServingConfig { tls_cert: Some(cert), tls_key: Some(key), ..config.serving };
        let server = Server::start(Config { serving, ..config }).await;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a root");
        let client = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { server, client, _files: files }
    }

    async fn connect(&self, protocol: &str) -> Client {
        let mut client = self.client.clone();
        client.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let socket = TcpStream::connect(self.server.address).await.expect("connected");
        let name = ServerName::try_from("localhost").expect("a name");
        let socket = TlsConnector::from(Arc::new(client)).connect(name, socket).await.expect("a handshake");
        match protocol {
            "h2" => Client::http2(socket).await,
            _ => Client::http1(socket).await,
        }
    }
}

fn cookie_of(response: &Response<Incoming>) -> String {
    response.headers()[SET_COOKIE].to_str().expect("ASCII").to_owned()
}

#[tokio::test]
async fn a_cookie_that_was_got_by_https_is_for_https_and_this_host_only() {
    let access = AccessConfig { read_token: Some(READ.parse().expect("a token")), ..AccessConfig::default() };
    let secure = Secure::start(Config { access, ..Config::default() }).await;
    let authority = format!("localhost:{}", secure.server.address.port());
    let bearer = format!("Bearer {READ}");
    for protocol in ["http/1.1", "h2"] {
        // Over HTTP/1.1 the target is a path, and the host is a header.
        let uri = |path: &str| match protocol {
            "h2" => format!("https://{authority}{path}"),
            _ => path.to_owned(),
        };
        let host = (protocol != "h2").then_some((HOST, authority.as_str()));
        let ask = async |method: Method, path: &str, header: (HeaderName, &str)| {
            let headers: Vec<_> = [header].into_iter().chain(host.clone()).collect();
            secure.connect(protocol).await.send(method, &uri(path), &headers, "").await
        };
        let opened = ask(Method::POST, "/api/session", (AUTHORIZATION, &bearer)).await;
        assert_eq!(opened.status(), 204);
        let cookie = cookie_of(&opened);
        let (pair, attributes) = cookie.split_once("; ").expect("attributes");
        assert!(pair.starts_with("__Host-sse_session="), "{cookie}");
        // What the prefix wants: all hosts but this one, and all that is not encrypted, are shut out.
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200");

        let status = async |cookie: &str| ask(Method::GET, "/api/logs", (COOKIE, cookie)).await.status();
        assert_eq!(status(pair).await, 200, "{protocol}");
        let unprefixed = pair.trim_start_matches("__Host-");
        assert_eq!(status(unprefixed).await, 401, "another host of the domain can set that one");
        let closed = ask(Method::DELETE, "/api/session", (COOKIE, pair)).await;
        let forgotten = cookie_of(&closed);
        assert!(forgotten.starts_with("__Host-sse_session=; Path=/; Secure;"), "{forgotten}");
        assert!(forgotten.ends_with("Max-Age=0"), "{forgotten}");
        assert_eq!(status(pair).await, 401, "{protocol}");
    }
}

#[tokio::test]
async fn over_http_2_a_page_may_post_to_its_own_host_which_is_the_authority() {
    // Where only this machine reaches the server, every local page may post.
    let listen = "0.0.0.0:0".parse().expect("an address");
    let plain = Server::start(Config { listen, ..Config::default() }).await;
    let secure = Secure::start(Config { listen, ..Config::default() }).await;
    let socket = TcpStream::connect(("127.0.0.1", plain.address.port())).await.expect("connected");
    for (mut client, scheme) in [(Client::http2(socket).await, "http"), (secure.connect("h2").await, "https")]
    {
        for (host, headers, status) in [
            ("demo.example", vec![(ORIGIN, "https://demo.example")], 201),
            ("demo.example:8443", vec![(ORIGIN, "https://demo.example:8443")], 201),
            ("demo.example", vec![], 201),
            ("demo.example", vec![(ORIGIN, "https://evil.example")], 403),
            ("demo.example", vec![(ORIGIN, "https://demo.example:8443")], 403),
            ("demo.example", vec![(ORIGIN, "null")], 403),
            // A header beside it counts for nothing (RFC 9113, 8.3.1).
            ("demo.example", vec![(ORIGIN, "https://evil.example"), (HOST, "evil.example")], 403),
            ("demo.example", vec![(ORIGIN, "https://demo.example"), (HOST, "evil.example")], 201),
        ] {
            let headers = [&[(CONTENT_TYPE, "application/json")], headers.as_slice()].concat();
            let uri = format!("{scheme}://{host}/api/chat/lobby");
            let answer = client.send(Method::POST, &uri, &headers, MESSAGE).await;
            assert_eq!(answer.status(), status, "{scheme} {host} {headers:?}");
        }
    }
}

#[tokio::test]
async fn over_http_2_this_machine_is_known_by_the_authority() {
    let server = Server::start(Config::default()).await;
    for (host, headers, status) in [
        (server.address.to_string(), vec![], 200),
        ("localhost".to_owned(), vec![], 200),
        // A name that a stranger has pointed here.
        ("evil.example".to_owned(), vec![], 403),
        ("evil.example".to_owned(), vec![(HOST, "localhost")], 403),
    ] {
        let socket = TcpStream::connect(server.address).await.expect("connected");
        let mut client = Client::http2(socket).await;
        for path in ["/api/logs", "/metrics"] {
            let answer = client.send(Method::GET, &format!("http://{host}{path}"), &headers, "").await;
            assert_eq!(answer.status(), status, "{host} {path} {headers:?}");
        }
    }
}
