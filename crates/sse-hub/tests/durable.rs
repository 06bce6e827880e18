//! A hub whose history is in a file: what a restart leaves, and that nobody can tell the file from memory.

mod common;

use std::time::Duration;

use common::{Client, Engine, News, note, told};
use sse_hub::history::redb::{OpenError, RedbHistory, RedbOptions};
use sse_hub::history::{Health, HistoryError};
use sse_hub::{
    Abandoned, EventId, Hub, HubOptions, PublishError, RawEvent, Replay, Retention, SnapshotError, Subscribe,
    Superseded, Topic, TopicError, TopicOptions,
};

/// Most of it is on the disk only.
fn engine() -> Engine {
    Engine::file(RedbOptions { ring_events: 1, ..RedbOptions::default() })
}

async fn restart(engine: &Engine, hub: Hub) -> Hub {
    hub.close().await.expect("closed");
    drop(hub);
    engine.hub(HubOptions::default())
}

fn client(hub: &Hub, after: Option<&EventId>) -> Client {
    let after = after.map(|id| id.as_str().to_owned());
    Client::new(hub.subscribe(Subscribe::to(["news"]).after(after)).expect("subscribed"))
}

/// The next `count` events after the opening.
async fn events(hub: &Hub, after: Option<&EventId>, count: usize) -> Vec<String> {
    client(hub, after).take(count + 1).await.split_off(1)
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let engine = engine();
    let hub = engine.hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    let first = news.publish_durably(&note("a")).await.expect("kept");
    news.publish_keyed("k", &News::Count(1)).expect("published");
    news.publish_keyed("k", &News::Count(2)).expect("published");
    let (epoch, last) = (hub.epoch(), news.publish(&note("b")).expect("published"));
    assert_eq!(hub.health(), Health::Whole);

    let hub = restart(&engine, hub).await;
    assert_eq!((hub.epoch(), hub.last_event_id()), (epoch, last.clone()));
    assert_eq!(hub.kept_topics().iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["news"]);
    let news: Topic<News> = hub.topic("news").expect("opened");
    assert_eq!(hub.kept_topics(), []);
    assert_eq!(events(&hub, None, 3).await, ["note:\"a\"", "count:2", "note:\"b\""]);
    assert_eq!(events(&hub, Some(&first), 3).await, ["count:1", "count:2", "note:\"b\""]);
    let next = news.publish_durably(&note("c")).await.expect("kept");
    assert_eq!(next.as_str(), format!("{epoch}.5"));
    assert_eq!(events(&hub, Some(&last), 1).await, ["note:\"c\""]);
    assert!(client(&hub, None).next().await.is_some_and(|open| open.event_type == "sse.open"));
}

#[tokio::test]
async fn who_still_reads_when_the_history_is_closed_comes_back_and_has_lost_nothing() {
    let engine = engine();
    let hub = engine.hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    let first = news.publish(&note("a")).expect("published");
    for text in ["b", "c", "d"] {
        news.publish_durably(&note(text)).await.expect("kept");
    }
    let mut late = client(&hub, Some(&first));
    hub.close().await.expect("closed");
    assert_eq!(late.next().await.expect("open").event_type, "sse.open");
    assert_eq!(late.next().await, None, "and no word of a gap");
    drop(late);

    let hub = restart(&engine, hub).await;
    hub.topic::<News>("news").expect("opened");
    assert_eq!(events(&hub, Some(&first), 3).await, ["note:\"b\"", "note:\"c\"", "note:\"d\""]);
}

#[tokio::test]
async fn who_comes_back_to_an_event_that_is_larger_than_a_page_gets_those_behind_it_too() {
    let engine = Engine::file(RedbOptions::default());
    let hub = engine.hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    let first = news.publish(&note("a")).expect("published");
    let large = "b".repeat(2 * HubOptions::default().limits.page_bytes);
    news.publish(&note(&large)).expect("published");
    news.publish_durably(&note("c")).await.expect("kept");

    let hub = restart(&engine, hub).await;
    hub.topic::<News>("news").expect("opened");
    let expected = [format!("note:\"{large}\""), "note:\"c\"".to_owned()];
    assert_eq!(events(&hub, Some(&first), 2).await, expected);
}

