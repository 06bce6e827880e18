//! The scripted transport, as those use it who test their own components.

use std::time::Duration;

use browser_tests::{mount, next_task, open};
use leptos::prelude::*;
use leptos_eventsource::transport::{Control, Fetch, Response, Scripted, ScriptedExt};
use leptos_eventsource::{
    CloseReason, ConnectionOptions, EventSourceHandle, EventSourceOptions, Failure, Gap, State, Text,
    use_event_source_with_options,
};
use wasm_bindgen_test::wasm_bindgen_test;

/// A stream at `url`, for the current owner.
fn use_texts(server: &Scripted, url: &str) -> EventSourceHandle<Text> {
    let options = EventSourceOptions::from(server.options());
    use_event_source_with_options(url.to_owned(), options)
}

fn text(text: &str) -> Text {
    Text(text.to_owned())
}

#[wasm_bindgen_test]
async fn two_streams_of_one_page_are_told_apart_by_their_urls() {
    let server = Scripted::new();
    let (mounted, (news, chat)) = mount({
        let server = server.clone();
        move || {
            (
                use_texts(&server, "/news?from=1").latest(),
                use_texts(&server, "https://a.example/chat").latest(),
            )
        }
    });
    let chats = server.accept_at("https://a.example/chat").await;
    let newses = server.accept_at("/news").await;
    assert!(newses.url().ends_with("/news?from=1"));
    assert_eq!(server.active(), 2);
    chats.send(&text("from the chat"), "");
    newses.send(&text("from the news"), "");
    assert_eq!(
        (news.get_untracked(), chat.get_untracked()),
        (Some(text("from the news")), Some(text("from the chat")))
    );
    drop(mounted);
    assert_eq!((server.active(), server.requests().len()), (0, 2));
    assert!(!chats.is_active() && !newses.is_active());
}

#[wasm_bindgen_test]
async fn a_reconnect_is_another_request_and_brings_the_cursor() {
    let server = Scripted::new();
    let (_mounted, latest) = mount({
        let server = server.clone();
        move || use_texts(&server, "/news").latest()
    });
    let first = open(&server).await;
    assert_eq!(first.last_event_id(), "");
    first.event("message", "one", "41");
    first.end();
    assert!(!first.is_active());
    let second = open(&server).await;
    assert_eq!(second.last_event_id(), "41");
    first.message("late, from the connection that has ended");
    assert_eq!(latest.get_untracked(), Some(text("one")));
    second.message("two");
    assert_eq!(latest.get_untracked(), Some(text("two")));
}

#[wasm_bindgen_test]
async fn c10_an_event_without_an_id_keeps_the_cursor_as_it_does_on_the_wire() {
    let server = Scripted::new();
    let (_mounted, (ids, gap)) = mount({
        let server = server.clone();
        move || {
            let news = use_texts(&server, "/news");
            let gap = RwSignal::new(None);
            news.on_gap(move |told| gap.set(Some(told)));
            let ids = news.fold_with_id(Vec::new(), |ids: &mut Vec<String>, _, id| ids.push(id.to_owned()));
            (ids, gap)
        }
    });
    let first = open(&server).await;
    first.message("zero");
    first.event("message", "one", "41");
    first.message("two");
    first.control(&Control::Gap { trimmed: 40, snapshot_through: None }, "");
    assert_eq!(gap.get_untracked(), Some(Gap::Trimmed { up_to: 40 }));
    first.end();
    let second = open(&server).await;
    assert_eq!(second.last_event_id(), "41");
    // The cursor that was asked for is that of a stream that brings no other.
    second.send(&text("three"), "");
    second.end();
    assert_eq!(open(&server).await.last_event_id(), "41");
    assert_eq!(ids.get_untracked(), ["", "41", "41", "41"]);
}

#[wasm_bindgen_test]
async fn p12_an_id_without_data_moves_the_cursor_and_an_empty_one_takes_it_away() {
    let server = Scripted::new();
    let (_mounted, (id, latest)) = mount({
        let server = server.clone();
        move || {
            let news = use_texts(&server, "/news");
            (news.last_event_id(), news.latest())
        }
    });
    let stream = open(&server).await;
    stream.id("41");
    assert_eq!(id.get_untracked(), "41");
    stream.message("one");
    assert_eq!((id.get_untracked(), latest.get_untracked()), ("41".to_owned(), Some(text("one"))));
    stream.id("");
    assert_eq!(id.get_untracked(), "");
    stream.message("two");
    stream.end();
    assert_eq!(open(&server).await.last_event_id(), "");
}

#[wasm_bindgen_test]
async fn a_status_is_judged_as_one_from_a_server() {
    let server = Scripted::new();
    let (_mounted, news) = mount({
        let server = server.clone();
        move || use_texts(&server, "/news")
    });
    server.accept().await.refuse(503);
    assert!(matches!(news.state().get_untracked(), State::Waiting { .. }));
    server.accept().await.respond(Response::new(200).with_content_type("text/html".to_owned()));
    let refused = CloseReason::Refused(Failure::ContentType("text/html".to_owned()));
    assert_eq!(news.state().get_untracked(), State::Closed(refused));
    news.reconnect();
    server.accept().await.refuse(404);
    let refused = CloseReason::Refused(Failure::Status { status: 404, retry_after: None });
    assert_eq!(news.state().get_untracked(), State::Closed(refused));
}

