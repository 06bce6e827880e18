//! An event stream in a page without any framework.
//!
//! `main` finds the elements of `index.html` and opens the stream. What the stream tells goes to a [`Board`], the
//! [`Sink`]; what the button asks for goes to the [`Stream`]. Closing drops the connection, and with it every listener,
//! timer and closure that belonged to it.

mod board;
mod stream;

use std::borrow::Cow;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::HtmlButtonElement;

use crate::board::Board;
use crate::stream::Stream;

const URL: &str = "/departures";

/// The native `EventSource` brings no event whose type nobody listens for.
const EVENT_TYPES: &[&str] = &["departure", "notice"];

fn main() {
    start().expect("index.html has the elements");
}

fn start() -> Option<()> {
    let document = web_sys::window()?.document()?;
    let button: HtmlButtonElement = document.get_element_by_id("toggle")?.dyn_into().ok()?;
    let board = Board::find(&document)?;

    let mut options = sse_web::Options::default();
    options.event_types = Cow::Borrowed(EVENT_TYPES);
    // While the server restarts, a proxy in front of it answers with an error of its own, and `trunk serve` is one. The
    // browser's own `EventSource` would give up at that.
    options.client.retry_rejected = true;

    let stream = Rc::new(Stream::new(URL, options, board));
    toggle(&stream, &button);
    let clicked = Closure::<dyn Fn()>::new({
        let button = button.clone();
        move || toggle(&stream, &button)
    });
    // Given to the button: it lives as long as that does, and so does the stream.
    button.set_onclick(Some(clicked.into_js_value().unchecked_ref()));
    Some(())
}

/// Opens what is closed, and the other way round.
fn toggle(stream: &Stream, button: &HtmlButtonElement) {
    if stream.is_open() {
        stream.close();
    } else {
        stream.open();
    }
    button.set_text_content(Some(if stream.is_open() { "Close" } else { "Open" }));
}
