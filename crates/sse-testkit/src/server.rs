//! The server. [`run`] it on a listener; what it does is in the requests.

mod play;
mod registry;
mod request;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::script::Script;
use registry::Registry;
use request::Request;

/// How much the server puts up with.
pub mod limits {
    use std::time::Duration;

    /// Bytes of a request head. A script comes in it.
    pub const HEAD: usize = 128 * 1024;
    /// Bytes of a request body.
    pub const BODY: usize = 128 * 1024;
    /// The time that a request may take.
    pub const HEAD_TIME: Duration = Duration::from_secs(10);
    /// The time that a connection may take in all. Then it is cut off.
    pub const CONNECTION_TIME: Duration = Duration::from_secs(120);
    /// Sockets at a time. Further ones wait to be accepted.
    pub const SOCKETS: usize = 1_000;
    /// Keys that are remembered. The oldest goes.
    pub const KEYS: usize = 4_096;
    /// Connections under one key. Further ones are refused.
    pub const VISITS: usize = 1_000;
    /// Names released under one key. Further ones are refused.
    pub const RELEASES: usize = 100;
}

/// Serves until `shutdown` is ready. Connections that are open then are dropped.
///
/// # Errors
/// If no connection can be accepted any more.
pub async fn run(listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let registry = Arc::new(Registry::default());
    let sockets = Arc::new(Semaphore::new(limits::SOCKETS));
    // Aborted when it is dropped.
    let mut connections = JoinSet::new();
    let accept = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = sockets.clone().acquire_owned().await else { return Ok(()) };
            let (socket, _) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_client(&error) => continue,
                Err(error) => return Err(error),
            };
            while connections.try_join_next().is_some() {}
            let registry = registry.clone();
            connections.spawn(async move {
                // Whatever goes wrong on one connection is the business of its client, who sees it.
                let _ = timeout(limits::CONNECTION_TIME, serve(socket, &registry)).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        ended = accept => ended,
        () = shutdown => Ok(()),
    }
}

/// Whether the listener is fine, and only this client is gone already.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Answers one request; every connection carries one only.
async fn serve(mut socket: TcpStream, registry: &Registry) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let request = match timeout(limits::HEAD_TIME, request::read(&mut socket)).await {
        Ok(request) => request?,
        Err(_) => return Ok(()),
    };
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("OPTIONS", ["stream", key]) => {
            let wanted = request.headers.get("access-control-request-headers");
            let connection = registry.stream(key).preflight(wanted.map_or("", String::as_str));
            let is_allowed = script(&request).map_or(true, |script| script.part(connection).head.cors);
            if is_allowed { allow(&mut socket, &request).await } else { forbid(&mut socket).await }
        }
        ("OPTIONS", _) => allow(&mut socket, &request).await,
        (_, ["stream", key]) => match script(&request) {
            Ok(script) => {
                let stream = registry.stream(key);
                match stream.visit(&request) {
                    Some(visit) => play::play(socket, &request, script.part(visit.number()), visit).await,
                    None => answer(&mut socket, &request, "503 Service Unavailable", "too many visits").await,
                }
            }
            Err(reason) => answer(&mut socket, &request, "400 Bad Request", &reason).await,
        },
        ("POST", ["release", key, name]) => {
            let released = registry.stream(key).release(name);
            let status = if released { "200 OK" } else { "503 Service Unavailable" };
            answer(&mut socket, &request, status, "").await
        }
        ("GET", ["report", key]) => {
            let report = serde_json::to_string(&registry.stream(key).report())?;
            answer(&mut socket, &request, "200 OK", &report).await
        }
        ("GET", ["healthz"]) => answer(&mut socket, &request, "200 OK", "ok").await,
        _ => answer(&mut socket, &request, "404 Not Found", "").await,
    }
}

fn script(request: &Request) -> Result<Script, String> {
    let script = request.query.get("script").ok_or("the script is missing")?;
    script.parse().map_err(|error: crate::script::ScriptError| error.to_string())
}

/// Answers a CORS preflight: everything is allowed.
async fn allow(socket: &mut TcpStream, request: &Request) -> io::Result<()> {
    let wanted = |what| request.headers.get(what).map_or("", String::as_str);
    let head = format!(
        "HTTP/1.1 204 No Content\r\n{}access-control-allow-methods: {}\r\n\
         access-control-allow-headers: {}\r\nconnection: close\r\n\r\n",
        cors(request),
        wanted("access-control-request-method"),
        wanted("access-control-request-headers"),
    );
    write(socket, head.as_bytes()).await
}

/// Answers a CORS preflight like a server that knows nothing of them.
async fn forbid(socket: &mut TcpStream) -> io::Result<()> {
    write(socket, b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await
}

async fn answer(socket: &mut TcpStream, request: &Request, status: &str, body: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{}content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{body}",
        cors(request),
        body.len(),
    );
    write(socket, head.as_bytes()).await
}

/// Opens the response to the page that asked, with its cookies. Without an origin it is open to all.
fn cors(request: &Request) -> String {
    match request.headers.get("origin") {
        Some(origin) => format!(
            "access-control-allow-origin: {origin}\r\naccess-control-allow-credentials: true\r\n\
             access-control-expose-headers: *\r\nvary: origin\r\n"
        ),
        None => "access-control-allow-origin: *\r\n".to_owned(),
    }
}

/// Writes all there is to say, and closes without losing it: a socket that is closed with unread input is
/// reset, and the client may then never see the answer.
async fn write(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(1);
    socket.write_all(bytes).await?;
    socket.shutdown().await?;
    // Whether it left by itself or was waited for long enough is all the same.
    let _ = timeout(PATIENCE, left(socket)).await;
    Ok(())
}

/// Ready when the client has closed its side.
async fn left(reader: &mut (impl AsyncReadExt + Unpin)) {
    let mut unread = [0; 1024];
    while matches!(reader.read(&mut unread).await, Ok(1..)) {}
}
