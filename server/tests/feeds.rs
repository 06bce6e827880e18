//! A recorded market: a file of trades is the market's feed.

mod common;

use std::path::PathBuf;

use common::Server;
use demo_contract::market::Tick;
use demo_contract::notifications::Notification;
use server::config::{FeedConfig, MarketFeed};
use server::{Config, RunError};
use tokio::net::TcpListener;

fn recording(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("written");
    path
}

fn config(file: PathBuf, speed: f64) -> Config {
    let feeds =
        FeedConfig { market_feed: MarketFeed::File(file), market_speed: speed, ..FeedConfig::default() };
    Config { feeds, ..Config::default() }
}

#[tokio::test]
async fn a_recording_is_the_market_faster_than_it_was_made_and_begins_anew() {
    // Half a minute of trades, of which the last two are out of order.
    let csv = "time,symbol,price,size\n0,ACME,10,1\n10000,ACME,11,2\n30000,ACME,13,1\n20000,ACME,12,3\n";
    let ndjson: String = [(0, 10, 1), (10_000, 11, 2), (30_000, 13, 1), (20_000, 12, 3)]
        .map(|(time, price, size)| {
            format!("{{\"time\":{time},\"symbol\":\"ACME\",\"price\":{price},\"size\":{size}}}\n")
        })
        .concat();
    for file in [recording("trades.csv", csv), recording("trades.ndjson", &ndjson)] {
        let server = Server::start(config(file.clone(), 100.0)).await;
        let mut stream = server.stream("/api/market?symbols=ACME", None).await;
        let mut ticks: Vec<Tick> = Vec::new();
        while ticks.len() < 9 {
            let tick = stream.event_of("tick").await;
            ticks.push(serde_json::from_str(&tick.data).expect("a tick"));
        }
        // A page that came late begins with the last price, and goes on from there.
        let prices: Vec<_> = ticks.iter().map(|tick| tick.price).collect();
        let begin = prices.iter().position(|price| *price == 10.0).expect("the beginning");
        assert_eq!(prices[begin..begin + 4], [10.0, 11.0, 12.0, 13.0]);
        assert_eq!(prices[begin + 4], 10.0, "it begins anew");
        assert!(ticks.iter().all(|tick| tick.open == 10.0));
        assert!(ticks[begin + 3].time - ticks[begin].time < 15_000, "half a minute in much less");
        stream.event_of("bar").await;
        std::fs::remove_file(file).expect("removed");
    }
}

#[tokio::test]
async fn a_recording_of_one_share_says_nothing_of_others() {
    let file = recording("one.csv", "time,symbol,price\n0,JUNO,10\n1,JUNO,11\n");
    let server = Server::start(config(file.clone(), 1.0)).await;
    let mut stream = server.stream("/api/market", None).await;
    // What a new page begins with comes before the second trade.
    let mut trades = 0;
    while trades < 2 {
        let event = stream.event().await.expect("goes on");
        assert!(event.data.contains(r#""symbol":"JUNO""#), "{event:?}");
        trades += usize::from(event.event == "tick");
    }
    std::fs::remove_file(file).expect("removed");
}

#[tokio::test]
async fn a_recording_that_cannot_be_read_is_an_error_with_its_line() {
    for (name, text, says) in [
        ("a.csv", "time,symbol,price\n1,NOPE,1\n", "a.csv: line 2: symbol"),
        ("b.ndjson", "{\"time\":1}\n", "b.ndjson: line 1: missing field"),
        ("c.csv", "", "c.csv: holds no trade"),
        ("d.txt", "x", "d.txt: expected a name"),
    ] {
        let file = recording(name, text);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let error = server::run(listener, config(file.clone(), 1.0), std::future::pending()).await;
        let error = error.expect_err("refused");
        assert!(matches!(error, RunError::Feed(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        std::fs::remove_file(file).expect("removed");
    }
}

#[tokio::test]
async fn the_server_tells_of_itself() {
    let server = Server::start(Config::default()).await;
    let mut stream = server.stream("/api/notifications", None).await;
    let told = stream.event_of("notification").await;
    let told: Notification = serde_json::from_str(&told.data).expect("a notification");
    assert_eq!(told.title, "The server has started");
}
