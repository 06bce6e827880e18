//! Subscriptions as responses, last event ids as extractors.

mod common;

use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use common::{News, hub};
use http::{HeaderValue, Request, StatusCode};
use sse_events::EncodeError;
use sse_hub::axum::LastEventId;
use sse_hub::history::HistoryError;
use sse_hub::{
    Denied, Guard, HubOptions, PublishError, RawEvent, SnapshotError, Subscribe, SubscribeError, TopicError,
    TopicName, TopicOptions, Unguarded,
};

async fn extracted(uri: &str, header: Option<&[u8]>) -> Option<String> {
    let mut request = Request::builder().uri(uri);
    if let Some(header) = header {
        request = request.header("Last-Event-ID", HeaderValue::from_bytes(header).expect("a header"));
    }
    let (mut parts, ()) = request.body(()).expect("a request").into_parts();
    LastEventId::from_request_parts(&mut parts, &()).await.expect("cannot fail").0
}

#[tokio::test]
async fn the_last_event_id_is_the_headers_else_the_querys() {
    assert_eq!(extracted("/", None).await, None);
    assert_eq!(extracted("/?last_event_id=e.1", None).await.as_deref(), Some("e.1"));
    assert_eq!(extracted("/?last_event_id=e.1", Some(b"e.2")).await.as_deref(), Some("e.2"));
    assert_eq!(extracted("/?last_event_id=e.1", Some(b"")).await.as_deref(), Some("e.1"));
    assert_eq!(extracted("/?last_event_id=", None).await, None);
    assert_eq!(extracted("/?other=%ff&last_event_id=%E6%BC%A2", None).await.as_deref(), Some("漢"));
    assert_eq!(extracted("/", Some("漢".as_bytes())).await.as_deref(), Some("漢"));
    assert_eq!(extracted("/", Some(b"\xff")).await.as_deref(), Some("\u{fffd}"));
}

#[tokio::test]
async fn of_several_ids_in_a_query_the_last_that_says_something_counts() {
    // As a page leaves it that appends where it is at each reconnect.
    assert_eq!(extracted("/?last_event_id=e.1&last_event_id=e.2", None).await.as_deref(), Some("e.2"));
    assert_eq!(extracted("/?last_event_id=e.1&a=b&last_event_id=e.2&c", None).await.as_deref(), Some("e.2"));
    assert_eq!(extracted("/?last_event_id=e.1&last_event_id=", None).await.as_deref(), Some("e.1"));
    assert_eq!(
        extracted("/?last_event_id=e.1&last_event_id=e.2", Some(b"e.3")).await.as_deref(),
        Some("e.3")
    );
    assert_eq!(extracted("/?last_event_id=e.1&last%5fevent_id=a+%2B", None).await.as_deref(), Some("a +"));
    assert_eq!(extracted("/?last_event_id=e.1&last_event_id=%ff", None).await.as_deref(), Some("\u{fffd}"));
}

#[tokio::test]
async fn the_id_is_read_by_the_names_that_other_clients_give_it() {
    // As event-source-polyfill and reconnecting-eventsource ask, and a client of Mercure before 1.0.
    assert_eq!(extracted("/?topic=a&lastEventId=e.1", None).await.as_deref(), Some("e.1"));
    assert_eq!(extracted("/?topic=a&lastEventID=e.1", None).await.as_deref(), Some("e.1"));
    assert_eq!(extracted("/?lastEventId=e.1", Some(b"e.2")).await.as_deref(), Some("e.2"));
    // What the client appends is newer than what the page had in its URL, by whichever name.
    assert_eq!(extracted("/?last_event_id=e.1&lastEventId=e.2", None).await.as_deref(), Some("e.2"));
    assert_eq!(extracted("/?lastEventId=e.1&last_event_id=e.2", None).await.as_deref(), Some("e.2"));
    assert_eq!(extracted("/?last_event_id=e.1&lastEventId=", None).await.as_deref(), Some("e.1"));
}

