mod batch;
mod unanswered;

use std::cell::Cell;
use std::rc::{Rc, Weak};

use sse_proto::client::Failure;
use sse_proto::control::RESERVED_PREFIX;
use sse_proto::{EventRef, Instant};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{EventSource, EventSourceInit};

use super::{ActiveRequest, Receiver, Request, Transport};
use crate::clock;
use crate::direct::UnreadId;
use crate::listen::{Listener, listen};
use crate::url;
use batch::{Batch, Taken};
use unanswered::Unanswered;

/// The browser's own `EventSource`.
///
/// It is re-created for every attempt, so that the wait, the limit and the cursor are ours: left to itself, a
/// browser reconnects without backoff and forgets the cursor when the object goes.
///
/// It does not show the status, the content type, comments or `retry` fields. Where a browser has none, or blocks it,
/// the stream closes as [`Failure::Unsupported`]; [`NativeOrFetch`](super::NativeOrFetch) fetches there.
///
/// In Chromium, events that come together are delivered together, in a task right after the one in which the browser hands
/// them out.
///
/// ```
/// use std::sync::Arc;
///
/// use sse_web::Options;
/// use sse_web::transport::Native;
///
/// let mut options = Options::default();
/// // The default, so only for who chooses at run time.
/// options.transport = Arc::new(Native);
/// ```
///
/// Firefox gives up for good also when it finds no way to the server. In a page we see which of the two it was, and try
/// again after a failure of the network, but then also after a refusal by CORS. In a worker of Firefox we do not see it:
/// there, a stream that should outlive a gap in the network needs
/// [`retry_rejected`](sse_proto::client::ClientOptions::retry_rejected) or [`Fetch`](super::Fetch).
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

#[wasm_bindgen]
extern "C" {
    /// Whether the browser's name for itself, in a page or in a worker, has this in it.
    #[wasm_bindgen(js_namespace = ["navigator", "userAgent"], js_name = includes)]
    fn user_agent_includes(text: &str) -> bool;

    /// A `MessageEvent` whose data is known to be a string: one call into JavaScript for each field.
    #[wasm_bindgen(js_name = MessageEvent, extends = web_sys::Event)]
    #[derive(Clone)]
    type TextEvent;

    #[wasm_bindgen(method, getter)]
    fn data(this: &TextEvent) -> String;

    #[wasm_bindgen(method, getter, js_name = lastEventId)]
    fn last_event_id(this: &TextEvent) -> String;
}

/// What the listeners of one stream share.
struct Heard {
    receiver: Receiver,
    opened: Cell<bool>,
    /// Only where [`are_collected`].
    batch: Option<Rc<Batch>>,
    last_event_id: LastEventId,
    /// The event that was told last, if nobody has looked at its id.
    unread: Cell<Option<Source>>,
}

/// An event that the browser has handed out.
enum Source {
    Alone(TextEvent),
    /// At this index.
    Batch(Rc<Taken>, u32),
}

impl UnreadId for Heard {
    fn read(&self) -> String {
        match self.unread.take() {
            Some(Source::Alone(event)) => event.last_event_id(),
            Some(Source::Batch(taken, index)) => taken.one_last_event_id(index),
            None => String::new(),
        }
    }
}

impl Heard {
    /// Tells what has been collected. Before anything that came after it.
    fn tell_batch(self: &Rc<Self>) {
        let Some(batch) = &self.batch else { return };
        let Some(taken) = batch.take() else { return };
        let now = clock::now();
        for index in 0..taken.count {
            let event_type = batch.event_type(&taken, index);
            self.tell(now, event_type, &taken.data(index), Source::Batch(taken.clone(), index));
        }
        // For as long as the page was busy with it, the stream was not silent. This also reads the last event id, so that the
        // batch is not kept for it.
        self.receiver.activity();
    }

    fn tell(self: &Rc<Self>, now: Instant, event_type: &str, data: &str, source: Source) {
        // The browser makes a string of each id that is asked for, which takes as long as all that is done with a small
        // event here.
        if self.last_event_id.is_plain() && !self.receiver.reads_last_event_id(event_type) {
            self.unread.set(Some(source));
            return self.receiver.unread_event_at(now, event_type, data, self.clone());
        }
        let of_event = match source {
            Source::Alone(event) => event.last_event_id(),
            Source::Batch(taken, index) => taken.last_event_id(index),
        };
        let last_event_id = self.last_event_id.at_event(&of_event);
        self.receiver.event_at(now, EventRef { event_type, data, last_event_id });
    }
}

/// The last event id of the stream, which outlives the object.
///
/// A new object knows none and says so with every event until an id comes. Taken at its word, a server that
/// sends ids now and then would have its cursor lost over two reconnects (conformance c10). Before that first
/// id, one that is reset by an empty `id` field cannot be told from one that is only left out.
struct LastEventId {
    of_request: String,
    /// Whether an id came over this connection.
    came: Cell<bool>,
}

