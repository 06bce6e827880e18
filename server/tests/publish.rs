//! Publishing for feeds: what is taken arrives once and as it was written, and what is not is refused in words.

mod common;

use std::time::{Duration, Instant, SystemTime};

use common::Server;
use demo_contract::notifications::{Notification, Severity};
use demo_contract::publish::{Published, PublishedLines};
use server::Config;
use server::config::{AccessConfig, FeedConfig, MarketFeed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOKEN: &str = "a-token-for-feeds-0123456789";

fn config() -> Config {
    let access =
        AccessConfig { publish_token: Some(TOKEN.parse().expect("a token")), ..AccessConfig::default() };
    Config { access, ..Config::default() }
}

async fn lines(server: &Server, path: &str, lines: &str) -> common::Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Content-Type", "application/x-ndjson"), ("Authorization", bearer.as_str())];
    server.send("POST", path, &headers, lines.as_bytes()).await
}

#[tokio::test]
async fn nobody_publishes_without_the_token_and_is_told_how() {
    let json = r#"{"data":1}"#;
    let off = Server::start(Config::default()).await;
    let refused = off.post_as(TOKEN, "/api/publish/orders", json).await;
    assert_eq!(refused.status, 403);
    assert!(refused.problem().detail.contains("--publish-token"), "{}", refused.text());

    let server = Server::start(config()).await;
    let none = server.post_json("/api/publish/orders", json).await;
    let basic = [("Content-Type", "application/json"), ("Authorization", "Basic eDp5")];
    let basic = server.send("POST", "/api/publish/orders", &basic, json.as_bytes()).await;
    let wrong = server.post_as("a-token-for-feeds-012345678x", "/api/publish/orders", json).await;
    for refused in [none, basic, wrong] {
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
        refused.problem();
    }
    assert_eq!(server.get("/api/events?topic=orders").await.problem().status, 404, "nothing was opened");
    assert_eq!(server.post_as(TOKEN, "/api/publish/orders", json).await.status, 201);
}

