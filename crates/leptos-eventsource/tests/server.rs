//! Rendered on a server, a stream is inert: it has no connection, and belongs to no thread.

use std::thread;

use leptos::prelude::*;
use leptos_eventsource::{State, Text, use_event_source};

#[test]
fn a_stream_may_be_made_used_and_disposed_on_three_threads() {
    let owner = Owner::new();
    let (stream, latest, keyed) = owner.with(|| {
        let stream = use_event_source::<Text>("/events");
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
