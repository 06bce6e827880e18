//! Clients and publishers that reach the server only over a bad network. Whatever it does to them, each client gets
//! every message that was acknowledged, once and in order, or is told of a gap.
//!
//! Runs for ten seconds; `SSE_FAULT_SECONDS` sets another time.

#[path = "../common/mod.rs"]
mod common;
mod history;
mod http;
mod listener;
mod proxy;
mod publisher;

use std::sync::Arc;
use std::time::Duration;

use common::Server;
use history::{History, check};
use listener::Listener;
use proxy::Proxy;
use publisher::Publisher;
use server::Config;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const LISTENERS: usize = 16;
const PUBLISHERS: usize = 4;
const ROOM: &str = "/api/chat/lobby";

/// How long the clients may take to catch up once the network is good again.
const PATIENCE: Duration = Duration::from_secs(30);

/// A room keeps 200 events, of which a few tell who is there: nobody may miss what is among so many messages.
const KEPT: usize = 150;

/// How long the network may take beyond the time that was set to have been bad in every way.
const LONGEST: Duration = Duration::from_secs(120);

fn seconds() -> u64 {
    let set = std::env::var("SSE_FAULT_SECONDS").ok();
    set.map_or(10, |set| set.parse().expect("SSE_FAULT_SECONDS is a number of seconds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_bad_network_nothing_acknowledged_is_lost_and_nothing_comes_twice() {
    let config = Config { heartbeat: Duration::from_millis(500), ..Config::default() };
    let server = Server::start(config).await;
    let proxy = Arc::new(Proxy::start(server.address, 20_261_121).await);

    let (end, ends) = watch::channel(None);
    let listeners: Vec<_> = (0..LISTENERS)
        .map(|_| tokio::spawn(Listener::new(proxy.address, ROOM).listen(ends.clone())))
        .collect();
    // Whoever is there before the first message has a claim to all of them.
    until_there_are(&server, LISTENERS).await;

    let (stop, stopped) = watch::channel(false);
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|number| {
            let publisher = Publisher::new(proxy.address, ROOM, &format!("publisher-{number}"));
            tokio::spawn(publisher.publish(stopped.clone()))
        })
        .collect();
    sleep(Duration::from_secs(seconds())).await;
    // Longer, if the network was not bad yet in every way.
    let every_fault = async {
        while proxy.faults().values().any(|&count| count == 0) {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(LONGEST, every_fault)
        .await
        .unwrap_or_else(|_| panic!("not every fault came: {:?}", proxy.faults()));
    stop.send_replace(true);
    let mut acknowledged = History::default();
    for publisher in publishers {
        let said = timeout(PATIENCE, publisher).await.expect("the last message is taken in time");
        acknowledged.extend(said.expect("no panic"));
    }

    proxy.calm();
    end.send_replace(acknowledged.last());
    let mut violations = Vec::new();
    let (mut reconnects, mut gaps) = (0, 0);
    for listener in listeners {
        let heard = timeout(PATIENCE, listener).await.expect("it catches up in time").expect("no panic");
        reconnects += heard.connections() - 1;
        for trimmed in heard.gaps() {
            gaps += 1;
            let kept = acknowledged.after(trimmed);
            assert!(kept >= KEPT, "only {kept} messages came after {trimmed}, which was said to be gone");
        }
        violations.extend(check(&heard, &acknowledged));
    }
    let faults = proxy.faults();
    println!(
        "{} messages acknowledged, {LISTENERS} clients, {reconnects} reconnects, {gaps} gaps announced, \
         {} violations; faults: {faults:?}",
        acknowledged.len(),
        violations.len()
    );
    assert_eq!(violations, []);
    assert!(acknowledged.len() >= 50, "too few messages to mean anything");
    assert!(!server.running.is_finished(), "the server has ended");
}

/// Waits until that many clients are in the room.
async fn until_there_are(server: &Server, count: usize) {
    let there = async {
        loop {
            let presence = server.get("/api/presence/chat.lobby").await;
            if presence.text().contains(&format!("\"count\":{count}")) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, there).await.expect("everybody comes in time");
}