#[tokio::test]
async fn a_topic_that_has_ended_or_was_removed_is_so_after_a_restart() {
    let engine = engine();
    let hub = engine.hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    let seen = news.publish(&note("a")).expect("published");
    let gone: Topic<News> = hub.topic("gone").expect("opened");
    let lost = gone.publish_durably(&note("b")).await.expect("kept");
    news.end().expect("ended");
    assert!(hub.remove_idle("gone"));

    let hub = restart(&engine, hub).await;
    let news: Topic<News> = hub.topic("news").expect("opened");
    assert_eq!(news.publish(&note("c")), Err(PublishError::History(HistoryError::Ended)));
    assert_eq!(events(&hub, None, 2).await, ["note:\"a\"", "sse.end:{}"]);
    let back = Subscribe::to(["news"]).after(seen.as_str().to_owned());
    assert!(hub.subscribe(back).expect("subscribed").is_complete());

    hub.topic::<News>("gone").expect("opened anew");
    let mut back =
        Client::new(hub.subscribe(Subscribe::to(["gone"]).after(seen.into_string())).expect("subscribed"));
    let lost = lost.as_str().rsplit_once('.').expect("an id").1;
    let gap = format!("sse.gap:{{\"trimmed\":{lost},\"snapshot_through\":{lost}}}");
    assert_eq!(back.take(2).await[1], gap);
}

#[tokio::test]
async fn a_topic_that_has_ended_begins_anew_when_it_was_removed() {
    let engine = engine();
    let hub = engine.hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    let old = news.publish(&note("a")).expect("published");
    news.publish(&note("b")).expect("published");
    news.end().expect("ended");

    let hub = restart(&engine, hub).await;
    let news: Topic<News> = hub.topic("news").expect("opened");
    assert_eq!(news.publish(&note("b")), Err(PublishError::History(HistoryError::Ended)));
    assert!(hub.remove_idle("news"));
    assert_eq!(news.publish(&note("b")), Err(PublishError::History(HistoryError::Removed)));
    let news: Topic<News> = hub.topic("news").expect("opened anew");
    news.publish_durably(&note("c")).await.expect("kept");

    let hub = restart(&engine, hub).await;
    let news: Topic<News> = hub.topic("news").expect("opened");
    news.publish_durably(&note("d")).await.expect("kept");
    assert_eq!(events(&hub, None, 2).await, ["note:\"c\"", "note:\"d\""]);
    let seen = client(&hub, Some(&old)).take(3).await;
    assert!(seen[1].starts_with("sse.gap:"), "{seen:?}");
    assert_eq!(seen[2], "note:\"c\"");
}

#[tokio::test]
async fn the_end_of_a_topic_in_a_file_waits_for_no_flush_window() {
    let engine = engine();
    let hub = engine.hub(HubOptions { heartbeat: None, ..HubOptions::default() });
    let flush_window = Some(Duration::from_secs(3_600));
    let news: Topic<News> =
        hub.topic_with("news", TopicOptions { flush_window, ..TopicOptions::default() }).expect("opened");
    let mut client = client(&hub, None);
    client.take(1).await;
    news.publish(&News::Count(1)).expect("published");
    assert_eq!(client.take(1).await, ["count:1"]);
    // The end is not on the disk when it is told.
    news.publish(&News::Count(2)).expect("published");
    news.end().expect("ended");
    let told = tokio::time::timeout(Duration::from_secs(60), client.take(2)).await.expect("in time");
    assert_eq!(told, ["count:2", "sse.end:{}"]);
}

#[tokio::test]
async fn whatever_a_topic_replays_it_replays_the_same_from_a_file() {
    for ring_events in [0, 1, 1_000] {
        for replay in [Replay::All, Replay::Latest, Replay::LiveOnly] {
            for superseded in [Superseded::Keep, Superseded::Drop] {
                let retention = Retention { events: 4, ..Retention::default() };
                let options = TopicOptions { replay, superseded, retention, ..TopicOptions::default() };
                let mut seen = Vec::new();
                for engine in
                    [Engine::Memory, Engine::file(RedbOptions { ring_events, ..RedbOptions::default() })]
                {
                    seen.push(replays(&engine, &options).await);
                }
                let [memory, file] = &seen[..] else { panic!("two engines") };
                assert_eq!(memory, file, "{options:?}, {ring_events} in memory");
            }
        }
    }
}

/// What clients with every cursor get, without their ids, which name the epoch.
async fn replays(engine: &Engine, options: &TopicOptions) -> Vec<Vec<String>> {
    let hub = engine.hub(HubOptions::default());
    let news = hub.topic_with::<News>("news", options.clone()).expect("opened");
    let mut ids = Vec::new();
    for count in 1..=10 {
        let event = News::Count(count);
        let id = match count % 3 {
            0 => news.publish(&event),
            key => news.publish_keyed(&key.to_string(), &event),
        };
        // One at a time: the file drops nothing that came with the same commit.
        let id = id.expect("published");
        hub.committed(&id).await.expect("committed");
        ids.push(id);
    }
    news.end().expect("ended");
    let mut all = Vec::new();
    for after in ids[..9].iter().map(Some).chain([None]) {
        let mut client = client(&hub, after);
        let mut seen = Vec::new();
        while let Some(event) = client.next().await {
            seen.push(event);
        }
        all.push(told(&seen).split_off(1));
    }
    all
}