impl LastEventId {
    fn at_event<'a>(&'a self, of_event: &'a str) -> &'a str {
        if of_event.is_empty() && !self.came.get() {
            return &self.of_request;
        }
        self.came.set(true);
        of_event
    }

    /// Whether that of an event can be told later, and so only that of the last one. A request without an id leaves
    /// nothing to confuse an empty one with.
    fn is_plain(&self) -> bool {
        self.of_request.is_empty() || self.came.get()
    }
}

struct Stream {
    source: EventSource,
    /// Removed with the stream.
    _listeners: Vec<Listener>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}

impl Transport for Native {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        let url = match request.cursor_parameter {
            Some(name) if !request.last_event_id.is_empty() => {
                url::with_parameter(request.url, name, request.last_event_id)
            }
            _ => request.url.to_owned(),
        };
        let init = EventSourceInit::new();
        init.set_with_credentials(request.with_credentials);
        let unanswered = Unanswered::watch(&url);
        let source =
            EventSource::new_with_event_source_init_dict(&url, &init).map_err(|_| Failure::Unsupported)?;

        let (collected, alone) = request.event_types.iter().copied().partition::<Vec<_>, _>(are_collected);
        let activity = receiver.clone();
        let heard = Rc::new_cyclic(|this: &Weak<Heard>| {
            let this = this.clone();
            let take = move || {
                if let Some(heard) = this.upgrade() {
                    heard.tell_batch();
                }
            };
            Heard {
                receiver,
                opened: Cell::new(false),
                batch: (!collected.is_empty())
                    .then(|| Batch::collect(&source, collected, move || activity.activity(), take)),
                last_event_id: LastEventId {
                    of_request: request.last_event_id.to_owned(),
                    came: Cell::new(false),
                },
                unread: Cell::default(),
            }
        });
        let mut listeners = vec![on_open(&source, &heard), on_error(&source, &heard, unanswered)];
        listeners.extend(alone.into_iter().map(|event_type| on_event(&source, &heard, event_type)));
        Ok(Box::new(Stream { source, _listeners: listeners }))
    }

    fn share_key(&self) -> Option<String> {
        Some("native".to_owned())
    }
}

/// Whether the events of this type are collected, and read together.
///
/// The reserved ones are few, and some need a look. And only Chromium lets other tasks come between the pieces of a stream,
/// each of about 1 MiB. Firefox and WebKit hand out all that has come before any other task, so while a server is
/// quicker than the page, what is collected would grow without bounds.
fn are_collected(event_type: &&'static str) -> bool {
    let is_told_alone = event_type.starts_with(RESERVED_PREFIX) || is_ambiguous(event_type);
    !is_told_alone && user_agent_includes("Chrome/")
}

/// Whether the object says events of this type of itself as well.
fn is_ambiguous(event_type: &str) -> bool {
    matches!(event_type, "open" | "error")
}

/// Whether this is an event of the stream, and not the object speaking of itself: a server may call its events
/// `open` and `error` too (conformance p13).
fn is_from_server(event: &web_sys::Event) -> bool {
    event.is_instance_of::<TextEvent>()
}

fn on_open(source: &EventSource, heard: &Rc<Heard>) -> Listener {
    let heard = heard.clone();
    listen(source, "open", move |event| {
        if !is_from_server(event) {
            heard.opened.set(true);
            heard.receiver.opened();
        }
    })
}

fn on_error(source: &EventSource, heard: &Rc<Heard>, unanswered: Option<Unanswered>) -> Listener {
    let (heard, stream) = (heard.clone(), source.clone());
    listen(source, "error", move |event| {
        if is_from_server(event) {
            return;
        }
        heard.tell_batch();
        let gave_up = stream.ready_state() == EventSource::CLOSED;
        let is_unanswered = || unanswered.as_ref().is_some_and(Unanswered::is_certain);
        heard.receiver.failed(if gave_up && !is_unanswered() {
            Failure::Rejected
        } else if heard.opened.get() {
            Failure::Ended
        } else {
            Failure::Network
        });
    })
}

/// One listener for each type, so that the type need not be asked of JavaScript for every event.
fn on_event(source: &EventSource, heard: &Rc<Heard>, event_type: &'static str) -> Listener {
    let heard = heard.clone();
    let is_ambiguous = is_ambiguous(event_type);
    listen(source, event_type, move |event| {
        if is_ambiguous && !is_from_server(event) {
            return;
        }
        heard.tell_batch();
        let event = event.unchecked_ref::<TextEvent>();
        heard.tell(clock::now(), event_type, &event.data(), Source::Alone(event.clone()));
    })
}
