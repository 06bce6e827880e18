//! Who may read what, and streams whose reader may no longer.

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use common::reading::Reading;
use common::{Client, News, hub};
use sse_hub::{
    Denied, Grant, Guard, History, Hub, HubOptions, Subscribe, SubscribeError, Subscription, TopicName,
    TopicOptions, Unguarded,
};
use tokio::time::{Instant, timeout};

/// Who may read, by topic. What is not in it is forbidden.
#[derive(Clone, Default)]
struct Rights(Arc<Mutex<BTreeSet<&'static str>>>);

impl Rights {
    fn of(topics: impl IntoIterator<Item = &'static str>) -> Self {
        Self(Arc::new(Mutex::new(topics.into_iter().collect())))
    }

    fn lose(&self, topic: &str) {
        assert!(self.0.lock().expect("not poisoned").remove(topic));
    }

    fn guard(&self) -> Guard {
        let rights = self.clone();
        Guard::new(move |topic| match rights.0.lock().expect("not poisoned").contains(topic.as_str()) {
            true => Ok(Grant::unlimited()),
            false => Err(Denied::forbidden("not yours")),
        })
    }
}

fn with_topics(topics: &[&str]) -> Hub {
    let hub = hub(HubOptions { heartbeat: None, ..HubOptions::default() });
    for topic in topics {
        hub.topic::<News>(topic).expect("opened").publish(&News::Count(1)).expect("published");
    }
    hub
}

fn subscribe(hub: &Hub, topics: &[&str], guard: Guard) -> Result<Subscription, SubscribeError> {
    hub.subscribe(Subscribe::to(topics.iter().copied()).guard(guard))
}

fn denied(topic: &str, denied: Denied) -> Option<SubscribeError> {
    Some(SubscribeError::Denied { topic: TopicName::new(topic).expect("a name"), denied })
}

#[tokio::test]
async fn where_guards_are_wanted_whoever_brings_none_gets_no_topic_but_the_public_ones() {
    let hub = hub(HubOptions { unguarded: Unguarded::Refused, ..HubOptions::default() });
    let of = |unguarded| TopicOptions { unguarded, ..TopicOptions::default() };
    hub.topic_with::<News>("private", of(None)).expect("opened");
    hub.topic_with::<News>("public", of(Some(Unguarded::Admitted))).expect("opened");
    let without = |topics: &[&str]| hub.subscribe(Subscribe::to(topics.iter().copied())).err();
    let unguarded = |topic: &str| Some(SubscribeError::Unguarded(topic.into()));
    assert_eq!(without(&["public"]), None);
    assert_eq!(without(&["private"]), unguarded("private"));
    assert_eq!(without(&["public", "private"]), unguarded("private"));
    assert_eq!(without(&["nowhere"]), unguarded("nowhere"), "not even that there is none");
    let cursor = hub.last_event_id().into_string();
    let resumed = hub.subscribe(Subscribe::to(["private"]).after(cursor).guard(None::<Guard>));
    assert_eq!(resumed.err(), unguarded("private"), "a cursor is no guard");
    assert_eq!(hub.subscriptions(), 0, "who was refused takes no place");

    let (all, one) = (Rights::of(["private", "public"]), Rights::of(["private"]));
    assert!(subscribe(&hub, &["private", "public"], all.guard()).is_ok());
    // A guard is asked for public topics too: it may know better.
    let refused = subscribe(&hub, &["private", "public"], one.guard()).err();
    assert_eq!(refused, denied("public", Denied::forbidden("not yours")));
}

#[tokio::test]
async fn a_topic_may_want_a_guard_where_the_hub_does_not() {
    let hub = hub(HubOptions::default());
    let private = TopicOptions { unguarded: Some(Unguarded::Refused), ..TopicOptions::default() };
    hub.topic_with::<News>("private", private).expect("opened");
    hub.topic::<News>("public").expect("opened");
    let without = |topic: &str| hub.subscribe(Subscribe::to([topic])).err();
    assert_eq!(without("public"), None);
    assert_eq!(without("private"), Some(SubscribeError::Unguarded("private".into())));
    assert_eq!(without("nowhere"), Some(SubscribeError::UnknownTopic("nowhere".into())));
}

#[tokio::test]
async fn every_topic_of_a_stream_is_asked_about_with_a_cursor_and_without() {
    let hub = with_topics(&["a", "b"]);
    let only_a = Rights::of(["a"]);
    assert!(subscribe(&hub, &["a"], only_a.guard()).is_ok());
    let forbidden = denied("b", Denied::forbidden("not yours"));
    for after in [None, Some("e.1".to_owned()), Some("e.2".to_owned()), Some("x".to_owned())] {
        let both = Subscribe::to(["a", "b"]).after(after.clone()).guard(only_a.guard());
        assert_eq!(hub.subscribe(both).err(), forbidden, "{after:?}");
    }
    assert_eq!(hub.subscriptions(), 0);
    assert_eq!(hub.counts().refused, 4);
}

#[tokio::test]
async fn a_stranger_is_not_told_which_topics_there_are() {
    let hub = with_topics(&["there"]);
    let nobody = || Guard::new(|_| Err(Denied::unauthorized("who are you?")));
    for topic in ["there", "nowhere"] {
        assert_eq!(
            subscribe(&hub, &[topic], nobody()).err(),
            denied(topic, Denied::unauthorized("who are you?"))
        );
    }
    let hidden = || Guard::new(|_| Err(Denied::Hidden));
    for topic in ["there", "nowhere"] {
        assert_eq!(
            subscribe(&hub, &[topic], hidden()).err(),
            Some(SubscribeError::UnknownTopic(topic.into()))
        );
    }
    // What no topic can be called never comes to the guard.
    let asked = Guard::new(|topic| panic!("asked about {topic}"));
    assert_eq!(subscribe(&hub, &["a b"], asked).err(), Some(SubscribeError::UnknownTopic("a b".into())));
}

#[tokio::test]
async fn a_right_that_is_lost_ends_the_streams_that_have_the_topic_and_no_others() {
    let hub = with_topics(&["a", "b"]);
    let (ann, bob) = (Rights::of(["a", "b"]), Rights::of(["a", "b"]));
    let open = |topics: &[&str], rights: &Rights| {
        Client::new(subscribe(&hub, topics, rights.guard()).expect("allowed"))
    };
    let mut both = open(&["a", "b"], &ann);
    let mut a = open(&["a"], &ann);
    let mut bobs = open(&["a", "b"], &bob);
    let mut free = Client::new(hub.subscribe(Subscribe::to(["b"])).expect("nobody guards it"));
    for client in [&mut both, &mut a, &mut bobs, &mut free] {
        client.drain().await;
    }
    assert_eq!(hub.review_access(), 0, "nothing has changed");

    ann.lose("b");
    assert_eq!(hub.review_access(), 1);
    assert_eq!(hub.review_access(), 0, "it has been told already");
    for topic in ["a", "b"] {
        hub.topic::<News>(topic).expect("open").publish(&News::Count(2)).expect("published");
    }
    assert_eq!(both.next().await, None, "and no event of either");
    assert_eq!(a.take(1).await, ["count:2"]);
    assert_eq!(bobs.take(2).await, ["count:2", "count:2"]);
    assert_eq!(free.take(1).await, ["count:2"]);
    assert_eq!(hub.counts().denied, 1);
}

#[tokio::test]
async fn what_waits_to_be_read_is_not_read_any_more() {
    let hub = with_topics(&["a"]);
    let rights = Rights::of(["a"]);
    let mut stream = subscribe(&hub, &["a"], rights.guard()).expect("allowed");
    rights.lose("a");
    hub.review_access();
    assert!(stream.next().await.expect("the opening").starts_with(b": sse-hub\n\n"));
    assert_eq!(stream.next().await.expect("the end"), ": forbidden\n\n");
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.denied(), Some(&Denied::forbidden("not yours")));
    assert!(!stream.is_complete());
}

