//! Rendered on a server, components are inert markup that a browser can take over.

use leptos::prelude::*;
use leptos_eventsource::components::{
    ComponentStyle, ConnectionBadge, EventLog, EventSourceInspector, Row, STYLE,
};
use leptos_eventsource::{Entry, Text, use_event_source};

/// The markup of a component, without the comments by which Leptos finds its places again.
fn rendered<V: IntoView>(component: impl FnOnce() -> V) -> String {
    let owner = Owner::new();
    let html = owner.with(|| component().into_view().to_html());
    html.replace("<!>", "").replace("<!--hot-reload-->", "")
}

#[test]
fn a_badge_says_that_there_is_no_connection() {
    let html = rendered(|| {
        let stream = use_event_source::<Text>("/events");
        view! { <ConnectionBadge stream /> }
    });
    assert!(html.starts_with(r#"<div data-state="idle" class="sse-badge">"#), "{html}");
    assert!(html.contains(r#"role="status""#) && html.contains("Not connected"), "{html}");
    assert!(!html.contains("<button"), "nobody could press it: {html}");
}

#[test]
fn a_log_is_empty_and_says_what_it_is() {
    let html = rendered(|| {
        let stream = use_event_source::<Text>("/events");
        let row = Row::new(|Entry { event: Text(text), .. }| view! { <b>{text}</b> });
        view! { <EventLog stream row /> }
    });
    assert!(html.contains(r#"role="log""#) && html.contains(r#"aria-label="Events""#), "{html}");
    assert!(html.contains("sse-log-rows") && !html.contains("<li"), "{html}");
}

#[test]
fn an_inspector_lists_nothing() {
    let html = rendered(|| {
        let _stream = use_event_source::<Text>("/events");
        view! { <EventSourceInspector open=false /> }
    });
    assert!(html.contains("Event streams: 0") && html.contains("This page has no event stream."), "{html}");
    assert!(!html.contains(" open"), "{html}");
}

#[test]
fn the_stylesheet_is_put_in_as_it_is() {
    let html = rendered(|| view! { <ComponentStyle /> });
    assert!(html.contains(STYLE), "{html}");
    assert!(STYLE.lines().all(|line| !line.contains("</")), "it would end the element");
}