#[tokio::test]
async fn a_stream_has_the_headers_that_keep_proxies_out_of_its_way() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("news").expect("opened");
    let response = hub.subscribe(Subscribe::to(["news"])).expect("subscribed").into_response();
    assert_eq!(response.status(), StatusCode::OK);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    topic.publish(&News::Count(1)).expect("published");
    topic.end().expect("ended");
    let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
    assert!(body.ends_with(b"id: e.1\nevent: count\ndata: 1\n\nevent: sse.end\ndata: {}\n\n"), "{body:?}");

    let complete = hub.subscribe(Subscribe::to(["news"]).after("e.1".to_owned())).expect("subscribed");
    assert_eq!(complete.into_response().status(), StatusCode::NO_CONTENT);
    let unknown = hub.subscribe(Subscribe::to(["x"])).into_response();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    let unguarded = TopicOptions { unguarded: Some(Unguarded::Refused), ..TopicOptions::default() };
    hub.topic_with::<News>("private", unguarded).expect("opened");
    let forgotten = hub.subscribe(Subscribe::to(["private"])).into_response();
    assert_eq!(forgotten.status(), StatusCode::INTERNAL_SERVER_ERROR);
    hub.shutdown();
    let closing = hub.subscribe(Subscribe::to(["news"])).into_response();
    assert_eq!(
        (closing.status(), closing.headers()["retry-after"].as_bytes()),
        (StatusCode::SERVICE_UNAVAILABLE, &b"5"[..])
    );
}

async fn answer(response: impl IntoResponse) -> (StatusCode, Option<String>, String) {
    let response = response.into_response();
    let retry = response.headers().get("retry-after").map(|retry| retry.to_str().expect("ASCII").to_owned());
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
    (status, retry, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn what_is_refused_says_by_its_status_whose_turn_it_is() {
    let hub = hub(HubOptions::default());
    let feed = hub.raw_topic("feed", TopicOptions::default()).expect("opened");
    for event_type in ["sse.end", "a\nb"] {
        let refused = feed.publish(RawEvent { event_type, key: None, data: "" }).expect_err("refused");
        assert_eq!(refused.into_response().status(), StatusCode::BAD_REQUEST, "{event_type:?}");
    }
    let no_name = hub.topic::<News>("no name").expect_err("refused");
    assert_eq!(no_name.into_response().status(), StatusCode::BAD_REQUEST);

    let (bytes, limit) = (2, 1);
    let history = |error: HistoryError| PublishError::History(error).into_response();
    for (response, status, retry) in [
        (PublishError::TooLarge { bytes, limit }.into_response(), 413, None),
        (PublishError::KeyTooLong { bytes, limit }.into_response(), 413, None),
        (PublishError::NoteTooLong { bytes, limit }.into_response(), 413, None),
        (PublishError::Encode(EncodeError::new("note", "secret")).into_response(), 500, None),
        (history(HistoryError::Removed), 410, None),
        (history(HistoryError::Ended), 409, None),
        (history(HistoryError::TooManyKeys { limit }), 409, None),
        (history(HistoryError::Busy { limit }), 503, Some("1")),
        (history(HistoryError::Lost), 503, Some("1")),
        (history(HistoryError::LiveOnly("secret".into())), 503, Some("30")),
        (history(HistoryError::Closed), 503, Some("5")),
        (history(HistoryError::ReadOnly("secret".into())), 503, None),
        (history(HistoryError::Engine("secret".into())), 500, None),
        (TopicError::TooMany { limit }.into_response(), 503, Some("60")),
        (TopicError::OtherEvents.into_response(), 409, None),
        (TopicError::OtherOptions.into_response(), 409, None),
        (TopicError::History(HistoryError::Closed).into_response(), 503, Some("5")),
        (SnapshotError::UnknownTopic("news".into()).into_response(), 404, None),
        (SnapshotError::History(HistoryError::Engine("secret".into())).into_response(), 500, None),
        (SubscribeError::History(HistoryError::Engine("secret".into())).into_response(), 503, Some("5")),
    ] {
        let (told, after, text) = answer(response).await;
        assert_eq!((told.as_u16(), after.as_deref()), (status, retry), "{text}");
        assert!(!text.is_empty() && !text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn what_is_hidden_is_answered_like_what_is_not_there() {
    let topic = TopicName::new("private").expect("a name");
    let not_there = answer(SubscribeError::UnknownTopic("private".into())).await;
    assert_eq!(not_there.0, StatusCode::NOT_FOUND);
    let put_together = SubscribeError::Denied { topic: topic.clone(), denied: Denied::Hidden };
    assert_eq!(answer(put_together).await, not_there);

    let asked = |denied: Denied| {
        let guard = Guard::new(move |_| Err(denied.clone()));
        guard.ask([&topic]).map_err(SubscribeError::from).expect_err("denied")
    };
    assert_eq!(asked(Denied::Hidden), SubscribeError::UnknownTopic("private".into()));
    for (denied, status) in [
        (Denied::unauthorized("log in"), StatusCode::UNAUTHORIZED),
        (Denied::forbidden("not yours"), StatusCode::FORBIDDEN),
    ] {
        let refused = asked(denied.clone());
        assert_eq!(refused, SubscribeError::Denied { topic: topic.clone(), denied: denied.clone() });
        assert_eq!(answer(refused).await, (status, None, denied.to_string()));
    }
}
