//! What people and programs may send, with everything in it that has ever ended a field early: in each place that takes
//! input. What is refused is refused in words, and what is taken is on the stream as it was sent: under the event id of
//! the answer, of its type, in its order, and with nothing in between. Nothing is answered with a 5xx, nothing panics.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Answer, Server};
use demo_contract::chat::{Posted, Presence};
use demo_contract::publish::{Published, PublishedLines};
use serde_json::Value;
use server::Config;
use server::config::AccessConfig;

const TOKEN: &str = "a-token-for-feeds-0123456789";
const AS_JSON: (&str, &str) = ("Content-Type", "application/json");
const AS_LINES: (&str, &str) = ("Content-Type", "application/x-ndjson");

/// Ends of lines, of strings and of fields; what looks like a field; much of it; and what is harmless.
fn corpus() -> Vec<Vec<u8>> {
    let mut corpus: Vec<Vec<u8>> = [
        "\n",
        "\r",
        "\r\n",
        "\n\r\n\r",
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
        "message",
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
        "plain-1",
        "two words",
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
fn string(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::to_vec(text).expect("a string is JSON"),
        Err(_) => [b"\"", bytes, b"\""].concat(),
    }
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// An event that was taken, as it must be on the stream.
#[derive(Debug, PartialEq)]
struct Taken {
    id: String,
    event: String,
    data: Value,
}

/// Asks, and counts.
struct Asker {
    server: Server,
    bearer: String,
    taken: usize,
    refused: usize,
}

impl Asker {
    async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut answer = self.server.open(method, path, headers, body).await;
        assert!(answer.status < 500, "{method} {path}: {}", answer.status);
        if answer.status < 300 {
            self.taken += 1;
        } else {
            self.refused += 1;
            answer.read_to_end().await;
            answer.problem();
        }
        answer
    }

    /// Publishes an event to the topic of the test; what it must become if it was taken.
    async fn publish(&mut self, body: &[u8]) -> Option<Taken> {
        let bearer = self.bearer.clone();
        let mut answer =
            self.ask("POST", "/api/publish/orders", &[AS_JSON, ("Authorization", &bearer)], body).await;
        if answer.status != 201 {
            return None;
        }
        answer.read_to_end().await;
        Some(Taken { id: answer.json::<Published>().id, ..event(body) })
    }

    /// The same as the only line of a stream of lines.
    async fn publish_line(&mut self, body: &[u8]) -> Option<Taken> {
        let bearer = self.bearer.clone();
        let mut answer =
            self.ask("POST", "/api/publish/orders", &[AS_LINES, ("Authorization", &bearer)], body).await;
        if answer.status != 200 {
            return None;
        }
        answer.read_to_end().await;
        let lines: PublishedLines = answer.json();
        assert!(lines.published <= 1, "one line became {}: {body:?}", lines.published);
        (lines.published == 1).then(|| Taken { id: lines.last_id.expect("of one"), ..event(body) })
    }

    /// Says something in the lobby.
    async fn say(&mut self, client_id: &[u8], author: &[u8], text: &[u8]) -> Option<Taken> {
        let parts: [&[u8]; 7] =
            [br#"{"client_id":"#, client_id, br#","author":"#, author, br#","text":"#, text, b"}"];
        let body = parts.concat();
        let mut answer = self.ask("POST", "/api/chat/lobby", &[AS_JSON], &body).await;
        if answer.status != 201 {
            return None;
        }
        answer.read_to_end().await;
        let mut data: Value = serde_json::from_slice(&body).expect("it was taken");
        // Of whatever kind its line breaks were.
        let text = data["text"].as_str().expect("it was taken");
        data["text"] = text.replace("\r\n", "\n").replace('\r', "\n").into();
        Some(Taken { id: answer.json::<Posted>().id, event: "message".into(), data })
    }
}

/// What a feed has sent, without an id.
fn event(body: &[u8]) -> Taken {
    let sent: Value = serde_json::from_slice(body).expect("it was taken");
    let event = sent["event"].as_str().unwrap_or("message").to_owned();
    Taken { id: String::new(), event, data: sent["data"].clone() }
}

/// Reads what was taken, all of it and nothing else. That no line is forged, the client sees.
async fn expect(stream: &mut Answer, all: Vec<Taken>) {
    for expected in all {
        let found = loop {
            let event = stream.event().await.expect("the stream goes on");
            assert!(!event.event.starts_with("sse."), "{event:?} is not the hub's own");
            let mut data: Value = serde_json::from_str(&event.data)
                .unwrap_or_else(|error| panic!("{error} in {event:?} instead of {expected:?}"));
            if event.event == "presence" {
                serde_json::from_value::<Presence>(data).expect("presence");
                continue;
            }
            if let Some(message) = data.as_object_mut() {
                // The server's own.
                message.remove("time");
            }
            break Taken { id: event.id, event: event.event, data };
        };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn what_is_sent_is_refused_or_arrives_as_it_is_and_breaks_nothing() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        default(panic);
    }));
    let access =
        AccessConfig { publish_token: Some(TOKEN.parse().expect("a token")), ..AccessConfig::default() };
    let server = Server::start(Config { access, ..Config::default() }).await;
    let mut asker = Asker { server, bearer: format!("Bearer {TOKEN}"), taken: 0, refused: 0 };
    let bearer = asker.bearer.clone();
    let token = [AS_JSON, ("Authorization", bearer.as_str())];
    let mut lobby = asker.server.stream("/api/chat/lobby", None).await;
    let first = asker.publish(br#"{"data":"first"}"#).await.expect("taken");
    let mut orders = asker.server.stream("/api/events?topic=orders", None).await;
    expect(&mut orders, vec![first]).await;

    let (mut said, mut published) = (0, 0);
    for (number, bytes) in corpus().iter().enumerate() {
        let (url, string) = (percent(bytes), string(bytes));
        let id = format!("\"{number}\"").into_bytes();

        let mut all = Vec::new();
        all.extend(asker.say(&id, b"\"Ann\"", &string).await);
        all.extend(asker.say(format!("\"a{number}\"").as_bytes(), &string, b"\"hi\"").await);
        all.extend(asker.say(&string, b"\"Ann\"", b"\"hi\"").await);
        asker.ask("POST", "/api/chat/lobby", &[AS_JSON], bytes).await;
        said += all.len();
        expect(&mut lobby, all).await;

        let mut all = Vec::new();
        for name in ["event", "key", "id"] {
            let body = [b"{\"", name.as_bytes(), b"\":", &string, br#","data":{"x":1}}"#].concat();
            all.extend(asker.publish(&body).await);
            if name != "id" {
                all.extend(asker.publish_line(&body).await);
            }
        }
        for parts in [
            [&br#"{"data":"#[..], &string, b"}"],
            // Between the tokens of JSON a line may end, and the data is passed on as it was written.
            [&br#"{"data":{"x":"#[..], bytes, b"1}}"],
            [&br#"{"data":["#[..], bytes, br#""id: forged"]}"#],
        ] {
            all.extend(asker.publish(&parts.concat()).await);
        }
        all.extend(asker.publish_line(&[&br#"{"data":"#[..], &string, b"}"].concat()).await);
        asker.ask("POST", "/api/publish/orders", &token, bytes).await;
        published += all.len();
        expect(&mut orders, all).await;

        // The name of a topic or a room is in no field of the stream, and only plain ones are taken.
        let is_plain = *bytes == *b"plain-1" || *bytes == *b"message";
        for (method, path, headers, body) in [
            (
                "POST",
                format!("/api/chat/{url}"),
                &[AS_JSON][..],
                &br#"{"client_id":"1","author":"Ann","text":"hi"}"#[..],
            ),
            ("GET", format!("/api/chat/{url}"), &[], b""),
            ("POST", format!("/api/publish/{url}"), &token, br#"{"data":1}"#),
            ("GET", format!("/api/events?topic={url}"), &[], b""),
            ("GET", format!("/api/presence/{url}"), &[], b""),
        ] {
            let answer = asker.ask(method, &path, headers, body).await;
            assert_eq!(answer.status < 300, is_plain, "{method} {path}: {}", answer.status);
        }

        // What ends up on the server only; a wrong cursor is another stream.
        let title = [&br#"{"data":{"title":"#[..], &string, b"}}"].concat();
        let topics = [&br#"{"topics":["#[..], &string, b"]}"].concat();
        for (method, path, headers, body) in [
            ("POST", "/api/publish/notifications".to_owned(), &token[..], &title),
            ("POST", "/api/ticket".to_owned(), &[AS_JSON], &topics),
            ("POST", "/api/assistant".to_owned(), &[AS_JSON], bytes),
            ("DELETE", format!("/api/assistant/{url}"), &[], bytes),
        ] {
            asker.ask(method, &path, headers, body).await;
        }
        for path in [
            format!("/api/assistant/{url}"),
            format!("/api/chat/lobby?last_event_id={url}"),
            format!("/api/chat/lobby?member={url}"),
            format!("/api/market?symbols={url}"),
            format!("/api/events?topic=orders&ticket={url}"),
        ] {
            let mut stream = asker.ask("GET", &path, &[], b"").await;
            if stream.status == 200 {
                stream.event().await.expect("an event, all of whose fields are known");
            }
        }
        // Somebody's name is told to the others.
        let path = format!("/api/chat/lobby?member=m{number}&name={url}");
        let there = asker.ask("GET", &path, &[], b"").await;
        if there.status == 200 {
            let told: Presence = asker.server.get("/api/presence/chat.lobby").await.json();
            // In a query, what is no UTF-8 becomes U+FFFD (WHATWG URL, 5.1).
            let name = String::from_utf8_lossy(bytes);
            let name = name.trim();
            assert!(name.is_empty() || told.names.iter().any(|told| told == name), "{name:?} in {told:?}");
        }
        // What is said of a request comes back in the answer.
        if let Ok(text) = std::str::from_utf8(bytes)
            && !text.contains(['\r', '\n', '\0'])
        {
            let headers =
                [("X-Request-Id", text), ("Last-Event-ID", text), ("Origin", text), ("Cookie", text)];
            let answer = asker.server.open("GET", "/api/events?topic=orders", &headers, b"").await;
            let echoed = answer.header("x-request-id") == text;
            assert_eq!(echoed, ["plain-1", "message"].contains(&text), "{text:?}");
        }
    }
    let Asker { server, taken, refused, .. } = asker;
    assert!(
        said > 20 && published > 100,
        "{said} said, {published} published: the corpus has lost its point"
    );
    assert!(refused > 400, "{refused} refused: the corpus has lost its point");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    assert!(!server.running.is_finished(), "the server has ended");
    println!("{taken} taken, {refused} refused, {said} said, {published} published, 0 panics");
}
