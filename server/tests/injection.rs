//! What people and programs may send, with everything in it that has ever ended a field early: in each place that takes
//! input. Nothing forges a field on a stream, nothing is answered with a 5xx, and nothing panics.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::Server;
use server::Config;
use server::config::AccessConfig;

const TOKEN: &str = "a-token-for-feeds-0123456789";

/// Ends of lines, of strings and of fields; what looks like a field; and much of it.
fn corpus() -> Vec<Vec<u8>> {
    let mut corpus: Vec<Vec<u8>> = [
        "\n",
        "\r",
        "\r\n",
        "\0",
        "\u{2028}",
        "\u{2029}",
        "\u{85}",
        "\u{feff}",
        "\u{0b}",
        "\u{0c}",
        "\u{1b}[2J",
        "a\nid: forged",
        "a\rdata: forged",
        "a\r\nevent: sse.end\r\n\r\n",
        "a\n\ndata: forged\n\n",
        ": comment",
        "data: x",
        "id: 1",
        "retry: 1",
        "event: sse.reset",
        "sse.end",
        "sse.",
        "../../etc/passwd",
        "%0a",
        "%00",
        "\"},{\"",
        "\\",
        "\\u000a",
        "\u{202e}",
        "<script>alert(1)</script>",
        "漢字",
        "👋🏽",
        "",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    corpus.push(vec![0xff, 0xfe, 0x80]);
    corpus.push(b"a\xc3".to_vec());
    corpus.push(b"x".repeat(10_000));
    corpus.push("\n".repeat(3_000).into_bytes());
    corpus.push("漢".repeat(3_000).into_bytes());
    corpus
}

fn percent(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// A JSON string with these bytes, as they are where they may be.
fn json(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::to_vec(text).expect("a string is JSON"),
        Err(_) => [b"\"", bytes, b"\""].concat(),
    }
}

/// Method, path, headers and body.
type Asked<'a> = (&'a str, String, &'a [(&'a str, &'a str)], Vec<u8>);

static PANICS: AtomicUsize = AtomicUsize::new(0);

#[tokio::test]
async fn nothing_that_is_sent_forges_a_field_breaks_the_server_or_makes_it_panic() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        default(panic);
    }));
    let access =
        AccessConfig { publish_token: Some(TOKEN.parse().expect("a token")), ..AccessConfig::default() };
    let server = Server::start(Config { access, ..Config::default() }).await;
    let mut lobby = server.stream("/api/chat/lobby?name=Reader", None).await;
    let bearer = format!("Bearer {TOKEN}");
    let token = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let post = [("Content-Type", "application/json")];

    let (mut taken, mut refused) = (0, 0);
    for (number, bytes) in corpus().iter().enumerate() {
        let (url, string) = (percent(bytes), json(bytes));
        let body = |parts: &[&[u8]]| parts.concat();
        let say = |client_id: &[u8], author: &[u8], text: &[u8]| {
            body(&[br#"{"client_id":"#, client_id, br#","author":"#, author, br#","text":"#, text, b"}"])
        };
        let id = format!("\"{number}\"").into_bytes();
        let event = |name: &[u8], value: &[u8]| body(&[b"{\"", name, b"\":", value, br#","data":{"x":1}}"#]);
        let requests: Vec<Asked<'_>> = vec![
            ("POST", "/api/chat/lobby".into(), &post, say(&id, b"\"Ann\"", &string)),
            ("POST", "/api/chat/lobby".into(), &post, say(&id, &string, b"\"hi\"")),
            ("POST", "/api/chat/lobby".into(), &post, say(&string, b"\"Ann\"", b"\"hi\"")),
            ("POST", "/api/chat/lobby".into(), &post, bytes.clone()),
            ("POST", format!("/api/chat/{url}"), &post, say(&id, b"\"Ann\"", b"\"hi\"")),
            ("POST", "/api/publish/orders".into(), &token, event(b"event", &string)),
            ("POST", "/api/publish/orders".into(), &token, event(b"key", &string)),
            ("POST", "/api/publish/orders".into(), &token, event(b"id", &string)),
            ("POST", "/api/publish/orders".into(), &token, body(&[br#"{"data":"#, &string, b"}"])),
            ("POST", "/api/publish/orders".into(), &token, bytes.clone()),
            ("POST", format!("/api/publish/{url}"), &token, br#"{"data":1}"#.to_vec()),
            (
                "POST",
                "/api/publish/notifications".into(),
                &token,
                body(&[br#"{"data":{"title":"#, &string, b"}}"]),
            ),
            ("POST", "/api/assistant".into(), &post, bytes.clone()),
            ("POST", "/api/ticket".into(), &post, body(&[br#"{"topics":["#, &string, b"]}"])),
            ("GET", format!("/api/presence/{url}"), &[], Vec::new()),
            ("GET", format!("/api/events?topic={url}"), &[], Vec::new()),
            ("GET", format!("/api/assistant/{url}"), &[], Vec::new()),
            ("DELETE", format!("/api/assistant/{url}"), &[], Vec::new()),
            ("GET", format!("/{url}"), &[], Vec::new()),
        ];
        for (method, path, headers, body) in requests {
            let answer = server.open(method, &path, headers, &body).await;
            assert!(answer.status < 500 || answer.status == 503, "{method} {path}: {}", answer.status);
            if answer.status < 300 { taken += 1 } else { refused += 1 }
        }
        // A cursor and a name end up on the server only, and a wrong one is another stream.
        for path in [
            format!("/api/chat/lobby?last_event_id={url}"),
            format!("/api/chat/lobby?name={url}"),
            format!("/api/market?symbols={url}"),
            format!("/api/chat/{url}"),
        ] {
            let mut stream = server.stream(&path, None).await;
            assert!(stream.status < 500, "{path}: {}", stream.status);
            if stream.status == 200 {
                stream.event().await.expect("an event, all of whose fields are known");
            }
        }
    }
    assert!(taken > 20 && refused > 100, "{taken} taken, {refused} refused: the corpus has lost its point");

    // Every event that came of it, up to one that comes last: the client fails at a field that is not known.
    server.post_json("/api/chat/lobby", r#"{"client_id":"last","author":"Ann","text":"last of all"}"#).await;
    loop {
        let event = lobby.event().await.expect("the stream goes on");
        assert!(["message", "presence", "sse.gap"].contains(&event.event.as_str()), "{event:?}");
        if event.data.contains("last of all") {
            break;
        }
    }
    server.post_as(TOKEN, "/api/publish/orders", r#"{"data":"last of all"}"#).await;
    let mut orders = server.stream("/api/events?topic=orders", None).await;
    while !orders.event().await.expect("the stream goes on").data.contains("last of all") {}
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    assert!(!server.running.is_finished(), "the server has ended");
    println!("{taken} taken, {refused} refused, 0 panics");
}
