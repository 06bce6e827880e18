//! Asks questions, and follows their answers.
//!
//! A question is a POST whose response is the stream of its answer. It is sent once: it may cost money. Its answer is a
//! topic, so where the stream is lost, it is followed by a GET from the cursor, as often as it takes.

use demo_contract::Assistant as Event;
use demo_contract::assistant::{FinishReason, ROUTE, route};
use gloo_net::http::Request;
use gloo_timers::future::TimeoutFuture;
use leptos::ev::pagehide;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_eventsource::transport::Fetch;
use leptos_eventsource::{CloseReason, EventSourceHandle, EventSourceOptions, Failure};
use web_sys::AbortSignal;

use super::aside::Aside;
use super::conversation::{Conversation, Fault, Status};
use crate::random::random_id;
use crate::storage::{self, Keep};
use crate::stream::{detail, use_stream};

const KEY: &str = "assistant.conversation";
const ASIDE_KEY: &str = "assistant.aside";

/// How long a stop may take to arrive.
const STOP_MILLIS: u32 = 5_000;

/// The conversation of this tab, and the stream of the answer that is under way. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// What was said.
    pub(super) conversation: RwSignal<Conversation>,
    /// Other conversations of this tab.
    pub(super) aside: RwSignal<Aside>,
    /// The stream of the answer, while there is one.
    pub(super) current: RwSignal<Option<CurrentStream>>,
    /// What was said when the server refused.
    refusal: StoredValue<String>,
    /// Of the app: an answer goes on while another page is looked at.
    home: StoredValue<Owner>,
}

/// A stream of an answer.
#[derive(Clone, Debug)]
pub(super) struct CurrentStream {
    pub(super) handle: EventSourceHandle<Event>,
    last_event_id: Signal<String>,
    /// Disposing it frees the stream.
    owner: Owner,
}

/// Provides an [`Asker`] to everything below, with the conversations that this tab had before it was reloaded.
pub(crate) fn provide_asker() {
    let asker = Asker {
        conversation: RwSignal::new(storage::load_json(Keep::Tab, KEY)),
        aside: RwSignal::new(storage::load_json(Keep::Tab, ASIDE_KEY)),
        current: RwSignal::new(None),
        refusal: StoredValue::new(String::new()),
        home: StoredValue::new(Owner::current().unwrap_or_default()),
    };
    provide_context(asker);
    // A reload, a link that leads away, a tab that is closed: the text and its cursor as they are then.
    let leaving = window_event_listener(pagehide, move |_| asker.save());
    on_cleanup(move || leaving.remove());
    if asker.conversation.with_untracked(Conversation::is_busy) {
        asker.go_on();
    }
}

/// The asker that [`provide_asker`] provides.
pub(super) fn use_asker() -> Asker {
    expect_context()
}

impl Asker {
    /// Asks something, unless an answer is under way.
    pub(super) fn ask(self, question: &str) {
        let question = question.trim();
        if question.is_empty() || self.conversation.with_untracked(Conversation::is_busy) {
            return;
        }
        self.conversation.update(|conversation| conversation.ask(question.to_owned(), random_id()));
        self.post();
    }

    /// Asks the last question again.
    pub(super) fn ask_again(self) {
        self.conversation.update(|conversation| conversation.ask_again(random_id()));
        self.post();
    }

    /// Begins another conversation. The one that this tab had is put aside: the button is easily hit by mistake.
    pub(super) fn begin_anew(self) {
        self.change(|aside, left| {
            aside.leave(left);
            Some(Conversation::default())
        });
    }

    /// Shows an answer that was asked for elsewhere, from its beginning. The conversation that this tab had is put aside.
    pub(super) fn follow(self, answer: &str) {
        self.change(|aside, left| {
            Some(aside.follow(left, answer).unwrap_or_else(|| Conversation::follow(answer)))
        });
    }

    /// Goes back to a conversation that was put aside.
    pub(super) fn go_back(self) {
        self.change(Aside::turn);
    }

    /// Leaves the conversation for another one, if there is one.
    fn change(self, to: impl FnOnce(&mut Aside, Conversation) -> Option<Conversation>) {
        self.keep_place();
        let mut aside = self.aside.get_untracked();
        let Some(next) = to(&mut aside, self.conversation.get_untracked()) else { return };
        storage::save_json(Keep::Tab, ASIDE_KEY, &aside);
        self.aside.set(aside);
        self.replace(next);
        if self.conversation.with_untracked(Conversation::is_busy) {
            self.go_on();
        }
    }

    fn replace(self, conversation: Conversation) {
        self.close_stream();
        self.conversation.set(conversation);
        self.save();
    }

