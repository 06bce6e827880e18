//! What the browser says about the page and the device: offline, online, hidden, seen, frozen, thawed, woken.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use gloo_events::EventListener;
use gloo_timers::callback::{Interval, Timeout};
use sse_proto::client::{Command, PauseReason};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventTarget, VisibilityState, Window};

use crate::connection::Inner;
use crate::options::{Background, Offline, Wake};

/// How often a connection that is to be replaced after a sleep looks at the clock. In a background tab, browsers make
/// that once a minute.
const LOOK_MILLIS: u32 = 10_000;

/// Listens until it is dropped.
pub(crate) struct LifeCycle {
    _listeners: Vec<EventListener>,
    _clock: Option<Interval>,
}

/// Listens for `inner`, and tells it at once of what is so already. A worker has no page that could be frozen or seen:
/// there it hears of the network and of the time only.
pub(crate) fn listen(inner: &Rc<Inner>) -> LifeCycle {
    let mut listening = Listening { inner: Rc::downgrade(inner), listeners: Vec::new() };
    let global = js_sys::global();
    if let Some(target) = global.dyn_ref::<EventTarget>() {
        listening.hear_network(target, inner.options().offline);
    }
    if let Some(window) = global.dyn_ref::<Window>() {
        listening.hear_page(window, inner.options().background);
    }
    let clock = matches!(inner.options().wake, Wake::ReconnectAfter(_)).then(|| {
        let inner = listening.inner.clone();
        Interval::new(LOOK_MILLIS, move || with(&inner, Inner::look))
    });
    LifeCycle { _listeners: listening.listeners, _clock: clock }
}

struct Listening {
    inner: Weak<Inner>,
    listeners: Vec<EventListener>,
}

impl Listening {
    fn hear_network(&mut self, target: &EventTarget, offline: Offline) {
        if offline == Offline::Pause {
            self.on(target, "offline", note_network);
            with(&self.inner, note_network);
        }
        self.on(target, "online", |inner| {
            // A device that wakes up is often offline for a moment.
            inner.look();
            inner.command(Command::RetryNow);
            note_network(inner);
        });
    }

    fn hear_page(&mut self, window: &Window, background: Background) {
        let pause = |inner: &Inner| inner.command(Command::Pause(PauseReason::PageHidden));
        let resume = |inner: &Inner| {
            inner.look();
            // A page to which nothing happens does not hear that it is online again either.
            note_network(inner);
            inner.command(Command::Resume(PauseReason::PageHidden));
        };
        // A page in the back/forward cache must hold no connection, and a browser that leaves a page reports
        // its streams as failed: closing first avoids both (conformance c17).
        self.on(window, "pagehide", pause);
        self.on(window, "pageshow", resume);
        let Some(document) = window.document() else { return };
        // Chromium freezes background tabs to save energy. No JavaScript runs in them, so what arrives piles up, and
        // a connection that dies is not noticed (Page Lifecycle, WICG).
        self.on(&document, "freeze", pause);
        self.on(&document, "resume", resume);
        self.hear_visibility(&document, background);
    }

    fn hear_visibility(&mut self, document: &Document, background: Background) {
        let grace = Rc::new(RefCell::new(None));
        let (this, seen) = (self.inner.clone(), document.clone());
        let look = move |inner: &Inner| match (seen.visibility_state(), background) {
            (VisibilityState::Hidden, Background::Stay) => {}
            (VisibilityState::Hidden, Background::Pause) => pause_in_background(inner),
            (VisibilityState::Hidden, Background::PauseAfter(after)) => {
                let this = this.clone();
                let timeout = Timeout::new(millis(after), move || with(&this, pause_in_background));
                grace.replace(Some(timeout));
            }
            _ => {
                grace.take();
                inner.look();
                inner.command(Command::Resume(PauseReason::Background));
            }
        };
        with(&self.inner, &look);
        self.on(document, "visibilitychange", look);
    }

    fn on(&mut self, target: &EventTarget, event_type: &'static str, tell: impl Fn(&Inner) + 'static) {
        let inner = self.inner.clone();
        self.listeners.push(EventListener::new(target, event_type, move |_| with(&inner, &tell)));
    }
}

fn with(inner: &Weak<Inner>, tell: impl FnOnce(&Inner)) {
    if let Some(inner) = inner.upgrade() {
        tell(&inner);
    }
}

/// Believes what the browser says of the network, if it is to be believed.
fn note_network(inner: &Inner) {
    if inner.options().offline == Offline::Pause {
        let reason = PauseReason::Offline;
        inner.command(if is_online() { Command::Resume(reason) } else { Command::Pause(reason) });
    }
}

fn pause_in_background(inner: &Inner) {
    inner.command(Command::Pause(PauseReason::Background));
}

/// As a browser's timer takes it; a larger one wraps and fires at once.
fn millis(duration: Duration) -> u32 {
    duration.as_millis().min(i32::MAX as u128) as u32
}

/// What the browser believes of the network, in a page and in a worker.
fn is_online() -> bool {
    #[wasm_bindgen]
    extern "C" {
        type Scope;
        type Navigator;
        #[wasm_bindgen(method, getter)]
        fn navigator(this: &Scope) -> Navigator;
        #[wasm_bindgen(method, getter, js_name = onLine)]
        fn on_line(this: &Navigator) -> bool;
    }
    js_sys::global().unchecked_into::<Scope>().navigator().on_line()
}
