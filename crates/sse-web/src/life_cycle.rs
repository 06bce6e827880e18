//! What the browser says about the page and the device: offline, online, hidden, seen, frozen, thawed, woken.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use gloo_timers::callback::{Interval, Timeout};
use sse_proto::client::{Command, PauseReason};
use web_sys::{Document, EventTarget, VisibilityState};

use crate::listen::{Listener, listen};
use crate::options::{Background, Offline, Options, Wake};
use crate::scope::{Scope, scope};

/// How often a connection that is to be replaced after a sleep looks at the clock. In a background tab, browsers make
/// that once a minute.
const LOOK_MILLIS: u32 = 10_000;

/// Who is told.
pub(crate) trait Hearer: 'static {
    fn options(&self) -> &Options;

    fn command(&self, command: Command);

    /// Does what is due: the device may have been asleep.
    fn look(&self) {}
}

/// What somebody wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hears {
    /// All there is: for a connection that is one owner's.
    All,
    /// What becomes of the network, and that time has passed: for a connection that several share.
    Network,
    /// What becomes of the page: for each of those who share it.
    Page,
}

/// Listens until it is dropped.
pub(crate) struct LifeCycle {
    _listeners: Vec<Listener>,
    _clock: Option<Interval>,
}

/// Listens for `hearer`, and tells it at once of what is so already. A worker has no page that could be frozen or seen:
/// there it hears of the network and of the time only.
pub(crate) fn attend<H: Hearer>(hearer: &Rc<H>, hears: Hears) -> LifeCycle {
    let mut listening = Listening { hearer: Rc::downgrade(hearer), hears, listeners: Vec::new() };
    let options = hearer.options();
    let scope = scope();
    if hears != Hears::Page {
        listening.hear_network(&scope, options.offline);
    }
    if let Some(document) = scope.document() {
        listening.hear_page(&scope, &document, options.background);
    }
    let keeps_time = hears != Hears::Page && matches!(options.wake, Wake::ReconnectAfter(_));
    let clock = keeps_time.then(|| {
        let hearer = listening.hearer.clone();
        Interval::new(LOOK_MILLIS, move || with(&hearer, H::look))
    });
    LifeCycle { _listeners: listening.listeners, _clock: clock }
}

struct Listening<H> {
    hearer: Weak<H>,
    hears: Hears,
    listeners: Vec<Listener>,
}

impl<H: Hearer> Listening<H> {
    fn hear_network(&mut self, target: &EventTarget, offline: Offline) {
        if offline == Offline::Pause {
            self.on(target, "offline", note_network);
            with(&self.hearer, note_network);
        }
        self.on(target, "online", |hearer| {
            // A device that wakes up is often offline for a moment.
            hearer.look();
            hearer.command(Command::RetryNow);
            note_network(hearer);
        });
    }

    fn hear_page(&mut self, window: &Scope, document: &Document, background: Background) {
        let hears = self.hears;
        let leave = |hearer: &H| hearer.command(Command::Pause(PauseReason::PageHidden));
        let come_back = move |hearer: &H| {
            hearer.look();
            if hears != Hears::Page {
                // A page to which nothing happens does not hear that it is online again either.
                note_network(hearer);
            }
            if hears != Hears::Network {
                hearer.command(Command::Resume(PauseReason::PageHidden));
            }
        };
        if hears != Hears::Network {
            // A page in the back/forward cache must hold no connection, and a browser that leaves a page reports
            // its streams as failed: closing first avoids both (conformance c17).
            self.on(window, "pagehide", leave);
            // Chromium freezes background tabs to save energy. No JavaScript runs in them, so what arrives piles up,
            // and a connection that dies is not noticed (Page Lifecycle, WICG).
            self.on(document, "freeze", leave);
        }
        self.on(window, "pageshow", come_back);
        self.on(document, "resume", come_back);
        if hears == Hears::Network {
            self.on(document, "visibilitychange", H::look);
        } else {
            self.hear_visibility(document, background);
        }
    }

    fn hear_visibility(&mut self, document: &Document, background: Background) {
        let grace = Rc::new(RefCell::new(None));
        let (this, seen) = (self.hearer.clone(), document.clone());
        let look = move |hearer: &H| match (seen.visibility_state(), background) {
            (VisibilityState::Hidden, Background::Stay) => {}
            (VisibilityState::Hidden, Background::Pause) => pause_in_background(hearer),
            (VisibilityState::Hidden, Background::PauseAfter(after)) => {
                let this = this.clone();
                let timeout = Timeout::new(millis(after), move || with(&this, pause_in_background));
                grace.replace(Some(timeout));
            }
            _ => {
                grace.take();
                hearer.look();
                hearer.command(Command::Resume(PauseReason::Background));
            }
        };
        with(&self.hearer, &look);
        self.on(document, "visibilitychange", look);
    }

    fn on(&mut self, target: &EventTarget, event_type: &'static str, tell: impl Fn(&H) + 'static) {
        let hearer = self.hearer.clone();
        self.listeners.push(listen(target, event_type, move |_| with(&hearer, &tell)));
    }
}

fn with<H>(hearer: &Weak<H>, tell: impl FnOnce(&H)) {
    if let Some(hearer) = hearer.upgrade() {
        tell(&hearer);
    }
}

/// Believes what the browser says of the network, if it is to be believed.
fn note_network<H: Hearer>(hearer: &H) {
    if hearer.options().offline == Offline::Pause {
        let reason = PauseReason::Offline;
        hearer.command(if scope().navigator().on_line() {
            Command::Resume(reason)
        } else {
            Command::Pause(reason)
        });
    }
}

fn pause_in_background<H: Hearer>(hearer: &H) {
    hearer.command(Command::Pause(PauseReason::Background));
}

/// As a browser's timer takes it; a larger one wraps and fires at once.
fn millis(duration: Duration) -> u32 {
    duration.as_millis().min(i32::MAX as u128) as u32
}