#[tokio::test]
async fn whether_superseded_events_are_kept_may_change_from_one_life_to_the_next() {
    for (before, after) in [(Superseded::Drop, Superseded::Keep), (Superseded::Keep, Superseded::Drop)] {
        let engine = engine();
        let hub = engine.hub(HubOptions::default());
        let options = |superseded| TopicOptions { superseded, ..TopicOptions::default() };
        let news = hub.topic_with::<News>("news", options(before)).expect("opened");
        let first = news.publish_durably(&News::Count(1)).await.expect("kept");
        let keyed = news.publish_keyed("a", &News::Count(2)).expect("published");
        hub.committed(&keyed).await.expect("kept");
        news.publish_durably(&News::Count(3)).await.expect("kept");

        let hub = restart(&engine, hub).await;
        let news = hub.topic_with::<News>("news", options(after)).expect("opened again");
        news.publish_durably(&News::Count(4)).await.expect("kept");
        let mut back = client(&hub, Some(&first));
        let seen = back.take(4).await.split_off(1);
        assert_eq!(seen, ["count:2", "count:3", "count:4"], "{before:?}, then {after:?}");
    }
}

#[tokio::test]
async fn a_cursor_that_means_nothing_here_is_no_acknowledgement() {
    let hub = engine().hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    let foreign = EventId::new("abc.1").expect("valid");
    assert!(matches!(hub.committed(&foreign).await, Err(PublishError::History(HistoryError::Engine(_)))));
    hub.close().await.expect("closed");
    assert_eq!(news.publish(&note("late")), Err(PublishError::History(HistoryError::Closed)));
    assert_eq!(hub.topic::<News>("more").err(), Some(TopicError::History(HistoryError::Closed)));
}

#[test]
fn who_opens_a_file_that_is_in_use_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = RedbHistory::open(folder.path(), RedbOptions::default()).expect("opened");
    let error = RedbHistory::open(folder.path(), RedbOptions::default()).expect_err("in use");
    assert_eq!(error, OpenError::InUse { path: folder.path().join(RedbHistory::FILE_NAME) });
    drop(first);
    RedbHistory::open(folder.path(), RedbOptions::default()).expect("free again");
}

#[test]
fn a_folder_that_cannot_be_made_and_a_file_that_is_none_of_ours_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(RedbHistory::FILE_NAME);
    std::fs::write(&file, "Dear diary, ".repeat(1_000)).expect("written");
    let error = RedbHistory::open(folder.path(), RedbOptions::default()).expect_err("no database");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(std::fs::read(&file).expect("still there").starts_with(b"Dear diary"), "it is not overwritten");
    let error = RedbHistory::open(&file, RedbOptions::default()).expect_err("no folder");
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
}

#[tokio::test]
async fn a_copy_that_is_put_back_is_found_to_be_older_than_what_clients_have_seen() {
    let engine = engine();
    let Engine::File { folder, .. } = &engine else { unreachable!("it is in a file") };
    let file = folder.path().join(RedbHistory::FILE_NAME);
    let copy = folder.path().join("copy");
    let hub = engine.hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    news.publish_durably(&News::Count(1)).await.expect("kept");
    hub.close().await.expect("closed");
    drop((news, hub));
    std::fs::copy(&file, &copy).expect("copied");

    // Twice, since the start that finds the copy may be cut short.
    for _ in 0..2 {
        let hub = engine.hub(HubOptions::default());
        let news: Topic<News> = hub.topic("news").expect("opened");
        let seen = news.publish_durably(&News::Count(2)).await.expect("kept");
        let epoch = hub.epoch();
        hub.close().await.expect("closed");
        drop((news, hub));
        std::fs::copy(&copy, &file).expect("put back");

        let hub = engine.hub(HubOptions::default());
        let news: Topic<News> = hub.topic("news").expect("opened");
        for count in 3..6 {
            news.publish_durably(&News::Count(count)).await.expect("kept");
        }
        assert_ne!(hub.epoch(), epoch, "its ids were given to other events");
        let told = client(&hub, Some(&seen)).take(6).await;
        assert!(told[1].starts_with("sse.reset:"), "{told:?}");
        assert_eq!(told[2..], ["count:1", "count:3", "count:4", "count:5"]);
        hub.close().await.expect("closed");
    }
}