#[wasm_bindgen_test]
#[should_panic(expected = "was answered already")]
async fn a_stream_that_is_open_cannot_be_refused_any_more() {
    let server = Scripted::new();
    let (_mounted, _news) = mount({
        let server = server.clone();
        move || use_texts(&server, "/news")
    });
    open(&server).await.refuse(401);
}

#[wasm_bindgen_test]
#[should_panic(expected = "was answered already")]
async fn a_stream_that_an_event_has_opened_cannot_be_answered_any_more() {
    let server = Scripted::new();
    let (_mounted, _news) = mount({
        let server = server.clone();
        move || use_texts(&server, "/news")
    });
    let stream = server.accept().await;
    stream.message("one");
    stream.respond(Response::new(503));
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_answer_is_given_up_after_the_connect_timeout() {
    let server = Scripted::new();
    let (_mounted, news) = mount({
        let server = server.clone();
        move || {
            let mut connection = server.options();
            connection.client.connect_timeout = Some(Duration::from_millis(20));
            let options = EventSourceOptions::from(connection);
            use_event_source_with_options::<Text>("/news".to_owned(), options)
        }
    });
    let silent = server.accept().await;
    silent.closed().await;
    assert_eq!(news.error().get_untracked(), Some(Failure::ConnectTimeout.into()));
    silent.open();
    assert!(!news.state().get_untracked().is_open(), "it is too late");
}

#[wasm_bindgen_test]
async fn the_server_sets_the_reconnection_time_and_ends_the_stream() {
    let server = Scripted::new();
    let (_mounted, news) = mount({
        let server = server.clone();
        move || use_texts(&server, "/news")
    });
    let stream = open(&server).await;
    stream.retry(Duration::from_secs(3600));
    stream.comment();
    stream.fail(Failure::Network);
    assert!(news.retry_in().get_untracked() >= Some(3600));
    news.reconnect();
    open(&server).await.event("sse.end", "{}", "");
    assert_eq!(news.state().get_untracked(), State::Closed(CloseReason::Ended));
}

#[wasm_bindgen_test]
async fn options_of_an_app_keep_what_they_say_and_a_post_is_not_sent_again() {
    let server = Scripted::new();
    let (_mounted, answer) = mount({
        let server = server.clone();
        move || {
            let mut options = EventSourceOptions::default().with_transport(Fetch::post("{}"));
            options.connection.with_credentials = true;
            options.connection = server.options_from(options.connection);
            use_event_source_with_options::<Text>("/answer".to_owned(), options)
        }
    });
    let first = server.accept().await;
    assert!(first.with_credentials());
    first.open();
    first.cut();
    let interrupted = CloseReason::Interrupted { cause: Some(Failure::Cut) };
    assert_eq!(answer.state().get_untracked(), State::Closed(interrupted));
    // By the owner's word it is. What refuses it is no drop, and ends it all the same.
    answer.reconnect();
    server.accept().await.refuse(503);
    assert!(matches!(answer.state().get_untracked(), State::Closed(CloseReason::Refused(_))));
}

#[wasm_bindgen_test]
async fn options_of_an_app_are_given_waits_for_which_no_test_need_wait() {
    let server = Scripted::new();
    let (_mounted, _news) = mount({
        let server = server.clone();
        move || {
            let mut options = ConnectionOptions::default();
            let backoff = &mut options.client.backoff;
            let hour = Duration::from_secs(3600);
            (backoff.floor, backoff.initial, backoff.max) = (hour, hour, hour);
            let options = EventSourceOptions::from(server.options_from(options));
            use_event_source_with_options::<Text>("/news".to_owned(), options)
        }
    });
    open(&server).await.fail(Failure::Network);
    server.accept().await;
}

#[wasm_bindgen_test]
async fn a_request_that_the_page_has_dropped_is_not_accepted() {
    let server = Scripted::new();
    let (mounted, _news) = mount({
        let server = server.clone();
        move || use_texts(&server, "/old")
    });
    while server.requests().is_empty() {
        next_task().await;
    }
    drop(mounted);
    let (_mounted, _news) = mount({
        let server = server.clone();
        move || use_texts(&server, "/new")
    });
    assert!(server.accept().await.url().ends_with("/new"));
}

#[wasm_bindgen_test]
#[should_panic(expected = "a request for \"/news\" did not come in time")]
async fn a_request_that_does_not_come_is_told_and_not_waited_for_for_ever() {
    let server = Scripted::new();
    let (_mounted, _chat) = mount({
        let server = server.clone();
        move || use_texts(&server, "/chat")
    });
    server.accept_at("/news").await;
}
