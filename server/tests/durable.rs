//! What the server keeps in a file: a restart is a pause, and whoever was told that a message was taken finds it again.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use common::{Event, Server, program};
use demo_contract::chat::{Message, Posted};
use demo_contract::market::{BARS_KEPT, Bar, Halt, Tick};
use demo_contract::publish::{Published, PublishedLines};
use server::config::{AccessConfig, FeedConfig, History, MarketFeed};
use server::{Config, RunError};
use sse_hub::history::redb::{RedbHistory, RedbOptions};
use sse_hub::{Hub, HubOptions};
use tokio::io::AsyncReadExt;

const TOKEN: &str = "a-token-for-feeds-0123456789";

fn body(client_id: &str, text: &str) -> String {
    serde_json::json!({ "client_id": client_id, "author": "Ann", "text": text }).to_string()
}

fn config(folder: &tempfile::TempDir) -> Config {
    Config { history: History::Redb, data_dir: Some(folder.path().to_owned()), ..Config::default() }
}

async fn stop(mut server: Server) {
    server.shut_down();
    server.running.await.expect("no panic").expect("closed in order");
}

#[tokio::test]
async fn a_restart_keeps_the_messages_the_cursors_and_the_ids_of_the_senders() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(config(&folder)).await;
    assert_eq!(server.get("/healthz/ready").await.text(), "ready\n");
    let first = server.post_json("/api/chat/lobby", &body("1", "first")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let second = server.post_json("/api/chat/lobby", &body("2", "second")).await;
    let hello = server.stream("/stream", None).await.event().await.expect("hello");
    stop(server).await;

    let server = Server::start(config(&folder)).await;
    let again = server.post_json("/api/chat/lobby", &body("2", "second")).await;
    assert_eq!((again.status, again.text()), (201, second.text()), "it is the same message");
    assert_eq!(server.post_json("/api/chat/lobby", &body("2", "else")).await.problem().status, 409);

    let Posted { id } = serde_json::from_slice(&first.body).expect("an id");
    let mut back = server.stream("/api/chat/lobby", Some(&id)).await;
    let mut new = server.stream("/api/chat/lobby", None).await;
    let text = |data: &str| serde_json::from_str::<Message>(data).expect("a message").text;
    assert_eq!(text(&new.event_of("message").await.data), "first");
    for stream in [&mut back, &mut new] {
        let event = stream.event().await.expect("goes on");
        assert_eq!(text(&event.data), "second", "no reset, and no gap");
    }
    let mut ended = server.stream("/stream", None).await;
    assert_eq!(ended.event().await, Some(hello), "said once");
    assert_eq!(ended.event().await.expect("an end").event, "sse.end");
    stop(server).await;
}

#[tokio::test]
async fn a_share_that_was_halted_before_a_restart_is_not_where_the_server_trades_itself() {
    let file = |folder: &tempfile::TempDir| {
        let path = folder.path().join("trades.csv");
        std::fs::write(&path, "time,symbol,price\n0,ACME,10\n1,ACME,11\n").expect("written");
        MarketFeed::File(path)
    };
    for is_recorded in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let access =
            AccessConfig { publish_token: Some(TOKEN.parse().expect("a token")), ..AccessConfig::default() };
        let start = async |market_feed: MarketFeed| {
            let feeds = FeedConfig { market_feed, ..FeedConfig::default() };
            Server::start(Config { access: access.clone(), feeds, ..config(&folder) }).await
        };
        let server = start(MarketFeed::Published).await;
        let halt = r#"{"event":"halt","data":{"symbol":"ACME","halted":true,"time":1}}"#;
        assert_eq!(server.post_as(TOKEN, "/api/publish/market", halt).await.status, 201);
        stop(server).await;

        let is_halted = |event: &Event| serde_json::from_str::<Halt>(&event.data).expect("a halt").halted;
        let server = start(MarketFeed::Published).await;
        let kept = server.stream("/api/market?symbols=ACME", None).await.event_of("halt").await;
        assert!(is_halted(&kept), "only whoever publishes knows better");
        stop(server).await;

        let server = start(if is_recorded { file(&folder) } else { MarketFeed::Simulator }).await;
        let mut new = server.stream("/api/market?symbols=ACME", None).await;
        // The first trade may be one that the simulator has made up of the time before it opened.
        let (mut halted, mut trades) = (None, 0);
        while trades < 2 {
            let event = new.event().await.expect("goes on");
            match event.event.as_str() {
                "halt" => halted = Some(is_halted(&event)),
                "tick" => trades += 1,
                _ => {}
            }
        }
        assert_eq!(halted, Some(false), "it is traded");
        stop(server).await;
    }
}