fn forgetting(forget_after: Option<Duration>) -> Engine {
    Engine::file(RedbOptions { ring_events: 1, forget_after, ..RedbOptions::default() })
}

fn kept(hub: &Hub) -> Vec<String> {
    let mut kept: Vec<_> = hub.kept_topics().iter().map(ToString::to_string).collect();
    kept.sort();
    kept
}

/// Publishes to two topics and restarts. Returns the ids of the events.
async fn with_two_topics(engine: &Engine) -> (Hub, [EventId; 2]) {
    let hub = engine.hub(HubOptions::default());
    let mut ids = Vec::new();
    for name in ["news", "left"] {
        let topic: Topic<News> = hub.topic(name).expect("opened");
        topic.publish_keyed("k", &News::Count(1)).expect("published");
        ids.push(topic.publish_durably(&note("a")).await.expect("kept"));
    }
    (restart(engine, hub).await, ids.try_into().expect("two"))
}

#[tokio::test]
async fn what_is_kept_is_listed_in_the_order_of_its_last_events() {
    let engine = engine();
    let hub = engine.hub(HubOptions::default());
    for name in ["e", "b", "c", "d", "a", "b"] {
        hub.topic::<News>(name).expect("opened").publish(&note("a")).expect("published");
    }
    let hub = restart(&engine, hub).await;
    assert_eq!(
        hub.kept_topics().iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["e", "c", "d", "a", "b"]
    );
}

#[tokio::test]
async fn a_topic_that_nobody_opens_is_forgotten_and_who_comes_back_to_it_is_told() {
    // What no process has opened for the whole of its life is too old.
    let engine = forgetting(Some(Duration::ZERO));
    let (hub, [seen_of_news, seen_of_left]) = with_two_topics(&engine).await;
    assert_eq!((kept(&hub), hub.counts().kept_topics), (vec!["left".to_owned(), "news".to_owned()], 2));
    hub.topic::<News>("news").expect("opened");
    assert_eq!((kept(&hub), hub.counts().kept_topics), (vec!["left".to_owned()], 1));

    let hub = restart(&engine, hub).await;
    assert_eq!(kept(&hub), ["news"], "it was open in the last life");
    let epoch = hub.epoch();
    let news: Topic<News> = hub.topic("news").expect("opened");
    assert_eq!(events(&hub, None, 2).await, ["count:1", "note:\"a\""]);
    let left: Topic<News> = hub.topic("left").expect("opened anew");
    let new = left.publish_durably(&note("new")).await.expect("kept");
    news.publish_durably(&note("b")).await.expect("kept");
    assert_eq!(new.as_str(), format!("{epoch}.5"), "the numbers of what is gone are not used again");

    tells_what_is_gone(&hub, &seen_of_news, &seen_of_left).await;
    drop((left, news));
    let hub = restart(&engine, hub).await;
    for name in ["news", "left"] {
        hub.topic::<News>(name).expect("opened");
    }
    tells_what_is_gone(&hub, &seen_of_news, &seen_of_left).await;
}

async fn tells_what_is_gone(hub: &Hub, seen_of_news: &EventId, seen_of_left: &EventId) {
    let both = async |after: Option<&EventId>, count: usize| {
        let both = Subscribe::to(["left", "news"]).after(after.map(|id| id.as_str().to_owned()));
        Client::new(hub.subscribe(both).expect("subscribed")).take(count + 1).await.split_off(1)
    };
    // The fifth event is the new one, which a snapshot of the topic ends with.
    let gap = gap(seen_of_left, 5);
    assert_eq!(both(Some(seen_of_news), 3).await, [&gap, "note:\"new\"", "note:\"b\""]);
    assert_eq!(both(Some(seen_of_left), 2).await, ["note:\"new\"", "note:\"b\""], "who had all of it");
    assert_eq!(both(None, 4).await, ["count:1", "note:\"a\"", "note:\"new\"", "note:\"b\""]);
}

/// What a client is told that comes back to a topic of which everything up to `lost` was forgotten.
fn gap(lost: &EventId, snapshot_through: u64) -> String {
    let trimmed = lost.as_str().rsplit_once('.').expect("an id").1;
    format!("sse.gap:{{\"trimmed\":{trimmed},\"snapshot_through\":{snapshot_through}}}")
}

