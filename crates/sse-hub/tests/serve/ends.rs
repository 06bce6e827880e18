//! How connections end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sse_hub::serve::Options;
use sse_hub::{HubOptions, Topic, TopicOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{self, News};
use crate::server::Server;
use crate::wire::{self, Answer};

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_streams_one_after_the_other_and_spreads_their_return() {
    const STREAMS: usize = 150;
    // Whatever does not end by itself is cut a minute later.
    let shutdown_deadline = Duration::from_secs(60);
    let mut server =
        Server::start(Options { shards: Some(2), shutdown_deadline, ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(server.stream("news").await);
    }
    server.until("all held", |counts| counts.grouped == STREAMS as u64).await;
    news.publish(&News::Count(1)).expect("published");
    let started = Instant::now();
    server.shut_down();
    let mut ends = Vec::new();
    for mut stream in streams {
        ends.push(tokio::spawn(async move {
            let seen = stream.rest().await;
            assert_eq!(seen.len(), 1, "what was published before it ended, and no `sse.end`: {seen:?}");
            assert!(stream.is_complete, "ended, not cut");
            (started.elapsed(), stream.retry.expect("a time to come back"))
        }));
    }
    // How evenly they come back is a matter of the unit tests of the drain, whose clock stands still.
    let (mut ended, mut retries) = (Vec::new(), BTreeSet::new());
    for end in ends {
        let (at, retry) = end.await.expect("read");
        ended.push(at);
        retries.insert(retry);
    }
    ended.sort();
    // They are ended over 750 ms, of which a busy machine may sleep through most.
    let span = ended[STREAMS - 1] - ended[0];
    assert!(span >= Duration::from_millis(100), "all ended at once: {span:?}");
    let apart = *retries.last().expect("some") - *retries.first().expect("some");
    assert!(retries.len() > STREAMS / 2 && apart > Duration::from_secs(7), "{retries:?}");

    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!((server.stats.counts().sharded, server.hub.subscriptions()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_with_few_streams_takes_no_time_and_leaves_no_connection() {
    // Many streams would be ended over a minute.
    let minute = Duration::from_secs(60);
    let options = Options { drain: minute, shutdown_deadline: minute, ..Options::default() };
    let (mut server, _held) = Server::start_on_a_port_that_is_held(options).await;
    server.hub.topic::<News>("news").expect("opened");
    let mut stream = server.stream("news").await;
    let idle = wire::get(server.address, "/plain", &[]).await;
    let _silent = TcpStream::connect(server.address).await.expect("connected");
    server.until("three", |counts| counts.connections == 3).await;
    let started = Instant::now();
    server.shut_down();
    assert!(stream.rest().await.is_empty());
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(server.stats.counts().connections, 0);
    assert!(server.hub.is_shutting_down());
    TcpStream::connect(server.address).await.expect_err("nobody listens");
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_shuts_down_ends_its_streams_and_the_server_goes_on() {
    let server = Server::start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut streams = [server.stream("news").await, server.stream("news").await];
    server.until("both held", |counts| counts.grouped == 2).await;
    news.publish(&News::Count(1)).expect("published");
    server.hub.shutdown();
    for stream in &mut streams {
        assert_eq!(stream.take(1).await, ["count:1"]);
        assert_eq!(stream.event().await, None);
        assert!(stream.is_complete && stream.retry.is_some());
    }
    assert_eq!(wire::get(server.address, "/plain", &[]).await.status, 200);
    assert_eq!(server.stream("news").await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_shutdown_nor_the_end_of_a_topic_waits_for_a_flush_window() {
    let (server, _news, mut streams) = two_in_a_flush_window().await;
    server.hub.shutdown();
    for stream in &mut streams {
        assert_eq!(stream.take(2).await, ["count:2", "count:3"], "published before");
        assert_eq!(stream.event().await, None);
        assert!(stream.is_complete && stream.retry.is_some());
    }
    let (_server, news, mut streams) = two_in_a_flush_window().await;
    news.end().expect("ended");
    for stream in &mut streams {
        assert_eq!(stream.take(3).await, ["count:2", "count:3", "sse.end:{}"]);
    }
}

/// Two streams of one group, for which two events wait in a flush window of an hour.
async fn two_in_a_flush_window() -> (Server, Topic<News>, [Answer; 2]) {
    // A heartbeat has the group looked at too.
    let hub = common::hub(HubOptions { heartbeat: None, ..HubOptions::default() });
    let server = Server::with_hub(hub, Options { shards: Some(1), ..Options::default() }).await;
    let flush_window = Some(Duration::from_secs(3_600));
    let options = TopicOptions { flush_window, ..TopicOptions::default() };
    let news = server.hub.topic_with::<News>("news", options).expect("opened");
    let mut streams = [server.stream("news").await, server.stream("news").await];
    server.until("one group", |counts| (counts.grouped, counts.groups) == (2, 1)).await;
    news.publish(&News::Count(1)).expect("published");
    for stream in &mut streams {
        assert_eq!(stream.take(1).await, ["count:1"]);
    }
    for count in [2, 3] {
        news.publish(&News::Count(count)).expect("published");
        // Until the group has seen it: it begins to wait with the first.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (server, news, streams)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_has_reached_its_age_comes_back_with_its_cursor() {
    let max_age = Some(Duration::from_secs(2));
    let server = Server::start(Options { max_age, ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let started = Instant::now();
    // Before, so that it comes with the opening, however soon the age is reached.
    news.publish(&News::Count(1)).expect("published");
    let mut stream = server.stream("news").await;
    let seen = stream.rest().await;
    assert!(started.elapsed() >= Duration::from_millis(1_750), "{:?}", started.elapsed());
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(stream.is_complete, "ended, not cut");
    assert_eq!(server.stats.counts().expired, 1);
    news.publish(&News::Count(2)).expect("published");
    let mut back = server.stream_after("news", &seen[0].last_event_id).await;
    assert_eq!(back.take(1).await, ["count:2"]);
}

/// The write deadline is for what is there to be taken, and not for what a client has yet to send.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_goes_on_beyond_the_age_is_answered_and_only_a_shutdown_cuts_it() {
    // A body may be silent for as long as its connection may last.
    let (max_age, write_deadline) = (Duration::from_secs(1), Duration::from_millis(200));
    let mut server = Server::start(Options {
        // Longer than the test waits: what is idle ends by its age.
        header_timeout: wire::PATIENCE * 2,
        write_deadline,
        max_age: Some(max_age),
        drain: Duration::from_millis(100),
        shutdown_deadline: Duration::from_millis(500),
        ..Options::default()
    })
    .await;
    let mut idle = wire::get(server.address, "/plain", &[]).await;
    assert_eq!(idle.text().await, "plain");
    let begin = async || {
        let mut socket = TcpStream::connect(server.address).await.expect("connected");
        let head = b"POST /plain HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.write_all(head).await.expect("sent");
        socket
    };
    let (mut feed, mut endless) = (begin().await, begin().await);
    let (started, mut sent) = (Instant::now(), String::new());
    // The age is met within a tenth.
    while started.elapsed() < max_age * 2 + write_deadline * 3 {
        for socket in [&mut feed, &mut endless] {
            socket.write_all(b"4\r\nline\r\n").await.expect("it goes on");
        }
        sent += "line";
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    feed.write_all(b"0\r\n\r\n").await.expect("it goes on");
    let mut answer = Answer::read(feed).await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    assert_eq!(answer.text().await, sent);
    assert!(!wire::in_time("idle", idle.read_some()).await, "it has ended");
    let counts = server.until("one goes on", |counts| counts.connections == 1).await;
    assert_eq!(counts.cut, 0);
    server.shut_down();
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
    drop(endless);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_body_never_comes_is_cut_at_its_age() {
    let (max_age, write_deadline) = (Duration::from_secs(2), Duration::from_millis(100));
    let options = Options { write_deadline, max_age: Some(max_age), ..Options::default() };
    let server = Server::start(options).await;
    for begun in ["", "4\r\nline\r\n"] {
        let mut socket = TcpStream::connect(server.address).await.expect("connected");
        let head = "POST /plain HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.write_all(format!("{head}{begun}").as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let cut = wire::in_time("an end", socket.read_to_end(&mut answer)).await;
        assert!(cut.is_err() || answer.is_empty(), "{answer:?}");
    }
    let counts = server.until("gone", |counts| counts.connections == 0).await;
    assert_eq!(counts.cut, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_removed_under_its_streams_ends_them() {
    let server = Server::start(Options::default()).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut stream = server.stream("news").await;
    server.until("held", |counts| counts.grouped == 1).await;
    assert!(!server.hub.remove_idle("news"), "somebody listens");
    news.end().expect("ended");
    assert_eq!(stream.take(1).await, ["sse.end:{}"]);
    server.until("gone", |counts| counts.sharded == 0).await;
    assert!(server.hub.remove_idle("news"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lame_duck_says_that_it_ends_and_serves_as_ever_for_a_while() {
    let lame_duck = Duration::from_secs(3);
    let mut server = Server::start(Options { lame_duck, ..Options::default() }).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let mut before = server.stream("news").await;
    assert!(!server.stats.is_shutting_down());
    let started = Instant::now();
    server.shut_down();
    wire::in_time("it says so", async {
        while !server.stats.is_shutting_down() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert!(!server.hub.is_shutting_down());
    let mut meanwhile = server.stream("news").await;
    assert_eq!(meanwhile.status, 200);
    news.publish(&News::Count(1)).expect("published");
    for stream in [&mut before, &mut meanwhile] {
        assert_eq!(stream.take(1).await, ["count:1"]);
        assert_eq!(stream.event().await, None);
        assert!(started.elapsed() >= lame_duck, "{:?}", started.elapsed());
        assert!(stream.is_complete && stream.retry.is_some(), "ended, not cut");
    }
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
    assert!(server.hub.is_shutting_down());
}

#[tokio::test]
async fn a_client_that_was_refused_and_does_not_go_holds_up_no_shutdown() {
    let mut server = Server::start(Options { connections: 1, ..Options::default() }).await;
    let _silent = TcpStream::connect(server.address).await.expect("connected");
    server.until("let in", |counts| counts.connections == 1).await;
    let refused = wire::get(server.address, "/plain", &[]).await;
    assert_eq!(refused.status, 503);
    // From now on a clock that goes on only when there is nothing to do but wait, however slow the machine is.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    server.shut_down();
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    drop(refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_begins_with_the_counts_of_one_that_has_ended_is_not_shutting_down() {
    let mut first = Server::start(Options::default()).await;
    let stats = first.stats.clone();
    first.shut_down();
    wire::in_time("the end", &mut first.running).await.expect("no panic").expect("served");
    assert!(stats.is_shutting_down());

    let mut second = Server::start(Options { stats: stats.clone(), ..Options::default() }).await;
    assert_eq!(wire::get(second.address, "/plain", &[]).await.status, 200);
    assert!(!stats.is_shutting_down(), "it has answered, so it serves");
    assert_eq!(stats.counts().accepted, 1);
    second.shut_down();
    wire::in_time("the end", &mut second.running).await.expect("no panic").expect("served");
    assert!(stats.is_shutting_down());
}
