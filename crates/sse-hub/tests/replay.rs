//! What a client gets first: by its cursor, and by what its topics replay.

mod common;

use common::{Client, News, hub, note, told};
use sse_hub::{HubOptions, Limits, Replay, Retention, Subscribe, Superseded, TopicName, TopicOptions};

fn keep(events: usize) -> TopicOptions {
    TopicOptions { retention: Retention { events, ..Retention::default() }, ..TopicOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_continues_at_the_very_next_event() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    for count in 1..=3 {
        topic.publish(&News::Count(count)).expect("published");
    }
    let mut client =
        Client::new(hub.subscribe(Subscribe::to(["news"]).after("e.2".to_owned())).expect("subscribed"));
    let open = client.next().await.expect("open");
    assert_eq!((open.event_type.as_str(), open.last_event_id.as_str()), ("sse.open", "e.2"));
    topic.publish(&News::Count(4)).expect("published");
    assert_eq!(client.take(2).await, ["count:3", "count:4"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_client_gets_what_the_topic_replays() {
    for (replay, superseded, first) in [
        (Replay::All, Superseded::Keep, vec!["note:\"a\"", "note:\"b\"", "count:2"]),
        (Replay::All, Superseded::Drop, vec!["note:\"a\"", "note:\"b\"", "count:2"]),
        (Replay::Latest, Superseded::Keep, vec!["count:2"]),
        (Replay::LiveOnly, Superseded::Keep, vec![]),
    ] {
        let hub = hub(HubOptions::default());
        let options = TopicOptions { replay, superseded, ..TopicOptions::default() };
        let topic = hub.topic_with::<News>("news", options).expect("opened");
        topic.publish(&note("a")).expect("published");
        topic.publish_keyed("k", &News::Count(1)).expect("published");
        topic.publish(&note("b")).expect("published");
        topic.publish_keyed("k", &News::Count(2)).expect("published");

        let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
        let seen = client.drain().await;
        assert_eq!(told(&seen)[1..], first, "{replay:?} {superseded:?}");
        let id = if replay == Replay::LiveOnly { "e.4" } else { "e.0" };
        assert_eq!(seen[0].last_event_id, id, "{replay:?}");
        topic.publish_keyed("k", &News::Count(3)).expect("published");
        assert_eq!(told(&client.drain().await), ["count:3"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_told_where_its_snapshot_ends() {
    let hub = hub(HubOptions::default());
    let options = TopicOptions { replay: Replay::Latest, ..TopicOptions::default() };
    let news = hub.topic_with::<News>("news", options).expect("opened");
    let options = TopicOptions { replay: Replay::LiveOnly, ..TopicOptions::default() };
    let live = hub.topic_with::<News>("live", options).expect("opened");
    for (key, count) in [("a", 1), ("b", 2), ("a", 3)] {
        news.publish_keyed(key, &News::Count(count)).expect("published");
    }
    live.publish(&News::Count(4)).expect("published");
    for (topics, cursor, data, snapshot) in [
        (["news", "live"], "", r#"{"heartbeat_ms":15000,"snapshot_through":3}"#, vec!["count:2", "count:3"]),
        (
            ["news", "live"],
            "e.0",
            r#"{"heartbeat_ms":15000}"#,
            vec!["count:1", "count:2", "count:3", "count:4"],
        ),
        (["live", "live"], "", r#"{"heartbeat_ms":15000,"snapshot_through":0}"#, vec![]),
        // Whoever goes on from a cursor is given every one.
        (["news", "live"], "e.2", r#"{"heartbeat_ms":15000}"#, vec!["count:3", "count:4"]),
    ] {
        let subscribe = Subscribe::to(topics).after(cursor.to_owned());
        let seen = Client::new(hub.subscribe(subscribe).expect("subscribed")).drain().await;
        assert_eq!(told(&seen)[0], format!("sse.open:{data}"), "{topics:?} {cursor:?}");
        assert_eq!(told(&seen)[1..], snapshot, "{topics:?} {cursor:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_come_before_anything_was_replayed_misses_nothing_that_is_live() {
    for replay in [Replay::All, Replay::Latest] {
        let hub = hub(HubOptions::default());
        let options = TopicOptions { replay, ..TopicOptions::default() };
        hub.topic_with::<News>("quiet", options).expect("opened");
        let options = TopicOptions { replay: Replay::LiveOnly, ..TopicOptions::default() };
        let live = hub.topic_with::<News>("live", options).expect("opened");
        live.publish(&News::Count(1)).expect("published");
        let subscribe = |cursor: Option<String>| {
            Client::new(hub.subscribe(Subscribe::to(["quiet", "live"]).after(cursor)).expect("subscribed"))
        };
        let seen = subscribe(None).drain().await;
        assert_eq!(told(&seen)[1..], [""; 0], "{replay:?}");

        live.publish(&News::Count(2)).expect("published");
        let back = subscribe(Some(seen[0].last_event_id.clone())).drain().await;
        assert_eq!(told(&back)[1..], ["count:2"], "{replay:?}: and nothing from before it was there");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_means_nothing_here_is_answered_by_a_reset() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    topic.publish(&News::Count(1)).expect("published");
    for cursor in ["d.1", "e.2", "e.01", "nonsense", "e.1\r\ndata: forged", "\u{fffd}"] {
        let mut client =
            Client::new(hub.subscribe(Subscribe::to(["news"]).after(cursor.to_owned())).expect("subscribed"));
        let seen = client.drain().await;
        assert_eq!(told(&seen)[1..], ["sse.reset:{}", "count:1"], "{cursor:?}");
        assert_eq!(seen[0].last_event_id, "e.0", "{cursor:?}");
    }
    // Who brings nothing is new, and who comes from before the first event of this epoch is given it.
    for cursor in ["", "e.0"] {
        let mut client =
            Client::new(hub.subscribe(Subscribe::to(["news"]).after(cursor.to_owned())).expect("subscribed"));
        assert_eq!(told(&client.drain().await)[1..], ["count:1"], "{cursor:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_announced_exactly_when_the_next_event_is_gone() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic_with::<News>("news", keep(3)).expect("opened");
    for count in 1..=5 {
        topic.publish(&News::Count(count)).expect("published");
    }
    for (cursor, expected) in [
        ("e.1", vec!["sse.gap:{\"trimmed\":2,\"snapshot_through\":5}", "count:3", "count:4", "count:5"]),
        ("e.2", vec!["count:3", "count:4", "count:5"]),
        ("e.5", vec![]),
    ] {
        let mut client =
            Client::new(hub.subscribe(Subscribe::to(["news"]).after(cursor.to_owned())).expect("subscribed"));
        assert_eq!(told(&client.drain().await)[1..], expected, "{cursor}");
    }
    // A new client has missed nothing.
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(told(&client.drain().await)[1..], ["count:3", "count:4", "count:5"]);
}

#[tokio::test(start_paused = true)]
async fn only_the_topic_that_lost_something_falls_back_to_its_snapshot() {
    let hub = hub(HubOptions::default());
    let short = hub.topic_with::<News>("short", keep(1)).expect("opened");
    let long = hub.topic_with::<News>("long", keep(9)).expect("opened");
    for count in 1..=3 {
        short.publish_keyed("k", &News::Count(count)).expect("published");
        long.publish_keyed("k", &News::Count(count * 10)).expect("published");
    }
    let mut client = Client::new(
        hub.subscribe(Subscribe::to(["short", "long"]).after("e.2".to_owned())).expect("subscribed"),
    );
    assert_eq!(
        told(&client.drain().await)[1..],
        ["sse.gap:{\"trimmed\":3,\"snapshot_through\":5}", "count:20", "count:3", "count:30"],
        "the long topic brings its step 20, the short one only its latest"
    );
}

#[tokio::test(start_paused = true)]
async fn superseded_state_is_neither_a_gap_nor_in_the_way_of_other_events() {
    let hub = hub(HubOptions::default());
    let options = TopicOptions { superseded: Superseded::Drop, ..keep(2) };
    let topic = hub.topic_with::<News>("chat", options).expect("opened");
    topic.publish(&note("a")).expect("published");
    for count in 0..100 {
        topic.publish_keyed("presence", &News::Count(count)).expect("published");
    }
    topic.publish(&note("b")).expect("published");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["chat"])).expect("subscribed"));
    assert_eq!(told(&client.drain().await)[1..], ["note:\"a\"", "count:99", "note:\"b\""]);
    let mut back =
        Client::new(hub.subscribe(Subscribe::to(["chat"]).after("e.1".to_owned())).expect("subscribed"));
    assert_eq!(told(&back.drain().await)[1..], ["count:99", "note:\"b\""]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_falls_behind_the_log_is_told_and_goes_on() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic_with::<News>("news", keep(3)).expect("opened");
    let mut slow = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    topic.publish(&News::Count(1)).expect("published");
    assert_eq!(slow.take(2).await[1], "count:1");
    for count in 2..=9 {
        topic.publish(&News::Count(count)).expect("published");
    }
    assert_eq!(
        told(&slow.drain().await),
        ["sse.gap:{\"trimmed\":6,\"snapshot_through\":9}", "count:7", "count:8", "count:9"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_dropped_while_a_snapshot_is_read_is_a_gap() {
    let limits = Limits { page_events: 1, ..Limits::default() };
    let hub = hub(HubOptions { limits, ..HubOptions::default() });
    let topic = hub.topic_with::<News>("news", keep(3)).expect("opened");
    for count in 1..=3 {
        topic.publish(&News::Count(count)).expect("published");
    }
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(client.take(2).await[1], "count:1");
    for count in 4..=6 {
        topic.publish(&News::Count(count)).expect("published");
    }
    assert_eq!(
        told(&client.drain().await),
        ["sse.gap:{\"trimmed\":3,\"snapshot_through\":6}", "count:4", "count:5", "count:6"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_superseded_while_a_snapshot_is_read_comes_later_and_once() {
    let limits = Limits { page_events: 1, ..Limits::default() };
    let hub = hub(HubOptions { limits, ..HubOptions::default() });
    let topic = hub.topic::<News>("news").expect("opened");
    for (key, count) in [("a", 1), ("b", 2), ("c", 3)] {
        topic.publish_keyed(key, &News::Count(count)).expect("published");
    }
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(client.take(2).await[1], "count:1");
    topic.publish_keyed("b", &News::Count(20)).expect("published");
    assert_eq!(told(&client.drain().await), ["count:3", "count:20"]);
}

#[tokio::test(start_paused = true)]
async fn c14_the_events_of_several_topics_come_in_one_order_and_each_has_an_id() {
    let hub = hub(HubOptions::default());
    let topics: Vec<_> = ["a", "b", "c"].map(|name| hub.topic::<News>(name).expect("opened")).into();
    for count in 1..=300 {
        topics[count * 7 % 3].publish(&News::Count(count as u64)).expect("published");
    }
    let mut client = Client::new(hub.subscribe(Subscribe::to(["c", "a", "b", "a"])).expect("subscribed"));
    let seen = client.drain().await;
    assert_eq!(seen.len(), 301);
    for (count, seen) in seen.iter().enumerate().skip(1) {
        assert_eq!(
            (seen.data.clone(), seen.last_event_id.clone()),
            (count.to_string(), format!("e.{count}"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn retention_is_by_bytes_and_by_age_too() {
    use std::time::Duration;

    let hub = hub(HubOptions::default());
    let bytes = Retention { bytes: 100, ..Retention::default() };
    let age = Retention { age: Some(Duration::from_secs(60)), ..Retention::default() };
    let small = hub.topic_with::<News>("small", TopicOptions { retention: bytes, ..TopicOptions::default() });
    let fresh = hub.topic_with::<News>("fresh", TopicOptions { retention: age, ..TopicOptions::default() });
    let (small, fresh) = (small.expect("opened"), fresh.expect("opened"));
    small.publish(&note(&"x".repeat(60))).expect("published");
    small.publish(&note(&"y".repeat(60))).expect("published");
    fresh.publish(&News::Count(1)).expect("published");
    tokio::time::advance(Duration::from_secs(61)).await;
    fresh.publish(&News::Count(2)).expect("published");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["small", "fresh"])).expect("subscribed"));
    assert_eq!(told(&client.drain().await)[1..], [format!("note:\"{}\"", "y".repeat(60)), "count:2".into()]);
}

#[tokio::test(start_paused = true)]
async fn a_new_client_gets_nothing_that_has_become_too_old_since_something_was_published() {
    use std::time::Duration;

    let hub = hub(HubOptions::default());
    let retention = Retention { age: Some(Duration::from_secs(60)), ..Retention::default() };
    let options = TopicOptions { retention, ..TopicOptions::default() };
    let topic = hub.topic_with::<News>("news", options).expect("opened");
    for count in 1..=3 {
        topic.publish(&News::Count(count)).expect("published");
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    let events = async |subscribe: Subscribe| {
        told(&Client::new(hub.subscribe(subscribe).expect("subscribed")).drain().await)[1..].to_vec()
    };
    let new = || Subscribe::to(["news"]);
    assert_eq!(events(new()).await, ["count:1", "count:2", "count:3"]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(events(new()).await, ["count:2", "count:3"]);
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(events(new()).await, ["count:3"]);
    // Who comes back is told of it, as if something had been published.
    let gap = "sse.gap:{\"trimmed\":2,\"snapshot_through\":3}";
    assert_eq!(events(new().after("e.1".to_owned())).await, [gap, "count:3"]);
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert_eq!(events(new()).await, ["count:3"], "the newest stays");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_to_several_topics_is_told_what_has_become_too_old_in_each() {
    use std::time::Duration;

    let hub = hub(HubOptions::default());
    hub.topic::<News>("empty").expect("opened");
    let retention = Retention { age: Some(Duration::from_secs(60)), ..Retention::default() };
    let options = TopicOptions { retention, ..TopicOptions::default() };
    let topic = hub.topic_with::<News>("news", options).expect("opened");
    for count in 1..=3 {
        topic.publish(&News::Count(count)).expect("published");
    }
    tokio::time::advance(Duration::from_secs(86_400)).await;
    let back = hub.subscribe(Subscribe::to(["empty", "news"]).after("e.1".to_owned())).expect("subscribed");
    let gap = "sse.gap:{\"trimmed\":2,\"snapshot_through\":3}";
    assert_eq!(told(&Client::new(back).drain().await)[1..], [gap, "count:3"]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_was_removed_and_opened_again_is_a_gap_for_those_who_knew_it() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    for count in 1..=2 {
        topic.publish(&News::Count(count)).expect("published");
    }
    let client = hub.subscribe(Subscribe::to(["news"])).expect("subscribed");
    assert!(!hub.remove_idle("news"), "somebody is there");
    drop(client);
    assert!(hub.remove_idle("news"));
    assert!(topic.publish(&News::Count(3)).is_err(), "an old handle does not publish into nothing");
    hub.topic::<News>("news").expect("opened again");
    let back = hub.subscribe(Subscribe::to(["news"]).after("e.1".to_owned())).expect("subscribed");
    assert_eq!(
        told(&Client::new(back).drain().await)[1..],
        ["sse.gap:{\"trimmed\":2,\"snapshot_through\":2}"]
    );
    let knew_all = hub.subscribe(Subscribe::to(["news"]).after("e.2".to_owned())).expect("subscribed");
    assert_eq!(told(&Client::new(knew_all).drain().await)[1..], [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_sweeps_finds_the_open_topics_and_removes_those_that_are_idle() {
    let hub = hub(HubOptions::default());
    assert_eq!(hub.topics(), []);
    for name in ["orders.ann", "orders.bob"] {
        hub.topic::<News>(name).expect("opened");
    }
    let _ann = hub.subscribe(Subscribe::to(["orders.ann"])).expect("subscribed");
    let mut topics = hub.topics();
    topics.sort();
    assert_eq!(topics.iter().map(TopicName::as_str).collect::<Vec<_>>(), ["orders.ann", "orders.bob"]);
    let removed: Vec<_> = topics.iter().filter(|name| hub.remove_idle(name.as_str())).collect();
    assert_eq!(removed, [&topics[1]]);
    assert_eq!(hub.topics(), topics[..1]);
}
