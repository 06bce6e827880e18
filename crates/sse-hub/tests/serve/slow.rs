//! Clients that read slowly, or not at all.

use std::time::{Duration, Instant};

use sse_hub::serve::Options;
use sse_hub::{HubOptions, Lagging, Limits, Replay, Retention, Topic, TopicOptions};
use tokio::io::AsyncReadExt;

use crate::common::{self, News, Seen, note};
use crate::server::Server;
use crate::wire::{self, Answer};

/// Keeps everything, so that nobody has a gap.
pub(crate) fn kept() -> TopicOptions {
    let retention = Retention { events: 100_000, bytes: 64 * 1024 * 1024, ..Retention::default() };
    TopicOptions { retention, ..TopicOptions::default() }
}

async fn narrow(server: &Server, path: &str) -> Answer {
    wire::ask(wire::connect_narrow(server.address).await, "GET", path, &[]).await
}

/// Publishes notes, each of which begins with its number.
pub(crate) struct Publisher {
    news: Topic<News>,
    padding: String,
    pub(crate) published: usize,
}

impl Publisher {
    pub(crate) fn new(news: &Topic<News>, event_bytes: usize) -> Self {
        Self { news: news.clone(), padding: "x".repeat(event_bytes), published: 0 }
    }

    pub(crate) fn publish(&mut self) {
        self.news.publish(&note(&format!("{}|{}", self.published, self.padding))).expect("published");
        self.published += 1;
    }

