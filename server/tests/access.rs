//! Who may read and publish what, and how often.

mod common;

use std::time::{Duration, Instant};

use common::{Answer, Server};
use demo_contract::access::Ticket;
use server::Config;
use server::config::AccessConfig;

const PUBLISH: &str = "the-token-that-publishes-1";
const READ: &str = "the-token-that-reads-2";

fn config() -> Config {
    let access = AccessConfig {
        publish_token: Some(PUBLISH.parse().expect("a token")),
        read_token: Some(READ.parse().expect("a token")),
        private_topics: vec![
            "orders.*".parse().expect("a pattern"),
            "chat.secret".parse().expect("a pattern"),
        ],
        ..AccessConfig::default()
    };
    Config {
        access,
        allow_origins: vec!["https://friend.example".parse().expect("an origin")],
        ..Config::default()
    }
}

async fn with_orders() -> Server {
    let server = Server::start(config()).await;
    for topic in ["orders.eu", "orders.us", "news"] {
        let published = server.post_as(PUBLISH, &format!("/api/publish/{topic}"), r#"{"data":1}"#).await;
        assert_eq!(published.status, 201);
    }
    server
}

async fn ticket(server: &Server, token: &str, topics: &str) -> Answer {
    server.post_as(token, "/api/ticket", &format!(r#"{{"topics":{topics}}}"#)).await
}

#[tokio::test]
async fn a_private_topic_wants_a_token_with_a_cursor_and_without() {
    let server = with_orders().await;
    let bearer = |token: &str| format!("Bearer {token}");
    let (read, publish, wrong) = (bearer(READ), bearer(PUBLISH), bearer("a-token-that-nobody-knows"));
    let path = "/api/events?topic=orders.eu&topic=news";
    let mut last = None;
    for token in [&read, &publish] {
        let mut stream = server.open("GET", path, &[("Authorization", token)], b"").await;
        assert_eq!(stream.status, 200);
        last = Some(stream.event().await.expect("an event").id);
    }
    let last = last.expect("an id");
    for headers in [
        vec![],
        vec![("Authorization", wrong.as_str())],
        vec![("Last-Event-ID", last.as_str())],
        vec![("Cookie", "sse_session=0123456789abcdef0123456789abcdef")],
    ] {
        let refused = server.send("GET", path, &headers, b"").await;
        assert_eq!(
            (refused.problem().status, refused.header("www-authenticate")),
            (401, "Bearer"),
            "{headers:?}"
        );
    }
    assert_eq!(server.get("/api/presence/orders.eu").await.problem().status, 401);
    assert_eq!(server.stream("/api/events?topic=news", None).await.status, 200, "others are for everybody");
    assert_eq!(server.get("/api/chat/secret").await.problem().status, 401);
    let message = r#"{"client_id":"1","author":"Ann","text":"hi"}"#;
    assert_eq!(server.post_json("/api/chat/secret", message).await.problem().status, 401);
    assert_eq!(server.post_as(READ, "/api/chat/secret", message).await.status, 201);
    assert_eq!(server.post_as(READ, "/api/publish/news", r#"{"data":1}"#).await.problem().status, 401);
}

#[tokio::test]
async fn a_ticket_opens_one_stream_of_its_topics() {
    let server = with_orders().await;
    let answer = ticket(&server, READ, r#"["orders.eu","news"]"#).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"));
    let Ticket { ticket: one, expires_ms } = answer.json();
    assert!((1_000..=60_000).contains(&expires_ms));
    let path = format!("/api/events?topic=orders.eu&topic=news&ticket={one}");
    assert_eq!(server.stream(&path, None).await.status, 200);
    assert_eq!(server.get(&path).await.problem().status, 401, "it is used up");

    let other: Ticket = ticket(&server, READ, r#"["orders.eu"]"#).await.json();
    let elsewhere = format!("/api/events?topic=orders.us&ticket={}", other.ticket);
    assert_eq!(server.get(&elsewhere).await.problem().status, 401, "it is not for that topic");
    // What opens no stream does not use it up.
    let with_it = |path: &str| format!("{path}ticket={}", other.ticket);
    let nowhere = with_it("/api/events?topic=orders.eu&topic=nowhere&");
    assert_eq!(server.get(&nowhere).await.problem().status, 404);
    let path = with_it("/api/events?topic=orders.eu&");
    let head = server.send("HEAD", &path, &[], b"").await;
    assert_eq!((head.status, head.text()), (200, ""));
    assert_eq!(server.stream(&path, None).await.status, 200, "it was not used yet");
    assert_eq!(server.get(&path).await.problem().status, 401, "now it is");
    assert_eq!(server.get(&with_it("/api/presence/orders.eu?")).await.problem().status, 401);
    let third: Ticket = ticket(&server, READ, r#"["orders.eu"]"#).await.json();
    let who_is_there = format!("/api/presence/orders.eu?ticket={}", third.ticket);
    for status in [200, 401] {
        assert_eq!(server.get(&who_is_there).await.status, status, "that is delivered once");
    }
    assert_eq!(server.get("/api/events?topic=orders.eu&ticket=guessed").await.problem().status, 401);

    for (token, topics, status) in [
        ("a-token-that-nobody-knows", r#"["orders.eu"]"#, 401),
        ("a-token-that-nobody-knows", r#"["news"]"#, 201),
        (READ, "[]", 422),
        (READ, r#"["a b"]"#, 422),
        (READ, "7", 422),
        (READ, "[", 400),
    ] {
        assert_eq!(ticket(&server, token, topics).await.status, status, "{topics}");
    }
    // Where none is needed, a page that always asks for one is not sent away, and nothing is used up.
    let unneeded: Ticket = ticket(&server, "a-token-that-nobody-knows", r#"["news"]"#).await.json();
    for _ in 0..2 {
        let path = format!("/api/events?topic=news&ticket={}", unneeded.ticket);
        assert_eq!(server.stream(&path, None).await.status, 200);
        let path = format!("/api/events?topic=news&topic=orders.eu&ticket={}", unneeded.ticket);
        assert_eq!(server.get(&path).await.problem().status, 401, "it opens nothing that is private");
    }
    // A ticket does not get another ticket.
    let spare: Ticket = ticket(&server, READ, r#"["orders.eu"]"#).await.json();
    let path = format!("/api/ticket?ticket={}", spare.ticket);
    let chained = server.post_json(&path, r#"{"topics":["orders.eu"]}"#).await;
    assert_eq!(chained.problem().status, 401);
}

#[tokio::test]
async fn a_cookie_reads_for_the_servers_own_pages_only() {
    let server = with_orders().await;
    assert_eq!(server.post_json("/api/session", "").await.problem().status, 401);
    let opened = server.post_as(PUBLISH, "/api/session", "").await;
    assert_eq!(opened.status, 204);
    let cookie = opened.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/;"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let cookie = format!("theme=dark; {cookie}");
    let get = async |origin: Option<&str>| {
        let mut headers = vec![("Cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        server.open("GET", "/api/events?topic=orders.eu", &headers, b"").await
    };
    assert_eq!(get(None).await.status, 200);
    let friend = get(Some("https://friend.example")).await;
    assert_eq!((friend.status, friend.header("access-control-allow-credentials")), (200, "true"));
    assert_eq!(get(Some("https://evil.example")).await.status, 401);
    let publish = [("Cookie", cookie.as_str()), ("Content-Type", "application/json")];
    let publish = server.send("POST", "/api/publish/news", &publish, br#"{"data":1}"#).await;
    assert_eq!(publish.problem().status, 401, "a cookie never publishes");

    // Another cookie of the site's may hold whatever its program wrote.
    let beside = format!("name=Z\u{fc}rich; {cookie}");
    let read = server.open("GET", "/api/events?topic=orders.eu", &[("Cookie", &beside)], b"").await;
    assert_eq!(read.status, 200);
    let closed = server.send("DELETE", "/api/session", &[("Cookie", &beside)], b"").await;
    assert_eq!(closed.status, 204);
    assert_eq!(get(None).await.status, 401);
}

#[tokio::test]
async fn a_friends_page_may_send_a_token_and_where_it_left_off() {
    let server = Server::start(config()).await;
    for (origin, allowed) in [("https://friend.example", true), ("https://evil.example", false)] {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "DELETE"),
            ("Access-Control-Request-Headers", "authorization,last-event-id"),
        ];
        let answer = server.send("OPTIONS", "/api/assistant/x", &headers, b"").await;
        assert_eq!(answer.header("access-control-allow-origin") == origin, allowed, "{origin}");
        for name in ["authorization", "last-event-id", "content-type"] {
            assert!(answer.header("access-control-allow-headers").contains(name), "{name}");
        }
        assert!(answer.header("access-control-allow-methods").contains("DELETE"));
    }
}

#[tokio::test]
async fn who_comes_or_posts_too_often_is_told_when_to_come_back() {
    let access = AccessConfig { connect_rate: 0.01, post_rate: 0.01, ..AccessConfig::default() };
    let server = Server::start(Config { access, ..Config::default() }).await;
    assert_eq!(server.stream("/api/market", None).await.status, 200);
    let refused = server.get("/stock-price").await;
    assert_eq!(refused.problem().status, 429);
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((90..=100).contains(&wait), "{wait}");

    let message = r#"{"client_id":"1","author":"Ann","text":"hi"}"#;
    assert_eq!(server.post_json("/api/chat/lobby", message).await.status, 201);
    let refused = server.post_json("/api/chat/lobby", message).await;
    assert_eq!(refused.problem().status, 429);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(
        server.get("/healthz/live").await.status,
        200,
        "what opens no stream and changes nothing is free"
    );
}

/// A cookie for a new session.
async fn log_in(server: &Server) -> String {
    let opened = server.post_as(READ, "/api/session", "").await;
    assert_eq!(opened.status, 204);
    opened.header("set-cookie").split(';').next().expect("a pair").to_owned()
}

async fn ticket_for(server: &Server, cookie: &str) -> String {
    let headers = [("Cookie", cookie), ("Content-Type", "application/json")];
    let answer = server.send("POST", "/api/ticket", &headers, br#"{"topics":["orders.eu"]}"#).await;
    assert_eq!(answer.status, 201);
    answer.json::<Ticket>().ticket
}

#[tokio::test]
async fn logging_out_ends_what_was_opened_with_the_session_and_nothing_else() {
    let server = with_orders().await;
    let (mine, other) = (log_in(&server).await, log_in(&server).await);
    let open = async |path: &str, header: (&str, &str)| {
        let mut stream = server.open("GET", path, &[header], b"").await;
        assert_eq!(
            (stream.status, stream.event().await.expect("an event").data.as_str()),
            (200, "1"),
            "{path}"
        );
        stream
    };
    let orders = "/api/events?topic=orders.eu";
    let both = "/api/events?topic=orders.eu&topic=news";
    let by_ticket = format!("{orders}&ticket={}", ticket_for(&server, &mine).await);
    let spare = format!("{orders}&ticket={}", ticket_for(&server, &mine).await);
    let bearer = format!("Bearer {READ}");
    let mut ends = [
        open(orders, ("Cookie", &mine)).await,
        open(both, ("Cookie", &mine)).await,
        open(&by_ticket, ("Accept", "text/event-stream")).await,
    ];
    let mut goes_on = [
        open(orders, ("Cookie", &other)).await,
        open(orders, ("Authorization", &bearer)).await,
        // What anybody may read needs no session.
        open("/api/events?topic=news", ("Cookie", &mine)).await,
    ];
    // The second topic of `both`.
    assert_eq!(ends[1].event().await.expect("an event").data, "1");

    let closed = server.send("DELETE", "/api/session", &[("Cookie", &mine)], b"").await;
    assert_eq!(closed.status, 204);
    for topic in ["orders.eu", "news"] {
        let published = server.post_as(PUBLISH, &format!("/api/publish/{topic}"), r#"{"data":2}"#).await;
        assert_eq!(published.status, 201);
    }
    for stream in &mut ends {
        assert_eq!(stream.event().await, None, "it has ended, and nothing came before that");
        assert!(stream.text().is_empty() || stream.text() == ": unauthorized\n\n", "{:?}", stream.text());
    }
    for stream in &mut goes_on {
        assert_eq!(stream.event().await.expect("an event").data, "2");
    }
    for (path, headers) in [(orders, vec![("Cookie", mine.as_str())]), (&spare, vec![])] {
        assert_eq!(server.send("GET", path, &headers, b"").await.problem().status, 401, "{path}");
    }
    let metrics = server.send("GET", "/metrics", &[("Authorization", &bearer)], b"").await;
    assert!(metrics.text().contains("\nsse_streams_denied_total 3\n"), "{}", metrics.text());
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_it_was_opened_with() {
    let lifetime = Duration::from_secs(5);
    let mut config = config();
    config.access.session_lifetime = lifetime;
    let server = Server::start(config).await;
    let published = server.post_as(PUBLISH, "/api/publish/orders.eu", r#"{"data":1}"#).await;
    assert_eq!(published.status, 201);
    let began = Instant::now();
    let cookie = log_in(&server).await;
    let by_ticket = format!("/api/events?topic=orders.eu&ticket={}", ticket_for(&server, &cookie).await);
    let mut streams = [
        server.open("GET", "/api/events?topic=orders.eu", &[("Cookie", &cookie)], b"").await,
        server.open("GET", &by_ticket, &[], b"").await,
    ];
    for stream in &mut streams {
        assert_eq!((stream.status, stream.event().await.expect("an event").data.as_str()), (200, "1"));
    }
    for stream in &mut streams {
        assert_eq!(stream.event().await, None, "nobody had to do anything for it");
    }
    assert!(began.elapsed() >= lifetime, "{:?}", began.elapsed());
    let late = server.send("GET", "/api/events?topic=orders.eu", &[("Cookie", &cookie)], b"").await;
    assert_eq!(late.problem().status, 401);
}

#[tokio::test]
async fn a_private_answer_is_read_and_stopped_with_a_token_only() {
    let mut config = config();
    config.access.private_topics = vec!["assistant.*".parse().expect("a pattern")];
    // It lasts longer than the test.
    config.assistant.pace = 2.0;
    let server = Server::start(config).await;
    let question = br#"{"messages":[{"role":"user","content":"Why?"}]}"#;
    let (read, wrong) = (format!("Bearer {READ}"), "Bearer a-token-that-nobody-knows");
    let headers = [("Content-Type", "application/json"), ("Authorization", &*read)];
    let mut stream = server.open("POST", "/api/assistant", &headers, question).await;
    let begun = stream.event().await.expect("the first event").data;
    let begun: demo_contract::assistant::Answer = serde_json::from_str(&begun).expect("an answer");
    let path = demo_contract::assistant::route(&begun.answer);
    let invented = "sse_session=0123456789abcdef0123456789abcdef";
    for path in [&*path, "/api/assistant/0123"] {
        for method in ["GET", "DELETE"] {
            for stranger in [&[][..], &[("Authorization", wrong)], &[("Cookie", invented)]] {
                let refused = server.send(method, path, stranger, b"").await;
                assert_eq!(refused.problem().status, 401, "{method} {path}: whether it is there is not told");
            }
        }
    }
    stream.event_of("token").await;
    let cookie = log_in(&server).await;
    let evil = [("Cookie", &*cookie), ("Origin", "https://evil.example")];
    assert_eq!(server.send("DELETE", &path, &evil, b"").await.problem().status, 403, "a page of a stranger");
    stream.event_of("token").await;
    assert_eq!(server.send("DELETE", &path, &[("Cookie", &cookie)], b"").await.status, 204);
    let finished = stream.event_of("finished").await;
    assert!(finished.data.contains("stopped"), "{}", finished.data);
    let unknown = server.send("DELETE", "/api/assistant/0123", &[("Authorization", &read)], b"").await;
    assert_eq!(unknown.problem().status, 404);
}
