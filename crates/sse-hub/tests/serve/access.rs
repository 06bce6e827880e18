//! Streams whose reader may no longer read, over every way in which a stream is carried.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Query;
use axum::response::IntoResponse;
use axum::routing::get;
use sse_hub::serve::Options;
use sse_hub::{Denied, Grant, Guard, Hub, HubOptions, Retention, Subscribe, TopicOptions};
use tokio::net::TcpListener;

use crate::common::{self, News, note};
use crate::server::Server;
use crate::wire::{self, Answer};

/// Who may not read anything any more.
#[derive(Clone, Default)]
pub(crate) struct Banned(Arc<Mutex<BTreeSet<String>>>);

#[derive(serde::Deserialize)]
struct Asked {
    who: String,
}

impl Banned {
    /// Bans somebody, and ends their streams.
    pub(crate) fn ban(&self, who: &str, hub: &Hub) -> usize {
        self.0.lock().expect("not poisoned").insert(who.to_owned());
        hub.review_access()
    }

    fn guard(&self, who: String) -> Guard {
        let banned = self.clone();
        Guard::new(move |_| match banned.0.lock().expect("not poisoned").contains(&who) {
            true => Err(Denied::unauthorized("log in again")),
            false => Ok(Grant::unlimited()),
        })
    }

    /// `/news?who=ann`
    pub(crate) fn app(&self, hub: &Hub) -> Router {
        let (banned, hub) = (self.clone(), hub.clone());
        Router::new().route(
            "/news",
            get(async move |Query(Asked { who })| {
                hub.subscribe(Subscribe::to(["news"]).guard(banned.guard(who))).into_response()
            }),
        )
    }
}

/// No heartbeats: nothing but what ends a stream may wake it.
pub(crate) fn hub() -> Hub {
    common::hub(HubOptions { heartbeat: None, ..HubOptions::default() })
}

async fn start(options: Options) -> (Server, Banned) {
    let (hub, banned) = (hub(), Banned::default());
    let server = Server::with_app(hub.clone(), banned.app(&hub), options).await;
    (server, banned)
}

