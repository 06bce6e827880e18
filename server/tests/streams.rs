//! The streams: what comes first, what comes back, and how they end.

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::Server;
use demo_contract::Market;
use demo_contract::market::{BARS_KEPT, COMPANIES};
use server::Config;
use server::config::ServingConfig;
use sse_events::EventSet;

fn seq(id: &str) -> u64 {
    id.split_once('.').expect("an id").1.parse().expect("a number")
}

#[tokio::test]
async fn a_market_page_gets_bars_and_prices_and_then_ticks_with_ascending_ids() {
    let server = Server::start(Config { seed: Some(1), ..Config::default() }).await;
    let mut stream = server.stream("/api/market?symbols=ACME,juno,ACME", None).await;
    assert_eq!(stream.status, 200);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(stream.header(name), value);
    }
    let (mut last, mut bars, mut ticks, mut halts) = (0, 0, 0, 0);
    while ticks < 6 {
        let event = stream.event().await.expect("goes on");
        assert!(seq(&event.id) > last, "{event:?} after {last}");
        last = seq(&event.id);
        match event.event.as_str() {
            "bar" => bars += 1,
            "tick" => ticks += 1,
            // A page that saw a share halted in another life of the server learns that it is not.
            "halt" if event.data.contains(r#""halted":false"#) => halts += 1,
            other => panic!("{other}"),
        }
        assert!(event.data.contains(r#""symbol":"ACME""#) || event.data.contains(r#""symbol":"JUNO""#));
    }
    assert!(bars >= 2 * (BARS_KEPT - 1), "{bars}");
    assert_eq!(halts, 2);
}

#[tokio::test]
async fn the_market_is_of_the_symbols_that_were_asked_for_however_they_are_named() {
    let server = Server::start(Config { seed: Some(1), ..Config::default() }).await;
    let all = COMPANIES.map(|company| company.symbol);
    for (path, expected) in [
        ("/api/market?symbols=ACME&symbols=juno,KELP", &["ACME", "JUNO", "KELP"][..]),
        ("/api/market?member=m", &all),
        ("/api/events?topic=market", &all),
        ("/api/events?topic=market.ACME&topic=market&topic=logs", &all),
    ] {
        let mut stream = server.stream(path, None).await;
        assert_eq!(stream.status, 200, "{path}");
        let (mut symbols, mut bars) = (BTreeSet::new(), 0);
        // The snapshot ends with its ticks, and has one of each.
        while symbols.len() < expected.len() {
            let event = stream.event().await.expect("goes on");
            let Ok(market) = Market::decode(&event.event, &event.data) else { continue };
            match market {
                Market::Tick(tick) => drop(symbols.insert(tick.symbol)),
                Market::Bar(_) => bars += 1,
                Market::Halt(_) => {}
            }
        }
        assert!(symbols.iter().map(String::as_str).eq(expected.iter().copied()), "{path}: {symbols:?}");
        assert!(bars >= expected.len() * (BARS_KEPT - 1), "{path}: {bars} bars");
    }
    assert_eq!(server.get("/api/market?symbols=&symbols=").await.problem().status, 400);
    assert_eq!(server.get("/api/market?symbols=ACME&symbols=NOPE").await.problem().status, 404);
}

#[tokio::test]
async fn a_stream_that_was_cut_continues_at_the_very_next_event() {
    let server = Server::start(Config { seed: Some(2), tick_rate: 50.0, ..Config::default() }).await;
    let path = "/api/market?symbols=ACME,KELP";
    let mut whole = server.stream(path, None).await;
    // The snapshot holds one tick of each symbol; from the third on, the stream is live.
    whole.event_of("tick").await;
    whole.event_of("tick").await;
    let cut_at = whole.event_of("tick").await.id;
    let mut missed = Vec::new();
    while missed.len() < 100 {
        missed.push(whole.event().await.expect("goes on"));
    }
    let mut by_header = server.stream(path, Some(&cut_at)).await;
    let mut by_query = server.stream(&format!("{path}&last_event_id={cut_at}"), None).await;
    for event in &missed {
        assert_eq!(by_header.event().await.as_ref(), Some(event));
        assert_eq!(by_query.event().await.as_ref(), Some(event));
    }
}

#[tokio::test]
async fn a_cursor_of_another_life_of_the_server_is_reset() {
    let server = Server::start(Config::default()).await;
    for id in ["abc.7", "forged"] {
        let mut stream = server.stream("/api/market?symbols=ACME", Some(id)).await;
        assert_eq!(stream.event().await.expect("goes on").event, "sse.reset");
        assert_eq!(stream.event().await.expect("goes on").event, "bar");
    }
}

#[tokio::test]
async fn a_symbol_that_is_not_traded_is_not_found_and_no_symbol_is_a_bad_request() {
    let server = Server::start(Config::default()).await;
    assert_eq!(server.get("/api/market?symbols=NOPE").await.problem().status, 404);
    assert_eq!(server.get("/api/market?symbols=").await.problem().status, 400);
    assert_eq!(server.get("/api/market?member=a%20b").await.problem().status, 400);
    assert_eq!(server.get("/api/market?member=a&name=%0Adata:").await.problem().status, 400);
}

#[tokio::test]
async fn old_pages_get_unnamed_events_from_the_classic_streams() {
    let server = Server::start(Config::default()).await;
    let mut prices = server.stream("/stock-price", None).await;
    let first = prices.event_of("message").await;
    let price: f64 = first.data.parse().expect("a price");
    assert!((100.0..=110.0).contains(&price) && first.data.split_once('.').expect("cents").1.len() == 2);
    let second = prices.event_of("message").await;
    drop(prices);
    let mut back = server.stream("/stock-price", Some(&first.id)).await;
    assert_eq!(back.event().await, Some(second), "a reconnect loses no price");

    let message = server.stream("/events", None).await.event_of("message").await.data;
    let time =
        message.strip_prefix("Message at ").and_then(|time| time.strip_suffix(" UTC")).expect("a message");
    assert_eq!(time.len(), "12:34:56".len());
}

#[tokio::test]
async fn a_finite_stream_says_that_it_is_over_and_sends_a_client_away_that_comes_back() {
    let server = Server::start(Config::default()).await;
    let mut stream = server.stream("/stream", None).await;
    let hello = stream.event().await.expect("hello");
    assert_eq!((hello.event.as_str(), hello.data.as_str()), ("message", "Hello, SSE!"));
    assert_eq!(stream.event().await.expect("an end").event, "sse.end");
    assert_eq!(stream.event().await, None);
    let back = server.stream("/stream", Some(&hello.id)).await;
    assert_eq!(back.status, 204);
}

#[tokio::test]
async fn a_quiet_stream_has_a_heartbeat() {
    let server = Server::start(Config { heartbeat: Duration::from_millis(100), ..Config::default() }).await;
    let mut stream = server.stream("/api/chat/quiet", None).await;
    let deadline = Instant::now() + Duration::from_secs(5);
    while !String::from_utf8_lossy(&stream.body).contains("event: sse.heartbeat\ndata: {}\n\n") {
        assert!(Instant::now() < deadline);
        stream.wait().await;
    }
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_open_streams() {
    // Whatever holds up the shutdown is cut a minute later.
    let config = Config { shutdown_deadline: Duration::from_secs(60), ..Config::default() };
    let mut server = Server::start(config).await;
    let mut streams = Vec::new();
    for path in ["/api/market", "/api/chat/lobby", "/stock-price", "/events"] {
        streams.push(server.stream(path, None).await);
    }
    let started = Instant::now();
    server.shut_down();
    for mut stream in streams {
        while stream.event().await.is_some() {}
        assert!(!String::from_utf8_lossy(&stream.body).contains("sse.end"), "they are to come back");
    }
    server.running.await.expect("no panic").expect("no error");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_client_that_does_not_read_cannot_hold_up_a_shutdown() {
    // By itself, a client that takes nothing is given up only after two minutes.
    let serving = ServingConfig { write_deadline: Duration::from_secs(120), ..ServingConfig::default() };
    let shutdown_deadline = Duration::from_millis(500);
    let config = Config { shutdown_deadline, tick_rate: 1_000.0, serving, ..Config::default() };
    let mut server = Server::start(config).await;
    let _stalled = server.stream("/api/market", None).await;
    until_nothing_is_written(&server).await;
    let started = Instant::now();
    server.shut_down();
    let ended = tokio::time::timeout(Duration::from_secs(30), &mut server.running).await;
    ended.expect("in time").expect("no panic").expect("no error");
    assert!(started.elapsed() >= shutdown_deadline, "it was not cut: {:?}", started.elapsed());
}

/// Waits until the buffers of both ends are full: nothing more is written, however much is published.
async fn until_nothing_is_written(server: &Server) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut stalled_at = (0, 0);
    loop {
        let written = server.metric("sse_shard_bytes_total").await;
        let published = server.metric("sse_published_events_total").await;
        if written != stalled_at.0 || server.metric("sse_shard_blocked_total").await == 0 {
            stalled_at = (written, published);
        } else if published > stalled_at.1 + 5_000 {
            return;
        }
        assert!(Instant::now() < deadline, "the buffers do not fill: {written} bytes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_lame_duck_is_not_ready_and_serves_as_ever_for_a_while() {
    let lame_duck = Duration::from_secs(5);
    let serving = ServingConfig { lame_duck: Some(lame_duck), ..ServingConfig::default() };
    let mut server = Server::start(Config { serving, ..Config::default() }).await;
    let mut stream = server.stream("/api/chat/lobby", None).await;
    assert_eq!(server.get("/healthz/ready").await.status, 200);
    let started = Instant::now();
    server.shut_down();
    while server.get("/healthz/ready").await.status == 200 {
        assert!(started.elapsed() < lame_duck, "it is never said");
    }
    assert_eq!(server.get("/healthz/live").await.status, 200);
    let said = r#"{"client_id":"c1","author":"Ada","text":"still here"}"#;
    assert_eq!(server.post_json("/api/chat/lobby", said).await.status, 201);
    let mut heard = Vec::new();
    while let Some(event) = stream.event().await {
        heard.push(event.data);
    }
    assert!(started.elapsed() >= lame_duck, "{:?}", started.elapsed());
    assert!(heard.iter().any(|data| data.contains("still here")), "{heard:?}");
    server.running.await.expect("no panic").expect("no error");
}

#[tokio::test]
async fn streams_have_a_cap() {
    let serving = ServingConfig { streams: 1, ..ServingConfig::default() };
    let server = Server::start(Config { serving, ..Config::default() }).await;
    let _first = server.stream("/api/chat/lobby", None).await;
    let second = server.stream("/api/chat/lobby", None).await;
    assert_eq!((second.status, second.header("retry-after").is_empty()), (503, false));
}