#[tokio::test]
async fn a_topic_that_nobody_opens_is_kept_for_as_long_as_the_options_say() {
    for forget_after in [None, Some(Duration::from_secs(3_600))] {
        let engine = forgetting(forget_after);
        let (mut hub, _) = with_two_topics(&engine).await;
        for _ in 0..3 {
            assert_eq!(kept(&hub), ["left", "news"], "{forget_after:?}");
            hub = restart(&engine, hub).await;
        }
        hub.topic::<News>("news").expect("opened");
        assert_eq!(events(&hub, None, 2).await, ["count:1", "note:\"a\""]);
    }
}

#[tokio::test]
async fn a_topic_that_is_opened_and_not_used_is_forgotten_if_that_is_asked_for() {
    let engine = forgetting(Some(Duration::ZERO));
    let room = |hub: &Hub, name: &str| -> Topic<News> {
        hub.topic_with(name, TopicOptions { abandoned: Abandoned::Unused, ..TopicOptions::default() })
            .expect("opened")
    };
    let all = ["read", "silent", "written"];
    let hub = engine.hub(HubOptions::default());
    for name in all {
        room(&hub, name).publish_durably(&note("a")).await.expect("kept");
    }
    hub.topic::<News>("opened").expect("opened").publish_durably(&note("a")).await.expect("kept");

    let hub = restart(&engine, hub).await;
    assert_eq!(kept(&hub), ["opened", "read", "silent", "written"], "all were used in the last life");
    hub.topic::<News>("opened").expect("opened");
    let [_, _, written] = all.map(|name| room(&hub, name));
    drop(hub.subscribe(Subscribe::to(["read"])).expect("subscribed"));
    written.publish_durably(&note("b")).await.expect("kept");
    // What the app looks at for itself is no use.
    assert_eq!(hub.kept_events::<News>("silent").await.expect("read").len(), 1);
    drop(written);

    let hub = restart(&engine, hub).await;
    assert_eq!(kept(&hub), ["opened", "read", "written"]);
    hub.topic::<News>("opened").expect("opened");
    let unused = ["read", "written"].map(|name| room(&hub, name));
    drop(unused);
    let hub = restart(&engine, hub).await;
    assert_eq!(kept(&hub), ["opened"]);
}

#[tokio::test]
async fn a_kept_topic_can_be_removed_without_being_opened() {
    let engine = engine();
    let (hub, [_, seen_of_left]) = with_two_topics(&engine).await;
    assert!(!hub.remove_idle("nowhere") && !hub.remove_idle("no name"));
    assert!(hub.remove_idle("left") && !hub.remove_idle("left"));
    assert_eq!(kept(&hub), ["news"]);
    let hub = restart(&engine, hub).await;
    assert_eq!(kept(&hub), ["news"]);
    hub.topic::<News>("left").expect("opened anew");
    let before = EventId::new(format!("{}.1", hub.epoch())).expect("valid");
    let back = Subscribe::to(["left"]).after(before.into_string());
    let told = Client::new(hub.subscribe(back).expect("subscribed")).take(2).await;
    assert_eq!(told[1], gap(&seen_of_left, 4));
}

#[tokio::test]
async fn notes_are_found_again_beside_their_events_and_sent_to_nobody() {
    let engine = engine();
    let hub = engine.hub(HubOptions::default());
    let news: Topic<News> = hub.topic("news").expect("opened");
    let raw = hub.raw_topic("raw", TopicOptions::default()).expect("opened");
    let first = news.publish_with_note(None, &note("one"), Some("of one")).expect("published");
    news.publish(&note("two")).expect("published");
    let third = news.publish_with_note(Some("key"), &note("three"), Some("of three")).expect("published");
    let event = RawEvent { event_type: "raw", key: None, data: "1" };
    let fourth = raw.publish_with_note(event, Some(&"n".repeat(256))).expect("published");
    assert_eq!(
        raw.publish_with_note(event, Some(&"n".repeat(257))),
        Err(PublishError::NoteTooLong { bytes: 257, limit: 256 })
    );

    let hub = restart(&engine, hub).await;
    let unknown = SnapshotError::UnknownTopic("news".into());
    assert_eq!(hub.kept_notes("news").await, Err(unknown), "it is not opened yet");
    hub.topic::<News>("news").expect("opened");
    hub.raw_topic("raw", TopicOptions::default()).expect("opened");
    let of_news = [(first, "of one".to_owned()), (third, "of three".to_owned())];
    assert_eq!(hub.kept_notes("news").await.expect("read"), of_news);
    assert_eq!(hub.kept_notes("raw").await.expect("read"), [(fourth, "n".repeat(256))]);
    let mut client = client(&hub, None);
    assert_eq!(client.take(4).await[1..], ["note:\"one\"", "note:\"two\"", "note:\"three\""]);
}
