//! Rendered on a server, a stream is inert: it has no connection, and belongs to no thread.

use std::thread;

use leptos::prelude::*;
use leptos_eventsource::transport::{Fetch, Native, Scripted, Ticketed};
use leptos_eventsource::{
    EventSourceOptions, Snapshot, State, Text, refetch_after_gap, use_event_source,
    use_event_source_with_options,
};

#[test]
fn a_stream_may_be_made_used_and_disposed_on_three_threads() {
    let owner = Owner::new();
    let (stream, latest, keyed) = owner.with(|| {
        let stream = use_event_source::<Text>("/events");
        stream.on_gap(refetch_after_gap(|| unreachable!("there is no stream")));
        (stream, stream.latest(), stream.keyed(|Text(text)| Some(text.clone())))
    });
    let used = owner.clone();
    thread::spawn(move || {
        used.with(|| {
            stream.reconnect();
            stream.on_event(|_| {});
            assert_eq!(stream.state().get_untracked(), State::Idle);
            assert!(!stream.is_open().get_untracked());
            assert_eq!(stream.last_event_id().get_untracked(), "");
            assert_eq!(stream.fold(0, |count, _| *count += 1).get_untracked(), 0);
            assert_eq!(latest.get_untracked(), None);
            assert_eq!(keyed.signal(&"a".to_owned()).get_untracked(), None);
        });
    })
    .join()
    .expect("used on another thread");
    thread::spawn(move || owner.cleanup()).join().expect("disposed on a third");
}

#[test]
fn a_view_holds_what_it_begins_with_on_whatever_thread_the_page_is_rendered() {
    let owner = Owner::new();
    let snapshot = Snapshot::new(vec![3, 4], "a.7");
    let options = EventSourceOptions::default().with_last_event_id(&snapshot.last_event_id);
    assert_eq!(options.connection.last_event_id, "a.7");
    let counts = owner.with(|| {
        let stream = use_event_source_with_options::<Text>("/events".to_owned(), options);
        stream.on_gap(|_| unreachable!("there is no stream"));
        stream.fold(snapshot.value, |counts, _| counts.clear())
    });
    thread::spawn(move || assert_eq!(counts.get_untracked(), [3, 4])).join().expect("read on another thread");
}

#[test]
fn the_url_may_be_a_part_of_what_a_signal_holds() {
    let owner = Owner::new();
    owner.with(|| {
        let page = ArcRwSignal::new(("/events".to_owned(), Some("/more".to_owned())));
        let url = ArcMappedSignal::new(page.clone(), |page| &page.0, |page| &mut page.0);
        let perhaps = ArcMappedSignal::new(page, |page| &page.1, |page| &mut page.1);
        for stream in [use_event_source::<Text>(url), use_event_source::<Text>(perhaps)] {
            assert_eq!(stream.state().get_untracked(), State::Idle);
        }
    });
}

#[test]
fn rows_that_a_server_renders_are_those_they_begin_with() {
    let owner = Owner::new();
    let rows = owner.with(|| {
        let init = [("b", 2), ("a", 1), ("b", 3)].map(|(key, value)| (key.to_owned(), value));
        use_event_source::<Text>("/events").keyed_fold_from(init, |_| None, |_, _| {})
    });
    thread::spawn(move || {
        assert_eq!(rows.keys().get_untracked(), ["b", "a"]);
        let values = ["a", "b", "c"].map(|key| rows.signal(&key.to_owned()).get_untracked());
        assert_eq!(values, [1, 3, 0]);
    })
    .join()
    .expect("read on another thread");
}

#[test]
fn rows_that_a_component_takes_out_are_not_rendered() {
    let owner = Owner::new();
    let (removed, cleared) = owner.with(|| {
        let rows = || {
            let init = ["a", "b", "c"].map(|key| (key.to_owned(), 1));
            use_event_source::<Text>("/events").keyed_fold_from(init, |_| None, |_, _| {})
        };
        (rows(), rows())
    });
    let b = "b".to_owned();
    let asked_before = owner.with(|| removed.signal(&b));
    removed.remove(&b);
    removed.remove(&"d".to_owned());
    cleared.clear();
    thread::spawn(move || {
        assert_eq!(removed.keys().get_untracked(), ["a", "c"]);
        assert_eq!(asked_before.get_untracked(), 0);
        let values = ["a", "b", "c"].map(|key| removed.signal(&key.to_owned()).get_untracked());
        assert_eq!(values, [1, 0, 1]);
        assert!(cleared.keys().get_untracked().is_empty());
        assert_eq!(cleared.signal(&b).get_untracked(), 0);
    })
    .join()
    .expect("read on another thread");
}

#[test]
fn options_are_provided_on_one_thread_captured_on_another_and_dropped_on_a_third() {
    fn assert_send_sync<T: Send + Sync>(_: &T) {}
    let options = EventSourceOptions::default();
    let said = RwSignal::new(String::new());
    for options in [
        options.clone().with_transport(Native),
        options.clone().with_transport(Fetch::new().with_refusal(move |refusal| said.set(refusal.body))),
        options.clone().with_transport(Fetch::new().with_bearer(|_| async { Ok(String::new()) })),
        options.clone().with_transport(Ticketed::new("ticket", || async { Ok(String::new()) })),
        EventSourceOptions::from(Scripted::new().options()),
    ] {
        assert_send_sync(&options);
        let owner = Owner::new();
        owner.with(|| provide_context(options));
        let page = {
            let owner = owner.clone();
            thread::spawn(move || owner.with(render)).join().expect("rendered on another thread")
        };
        assert!(page.contains("<p>none</p>"), "{page}");
        thread::spawn(move || drop(owner)).join().expect("dropped on a third");
    }
}

/// A page that captures the options of its context in the children of a `<Show>`.
fn render() -> String {
    let options = expect_context::<EventSourceOptions>();
    let page = view! {
        <Show when=|| true>
            <News options=options.clone() />
        </Show>
    };
    page.to_html()
}

#[component]
fn News(options: EventSourceOptions) -> impl IntoView {
    let news = use_event_source_with_options::<Text>("/events", options).latest();
    view! { <p>{move || news.get().map_or("none".to_owned(), |Text(text)| text)}</p> }
}
