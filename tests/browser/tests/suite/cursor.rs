use std::cell::RefCell;
use std::rc::Rc;

use browser_tests::{Stream, Told, Watch, until};
use sse_proto::EventRef;
use sse_web::{Connection, Sink};
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

/// The cursors that came with the connections of a stream.
async fn cursors(stream: &Stream) -> Vec<Option<String>> {
    let report = stream.report().await;
    report.visits.iter().map(|visit| CARRIER.cursor(visit).map(str::to_owned)).collect()
}

fn some(cursor: &str) -> Option<String> {
    Some(cursor.to_owned())
}

#[wasm_bindgen_test]
async fn c10_the_cursor_is_sent_on_every_reconnect_and_only_if_there_is_one() {
    let stream = Stream::new(
        "event - - first
         end
         ---
         event - a&b=%20 second
         end
         ---
         event - - third",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("third").await;
    assert_eq!(cursors(&stream).await, [None, None, some("a&b=%20")]);
}

#[wasm_bindgen_test]
async fn c10_the_cursor_survives_connections_that_bring_no_id() {
    let stream = Stream::new(
        "event - 41 first
         end
         ---
         end
         ---
         event - - without an id
         end
         ---
         event - - last",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("last").await;
    assert_eq!(cursors(&stream).await, [None, some("41"), some("41"), some("41")]);
    let at_events: Vec<_> = watch
        .told()
        .into_iter()
        .filter_map(|told| match told {
            Told::Event { last_event_id, .. } => Some(last_event_id),
            _ => None,
        })
        .collect();
    assert_eq!(at_events, ["41", "41", "41"]);
}

#[wasm_bindgen_test]
async fn p10_an_empty_id_resets_the_cursor() {
    let stream = Stream::new(
        "event - 41 first
         raw id%0Adata:reset%0A%0A
         end
         ---
         event - - last",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("last").await;
    assert_eq!(cursors(&stream).await, [None, None]);
}

#[wasm_bindgen_test]
async fn c10_a_cursor_from_elsewhere_goes_with_the_first_request() {
    let stream = Stream::new("event - 8 hi").await;
    let mut options = options();
    options.last_event_id = "7".to_owned();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(cursors(&stream).await, [some("7")]);
    watch.connection().with(|connection| assert_eq!(connection.last_event_id(), "8"));
}

/// Does not look at the ids of events. Where it wants to know one, it asks the connection.
#[derive(Default)]
struct Unread {
    connection: RefCell<Option<Connection>>,
    /// The data of each event, and what the connection said at it.
    heard: RefCell<Vec<(String, Option<String>)>>,
}

struct Ear {
    unread: Rc<Unread>,
    asks: bool,
}

impl Sink for Ear {
    fn event(&self, event: EventRef<'_>) {
        let connection = self.unread.connection.borrow();
        let cursor = connection.as_ref().filter(|_| self.asks).map(Connection::last_event_id);
        self.unread.heard.borrow_mut().push((event.data.to_owned(), cursor));
    }

    fn reads_last_event_id(&self) -> bool {
        false
    }
}

/// Hears the stream up to the event with the data `last`.
async fn hear(stream: &Stream, asks: bool) -> Vec<(String, Option<String>)> {
    let unread = Rc::new(Unread::default());
    let ear = Ear { unread: unread.clone(), asks };
    let connection = Connection::open(stream.url(), options(), ear).expect("the URL is valid");
    unread.connection.replace(Some(connection));
    until("the last event", || unread.heard.borrow().iter().any(|(data, _)| data == "last")).await;
    // It holds the connection, which holds it.
    drop(unread.connection.take());
    unread.heard.take()
}

#[wasm_bindgen_test]
async fn c10_the_cursor_is_that_of_the_last_event_also_if_nobody_looked_at_its_id() {
    let stream = Stream::new(
        "event - 41 first
         event - 42 second
         event - 43 third
         end
         ---
         event - 44 fourth
         event - 45 fifth
         raw id%0Adata:reset%0A%0A
         end
         ---
         event - - last",
    )
    .await;
    hear(&stream, false).await;
    assert_eq!(cursors(&stream).await, [None, some("43"), None]);
}

#[wasm_bindgen_test]
async fn the_connection_tells_the_id_of_an_event_while_that_is_told() {
    let stream = Stream::new(
        "event - 41 first
         event - 42 second
         event - - third
         event sse.gap 44 {}
         event - 45 last",
    )
    .await;
    let heard = hear(&stream, true).await;
    let cursors: Vec<_> = heard.into_iter().map(|(_, cursor)| cursor).collect();
    assert_eq!(cursors, ["41", "42", "42", "45"].map(some));
}