#[tokio::test]
async fn the_market_that_was_seen_before_a_restart_is_its_past() {
    let folder = tempfile::tempdir().expect("a folder");
    // What a page gets of a server that was started since: the bars by their times, and the day as of the last trade.
    let seen = async |server: &Server, since: SystemTime| {
        let since = since.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
        let mut new = server.stream("/api/market?symbols=ACME", None).await;
        let (mut bars, mut last) = (BTreeMap::new(), None);
        let mut is_opened = false;
        while !is_opened || last.is_none() {
            let event = new.event().await.expect("goes on");
            match event.event.as_str() {
                "bar" => {
                    let bar: Bar = serde_json::from_str(&event.data).expect("a bar");
                    bars.insert(bar.time, bar);
                }
                "tick" => {
                    let tick: Tick = serde_json::from_str(&event.data).expect("a trade");
                    last = Some(tick);
                }
                // Said behind the bars when the market opens.
                _ => {
                    let halt: Halt = serde_json::from_str(&event.data).expect("a halt");
                    is_opened = u128::from(halt.time) >= since;
                }
            }
        }
        (bars, last.expect("a trade"))
    };
    let started = SystemTime::now();
    let server = Server::start(Config { seed: Some(1), ..config(&folder) }).await;
    let (before, last) = seen(&server, started).await;
    assert!(before.len() >= BARS_KEPT - 1, "{}", before.len());
    stop(server).await;
    let started = SystemTime::now();
    let server = Server::start(Config { seed: Some(2), ..config(&folder) }).await;
    let (after, next) = seen(&server, started).await;
    let oldest = after.keys().next().copied().expect("bars");
    let running = before.keys().next_back().copied().expect("bars");
    for (time, bar) in before.range(oldest..running) {
        assert_eq!(after.get(time), Some(bar));
    }
    // At midnight another day begins, restart or not.
    if next.time / 86_400_000 == last.time / 86_400_000 {
        assert_eq!(next.open, last.open);
        assert!(next.volume >= last.volume, "{next:?} after {last:?}");
    }
    stop(server).await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_told_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::start(config(&folder)).await;
    assert_eq!(first.get("/healthz/live").await.status, 200);
    let second = Server::start(config(&folder)).await;
    let error = second.running.await.expect("no panic").expect_err("it does not start");
    assert!(matches!(error, RunError::History(_)), "{error}");
    assert!(error.to_string().contains("another process has this history open"), "{error}");
    stop(first).await;
}

#[tokio::test]
async fn a_topic_that_the_server_does_not_open_any_more_is_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = RedbHistory::open(&folder, RedbOptions::default()).expect("opened");
    let hub = Hub::with_history(HubOptions::default(), history);
    hub.topic::<sse_events::Text>("market.GONE").expect("opened");
    hub.close().await.expect("closed");
    drop(hub);
    for (forget_after, kept) in
        [(Config::default().forget_after, 1), (Duration::from_secs(3_600), 1), (Duration::ZERO, 0)]
    {
        let server = Server::start(Config { forget_after, ..config(&folder) }).await;
        let metrics = server.get("/metrics").await;
        assert!(metrics.text().contains(&format!("\nsse_topics_kept {kept}\n")), "{forget_after:?}");
        stop(server).await;
    }
}

