//! The server as a client sees it, over plain TCP: every way to misbehave is really that way on the wire.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use sse_testkit::{Report, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longer than anything here takes, and shorter than anybody's patience.
const DEADLINE: Duration = Duration::from_secs(20);

/// The head of every stream that plays nothing special, for a request without an origin.
const HEAD: &str = "HTTP/1.1 200 Scripted\r\ncontent-type: text/event-stream\r\naccess-control-allow-origin: *\r\n\
                    transfer-encoding: chunked\r\ncache-control: no-store\r\nconnection: close\r\n\r\n";

async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("is bound");
    tokio::spawn(server::run(listener, std::future::pending()));
    address
}

async fn ask(server: SocketAddr, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server).await.expect("connects");
    socket.write_all(request.as_bytes()).await.expect("writes");
    socket
}

async fn stream(server: SocketAddr, script: &str) -> TcpStream {
    let script = script.replace(' ', "+").replace('\n', "%0A");
    ask(server, &format!("GET /stream/key?script={script} HTTP/1.1\r\nhost: test\r\n\r\n")).await
}

/// All that comes, and how it ended.
async fn all(mut socket: TcpStream) -> (String, io::Result<usize>) {
    let mut bytes = Vec::new();
    let end = timeout(DEADLINE, socket.read_to_end(&mut bytes)).await.expect("ends in time");
    (String::from_utf8(bytes).expect("UTF-8"), end)
}

/// Reads on until what came ends with `expected`.
async fn until(socket: &mut TcpStream, expected: &str) {
    let mut came = String::new();
    let read = async {
        while !came.ends_with(expected) {
            came.push(char::from(socket.read_u8().await.expect("more to come")));
        }
    };
    let in_time = timeout(DEADLINE, read).await;
    assert!(in_time.is_ok(), "waited for {expected:?}, got {came:?}");
}

async fn get(server: SocketAddr, path: &str) -> String {
    let (answer, end) = all(ask(server, &format!("GET {path} HTTP/1.1\r\n\r\n")).await).await;
    end.expect("ends well");
    answer.split_once("\r\n\r\n").expect("has a head").1.to_owned()
}

async fn report(server: SocketAddr) -> Report {
    serde_json::from_str(&get(server, "/report/key").await).expect("is a report")
}

#[tokio::test]
async fn end_is_an_end_and_cut_is_none() {
    let server = start().await;
    for (ending, last) in [("end", "0\r\n\r\n"), ("cut", "")] {
        let (came, end) = all(stream(server, &format!("event - 7 hi\n{ending}")).await).await;
        assert_eq!(came, format!("{HEAD}10\r\nid: 7\ndata: hi\n\n\r\n{last}"));
        end.expect("closed in peace");
    }
}

#[tokio::test]
async fn reset_is_a_reset() {
    let server = start().await;
    for script in ["reset", "event - - hi\nwait read\nreset"] {
        let mut socket = stream(server, script).await;
        if script.starts_with("event") {
            until(&mut socket, "hi\n\n\r\n").await;
            ask(server, "POST /release/key/read HTTP/1.1\r\n\r\n").await;
        }
        let (_, end) = all(socket).await;
        assert_eq!(end.expect_err("reset").kind(), ErrorKind::ConnectionReset, "{script}");
    }
}

