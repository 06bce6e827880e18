use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::limits;
use crate::percent;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query, as they came.
    pub(super) target: String,
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    /// With names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// Reads a request. A body is read too, if it says its length: a socket that is closed with unread input is reset.
///
/// # Errors
/// If it is malformed or too long, or the client leaves before its end.
pub(super) async fn read(socket: &mut TcpStream) -> io::Result<Request> {
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = socket.read(&mut chunk).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The end may lie across two chunks.
        let searched = head.len().saturating_sub(3);
        head.extend_from_slice(&chunk[..count]);
        if let Some(end) = head[searched..].windows(4).position(|window| window == b"\r\n\r\n") {
            let end = searched + end;
            let mut request = parse(&text(&head[..end])).ok_or(io::ErrorKind::InvalidData)?;
            request.body = head.split_off(end + 4);
            return read_body(socket, request).await;
        }
        if head.len() > limits::HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

async fn read_body(socket: &mut TcpStream, mut request: Request) -> io::Result<Request> {
    let length = request.headers.get("content-length").map_or(Ok(0), |length| length.parse());
    let length: usize = length.map_err(|_| io::ErrorKind::InvalidData)?;
    if length > limits::BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let here = request.body.len();
    request.body.resize(length.max(here), 0);
    socket.read_exact(&mut request.body[here..]).await?;
    Ok(request)
}

/// A head is read as UTF-8, which cursors are sent as. One that is not holds bytes that stand for characters up to
/// U+00FF, as `fetch` sends them.
fn text(head: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(head) {
        Ok(text) => text.into(),
        Err(_) => head.iter().copied().map(char::from).collect::<String>().into(),
    }
}

fn parse(head: &str) -> Option<Request> {
    let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let [method, target, _version] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = headers.split("\r\n").filter(|header| !header.is_empty()).map(|header| {
        let (name, value) = header.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        path: path.to_owned(),
        query: form(query)?,
        headers: headers.collect::<Option<_>>()?,
        body: Vec::new(),
    })
}

/// The names and values of a query. A `+` is a space: a client that adds its cursor with the browser's
/// `URLSearchParams` has the whole query written anew as a form.
fn form(query: &str) -> Option<BTreeMap<String, String>> {
    let text = |part: &str| String::from_utf8(percent::decode(&part.replace('+', " "))?).ok();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((text(name)?, text(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_head_is_taken_apart() {
        let request = parse("GET /stream/k?script=end&x=1 HTTP/1.1\r\nHost: a:1\r\nLast-Event-ID:  7 \r\n")
            .expect("well-formed");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/stream/k"));
        assert_eq!(request.target, "/stream/k?script=end&x=1");
        assert_eq!((request.query["script"].as_str(), request.query["x"].as_str()), ("end", "1"));
        assert_eq!(
            (request.headers["host"].as_str(), request.headers["last-event-id"].as_str()),
            ("a:1", "7")
        );
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_characters() {
        assert_eq!(text("X-A: 漢".as_bytes()), "X-A: 漢");
        assert_eq!(text(b"X-A: caf\xe9"), "X-A: café");
    }

    #[test]
    fn a_query_reads_as_a_form() {
        let query = form("script=sleep+1s%0A%2B&&last_event_id=a.1&flag").expect("well-formed");
        let pairs: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("flag", ""), ("last_event_id", "a.1"), ("script", "sleep 1s\n+")]);
        assert_eq!(form("a=%ff"), None);
    }

    #[test]
    fn what_is_no_request_head_is_refused() {
        for head in ["", "GET /", "GET / HTTP/1.1 x", "GET /?a=%f HTTP/1.1", "GET / HTTP/1.1\r\nno colon"] {
            assert!(parse(head).is_none(), "{head}");
        }
    }
}