async fn open(server: &Server, who: &str) -> Answer {
    wire::get(server.address, &format!("/news?who={who}"), &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_a_group_are_ended_and_the_others_go_on() {
    let (server, banned) = start(Options { shards: Some(1), ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut streams = Vec::new();
    for who in ["ann", "bob", "ann", "bob", "ann"] {
        streams.push((who, open(&server, who).await));
    }
    server.until("one group", |counts| (counts.grouped, counts.groups) == (5, 1)).await;
    news.publish(&News::Count(1)).expect("published");
    for (_, stream) in &mut streams {
        assert_eq!(stream.take(1).await, ["count:1"]);
    }
    assert_eq!(banned.ban("ann", &server.hub), 3);
    news.publish(&News::Count(2)).expect("published");
    for (who, stream) in &mut streams {
        match *who {
            "ann" => {
                assert_eq!(stream.rest().await, []);
                assert!(stream.is_complete, "ended, not cut");
            }
            _ => assert_eq!(stream.take(1).await, ["count:2"]),
        }
    }
    server
        .until("two are left", |counts| (counts.grouped, counts.sharded, counts.connections) == (2, 2, 2))
        .await;
    assert_eq!((server.hub.subscriptions(), server.hub.counts().denied), (2, 3));
    let refused = open(&server, "ann").await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_ended_although_nothing_happens() {
    let (server, banned) = start(Options::default()).await;
    server.hub.topic::<News>("news").expect("opened");
    let mut stream = open(&server, "ann").await;
    server.until("in a group", |counts| counts.grouped == 1).await;
    banned.ban("ann", &server.hub);
    assert_eq!(stream.rest().await, []);
    assert!(stream.is_complete, "ended, not cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_hyper_carries_is_ended() {
    let (hub, banned) = (hub(), Banned::default());
    let news = hub.topic::<News>("news").expect("opened");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(axum::serve(listener, banned.app(&hub)).into_future());
    let mut stream = wire::get(address, "/news?who=ann", &[]).await;
    let mut other = wire::get(address, "/news?who=bob", &[]).await;
    news.publish(&News::Count(1)).expect("published");
    assert_eq!(stream.take(1).await, ["count:1"]);
    assert_eq!(banned.ban("ann", &hub), 1);
    news.publish(&News::Count(2)).expect("published");
    assert_eq!(stream.rest().await, []);
    assert!(stream.is_complete, "ended, not cut");
    assert_eq!(other.take(2).await, ["count:1", "count:2"]);
    assert_eq!(wire::get(address, "/news?who=ann", &[]).await.status, 401);
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_stalled_is_ended_in_bounded_time_whatever_it_takes() {
    // Small buffers, so that a reader who takes little frees room as seldom.
    let write_deadline = Duration::from_millis(400);
    let (server, banned) =
        start(Options { write_deadline, send_buffer: 4 * 1024, ..Options::default() }).await;
    let retention = Retention { events: 100_000, bytes: 64 * 1024 * 1024, ..Retention::default() };
    let kept = TopicOptions { retention, ..TopicOptions::default() };
    let news = server.hub.topic_with::<News>("news", kept).expect("opened");
    let socket = wire::connect_narrow(server.address).await;
    let mut stream = wire::ask(socket, "GET", "/news?who=ann", &[]).await;
    server.until("in a group", |counts| counts.grouped == 1).await;
    let padding = "x".repeat(60_000);
    let full = async {
        while server.stats.counts().blocked == 0 {
            news.publish(&note(&padding)).expect("published");
            tokio::task::yield_now().await;
        }
    };
    wire::in_time("full buffers", full).await;
    let began = Instant::now();
    assert_eq!(banned.ban("ann", &server.hub), 1);
    news.publish(&note("secret")).expect("published");
    // It takes a little now and then, so it is never one that takes nothing.
    let slowly = async {
        let mut seen = String::new();
        let mut piece = [0; 2_048];
        while let Ok(count @ 1..) = tokio::io::AsyncReadExt::read(&mut stream.socket, &mut piece).await {
            seen.push_str(&String::from_utf8_lossy(&piece[..count]));
            if server.stats.counts().sharded > 0 {
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        }
        seen
    };
    let let_go = async {
        server.until("let go", |counts| counts.sharded == 0).await;
        began.elapsed()
    };
    let (seen, took) = tokio::join!(wire::in_time("the end", slowly), let_go);
    assert!(!seen.contains("secret"), "published after the right had ended");
    assert_eq!(server.stats.counts().cut, 1, "in the middle of a chunk, {took:?} after the right had ended");
}

/// Streams that come, fall behind, rest in groups and lose their right while events are published without a pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_sees_what_is_published_after_their_right_has_ended() {
    const READERS: usize = 40;
    let (server, banned) = start(Options { shards: Some(2), ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut readers = Vec::new();
    for number in 0..READERS {
        let mut stream = open(&server, &number.to_string()).await;
        readers.push(tokio::spawn(async move {
            let mut seen = BTreeSet::new();
            while let Some(event) = stream.event().await {
                if event.event_type == "note" {
                    seen.insert(event.data);
                }
            }
            seen
        }));
    }
    server.until("all held", |counts| counts.sharded == READERS as u64).await;
    let done = Arc::new(AtomicBool::new(false));
    let noise = tokio::task::spawn_blocking({
        let (news, done) = (news.clone(), Arc::clone(&done));
        move || {
            while !done.load(Ordering::SeqCst) {
                news.publish(&News::Count(0)).expect("published");
                std::thread::sleep(Duration::from_micros(300));
            }
        }
    });
    for number in 0..READERS {
        // Every other one is left alone: it must see everything.
        if number % 2 == 0 {
            assert_eq!(banned.ban(&number.to_string(), &server.hub), 1);
        }
        news.publish(&note(&format!("after {number}"))).expect("published");
    }
    done.store(true, Ordering::SeqCst);
    noise.await.expect("published");
    news.end().expect("ended");
    let expected =
        |through: usize| (0..through).map(|number| format!("\"after {number}\"")).collect::<BTreeSet<_>>();
    for (number, reader) in readers.into_iter().enumerate() {
        let seen = reader.await.expect("read");
        match number % 2 {
            0 => assert!(seen.is_subset(&expected(number)), "{number}: {seen:?}"),
            _ => assert_eq!(seen, expected(READERS), "{number}"),
        }
    }
}