    /// So many, and lets readers have their turn in between.
    pub(crate) async fn publish_many(&mut self, events: usize) {
        for number in 0..events {
            self.publish();
            if number % 4 == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Until somebody's buffers are full. Not faster than the server takes it, however busy the machine is.
    pub(crate) async fn fill(&mut self, server: &Server) {
        let blocked = async {
            let mut counts = server.stats.counts();
            while counts.blocked == 0 {
                let before = counts.bytes;
                self.publish();
                while (counts.blocked, counts.bytes) == (0, before) {
                    tokio::task::yield_now().await;
                    counts = server.stats.counts();
                }
            }
        };
        wire::in_time("full buffers", blocked).await;
    }
}

pub(crate) fn sequences(seen: &[Seen]) -> Vec<usize> {
    let number =
        |seen: &Seen| seen.data.trim_matches('"').split('|').next().expect("one").parse().expect("a number");
    seen.iter().filter(|seen| seen.event_type == "note").map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_whose_buffers_were_full_gets_the_rest_and_the_others_did_not_wait() {
    let server = Server::start(Options { shards: Some(1), ..Options::default() }).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let mut slow = narrow(&server, "/stream?topics=news").await;
    let mut quick = server.stream("news").await;
    server.until("both in a group", |counts| counts.grouped == 2).await;

    Publisher::new(&news, 1_000).publish_many(2_000).await;
    // The quick one has all of it while the slow one has read nothing.
    let mut seen = Vec::new();
    for _ in 0..2_000 {
        seen.push(quick.event().await.expect("goes on"));
    }
    assert_eq!(sequences(&seen), (0..2_000).collect::<Vec<_>>());
    let counts = server.until("one is blocked", |counts| counts.blocked > 0).await;
    assert_eq!((counts.sharded, counts.grouped), (2, 1));

    news.end().expect("ended");
    let seen = slow.rest().await;
    assert_eq!(sequences(&seen), (0..2_000).collect::<Vec<_>>());
    assert_eq!(seen.last().expect("an end").event_type, "sse.end");
    assert!(slow.is_complete, "the last chunk came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_that_has_caught_up_is_in_the_group_again() {
    let server = Server::start(Options { shards: Some(1), ..Options::default() }).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let mut slow = narrow(&server, "/stream?topics=news").await;
    server.until("in a group", |counts| counts.grouped == 1).await;
    let mut publisher = Publisher::new(&news, 4_000);
    publisher.fill(&server).await;
    server.until("out of the group", |counts| counts.grouped == 0).await;
    let mut seen = Vec::new();
    for _ in 0..publisher.published {
        seen.push(slow.event().await.expect("goes on"));
    }
    server.until("in a group again", |counts| counts.grouped == 1).await;
    publisher.publish();
    seen.push(slow.event().await.expect("goes on"));
    assert_eq!(sequences(&seen), (0..publisher.published).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_cut_and_costs_little_until_then() {
    let options = Options { write_deadline: Duration::from_millis(700), ..Options::default() };
    let server = Server::start(options).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let stalled = narrow(&server, "/stream?topics=news").await;
    server.until("in a group", |counts| counts.grouped == 1).await;
    let before = server.stats.counts().bytes;
    let started = Instant::now();
    Publisher::new(&news, 4_000).publish_many(1_000).await;
    let counts = server.until("blocked", |counts| counts.blocked > 0).await;
    // 4 MB were published. What the two kernels hold of it, and one chunk, is what it costs.
    assert!(counts.bytes - before < 450 * 1024, "{counts:?}");

    server.until("cut", |counts| (counts.sharded, counts.connections) == (0, 0)).await;
    assert!(started.elapsed() >= Duration::from_millis(600), "{:?}", started.elapsed());
    assert_eq!(server.hub.subscriptions(), 0);
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_was_stalled_for_longer_than_history_lasts_is_told_of_the_gap() {
    let server = Server::start(Options { shards: Some(1), ..Options::default() }).await;
    let retention = Retention { events: 50, ..Retention::default() };
    let news =
        server.hub.topic_with("news", TopicOptions { retention, ..TopicOptions::default() }).expect("opened");
    let mut slow = narrow(&server, "/stream?topics=news").await;
    server.until("in a group", |counts| counts.grouped == 1).await;
    let mut publisher = Publisher::new(&news, 4_000);
    publisher.fill(&server).await;
    (0..200).for_each(|_| publisher.publish());
    news.end().expect("ended");
    let seen = slow.rest().await;
    let gap = seen.iter().position(|seen| seen.event_type == "sse.gap").expect("a gap");
    let before = sequences(&seen[..gap]);
    assert_eq!(before, (0..before.len()).collect::<Vec<_>>(), "nothing is missing before the gap");
    let after = sequences(&seen[gap..]);
    let newest = publisher.published - 50..publisher.published;
    assert_eq!(after, newest.collect::<Vec<_>>(), "and nothing that is still there behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_lagged_skips_what_its_topic_says_and_is_told_of_it() {
    let lagging_after = Duration::from_secs(1);
    let hub = common::hub(HubOptions { lagging_after, ..HubOptions::default() });
    let server = Server::with_hub(hub, Options { shards: Some(1), ..Options::default() }).await;
    let options = TopicOptions { lagging: Lagging::Skip, replay: Replay::LiveOnly, ..kept() };
    let news = server.hub.topic_with("news", options).expect("opened");
    let mut slow = narrow(&server, "/stream?topics=news").await;
    server.until("in a group", |counts| counts.grouped == 1).await;
    let mut publisher = Publisher::new(&news, 4_000);
    publisher.fill(&server).await;
    (0..200).for_each(|_| publisher.publish());
    tokio::time::sleep(lagging_after * 2).await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|seen: &Seen| seen.event_type != "sse.gap") {
        seen.push(slow.event().await.expect("goes on"));
    }
    let before = sequences(&seen);
    assert_eq!(before, (0..before.len()).collect::<Vec<_>>());
    assert!(before.len() < 100, "what was in the buffers, and not the rest: {}", before.len());
    server.until("in a group again", |counts| counts.grouped == 1).await;
    publisher.publish();
    assert_eq!(sequences(&[slow.event().await.expect("goes on")]), [publisher.published - 1]);
}

/// Many clients, each of which reads a little, stalls, or comes back with its last event id.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_clients_do_each_sees_every_event_once_and_in_order() {
    const EVENTS: usize = 1_500;
    let limits = Limits { page_events: 16, ..Limits::default() };
    let hub = common::hub(HubOptions { limits, ..HubOptions::default() });
    let options = Options { shards: Some(2), send_buffer: 4 * 1024, ..Options::default() };
    let server = std::sync::Arc::new(Server::with_hub(hub, options).await);
    let topics = ["a", "b"].map(|name| server.hub.topic_with(name, kept()).expect("opened"));

    let mut readers = Vec::new();
    for client in 0..24_u64 {
        let server = std::sync::Arc::clone(&server);
        readers.push(tokio::spawn(async move {
            let mut chance = Chance(client + 1);
            let path = ["/stream?topics=a", "/stream?topics=b", "/stream?topics=a,b"][client as usize % 3];
            let (mut seen, mut last) = (Vec::<Seen>::new(), None::<String>);
            'connected: loop {
                let socket = wire::connect_narrow(server.address).await;
                let headers: Vec<_> = last.iter().map(|id| ("Last-Event-ID", id.as_str())).collect();
                let mut stream = wire::ask(socket, "GET", path, &headers).await;
                if stream.status == 204 {
                    // It went after the last event and before the end.
                    break;
                }
                loop {
                    let Some(event) = stream.event().await else {
                        assert!(stream.is_complete, "cut without an end");
                        break 'connected;
                    };
                    if !event.last_event_id.is_empty() {
                        last = Some(event.last_event_id.clone());
                    }
                    seen.push(event);
                    match chance.below(400) {
                        0 => continue 'connected,
                        1..6 => tokio::time::sleep(Duration::from_millis(chance.below(40))).await,
                        _ => {}
                    }
                }
            }
            (path, seen)
        }));
    }
    let padding = "x".repeat(300);
    // And more, until buffers were full often enough.
    let mut events = 0;
    while events < EVENTS || (server.stats.counts().blocked <= 24 && events < 20 * EVENTS) {
        for topic in &topics {
            topic.publish(&note(&format!("{events}|{padding}"))).expect("published");
        }
        if events % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        events += 1;
    }
    topics.iter().for_each(|topic| topic.end().expect("ended"));
    for reader in readers {
        let (path, seen) = reader.await.expect("read");
        let numbers = sequences(&seen);
        let each = if path.ends_with("a,b") { 2 } else { 1 };
        let expected: Vec<usize> = (0..events).flat_map(|number| vec![number; each]).collect();
        assert_eq!(numbers, expected, "{path}");
    }
    assert!(server.stats.counts().blocked > 24, "the buffers were never full: {:?}", server.stats.counts());
}

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_cannot_hold_up_a_shutdown() {
    // By itself it is given up only after two minutes.
    let options = Options {
        shutdown_deadline: Duration::from_millis(500),
        write_deadline: Duration::from_secs(120),
        drain: Duration::ZERO,
        ..Options::default()
    };
    let mut server = Server::start(options).await;
    let news = server.hub.topic_with("news", kept()).expect("opened");
    let mut stalled = narrow(&server, "/stream?topics=news").await;
    server.until("in a group", |counts| counts.grouped == 1).await;
    Publisher::new(&news, 4_000).fill(&server).await;
    let started = Instant::now();
    server.shut_down();
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
    let took = started.elapsed();
    assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&took), "{took:?}");
    assert_eq!((server.stats.counts().sharded, server.stats.counts().connections), (0, 0));
    let mut rest = Vec::new();
    let _ = wire::in_time("the close", stalled.socket.read_to_end(&mut rest)).await;
}