#[tokio::test]
async fn a_stream_ends_as_a_new_one_is_refused() {
    for (why, last_word) in [
        (Denied::unauthorized("expired"), ": unauthorized\n\n"),
        (Denied::forbidden("no"), ": forbidden\n\n"),
        (Denied::Hidden, ": not found\n\n"),
    ] {
        let hub = with_topics(&["a"]);
        let lost = Arc::new(Mutex::new(None));
        let guard = Guard::new({
            let lost = Arc::clone(&lost);
            move |_| lost.lock().expect("not poisoned").clone().map_or(Ok(Grant::unlimited()), Err)
        });
        let mut stream = subscribe(&hub, &["a"], guard).expect("allowed");
        stream.next().await.expect("the opening");
        *lost.lock().expect("not poisoned") = Some(why);
        hub.review_access();
        assert_eq!(stream.next().await.expect("a last word"), last_word);
        assert_eq!(stream.next().await, None);
    }
}

/// What comes next, in a day at most.
async fn last_word(stream: &mut Subscription) -> String {
    let word = timeout(Duration::from_secs(86_400), stream.next()).await.expect("in time");
    String::from_utf8(word.expect("a last word").to_vec()).expect("UTF-8")
}

#[tokio::test(start_paused = true)]
async fn a_grant_for_a_time_is_asked_for_again_when_it_is_over() {
    let hub = with_topics(&["long", "short"]);
    let began = Instant::now();
    let expires = Arc::new(Mutex::new(began + Duration::from_secs(60)));
    let guard = Guard::new({
        let expires = Arc::clone(&expires);
        move |topic| match expires.lock().expect("not poisoned").checked_duration_since(Instant::now()) {
            Some(left) if left.is_zero() => Err(Denied::unauthorized("expired")),
            Some(left) if topic.as_str() == "short" => Ok(Grant::lasting(left)),
            Some(_) => Ok(Grant::lasting(Duration::from_secs(3_600))),
            None => Err(Denied::unauthorized("expired")),
        }
    });
    let mut stream = subscribe(&hub, &["long", "short"], guard).expect("allowed");
    for _ in 0..2 {
        stream.next().await.expect("the opening, and what is there");
    }
    // The session is prolonged in time: the stream goes on, and nobody had to tell the hub.
    *expires.lock().expect("not poisoned") += Duration::from_secs(30);
    assert_eq!(last_word(&mut stream).await, ": unauthorized\n\n");
    assert_eq!(stream.next().await, None);
    let ended = began.elapsed();
    assert!((90_000..=90_010).contains(&ended.as_millis()), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_review_may_shorten_what_was_granted() {
    let hub = with_topics(&["a"]);
    let began = Instant::now();
    let lasts = Arc::new(Mutex::new(Some(Duration::from_secs(3_600))));
    let guard = Guard::new({
        let lasts = Arc::clone(&lasts);
        move |_| match lasts.lock().expect("not poisoned").take() {
            Some(lasts) => Ok(Grant::lasting(lasts)),
            None => Err(Denied::unauthorized("expired")),
        }
    });
    let mut stream = subscribe(&hub, &["a"], guard).expect("allowed");
    for _ in 0..2 {
        stream.next().await.expect("the opening, and what is there");
    }
    *lasts.lock().expect("not poisoned") = Some(Duration::from_secs(5));
    assert_eq!(hub.review_access(), 0);
    assert_eq!(last_word(&mut stream).await, ": unauthorized\n\n");
    let ended = began.elapsed();
    assert!((5_000..=5_010).contains(&ended.as_millis()), "{ended:?}");
}

#[tokio::test]
async fn a_guard_that_panics_lets_nobody_read_on_and_holds_up_no_other() {
    let hub = with_topics(&["a"]);
    let rights = Rights::of(["a"]);
    let panics = Arc::new(Mutex::new(false));
    let mut streams = Vec::new();
    // On both sides of the others, in whatever order they are asked.
    for index in 0..3 {
        let (rights, panics) = (rights.guard(), Arc::clone(&panics));
        let guard = Guard::new(move |topic| match index {
            1 => rights.ask([topic]).map_err(|(_, denied)| denied),
            _ => {
                let panics = *panics.lock().expect("not poisoned");
                assert!(!panics, "a guard that panics");
                Ok(Grant::unlimited())
            }
        });
        let mut stream = subscribe(&hub, &["a"], guard).expect("allowed");
        for _ in 0..2 {
            stream.next().await.expect("the opening, and what is there");
        }
        streams.push(stream);
    }
    *panics.lock().expect("not poisoned") = true;
    rights.lose("a");
    assert_eq!(hub.review_access(), 3);
    for stream in &mut streams {
        assert!(stream.next().await.is_some(), "a last word");
        assert_eq!(stream.next().await, None);
    }
}

#[tokio::test]
async fn a_stream_that_is_gone_is_not_asked_about_and_keeps_nothing() {
    let hub = with_topics(&["a"]);
    let held = Arc::new(());
    let guard = || {
        let held = Arc::clone(&held);
        Guard::new(move |_| {
            let _ = &held;
            Ok(Grant::lasting(Duration::from_secs(3_600)))
        })
    };
    let streams = [0; 3].map(|_| subscribe(&hub, &["a"], guard()).expect("allowed"));
    assert_eq!(Arc::strong_count(&held), 4);
    assert_eq!(
        subscribe(&hub, &["a", "nowhere"], guard()).err(),
        Some(SubscribeError::UnknownTopic("nowhere".into()))
    );
    drop(streams);
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(hub.review_access(), 0);
}

#[tokio::test]
async fn what_is_published_between_a_look_at_the_right_and_a_look_at_the_history_is_not_read() {
    // Happens whenever somebody is about to read.
    let intrusion = Arc::new(OnceLock::<Box<dyn Fn() + Send + Sync>>::new());
    let history = Reading::new({
        let intrusion = intrusion.clone();
        move |memory, read| {
            if let Some(intrude) = intrusion.get() {
                intrude();
            }
            memory.read(read)
        }
    });
    let hub = Hub::with_history(HubOptions::default(), history);
    let topic = hub.topic::<News>("a").expect("opened");
    let rights = Rights::of(["a"]);
    let mut stream = subscribe(&hub, &["a"], rights.guard()).expect("allowed");
    stream.next().await.expect("the opening");
    let reviewer = hub.clone();
    let intrude = Box::new(move || {
        rights.lose("a");
        assert_eq!(reviewer.review_access(), 1);
        topic.publish(&News::Count(666)).expect("published");
    });
    assert!(intrusion.set(intrude).is_ok());
    assert_eq!(stream.next().await.expect("the end"), ": forbidden\n\n");
}

/// Rights that are lost at any moment: whatever the threads do, nobody reads what was published after that.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_is_published_after_a_review_is_read() {
    for _ in 0..200 {
        let hub = with_topics(&["a"]);
        let topic = hub.topic::<News>("a").expect("open");
        let rights = Rights::of(["a"]);
        let mut client = Client::new(subscribe(&hub, &["a"], rights.guard()).expect("allowed"));
        let reader = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(event) = client.next().await {
                seen.push(event.data);
            }
            seen
        });
        let publisher = {
            let topic = topic.clone();
            tokio::task::spawn_blocking(move || {
                for _ in 0..50 {
                    topic.publish(&News::Count(2)).expect("published");
                }
            })
        };
        rights.lose("a");
        assert_eq!(hub.review_access(), 1);
        topic.publish(&News::Count(666)).expect("published");
        publisher.await.expect("published");
        let seen = reader.await.expect("ended");
        assert!(!seen.contains(&"666".to_owned()), "{seen:?}");
    }
}