#[tokio::test]
async fn several_topics_come_on_one_connection_as_they_were_written() {
    let server = Server::start(config()).await;
    let first = server.post_as(TOKEN, "/api/publish/a", r#"{"event":"priced","data":1.10}"#).await;
    server.post_as(TOKEN, "/api/publish/b", r#"{"data":{"x":"\n\nid: forged\r\ndata: x"}}"#).await;
    let mut stream = server.stream("/api/events?topic=a&topic=b&topic=a", None).await;
    let event = stream.event().await.expect("the first");
    assert_eq!((event.event.as_str(), event.data.as_str()), ("priced", "1.10"), "numbers keep their digits");
    assert_eq!(event.id, first.json::<Published>().id);
    let event = stream.event().await.expect("the second");
    assert_eq!(event.event, "message");
    assert_eq!(event.data, r#"{"x":"\n\nid: forged\r\ndata: x"}"#);

    server.post_as(TOKEN, "/api/publish/a", r#"{"data":"live"}"#).await;
    assert_eq!(stream.event().await.expect("live").data, r#""live""#);
    let mut back = server.stream("/api/events?topic=a&topic=b", Some(&event.id)).await;
    assert_eq!(back.event().await.expect("missed").data, r#""live""#);

    assert_eq!(server.get("/api/events").await.problem().status, 400);
    assert_eq!(server.get("/api/events?topic=nowhere").await.problem().status, 404);
    assert_eq!(server.get("/api/events?topic=a%0Ab").await.problem().status, 404);
    let many: String = (0..65).map(|n| format!("&topic=t{n}")).collect();
    assert_eq!(server.get(&format!("/api/events?{many}")).await.problem().status, 400);
}

#[tokio::test]
async fn the_topic_of_a_feed_that_is_named_is_there_before_the_feed() {
    let topics = vec![sse_hub::TopicName::new("orders").expect("a name")];
    let feeds = FeedConfig { topics, ..FeedConfig::default() };
    let server = Server::start(Config { feeds, ..config() }).await;
    let mut stream = server.stream("/api/events?topic=orders", None).await;
    assert_eq!(stream.status, 200);
    assert_eq!(server.post_as(TOKEN, "/api/publish/orders", r#"{"data":1}"#).await.status, 201);
    assert_eq!(stream.event().await.expect("the first").data, "1");
    assert_eq!(server.get("/api/events?topic=order").await.problem().status, 404, "others are unknown");
}

#[tokio::test]
async fn a_key_replaces_what_a_new_page_gets() {
    let server = Server::start(config()).await;
    for price in 1..=3 {
        let json = format!(r#"{{"key":"ACME","data":{price}}}"#);
        assert_eq!(server.post_as(TOKEN, "/api/publish/prices", &json).await.status, 201);
    }
    let mut stream = server.stream("/api/events?topic=prices", None).await;
    assert_eq!(stream.event().await.expect("the latest").data, "3");
}

#[tokio::test]
async fn the_same_id_is_the_same_event_or_a_conflict() {
    let server = Server::start(config()).await;
    let send = async |json: &str| server.post_as(TOKEN, "/api/publish/orders", json).await;
    let first = send(r#"{"id":"o-1","data":1}"#).await;
    let again = send(r#"{"id":"o-1","data":1}"#).await;
    assert_eq!((first.status, again.status), (201, 200));
    let (first, again): (Published, Published) = (first.json(), again.json());
    assert_eq!(first.id, again.id);
    assert!(!first.duplicate && again.duplicate);
    assert_eq!(send(r#"{"id":"o-1","data":2}"#).await.problem().status, 409);
    // As the chat calls it.
    let known: Published = send(r#"{"client_id":"o-1","data":1}"#).await.json();
    assert!(known.duplicate);
    let both = send(r#"{"id":"o-1","client_id":"o-1","data":1}"#).await;
    assert_eq!(both.problem().status, 422, "which of them?");

    let answer =
        lines(&server, "/api/publish/orders", "{\"id\":\"o-1\",\"data\":1}\n{\"id\":\"o-2\",\"data\":2}")
            .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let done: PublishedLines = answer.json();
    assert_eq!((done.published, done.duplicates), (1, 1));
    let mut stream = server.stream("/api/events?topic=orders", None).await;
    assert_eq!(stream.event().await.expect("once").data, "1");
    let second = stream.event().await.expect("then");
    assert_eq!((second.data.as_str(), Some(second.id)), ("2", done.last_id));
}

#[tokio::test]
async fn lines_are_published_as_they_come_and_a_wrong_one_is_named() {
    let server = Server::start(config()).await;
    let answer =
        lines(&server, "/api/publish/a", "{\"data\":1}\r\n\n{\"data\":2}\n{\"data\":\n{\"data\":4}\n").await;
    assert_eq!(answer.status, 400);
    let detail = answer.problem().detail;
    assert!(detail.starts_with("line 4 (2 events before it were taken)"), "{detail}");
    for (line, status) in [
        ("{\"data\":1,\"extra\":2}", 422),
        ("{\"event\":\"sse.end\",\"data\":1}", 422),
        ("{\"id\":\"a b\",\"data\":1}", 422),
        ("[1]", 422),
        ("[null,null,null,1]", 422),
        ("\u{0}", 400),
    ] {
        let answer = lines(&server, "/api/publish/a", line).await;
        assert_eq!(answer.problem().status, status, "{line}: {}", answer.text());
        assert!(answer.text().contains("line 1"), "{}", answer.text());
    }
    let long = format!("{{\"data\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(lines(&server, "/api/publish/a", &long).await.problem().status, 413);

    // A feed that stays connected: its first line is on the stream before it has sent the second.
    let mut stream = server.stream("/api/events?topic=a", None).await;
    for expected in ["1", "2"] {
        assert_eq!(stream.event().await.expect("taken").data, expected);
    }
    let mut feed = TcpStream::connect(server.address).await.expect("connected");
    let head = format!(
        "POST /api/publish/a HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
        server.address
    );
    feed.write_all(head.as_bytes()).await.expect("sent");
    for (chunk, expected) in [("{\"data\":10}\n{\"da", "10"), ("ta\":11}\n{\"data\":12", "11"), ("}\n", "12")]
    {
        let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len());
        feed.write_all(chunk.as_bytes()).await.expect("sent");
        assert_eq!(stream.event().await.expect("live").data, expected);
    }
}

#[tokio::test]
async fn a_feed_that_stays_connected_does_not_hold_up_a_shutdown() {
    // Whatever holds up the shutdown is cut a minute later.
    let mut server = Server::start(Config { shutdown_deadline: Duration::from_secs(60), ..config() }).await;
    server.post_as(TOKEN, "/api/publish/a", r#"{"data":0}"#).await;
    let mut stream = server.stream("/api/events?topic=a", None).await;
    let mut feed = TcpStream::connect(server.address).await.expect("connected");
    let head = format!(
        "POST /api/publish/a HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{{\"data\":1}}\n\r\n",
        server.address
    );
    feed.write_all(head.as_bytes()).await.expect("sent");
    for expected in ["0", "1"] {
        assert_eq!(stream.event().await.expect("taken").data, expected);
    }
    let started = Instant::now();
    server.shut_down();
    let mut answer = Vec::new();
    feed.read_to_end(&mut answer).await.expect("closed in good order");
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("line 2 (1 events before it were taken)"),
        "{answer}"
    );
    server.running.await.expect("no panic").expect("no error");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_in_words() {
    let server = Server::start(config()).await;
    for (topic, json, status, says) in [
        ("a", "{}", 422, "data"),
        ("a", "{\"data\":1", 400, "EOF"),
        ("a", "", 400, "EOF"),
        ("a", "{\"data\":1,\"datum\":2}", 422, "datum"),
        ("a", "[null,null,null,1]", 422, "must be a JSON object"),
        ("a", "{\"data\":1}\n{\"data\":2}", 400, "application/x-ndjson"),
        ("notifications", "{\"data\":[\"a\",\"b\",\"info\",1]}", 422, "data: must be a JSON object"),
        ("notifications", "{\"data\":{\"title\":\"a\",\"severity\":\"fatal\"}}", 422, "data: severity: "),
        ("notifications", "{\"data\":{\"title\":\"a\",\"severity\":7}}", 422, "data: severity: "),
        ("a", "{\"event\":\"sse.end\",\"data\":1}", 422, "reserved"),
        ("a", "{\"event\":\"a\\nid: 1\",\"data\":1}", 422, "event type"),
        ("a", "{\"event\":\"\",\"data\":1}", 422, "event type"),
        ("a", "{\"id\":\"\",\"data\":1}", 422, "id"),
        ("a%20b", "{\"data\":1}", 400, "topic name"),
        ("sse.x", "{\"data\":1}", 403, "keeps for itself"),
        ("market.ACME", "{\"data\":1}", 403, "keeps for itself"),
        ("chat.lobby", "{\"data\":1}", 403, "keeps for itself"),
        ("market", "{\"data\":1}", 409, "--market-feed"),
        ("notifications", "{\"data\":1}", 422, "data"),
        ("notifications", "{\"data\":{\"title\":\" \"}}", 422, "title"),
        ("notifications", "{\"data\":{\"title\":\"a\\nb\"}}", 422, "title"),
        ("notifications", "{\"event\":\"x\",\"data\":{\"title\":\"a\"}}", 422, "event"),
    ] {
        let answer = server.post_as(TOKEN, &format!("/api/publish/{topic}"), json).await;
        assert_eq!(answer.status, status, "{topic} {json}: {}", answer.text());
        assert!(answer.problem().detail.contains(says), "{topic} {json}: {}", answer.text());
    }
    let key = format!(r#"{{"key":"{}","data":1}}"#, "k".repeat(129));
    assert_eq!(server.post_as(TOKEN, "/api/publish/a", &key).await.problem().status, 422);
    let large = format!(r#"{{"data":"{}"}}"#, "x".repeat(70_000));
    assert_eq!(server.post_as(TOKEN, "/api/publish/a", &large).await.problem().status, 413);
    assert_eq!(server.get("/api/publish/a").await.problem().status, 405);
    let bearer = format!("Bearer {TOKEN}");
    let text = server.send("POST", "/api/publish/a", &[("Authorization", &bearer)], b"{\"data\":1}").await;
    assert_eq!(text.problem().status, 415);
    for media_type in ["application/json", "application/x-ndjson"] {
        assert!(text.problem().detail.contains(media_type), "{}", text.text());
        let headers =
            [("Authorization", &*bearer), ("Content-Type", media_type), ("Content-Encoding", "gzip")];
        let compressed = server.send("POST", "/api/publish/a", &headers, b"{\"data\":1}").await;
        assert_eq!(compressed.status, 415, "{media_type}: {}", compressed.text());
        assert!(compressed.problem().detail.contains("Content-Encoding"), "{}", compressed.text());
    }
    let chat = server.send("POST", "/api/chat/lobby", &[("Content-Type", "text/plain")], b"{}").await;
    assert!(!chat.problem().detail.contains("ndjson"), "it takes none: {}", chat.text());
}

#[tokio::test]
async fn a_single_event_too_many_is_refused_and_lines_are_held_up() {
    let mut config = config();
    // The next turn comes in a second, and until then a single event is refused.
    config.access.publish_rate = 1.0;
    let server = Server::start(config).await;
    let all: String = (0..3).map(|n| format!("{{\"data\":{n}}}\n")).collect();
    let done: PublishedLines = lines(&server, "/api/publish/a", &all).await.json();
    assert_eq!(done.published, 3, "more than the burst, and none refused");
    let refused = server.post_as(TOKEN, "/api/publish/a", "{\"data\":1}").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    refused.problem();
    assert_eq!(
        server.post_as(TOKEN, "/api/publish/b", "{\"data\":1}").await.status,
        201,
        "a rate for each topic"
    );
}

#[tokio::test]
async fn notifications_are_published_and_streamed() {
    let server = Server::start(config()).await;
    let json = r#"{"data":{"title":"Backup done","severity":"success"}}"#;
    assert_eq!(server.post_as(TOKEN, "/api/publish/notifications", json).await.status, 201);
    let mut stream = server.stream("/api/notifications", None).await;
    loop {
        let event = stream.event_of("notification").await;
        let told: Notification = serde_json::from_str(&event.data).expect("a notification");
        if told.title == "Backup done" {
            assert_eq!((told.severity, told.body.as_str()), (Severity::Success, ""));
            assert!(told.time > 1_700_000_000_000, "the server fills it in");
            break;
        }
    }
}

#[tokio::test]
async fn trades_of_others_make_the_market() {
    let feeds = FeedConfig { market_feed: MarketFeed::Published, ..FeedConfig::default() };
    let server = Server::start(Config { feeds, ..config() }).await;
    let send = async |json: &str| server.post_as(TOKEN, "/api/publish/market", json).await;
    let mut stream = server.stream("/api/market?symbols=ACME", None).await;
    let tick = r#"{"event":"tick","data":{"symbol":"ACME","price":10.5,"size":3,"time":1700000001000}}"#;
    assert_eq!(send(tick).await.status, 201);
    let tick: serde_json::Value = serde_json::from_str(&stream.event_of("tick").await.data).expect("a tick");
    assert_eq!(
        (tick["price"].as_f64(), tick["open"].as_f64(), tick["volume"].as_u64()),
        (Some(10.5), Some(10.5), Some(3))
    );
    let bar: serde_json::Value = serde_json::from_str(&stream.event_of("bar").await.data).expect("a bar");
    assert_eq!((bar["time"].as_u64(), bar["close"].as_f64()), (Some(1_700_000_000), Some(10.5)));
    let halt = r#"{"event":"halt","data":{"symbol":"ACME","halted":true,"time":1}}"#;
    assert_eq!(send(halt).await.status, 201);
    stream.event_of("halt").await;
    for wrong in [
        r#"{"event":"tick","data":{"symbol":"NOPE","price":1}}"#,
        r#"{"event":"tick","data":{"symbol":"ACME","price":-1}}"#,
        r#"{"event":"tick","data":{"symbol":"ACME"}}"#,
        r#"{"event":"news","data":{}}"#,
    ] {
        assert_eq!(send(wrong).await.problem().status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn a_time_in_another_unit_is_refused_and_spoils_no_chart() {
    let feeds = FeedConfig { market_feed: MarketFeed::Published, ..FeedConfig::default() };
    let server = Server::start(Config { feeds, ..config() }).await;
    let send = async |event: &str, data: serde_json::Value| {
        let json = serde_json::json!({ "event": event, "data": data }).to_string();
        server.post_as(TOKEN, "/api/publish/market", &json).await
    };
    let tick = |time: u64| serde_json::json!({ "symbol": "ACME", "price": 10.5, "time": time });
    let halt = |time: u64| serde_json::json!({ "symbol": "ACME", "halted": true, "time": time });
    let bar = |time: u64| {
        serde_json::json!({
            "symbol": "ACME", "time": time, "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1,
        })
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let (seconds, millis) = (now.as_secs(), u64::try_from(now.as_millis()).expect("not for long"));
    let micros = millis * 1_000;
    for (event, data, unit) in [
        ("tick", tick(micros), "milliseconds since 1970"),
        ("tick", tick(u64::MAX), "milliseconds since 1970"),
        ("tick", tick(millis + 2 * 86_400_000), "milliseconds since 1970"),
        ("halt", halt(micros), "milliseconds since 1970"),
        ("bar", bar(millis), " seconds since 1970"),
    ] {
        let refused = send(event, data.clone()).await;
        assert_eq!(refused.status, 422, "{event} {data}");
        assert!(refused.problem().detail.contains(unit), "{event} {data}: {}", refused.text());
    }
    // A clock that is somewhat wrong is no other unit.
    for (event, data) in
        [("tick", tick(millis + 3_600_000)), ("halt", halt(millis)), ("bar", bar(seconds + 3_600))]
    {
        assert_eq!(send(event, data.clone()).await.status, 201, "{event} {data}");
    }
}
