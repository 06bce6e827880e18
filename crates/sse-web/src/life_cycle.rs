//! What the browser says about the page: online again, frozen, thawed, seen, unseen.

use gloo_events::EventListener;
use sse_proto::client::{Command, PauseReason};
use wasm_bindgen::JsCast;
use web_sys::{Document, EventTarget, VisibilityState, Window};

use crate::options::Background;

/// Listens until it is dropped. A worker has no page to be frozen or seen, so there it hears `online` only.
pub(crate) fn listen(background: Background, tell: impl Fn(Command) + Clone + 'static) -> Vec<EventListener> {
    let Ok(target) = js_sys::global().dyn_into::<EventTarget>() else { return Vec::new() };
    // `offline` is not taken at its word: it is also said to machines that reach the server all the same.
    let mut listeners = vec![on(&target, "online", &tell, || Command::RetryNow)];
    if let Some(window) = target.dyn_ref::<Window>() {
        // A page in the back/forward cache must hold no connection, and a browser that leaves a page reports
        // its streams as failed: closing first avoids both (conformance c17).
        listeners.push(on(&target, "pagehide", &tell, || Command::Pause(PauseReason::PageHidden)));
        listeners.push(on(&target, "pageshow", &tell, || Command::Resume(PauseReason::PageHidden)));
        if let (Background::Pause, Some(document)) = (background, window.document()) {
            tell(visibility(&document));
            let seen = document.clone();
            listeners.push(on(&document, "visibilitychange", &tell, move || visibility(&seen)));
        }
    }
    listeners
}

fn on(
    target: &EventTarget,
    event_type: &'static str,
    tell: &(impl Fn(Command) + Clone + 'static),
    command: impl Fn() -> Command + 'static,
) -> EventListener {
    let tell = tell.clone();
    EventListener::new(target, event_type, move |_| tell(command()))
}

fn visibility(document: &Document) -> Command {
    match document.visibility_state() {
        VisibilityState::Hidden => Command::Pause(PauseReason::Background),
        _ => Command::Resume(PauseReason::Background),
    }
}