    /// Stops the answer that is under way.
    pub(super) fn stop(self) {
        let stopped = Status::Finished(FinishReason::Stopped);
        let place = self.conversation.with_untracked(|it| it.place().map(|(answer, _)| answer.to_owned()));
        let Some(answer) = place else {
            // It has no name yet. The server gives it up when nobody has listened for a while.
            return self.end(stopped);
        };
        spawn_local(async move {
            let signal = AbortSignal::timeout_with_u32(STOP_MILLIS);
            let response = Request::delete(&route(&answer)).abort_signal(Some(&signal)).send().await;
            // The stream itself says that it has been stopped, and how far it had come. If the server was not reached
            // there is nobody to say so.
            let is_it =
                self.conversation.with_untracked(|it| it.place().is_some_and(|(now, _)| now == answer));
            if is_it && !response.is_ok_and(|response| response.ok()) {
                self.end(stopped);
            }
        });
    }

    /// Goes on with the answer that was under way.
    fn go_on(self) {
        let place = self
            .conversation
            .with_untracked(|it| it.place().map(|(answer, cursor)| (answer.to_owned(), cursor.to_owned())));
        match place {
            Some((answer, cursor)) => self.open(route(&answer), Fetch::new(), &cursor),
            // Its response was lost; asking under the same id does not ask twice.
            None => self.post(),
        }
    }

    fn post(self) {
        self.save();
        let question = self.conversation.with_untracked(Conversation::to_question);
        let Some(body) = question.and_then(|question| serde_json::to_string(&question).ok()) else { return };
        match Fetch::post(body).with_header("content-type", "application/json") {
            Ok(fetch) => self.open(ROUTE.to_owned(), fetch, ""),
            Err(_) => self.end(Status::Failed(Fault::Unreachable)),
        }
    }

    fn open(self, url: String, fetch: Fetch, cursor: &str) {
        self.close_stream();
        let refusal = self.refusal;
        refusal.set_value(String::new());
        let fetch = fetch.with_refusal(move |said| {
            refusal.try_set_value(detail(&said.body));
        });
        let options = EventSourceOptions::default().with_transport(fetch).with_last_event_id(cursor);
        let owner = self.home.with_value(Owner::child);
        owner.with(|| {
            let handle = use_stream::<Event>(url, options);
            handle.on_event(move |event| self.hear(event));
            handle.on_gap(move |_| self.end(Status::Failed(Fault::Gone)));
            handle.on_close(move |reason| self.handle_close(reason));
            let last_event_id = handle.last_event_id();
            self.current.set(Some(CurrentStream { handle, last_event_id, owner: owner.clone() }));
        });
    }

    fn hear(self, event: &Event) {
        self.conversation.update(|conversation| conversation.handle_event(event));
        match event {
            Event::Token(_) => {}
            // With the cursor before it: told once more, none of these changes anything.
            Event::Answer(_) | Event::Failed(_) | Event::Finished(_) => self.save(),
        }
    }

    fn handle_close(self, reason: &CloseReason) {
        self.keep_place();
        let is_named = self.conversation.with_untracked(|it| it.place().is_some());
        match reason {
            // Only the POST is given up like this. What it began goes on.
            CloseReason::Interrupted { .. } if is_named => self.go_on(),
            CloseReason::Refused(Failure::Status { status: 404, .. }) if is_named => {
                self.end(Status::Failed(Fault::Gone));
            }
            CloseReason::Refused(Failure::Status { status, .. }) => {
                let detail = self.refusal.get_value();
                self.end(Status::Failed(Fault::Refused { status: *status, detail }));
            }
            // By ourselves: it was given up for another, or is about to be.
            CloseReason::Caller => {}
            CloseReason::Ended => self.end(Status::Failed(Fault::Gone)),
            _ => self.end(Status::Failed(Fault::Unreachable)),
        }
    }

    /// The answer ends here, if it has not ended yet.
    fn end(self, status: Status) {
        self.keep_place();
        self.close_stream();
        self.conversation.update(|conversation| conversation.end(status));
        self.save();
    }

    fn close_stream(self) {
        // First: it says that it is closed, and does not count any more.
        let current = self.current.try_update(Option::take).flatten();
        if let Some(CurrentStream { handle, owner, .. }) = current {
            handle.close();
            // What is drawn still looks at its signals until it has been drawn without them.
            spawn_local(async move {
                TimeoutFuture::new(0).await;
                owner.cleanup();
            });
        }
    }

    /// Notes up to where the text has come. The stream tells the id in the same breath as the event, so whenever
    /// nothing is being told the two belong together.
    fn keep_place(self) {
        let id = self.current.with_untracked(|it| it.as_ref().map(|it| it.last_event_id.get_untracked()));
        // A stream that has not begun yet has none.
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            self.conversation.update_untracked(|conversation| conversation.set_cursor(id));
        }
    }

    fn save(self) {
        self.keep_place();
        self.conversation.with_untracked(|conversation| storage::save_json(Keep::Tab, KEY, conversation));
    }
}