#[tokio::test]
async fn rooms_and_the_topics_of_feeds_are_forgotten_when_nobody_uses_them() {
    const PUBLISH: &str = "the-token-that-publishes-1";
    let folder = tempfile::tempdir().expect("a folder");
    let access =
        AccessConfig { publish_token: Some(PUBLISH.parse().expect("a token")), ..AccessConfig::default() };
    // What was not used for the whole of a life of the server is too old.
    let config = Config { access, forget_after: Duration::ZERO, ..config(&folder) };
    // What is said again is not said twice where it is remembered, and that is no use of the room.
    let say = async |server: &Server, room: &str| {
        let said = r#"{"client_id":"1","author":"Ann","text":"hi"}"#;
        let answer = server.post_json(&format!("/api/chat/{room}"), said).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json::<Posted>().id
    };
    let server = Server::start(config.clone()).await;
    let first = [("quiet", say(&server, "quiet").await), ("busy", say(&server, "busy").await)];
    let is_there = async |server: &Server, topic: &str| {
        if let Some((room, id)) = first.iter().find(|(room, _)| topic == format!("chat.{room}")) {
            return say(server, room).await == *id;
        }
        match server.get(&format!("/api/presence/{topic}")).await.status {
            200 => true,
            404 => false,
            other => panic!("{topic}: {other}"),
        }
    };
    for topic in ["abandoned", "weather"] {
        let published = server.post_as(PUBLISH, &format!("/api/publish/{topic}"), r#"{"data":1}"#).await;
        assert_eq!(published.status, 201);
    }
    stop(server).await;

    let server = Server::start(config.clone()).await;
    for topic in ["chat.quiet", "chat.busy", "abandoned", "weather"] {
        assert!(is_there(&server, topic).await, "{topic} was used in the last life");
    }
    assert_eq!(server.stream("/api/chat/busy", None).await.status, 200);
    let published = server.post_as(PUBLISH, "/api/publish/weather", r#"{"data":2}"#).await;
    assert_eq!(published.status, 201);
    stop(server).await;

    let server = Server::start(config).await;
    for (topic, kept) in [("chat.quiet", false), ("chat.busy", true), ("abandoned", false), ("weather", true)]
    {
        assert_eq!(is_there(&server, topic).await, kept, "{topic}");
    }
    stop(server).await;
}

#[tokio::test]
async fn the_topics_of_feeds_are_there_after_a_restart_before_the_feed_is() {
    const PUBLISH: &str = "the-token-that-publishes-1";
    const READ: &str = "the-token-that-reads-2";

    let folder = tempfile::tempdir().expect("a folder");
    let access = AccessConfig {
        publish_token: Some(PUBLISH.parse().expect("a token")),
        read_token: Some(READ.parse().expect("a token")),
        private_topics: vec!["orders.*".parse().expect("a pattern")],
        ..AccessConfig::default()
    };
    let config = Config { access, ..config(&folder) };
    let server = Server::start(config.clone()).await;
    let mut ids = Vec::new();
    for (topic, data) in [("orders.eu", 1), ("weather", 2), ("orders.eu", 3)] {
        let json = format!("{{\"data\":{data}}}");
        let published = server.post_as(PUBLISH, &format!("/api/publish/{topic}"), &json).await;
        assert_eq!(published.status, 201, "{}", published.text());
        ids.push(published.json::<Published>().id);
    }
    stop(server).await;

    let server = Server::start(config).await;
    let path = "/api/events?topic=orders.eu&topic=weather";
    assert_eq!(server.get(path).await.problem().status, 401, "what was private still is");
    let bearer = format!("Bearer {READ}");
    let headers = [("Authorization", bearer.as_str()), ("Last-Event-ID", &ids[0])];
    let mut stream = server.open("GET", path, &headers, b"").await;
    assert_eq!(stream.status, 200);
    for (id, data) in [(&ids[1], "2"), (&ids[2], "3")] {
        let event = stream.event().await.expect("what it has missed");
        assert_eq!((&event.id, event.data.as_str()), (id, data));
    }
    let again = server.post_as(PUBLISH, "/api/publish/orders.eu", r#"{"data":4}"#).await;
    let event = stream.event().await.expect("and what comes");
    assert_eq!((event.id, event.data.as_str()), (again.json::<Published>().id, "4"));
    assert_eq!(server.get("/api/events?topic=nowhere").await.problem().status, 404);
    stop(server).await;
}

#[tokio::test]
async fn nobody_is_told_that_it_is_ready_before_the_history_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::start(config(&folder)).await;
    assert_eq!(first.get("/healthz/live").await.status, 200);
    // Its history cannot be opened, and that is found out after it has its address.
    let mut second = program::program()
        .args(["--listen", "127.0.0.1:0", "--history", "redb", "--data-dir"])
        .arg(folder.path())
        .spawn()
        .expect("started");
    let (mut told, mut error) = (String::new(), String::new());
    let (mut stdout, mut stderr) =
        (second.stdout.take().expect("piped"), second.stderr.take().expect("piped"));
    let (read, failed) = tokio::join!(stdout.read_to_string(&mut told), stderr.read_to_string(&mut error));
    read.and(failed).expect("text");
    assert_eq!(second.wait().await.expect("ended").code(), Some(1));
    assert_eq!(told, "", "whoever waits for the line must not come");
    assert!(error.contains("another process has this history open"), "{error}");
    stop(first).await;
}

#[tokio::test]
async fn a_message_that_was_taken_outlives_a_kill_right_after() {
    const ROUNDS: usize = 8;

    let folder = tempfile::tempdir().expect("a folder");
    let mut taken: Vec<String> = Vec::new();
    for round in 0..=ROUNDS {
        let (child, server) = program::over(folder.path(), &[]).await;
        let mut room = server.stream("/api/chat/lobby", None).await;
        for id in &taken {
            assert_eq!(&room.event_of("message").await.id, id, "after {round} kills");
        }
        let posted = server.post_json("/api/chat/lobby", &body(&round.to_string(), "hi")).await;
        program::kill(child).await;
        let Posted { id } = serde_json::from_slice(&posted.body).expect("taken");
        taken.push(id);
    }
}

#[tokio::test]
async fn an_event_of_a_feed_that_was_taken_is_known_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = ["--publish-token", TOKEN, "--market-feed", "published"];
    let posts = [
        ("orders", r#"{"id":"a-1","key":"k","data":{"n": 1}}"#, r#"{"id":"a-1","data":{"n": 1}}"#),
        ("notifications", r#"{"id":"a-1","data":{"title":"Hi"}}"#, r#"{"id":"a-1","data":{"title":"Ho"}}"#),
        (
            "market",
            r#"{"id":"a-1","data":{"symbol":"ACME","price":1.5}}"#,
            r#"{"id":"a-1","data":{"symbol":"JUNO","price":1.5}}"#,
        ),
    ];
    let (child, server) = program::over(folder.path(), &flags).await;
    let mut taken = Vec::new();
    for (topic, event, _) in posts {
        let answer = server.post_as(TOKEN, &format!("/api/publish/{topic}"), event).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        taken.push(answer.json::<Published>().id);
    }
    program::kill(child).await;

    // Not the last ones any more: what is remembered comes from the file each time.
    for _ in 0..2 {
        let (child, server) = program::over(folder.path(), &flags).await;
        for ((topic, event, other), id) in posts.into_iter().zip(&taken) {
            let path = format!("/api/publish/{topic}");
            let again = server.post_as(TOKEN, &path, event).await;
            assert_eq!((again.status, again.json()), (200, Published { id: id.clone(), duplicate: true }));
            assert_eq!(server.post_as(TOKEN, &path, other).await.problem().status, 409);
        }
        let headers =
            [("Content-Type", "application/x-ndjson"), ("Authorization", &*format!("Bearer {TOKEN}"))];
        let lines = format!("{}\n{{\"data\":2}}\n", posts[0].1);
        let lines = server.send("POST", "/api/publish/orders", &headers, lines.as_bytes()).await;
        let PublishedLines { published, duplicates, .. } = lines.json();
        assert_eq!((published, duplicates), (1, 1));
        program::kill(child).await;
    }
}

#[tokio::test]
async fn a_feed_that_repeats_what_had_no_answer_publishes_each_event_once_over_kills() {
    const EVENTS: usize = 60;
    const KILLS: u64 = 8;

    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = 0;
    let mut unanswered = 0;
    for round in 0..=KILLS {
        let (child, server) = program::over(folder.path(), &["--publish-token", TOKEN]).await;
        let address = server.address;
        let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
        let feed = tokio::spawn(async move {
            let server = Server::at(address);
            for number in acknowledged..EVENTS {
                let event = format!(r#"{{"id":"e-{number}","data":{number}}}"#);
                let answer = server.post_as(TOKEN, "/api/publish/orders", &event).await;
                assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
                let _ = told.send(number + 1);
            }
        });
        if round == KILLS {
            feed.await.expect("all are taken in the end");
            acknowledged = EVENTS;
            let mut stream = server.stream("/api/events?topic=orders", None).await;
            for number in 0..EVENTS {
                assert_eq!(stream.event().await.expect("goes on").data, number.to_string());
            }
            let last = server.post_as(TOKEN, "/api/publish/orders", r#"{"data":"last"}"#).await;
            assert_eq!(
                stream.event().await.expect("goes on").id,
                last.json::<Published>().id,
                "and none more"
            );
        } else {
            // A little later each time, and in the middle of something.
            acknowledged = answers.recv().await.expect("one is taken");
            tokio::time::sleep(Duration::from_micros(700 * round)).await;
            program::kill(child).await;
            unanswered += usize::from(feed.await.is_err());
            while let Ok(number) = answers.try_recv() {
                acknowledged = number;
            }
        }
    }
    assert_eq!(acknowledged, EVENTS);
    assert!(unanswered > 0, "no kill came between a request and its answer");
}

#[tokio::test]
async fn what_the_history_does_is_in_the_metrics() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(config(&folder)).await;
    for id in ["1", "2", "3"] {
        assert_eq!(server.post_json("/api/chat/lobby", &body(id, "hi")).await.status, 201);
    }
    let metrics = server.get("/metrics").await;
    let value = |name: &str| -> f64 {
        let line = metrics.text().lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is missing in {}", metrics.text())).parse().expect("a number")
    };
    for name in ["sse_history_commit_seconds", "sse_history_fsync_seconds"] {
        let (count, sum) = (value(&format!("{name}_count")), value(&format!("{name}_sum")));
        assert!(count >= 3.0 && sum > 0.0, "{name}: {count} in {sum} s");
        assert_eq!(value(&format!("{name}_bucket{{le=\"+Inf\"}}")), count);
        let described = format!("# TYPE {name} histogram\n{name}_bucket{{le=\"0.00025\"}} ");
        assert!(metrics.text().contains(&described), "{}", metrics.text());
    }
    let longest = value("sse_history_commit_longest_seconds");
    assert!(longest > 0.0 && longest <= value("sse_history_commit_seconds_sum"));
    assert!(value("sse_history_committed_events_total") >= 3.0);
    assert!(value("sse_history_last_batch_events") >= 0.0 && value("sse_history_waiting_seconds") >= 0.0);
    assert_eq!(value("sse_history_state{state=\"whole\"}"), 1.0);
    assert_eq!(value("sse_history_state{state=\"read_only\"}"), 0.0);
    stop(server).await;
}
