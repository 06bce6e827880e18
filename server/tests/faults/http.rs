//! One request over one connection.

use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A response, and the connection that brings its body.
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    _connection: JoinSet<()>,
}

/// `None` if the network did not bring an answer.
pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Option<Answer> {
    let socket = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.ok()?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // What goes wrong shows in the body.
        let _ = connection.await;
    });
    let response = sender.send_request(request).await.ok()?;
    Some(Answer { response, _connection: driver })
}

/// A request to `path`, with the headers that every one has.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str) -> hyper::http::request::Builder {
    Request::builder().method(method).uri(path).header("host", address.to_string())
}
