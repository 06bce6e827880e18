//! The chat: what is said arrives once and as it is, and what may not be said is refused in words.

mod common;

use std::time::{Duration, Instant};

use common::{PATIENCE, Server};
use demo_contract::chat::{Message, Posted, Presence};
use server::Config;
use server::config::AccessConfig;

fn body(client_id: &str, author: &str, text: &str) -> String {
    serde_json::json!({ "client_id": client_id, "author": author, "text": text }).to_string()
}

#[tokio::test]
async fn what_is_said_arrives_on_every_page_as_it_is() {
    let server = Server::start(Config::default()).await;
    let mut live = server.stream("/api/chat/lobby", None).await;
    let text = "<img src=x onerror=alert(1)>\n\nid: forged\n: forged\u{2028}👋🏽";
    let posted = server.post_json("/api/chat/lobby", &body("1", "名 <b>", text)).await;
    assert_eq!(posted.status, 201, "{}", posted.text());
    let Posted { id } = serde_json::from_slice(&posted.body).expect("an id");

    let mut late = server.stream("/api/chat/lobby", None).await;
    for stream in [&mut live, &mut late] {
        let event = stream.event_of("message").await;
        assert_eq!(event.id, id);
        let message: Message = serde_json::from_str(&event.data).expect("a message");
        assert_eq!((message.author.as_str(), message.text.as_str()), ("名 <b>", text));
    }
    let mut back = server.stream("/api/chat/lobby", Some(&id)).await;
    server.post_json("/api/chat/lobby", &body("2", "Ann", "next")).await;
    assert!(back.event_of("message").await.data.contains("next"));
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_said_once() {
    let server = Server::start(Config::default()).await;
    let first = server.post_json("/api/chat/lobby", &body("again", "Ann", "hi")).await;
    let second = server.post_json("/api/chat/lobby", &body("again", "Ann", "hi")).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.text(), second.text());
    let other = server.post_json("/api/chat/lobby", &body("again", "Ann", "something else")).await;
    assert_eq!(other.problem().status, 409);
    let elsewhere = server.post_json("/api/chat/other", &body("again", "Ann", "something else")).await;
    assert_eq!(elsewhere.status, 201);

    server.post_json("/api/chat/lobby", &body("last", "Ann", "last")).await;
    let mut stream = server.stream("/api/chat/lobby", None).await;
    assert!(stream.event_of("message").await.data.contains(r#""text":"hi""#));
    assert!(stream.event_of("message").await.data.contains(r#""text":"last""#));
}

#[tokio::test]
async fn what_may_not_be_said_is_refused_in_words_that_name_the_field() {
    let server = Server::start(Config::default()).await;
    let room = "/api/chat/lobby";
    for (json, status, detail) in [
        (body("1", "Ann", ""), 422, "text"),
        (body("1", "Ann", " \n "), 422, "text"),
        (body("1", "Ann", &"x".repeat(2_001)), 422, "text"),
        (body("1", "Ann", "a\0b"), 422, "text"),
        (body("1", "", "hi"), 422, "author"),
        (body("1", "Ann\r\nid: 1", "hi"), 422, "author"),
        (body("a b", "Ann", "hi"), 422, "client_id"),
        (body("é", "Ann", "hi"), 422, "client_id"),
        (r#"["1","Ann","hi"]"#.into(), 422, "must be a JSON object"),
        (" [] ".into(), 422, "must be a JSON object"),
        ("7".into(), 422, "must be a JSON object"),
        (r#"{"client_id":"1","author":"Ann"}"#.into(), 422, "text"),
        (r#"{"client_id":"1","author":"Ann","text":7}"#.into(), 422, "text"),
        ("{".into(), 400, "JSON"),
        (String::new(), 400, "JSON"),
        (body("1", "Ann", &"x".repeat(100_000)), 413, "16384"),
    ] {
        let shown: String = json.chars().take(80).collect();
        let answer = server.post_json(room, &json).await;
        assert_eq!(answer.status, status, "{shown}");
        assert!(answer.problem().detail.contains(detail), "{shown}: {}", answer.text());
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let json = body("1", "Ann", "hi");
        let answer = server.send("POST", room, &[("Content-Type", content_type)], json.as_bytes()).await;
        assert_eq!(answer.problem().status, 415);
    }
    assert_eq!(server.send("POST", room, &[], b"hi").await.problem().status, 415);
    for (encoding, status) in [("gzip", 415), ("identity, br", 415), ("Identity", 201)] {
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", encoding)];
        let answer = server.send("POST", room, &headers, body("plain", "Ann", "hi").as_bytes()).await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.text());
        assert!(status == 201 || answer.problem().detail.contains("Content-Encoding"), "{}", answer.text());
    }
    let no_room = server.post_json("/api/chat/No%20Room", &body("1", "Ann", "hi")).await.problem();
    assert_eq!(no_room.status, 404);
    assert!(no_room.detail.contains("1 to 32 of A-Z a-z 0-9 - _"), "{}", no_room.detail);
    assert_eq!(server.get("/api/chat/..%2Fx").await.problem().status, 404);
    assert_eq!(server.send("DELETE", room, &[], b"").await.problem().status, 405);
}

#[tokio::test]
async fn rooms_and_ids_may_have_the_names_that_people_give_them() {
    let server = Server::start(Config::default()).await;
    for room in ["Lobby", "my_room-2"] {
        for id in ["0.123", "a:1", "!~", &"x".repeat(64)] {
            let answer = server.post_json(&format!("/api/chat/{room}"), &body(id, "Ann", "hi")).await;
            assert_eq!(answer.status, 201, "{room} {id}: {}", answer.text());
        }
    }
    let lines = server.post_json("/api/chat/lobby", &body("lines", "Ann", "a\r\nb\rc\nd")).await;
    assert_eq!(lines.status, 201, "{}", lines.text());
    let again = server.post_json("/api/chat/lobby", &body("lines", "Ann", "a\nb\nc\nd")).await;
    assert_eq!(again.text(), lines.text(), "it is the same message");
    // A room of another name, in which nothing else was said.
    let mut stream = server.stream("/api/chat/lobby?member=0.123", None).await;
    let message: Message = serde_json::from_str(&stream.event_of("message").await.data).expect("a message");
    assert_eq!(message.text, "a\nb\nc\nd");
}

#[tokio::test]
async fn a_room_is_there_for_whoever_listens_or_asks_who_is_there() {
    let server = Server::start(Config::default()).await;
    let empty: Presence = server.get("/api/presence/chat.lobby").await.json();
    assert_eq!(empty, Presence::default());
    for no_room in ["chat.a.b", "chat.", "chat", "chats", "nowhere"] {
        assert_eq!(server.get(&format!("/api/presence/{no_room}")).await.problem().status, 404, "{no_room}");
        let events = server.get(&format!("/api/events?topic=chat.lobby&topic={no_room}")).await;
        assert_eq!(events.problem().status, 404, "{no_room}");
    }
    let path = "/api/events?topic=chat.lobby&topic=market.ACME&topic=chat.Other&member=a1&name=Ann";
    let mut stream = server.stream(path, None).await;
    assert_eq!(stream.status, 200);
    for room in ["lobby", "Other"] {
        assert_eq!(server.post_json(&format!("/api/chat/{room}"), &body("1", "Ann", room)).await.status, 201);
        assert!(stream.event_of("message").await.data.contains(room));
        let there: Presence = server.get(&format!("/api/presence/chat.{room}")).await.json();
        assert_eq!(there, Presence { count: 1, names: vec!["Ann".into()] });
    }
}

#[tokio::test]
async fn a_page_of_a_stranger_may_not_post() {
    let friend = "https://friend.example".parse().expect("an origin");
    let server = Server::start(Config { allow_origins: vec![friend], ..Config::default() }).await;
    let json = body("1", "Ann", "hi");
    for (origin, status) in [
        ("https://evil.example", 403),
        ("null", 403),
        ("https://friend.example", 201),
        ("http://127.0.0.1:8081", 201),
        ("http://localhost:1234", 201),
    ] {
        let headers = [("Content-Type", "application/json"), ("Origin", origin)];
        let answer = server.send("POST", "/api/chat/lobby", &headers, json.as_bytes()).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.text());
        // Who may post may read the answer, and only a friend with the cookies of whoever is at the page.
        let may_read = if status == 201 { origin } else { "" };
        assert_eq!(answer.header("access-control-allow-origin"), may_read, "{origin}");
        let with_cookies = if origin == "https://friend.example" { "true" } else { "" };
        assert_eq!(answer.header("access-control-allow-credentials"), with_cookies, "{origin}");
        assert!(answer.header("vary").contains("origin"), "{origin}: {:?}", answer.headers);
        if status == 403 {
            answer.problem();
        }
    }
}

#[tokio::test]
async fn pages_of_this_machine_may_read_only_where_nobody_else_can() {
    let local = ["http://127.0.0.1:8081", "http://localhost:3000", "http://[::1]:5173", "http://localhost"];
    let strangers = ["http://localhost.evil.example", "https://evil.example", "null"];
    let here = Server::start(Config::default()).await;
    let listen = "0.0.0.0:0".parse().expect("an address");
    let mut everywhere = Server::start(Config { listen, ..Config::default() }).await;
    everywhere.address.set_ip([127, 0, 0, 1].into());
    for (server, may_read) in [(&here, true), (&everywhere, false)] {
        for origin in local.into_iter().chain(strangers) {
            let answer = server.open("GET", "/api/market?symbols=ACME", &[("Origin", origin)], b"").await;
            let expected = if may_read && local.contains(&origin) { origin } else { "" };
            assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), "", "{origin}");
            assert!(answer.header("vary").contains("origin"), "{:?}", answer.headers);
        }
    }
}

#[tokio::test]
async fn a_friends_page_may_ask_whether_it_may_send_the_last_event_id() {
    let friend = "https://friend.example".parse().expect("an origin");
    let server = Server::start(Config { allow_origins: vec![friend], ..Config::default() }).await;
    for (origin, allowed) in [("https://friend.example", true), ("https://evil.example", false)] {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "last-event-id"),
        ];
        let answer = server.send("OPTIONS", "/api/market", &headers, b"").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin") == origin, allowed, "{origin}");
        assert!(answer.header("access-control-allow-headers").contains("last-event-id"));
    }
}

#[tokio::test]
async fn a_room_knows_who_is_there() {
    let server = Server::start(Config::default()).await;
    let mut ann = server.stream("/api/chat/lobby?member=a1&name=Ann", None).await;
    let mut bob = server.stream("/api/chat/lobby?member=b1&name=B%C3%B6b", None).await;
    let _also_bob = server.stream("/api/chat/lobby?member=b1&name=B%C3%B6b", None).await;
    let expected = Presence { count: 2, names: vec!["Ann".into(), "Böb".into()] };
    for stream in [&mut ann, &mut bob] {
        let deadline = Instant::now() + Duration::from_secs(5);
        while serde_json::from_str::<Presence>(&stream.event_of("presence").await.data).expect("presence")
            != expected
        {
            assert!(Instant::now() < deadline);
        }
    }
    let asked = server.get("/api/presence/chat.lobby").await;
    assert_eq!(serde_json::from_slice::<Presence>(&asked.body).expect("presence"), expected);

    drop(ann);
    let left = serde_json::from_str::<Presence>(&bob.event_of("presence").await.data).expect("presence");
    assert_eq!(left, Presence { count: 1, names: vec!["Böb".into()] });
}

#[tokio::test]
async fn whoever_may_not_enter_a_room_drives_no_other_one_out() {
    const READ: &str = "the-token-that-reads-2";

    let access = AccessConfig {
        read_token: Some(READ.parse().expect("a token")),
        private_topics: vec!["chat.private*".parse().expect("a pattern")],
        ..AccessConfig::default()
    };
    let server = Server::start(Config { access, ..Config::default() }).await;
    // As many as there may be, and nobody is in any of them.
    let json = body("1", "Ann", "hi");
    for number in 1..256 {
        assert_eq!(server.post_json(&format!("/api/chat/room-{number}"), &json).await.status, 201);
    }
    // Where it is not there any more, it finds no place: in all others something was said lately.
    let first_is_there = async || {
        let is_there = server.stream("/api/chat/room-0", None).await.status == 200;
        let deadline = Instant::now() + PATIENCE;
        while server.get("/api/presence/chat.room-0").await.json::<Presence>().count > 0 {
            assert!(Instant::now() < deadline, "nobody is there any more");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        is_there
    };
    assert!(first_is_there().await);
    for number in 0..3 {
        let private = format!("/api/chat/private-{number}");
        assert_eq!(server.get(&private).await.problem().status, 401);
        assert_eq!(server.post_json(&private, &json).await.problem().status, 401);
        assert_eq!(server.get(&format!("/api/chat/Not%20One{number}")).await.problem().status, 404);
        assert_eq!(
            server.get(&format!("/api/events?topic=chat.private-{number}")).await.problem().status,
            401
        );
        let empty: Presence = server.get(&format!("/api/presence/chat.new-{number}")).await.json();
        assert_eq!(empty.count, 0);
        assert_eq!(server.post_json(&format!("/api/chat/new-{number}"), "{}").await.problem().status, 422);
        assert!(first_is_there().await, "{number}");
    }
    // Whoever may, does: the one in which nothing was ever said makes place.
    assert_eq!(server.post_as(READ, "/api/chat/private-0", &json).await.status, 201);
    assert!(!first_is_there().await);
    assert_eq!(
        server.get("/api/events?topic=chat.room-0").await.problem().status,
        503,
        "as at its own route"
    );
}