#[tokio::test]
async fn stall_says_nothing_and_keeps_the_connection() {
    let server = start().await;
    let mut socket = stream(server, "stall").await;
    // There is no condition to wait for: nothing must come.
    let silence = timeout(Duration::from_millis(100), socket.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
    assert_eq!(report(server).await.open, 1);
}

#[tokio::test]
async fn byte_by_byte_is_a_chunk_for_each_byte() {
    let (came, _) = all(stream(start().await, "bytes\ncomment x\nend").await).await;
    let body = came.strip_prefix(HEAD).expect("begins with the head");
    assert_eq!(body, "1\r\n:\r\n1\r\n \r\n1\r\nx\r\n1\r\n\n\r\n1\r\n\n\r\n0\r\n\r\n");
}

#[tokio::test]
async fn every_connection_gets_its_part() {
    let server = start().await;
    let script = "status 204\n---\nstatus 503\nheader retry-after 1\n---\nredirect\n---\ntype text/html\nend";
    for expected in ["HTTP/1.1 204 ", "HTTP/1.1 503 ", "HTTP/1.1 307 ", "HTTP/1.1 200 ", "HTTP/1.1 200 "] {
        let (came, _) = all(stream(server, script).await).await;
        assert!(came.starts_with(expected), "{came}");
        assert_eq!(came.contains("retry-after: 1\r\n"), expected.contains("503"));
        assert_eq!(came.contains("\r\nlocation: /stream/key?script="), expected.contains("307"));
        assert_eq!(came.contains("content-type: text/html\r\n"), expected.contains("200"));
    }
}

#[tokio::test]
async fn a_wait_lasts_until_its_name_is_released_and_not_longer() {
    let server = start().await;
    let mut early = stream(server, "event - - a\nwait go\nevent - - b\nend").await;
    until(&mut early, "a\n\n\r\n").await;
    ask(server, "POST /release/key/other HTTP/1.1\r\n\r\n").await;
    ask(server, "POST /release/key/go HTTP/1.1\r\n\r\n").await;
    until(&mut early, "b\n\n\r\n0\r\n\r\n").await;
    let (late, _) = all(stream(server, "wait go\nend").await).await;
    assert_eq!(late, format!("{HEAD}0\r\n\r\n"));
}

#[tokio::test]
async fn the_report_tells_who_came_and_who_is_still_there() {
    let server = start().await;
    let mut first = ask(
        server,
        "GET /stream/key?last_event_id=1.4&script=event+-+-+hi HTTP/1.1\r\nLast-Event-ID: 1.5\r\n\r\n",
    )
    .await;
    until(&mut first, "hi\n\n\r\n").await;
    let (_, end) = all(stream(server, "end").await).await;
    end.expect("ends well");
    let seen = report(server).await;
    assert_eq!(seen.open, 1);
    assert_eq!(seen.visits.iter().map(|visit| visit.open).collect::<Vec<_>>(), [true, false]);
    assert_eq!(seen.visits[0].cursor_parameter(), Some("1.4"));
    assert_eq!(seen.visits[0].cursor_header(), Some("1.5"));
    assert_eq!(seen.visits[1].cursor_parameter(), None);
    drop(first);
    let left = async {
        while report(server).await.open > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, left).await.expect("the server sees that the client has left");
}

#[tokio::test]
async fn a_page_of_another_origin_may_do_everything() {
    let server = start().await;
    let request = "OPTIONS /stream/key HTTP/1.1\r\norigin: http://a\r\naccess-control-request-method: QUERY\r\n\
                   access-control-request-headers: last-event-id\r\n\r\n";
    let (came, _) = all(ask(server, request).await).await;
    assert!(came.starts_with("HTTP/1.1 204 "), "{came}");
    assert!(came.contains("access-control-allow-origin: http://a\r\n"), "{came}");
    assert!(came.contains("access-control-allow-methods: QUERY\r\n"), "{came}");
    assert!(came.contains("access-control-allow-headers: last-event-id\r\n"), "{came}");
    assert_eq!(report(server).await.preflights, ["last-event-id"]);
}

#[tokio::test]
async fn a_page_of_another_origin_may_be_refused() {
    let server = start().await;
    let (refused, _) = all(stream(server, "no-cors\nend").await).await;
    assert!(!refused.contains("access-control"), "{refused}");
    let preflight = "OPTIONS /stream/key?script=no-cors HTTP/1.1\r\norigin: http://a\r\n\r\n";
    let (refused, _) = all(ask(server, preflight).await).await;
    assert!(refused.starts_with("HTTP/1.1 405 ") && !refused.contains("access-control"), "{refused}");
}

#[tokio::test]
async fn a_body_is_read_whether_it_comes_with_the_head_or_later() {
    let server = start().await;
    let head = "POST /stream/key?script=end HTTP/1.1\r\ncontent-length: 4\r\n\r\n";
    let (_, end) = all(ask(server, &format!("{head}a b!")).await).await;
    end.expect("closed in peace");
    let mut socket = ask(server, &format!("{head}c")).await;
    socket.write_all(b" d?").await.expect("writes");
    let (_, end) = all(socket).await;
    end.expect("closed in peace");
    let bodies: Vec<_> = report(server).await.visits.into_iter().map(|visit| visit.body).collect();
    assert_eq!(bodies, ["a b!", "c d?"]);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_told_so() {
    let server = start().await;
    assert_eq!(get(server, "/stream/key?script=jump").await, "line 1 of the script: no such step: \"jump\"");
    assert_eq!(get(server, "/stream/key").await, "the script is missing");
    let endless = format!("GET /{} HTTP/1.1\r\n", "x".repeat(server::limits::HEAD));
    let (came, _) = all(ask(server, &endless).await).await;
    assert_eq!(came, "", "cut off");
}
