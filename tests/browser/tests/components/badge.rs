use std::borrow::Cow;
use std::time::Duration;

use browser_tests::{Live, Mounted, mount_view, next_task, open, until};
use leptos::prelude::*;
use leptos_eventsource::components::{BadgeTexts, ConnectionBadge};
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{
    EventSourceHandle, EventSourceOptions, Failure, Json, Silence, Text, use_event_source_with_options,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

use crate::{use_stream, use_stream_with};

fn mount_badge(transport: &Scripted) -> Mounted {
    let transport = transport.clone();
    mount_view(move || {
        let stream = use_stream::<Text>(&transport);
        view! { <ConnectionBadge stream /> }
    })
}

async fn until_state(badge: &Mounted, state: &str) {
    until(&format!("state {state}"), || {
        badge.attribute(".sse-badge", "data-state").as_deref() == Some(state)
    })
    .await;
}

fn status(badge: &Mounted) -> String {
    badge.find("[role=status]").and_then(|status| status.text_content()).unwrap_or_default()
}

#[wasm_bindgen_test]
async fn it_says_what_the_connection_is_doing_and_why() {
    let transport = Scripted::new();
    let badge = mount_badge(&transport);
    until_state(&badge, "connecting").await;
    assert_eq!(status(&badge).trim(), "Connecting…");
    let served = open(&transport).await;
    until_state(&badge, "open").await;
    assert_eq!(status(&badge).trim(), "Live");
    assert!(badge.find("button").is_none(), "there is nothing to do");
    served.fail(Failure::Status { status: 503, retry_after: None });
    until_state(&badge, "waiting").await;
    assert_eq!(status(&badge), "Connection lost The server answered with status 503.");
    let countdown = badge.texts(".sse-badge-progress");
    assert!(countdown[0].starts_with("retry in 1"), "{countdown:?}");
}

#[wasm_bindgen_test]
async fn its_button_ends_the_wait() {
    let transport = Scripted::new();
    let badge = mount_badge(&transport);
    let served = open(&transport).await;
    served.fail(Failure::Network);
    until_state(&badge, "waiting").await;
    assert_eq!(badge.texts("button"), ["Retry now"]);
    badge.click("button");
    until_state(&badge, "connecting").await;
    assert_eq!(transport.requests().len(), 2);
    // The press was heard: it is said beside the status, of which nothing is read aloud again.
    assert_eq!(badge.texts(".sse-badge-progress"), ["Connecting…"]);
    let lost = "Connection lost The server cannot be reached, or does not admit this page.";
    assert_eq!(status(&badge), lost);
    badge.click("button");
    assert_eq!(transport.requests().len(), 2, "it is asked once, however often the button is pressed");
    open(&transport).await;
    until_state(&badge, "open").await;
    assert!(badge.find("button").is_none());
}

#[wasm_bindgen_test]
async fn another_url_is_not_called_lost_because_the_one_before_was() {
    let transport = Scripted::new();
    let url = RwSignal::new("/a".to_owned());
    let badge = mount_view({
        let transport = transport.clone();
        move || {
            let mut options = EventSourceOptions::from(transport.options());
            options.connection.client.backoff.floor = Duration::from_secs(60);
            let stream = use_event_source_with_options::<Text>(url, options);
            view! { <ConnectionBadge stream /> }
        }
    });
    transport.accept_at("/a").await.fail(Failure::Network);
    until_state(&badge, "waiting").await;
    url.set("/b".to_owned());
    transport.accept_at("/b").await;
    until_state(&badge, "connecting").await;
    assert_eq!(status(&badge).trim(), "Connecting…");
    assert!(badge.find("button").is_none(), "nothing was tried yet");
}

#[wasm_bindgen_test]
async fn its_button_keeps_the_focus_while_it_is_tried_again() {
    let transport = Scripted::new();
    let badge = mount_badge(&transport);
    open(&transport).await.fail(Failure::Network);
    until_state(&badge, "waiting").await;
    let button = badge.find("button").expect("a button");
    button.unchecked_ref::<HtmlElement>().focus().expect("it can have the focus");
    badge.click("button");
    until_state(&badge, "connecting").await;
    assert_eq!(document().active_element(), Some(button));
}

#[wasm_bindgen_test]
async fn a_loss_is_read_aloud_once_and_not_with_every_second_and_attempt() {
    let transport = Scripted::new();
    let badge = mount_view({
        let transport = transport.clone();
        move || {
            let stream = use_stream_with::<Text>(&transport, |_| {});
            view! { <ConnectionBadge stream /> }
        }
    });
    let served = open(&transport).await;
    served.fail(Failure::Network);
    until("the second attempt", || transport.requests().len() == 2).await;
    until("it is shown", || badge.texts(".sse-badge-progress") == ["attempt 2…"]).await;
    assert_eq!(badge.attribute(".sse-badge", "data-state").as_deref(), Some("connecting"));
    let during_the_wait = "Connection lost The server cannot be reached, or does not admit this page.";
    assert_eq!(status(&badge), during_the_wait);
    assert!(badge.find("[role=status] .sse-badge-progress").is_none(), "the countdown is not announced");
    assert!(badge.find("[aria-live] .sse-badge-progress").is_none());
    assert_eq!(badge.texts("button"), ["Retry now"], "it does not go and come with each attempt");
}

#[wasm_bindgen_test]
async fn a_request_that_must_not_be_repeated_by_itself_is_offered_to_the_person() {
    let transport = Scripted::new();
    let badge = mount_view({
        let transport = transport.clone();
        move || {
            let stream = use_stream_with::<Text>(&transport, |connection| connection.client.resend = false);
            view! { <ConnectionBadge stream /> }
        }
    });
    let served = open(&transport).await;
    served.cut();
    until_state(&badge, "closed").await;
    assert_eq!(status(&badge), "Interrupted The connection was cut off.");
    assert_eq!((transport.requests().len(), badge.texts("button")), (1, vec!["Send again".to_owned()]));
    badge.click("button");
    open(&transport).await;
    until_state(&badge, "open").await;
    assert_eq!(transport.requests().len(), 2);
}

#[wasm_bindgen_test]
async fn an_answer_that_has_ended_is_not_offered_to_be_asked_for_again() {
    let transport = Scripted::new();
    let badge = mount_view({
        let transport = transport.clone();
        move || {
            let stream = use_stream_with::<Text>(&transport, |connection| connection.client.resend = false);
            view! { <ConnectionBadge stream /> }
        }
    });
    open(&transport).await.end();
    until_state(&badge, "closed").await;
    assert_eq!(status(&badge).trim(), "The answer has ended");
    assert!(badge.find("button").is_none());
}

#[wasm_bindgen_test]
async fn its_words_follow_the_language_of_the_page() {
    let german = RwSignal::new(false);
    let transport = Scripted::new();
    let badge = mount_view({
        let transport = transport.clone();
        move || {
            let texts = Signal::derive(move || {
                let open = if german.get() { "Verbunden" } else { "Live" };
                BadgeTexts { open: Cow::Borrowed(open), ..BadgeTexts::ENGLISH }
            });
            let stream = use_stream::<Text>(&transport);
            view! { <ConnectionBadge stream texts /> }
        }
    });
    open(&transport).await;
    until("English", || status(&badge).trim() == "Live").await;
    german.set(true);
    until("German", || status(&badge).trim() == "Verbunden").await;
}

#[wasm_bindgen_test]
async fn two_badges_of_streams_with_different_events_stand_in_one_page() {
    let (texts, numbers) = (Scripted::new(), Scripted::new());
    let badges = mount_view({
        let (texts, numbers) = (texts.clone(), numbers.clone());
        move || {
            let (texts, numbers) = (use_stream::<Text>(&texts), use_stream::<Json<f64>>(&numbers));
            view! {
                <ConnectionBadge stream=texts attr:id="texts" />
                <ConnectionBadge stream=numbers button=false attr:id="numbers" />
            }
        }
    });
    open(&texts).await;
    open(&numbers).await.fail(Failure::Network);
    let state = |id: &str| badges.attribute(&format!(".sse-badge#{id}"), "data-state").unwrap_or_default();
    until("both are shown", || (state("texts"), state("numbers")) == ("open".into(), "waiting".into())).await;
    assert!(badges.find("#numbers button").is_none(), "it was asked to have none");
}

#[wasm_bindgen_test]
async fn it_outlives_its_stream_and_says_that_it_is_closed() {
    let transport = Scripted::new();
    let is_german = RwSignal::new(false);
    let (owner, badge) = (Owner::new(), RwSignal::new(None));
    let page = mount_view(move || {
        let texts = Signal::derive(move || BadgeTexts {
            closed: Cow::Borrowed(if is_german.get() { "Zu" } else { "Closed" }),
            ..BadgeTexts::ENGLISH
        });
        move || badge.get().map(|stream: EventSourceHandle<Text>| view! { <ConnectionBadge stream texts /> })
    });
    let stream = owner.with(|| use_stream::<Text>(&transport));
    badge.set(Some(stream));
    let served = open(&transport).await;
    until_state(&page, "open").await;
    served.fail(Failure::Network);
    until_state(&page, "waiting").await;
    until("the countdown", || page.texts(".sse-badge-progress")[0].starts_with("retry in")).await;

    owner.cleanup();
    until_state(&page, "closed").await;
    assert_eq!(status(&page).trim(), "Closed");
    assert_eq!(page.texts(".sse-badge-progress"), [""]);
    assert!(page.find("button").is_none(), "there is nothing left to connect");
    is_german.set(true);
    until("it still follows its words", || status(&page).trim() == "Zu").await;

    // One that is made only now says so from the beginning.
    let late = mount_view(move || view! { <ConnectionBadge stream /> });
    until_state(&late, "closed").await;
}

#[wasm_bindgen_test]
async fn c20_it_leaves_nothing_behind() {
    // What the tests before left to be freed.
    next_task().await;
    let (listeners, intervals) = (Live::count().listeners(), Live::count().intervals());
    for _ in 0..20 {
        let transport = Scripted::new();
        let badge = mount_badge(&transport);
        let served = open(&transport).await;
        served.fail(Failure::Network);
        until("the button", || badge.find("button").is_some()).await;
        assert_eq!(Live::count().intervals() - intervals, 1, "the countdown");
        drop(badge);
        assert_eq!(transport.active(), 0);
    }
    assert_eq!((Live::count().listeners() - listeners, Live::count().intervals() - intervals), (0, 0));
}

#[wasm_bindgen_test]
async fn silence_is_dated_in_the_language_of_the_page_however_that_is_written() {
    let page = document().document_element().expect("a page");
    // The last is no language tag, and the browser would throw at it.
    for language in ["", "de", "en_US"] {
        page.set_attribute("lang", language).expect("any text may be set");
        let transport = Scripted::new();
        let badge = mount_view({
            let transport = transport.clone();
            move || {
                let stream = use_stream_with::<Text>(&transport, |connection| {
                    connection.client.silence = Silence::After(Duration::from_secs(2));
                });
                view! { <ConnectionBadge stream /> }
            }
        });
        open(&transport).await;
        until_state(&badge, "stale").await;
        let text = status(&badge);
        assert!(text.starts_with("Silent since ") && text.contains(':'), "{language:?}: {text}");
    }
    page.remove_attribute("lang").expect("it was set");
}
