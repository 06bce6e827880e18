//! Every limit is reached once, and each gives its error.

mod common;

use std::time::Duration;

use common::{Client, News, hub, note};
use sse_events::{DecodeError, EncodeError, EventSet};
use sse_hub::history::HistoryError;
use sse_hub::{
    HubOptions, Limits, PublishError, Replay, Retention, Subscribe, SubscribeError, TopicError, TopicOptions,
};

fn limited(limits: Limits) -> sse_hub::Hub {
    hub(HubOptions { limits, ..HubOptions::default() })
}

#[tokio::test]
async fn topics_have_a_limit_a_name_a_type_and_options() {
    let hub = limited(Limits { topics: 1, ..Limits::default() });
    assert!(matches!(hub.topic::<News>("no name").err(), Some(TopicError::Name(_))));
    hub.topic::<News>("news").expect("opened");
    hub.topic::<News>("news").expect("found");
    hub.topic_with::<News>("news", TopicOptions::default()).expect("found");
    assert_eq!(hub.topic::<News>("more").err(), Some(TopicError::TooMany { limit: 1 }));
    assert_eq!(hub.topic::<sse_events::Text>("news").err(), Some(TopicError::OtherEvents));
    let other = TopicOptions { replay: Replay::LiveOnly, ..TopicOptions::default() };
    assert_eq!(hub.topic_with::<News>("news", other).err(), Some(TopicError::OtherOptions));
}

#[tokio::test]
async fn subscriptions_have_a_limit_and_free_their_place() {
    let hub = limited(Limits { subscriptions: 1, topics_per_subscription: 2, ..Limits::default() });
    for name in ["a", "b", "c"] {
        hub.topic::<News>(name).expect("opened");
    }
    let refused = |topics: &[&str]| hub.subscribe(Subscribe::to(topics.iter().copied())).err();
    assert_eq!(refused(&[]), Some(SubscribeError::NoTopics));
    assert_eq!(refused(&["a", "b", "c"]), Some(SubscribeError::TooManyTopics { limit: 2 }));
    assert_eq!(refused(&["a", "x"]), Some(SubscribeError::UnknownTopic("x".into())));
    let first = hub.subscribe(Subscribe::to(["a", "a", "b"])).expect("a refusal takes no place");
    assert_eq!(refused(&["a"]), Some(SubscribeError::TooMany { limit: 1 }));
    drop(first);
    hub.subscribe(Subscribe::to(["a"])).expect("the place is free again");
    assert_eq!(hub.subscriptions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_no_clock_can_tell_never_comes() {
    let hub = hub(HubOptions {
        heartbeat: Some(Duration::MAX),
        retry: Duration::MAX,
        presence_grace: Duration::MAX,
        lagging_after: Duration::MAX,
        ..HubOptions::default()
    });
    let options = TopicOptions { flush_window: Some(Duration::MAX), ..TopicOptions::default() };
    let topics = [("held", options), ("news", TopicOptions::default())]
        .map(|(name, options)| (name, hub.topic_with::<News>(name, options).expect("opened")));
    for (name, topic) in topics {
        let mut client = Client::new(hub.subscribe(Subscribe::to([name])).expect("subscribed"));
        client.take(1).await;
        topic.publish(&News::Count(1)).expect("published");
        assert_eq!(client.take(1).await, ["count:1"], "{name}");
        tokio::time::timeout(Duration::from_secs(86_400), client.next()).await.expect_err("silence");
        if name == "news" {
            hub.shutdown();
            assert_eq!(client.next().await, None, "an end");
        }
    }
}

#[test]
fn subscribing_outside_a_runtime_is_an_error_and_not_a_panic() {
    let hub = hub(HubOptions::default());
    hub.topic::<News>("news").expect("opened").publish(&News::Count(1)).expect("publishing needs none");
    assert_eq!(hub.subscribe(Subscribe::to(["news"])).err(), Some(SubscribeError::NoRuntime));
}

#[tokio::test]
async fn events_and_keys_have_limits() {
    let hub = limited(Limits { event_bytes: 64, key_bytes: 4, ..Limits::default() });
    let retention = Retention { keys: 2, ..Retention::default() };
    let topic = hub.topic_with::<News>("news", TopicOptions { retention, ..TopicOptions::default() });
    let topic = topic.expect("opened");
    topic.publish(&note(&"x".repeat(42))).expect("fits");
    let too_large = topic.publish(&note(&"x".repeat(43)));
    assert_eq!(too_large, Err(PublishError::TooLarge { bytes: 65, limit: 64 }));
    let too_long = topic.publish_keyed("abcde", &News::Count(1));
    assert_eq!(too_long, Err(PublishError::KeyTooLong { bytes: 5, limit: 4 }));
    for key in ["a", "b", "a", "b"] {
        topic.publish_keyed(key, &News::Count(1)).expect("two keys");
    }
    let too_many = topic.publish_keyed("c", &News::Count(1));
    assert_eq!(too_many, Err(PublishError::History(HistoryError::TooManyKeys { limit: 2 })));
    let next = topic.publish(&News::Count(2)).expect("published");
    assert_eq!(next.as_str(), "e.6", "a refused event uses no number");
}

/// A set written by hand can say what the derive macro would not let pass.
struct ByHand(&'static str, &'static str);

impl EventSet for ByHand {
    const EVENT_TYPES: &'static [&'static str] = &["message"];

    fn event_type(&self) -> &'static str {
        self.0
    }

    fn encode(&self) -> Result<String, EncodeError> {
        Ok(self.1.to_owned())
    }

    fn decode(event_type: &str, data: &str) -> Result<Self, DecodeError> {
        Err(DecodeError::unknown_type(event_type, data))
    }
}

#[tokio::test(start_paused = true)]
async fn a_publisher_cannot_forge_a_field_or_a_control_event() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<ByHand>("news").expect("opened");
    for event_type in ["sse.end", "sse.open", "sse."] {
        let refused = Err(PublishError::ReservedType { event_type: event_type.into() });
        assert_eq!(topic.publish(&ByHand(event_type, "")), refused);
    }
    for event_type in ["a\nid: x", "a\r", "a\0", ""] {
        let refused = topic.publish(&ByHand(event_type, ""));
        assert!(matches!(refused, Err(PublishError::EventType { .. })), "{event_type:?}");
    }

    let data = "a\nid: forged\rretry: 1\r\n\r\nevent: forged\n\ndata: \0 \u{2028} b";
    topic.publish(&ByHand("message", data)).expect("published");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    client.next().await.expect("open");
    let seen = client.next().await.expect("event");
    assert_eq!(seen.event_type, "message");
    assert_eq!(seen.last_event_id, "e.1");
    assert_eq!(seen.data, "a\nid: forged\nretry: 1\n\nevent: forged\n\ndata: \0 \u{2028} b");
    assert!(client.retry.expect("the hub's own") > Duration::from_secs(1));
    assert!(client.drain().await.is_empty());
}
