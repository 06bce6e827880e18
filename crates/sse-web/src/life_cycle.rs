//! What the browser says about the page and the device: offline, online, hidden, seen, frozen, thawed, woken.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use sse_proto::client::{Command, PauseReason};
use web_sys::EventTarget;

use crate::listen::{Listener, listen};
use crate::options::{Background, Offline, Options};
use crate::scope::{Document, scope};
use crate::timer::Timer;

/// Who is told.
pub(crate) trait Observer: 'static {
    fn options(&self) -> &Options;

    fn command(&self, command: Command);

    /// Does what is due: the device may have been asleep.
    fn catch_up_with_clock(&self) {}
}

/// What somebody wants to know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// All there is: for a connection that is one owner's.
    All,
    /// What becomes of the network, and that time has passed: for a connection whose owners hear of the page
    /// themselves.
    Network,
    /// What becomes of the page: for each owner of such a connection.
    Page,
}

/// What a listener hears.
#[derive(Clone, Copy)]
enum News {
    Offline,
    Online,
    Leaving,
    Back,
    Visibility,
}

/// Listens for `observer` until what it returns is dropped, and tells it at once of what is so already. A worker has no
/// page that could be frozen or seen: there it hears of the network only.
pub(crate) fn observe(observer: Rc<dyn Observer>, interest: Interest) -> Vec<Listener> {
    let scope = scope();
    let document = scope.document();
    let offline = observer.options().offline;
    let observation = Rc::new(Observation {
        observer: Rc::downgrade(&observer),
        interest,
        document: document.clone(),
        grace: Cell::default(),
    });
    let mut listeners = Vec::new();
    let mut on =
        |target: &EventTarget, event_type, news| listeners.push(observation.listen(target, event_type, news));
    if interest != Interest::Page {
        if offline == Offline::Pause {
            on(&scope, "offline", News::Offline);
            observation.handle_news(News::Offline);
        }
        on(&scope, "online", News::Online);
    }
    if let Some(document) = document {
        if interest != Interest::Network {
            // A page in the back/forward cache must hold no connection, and a browser that leaves a page reports
            // its streams as failed: closing first avoids both (conformance c17).
            on(&scope, "pagehide", News::Leaving);
            // Chromium freezes background tabs to save energy. No JavaScript runs in them, so what arrives piles up,
            // and a connection that dies is not noticed (Page Lifecycle, WICG).
            on(&document, "freeze", News::Leaving);
            if observation.is_prerendering() {
                on(&document, "prerenderingchange", News::Back);
                observation.handle_news(News::Leaving);
            }
            observation.handle_news(News::Visibility);
        }
        on(&scope, "pageshow", News::Back);
        on(&document, "resume", News::Back);
        on(&document, "visibilitychange", News::Visibility);
    }
    listeners
}

/// What the listeners of one observer share.
struct Observation {
    observer: Weak<dyn Observer>,
    interest: Interest,
    document: Option<Document>,
    /// Runs while the page is in the background and not yet for too long.
    grace: Cell<Option<Timer>>,
}

impl Observation {
    /// Out of line, so that little is linked for each.
    #[inline(never)]
    fn listen(self: &Rc<Self>, target: &EventTarget, event_type: &'static str, news: News) -> Listener {
        let this = self.clone();
        listen(target, event_type, move |_| this.handle_news(news))
    }

    fn handle_news(&self, news: News) {
        let Some(observer) = self.observer.upgrade() else { return };
        match news {
            News::Offline => note_network(&*observer),
            News::Online => {
                // A device that wakes up is often offline for a moment.
                observer.catch_up_with_clock();
                observer.command(Command::RetryNow);
                note_network(&*observer);
            }
            News::Leaving => observer.command(Command::Pause(PauseReason::PageHidden)),
            News::Back => {
                observer.catch_up_with_clock();
                if self.interest != Interest::Page {
                    // A page to which nothing happens does not hear that it is online again either.
                    note_network(&*observer);
                }
                // A page that is made in advance is loaded, too.
                if self.interest != Interest::Network && !self.is_prerendering() {
                    observer.command(Command::Resume(PauseReason::PageHidden));
                }
            }
            News::Visibility if self.interest == Interest::Network => observer.catch_up_with_clock(),
            News::Visibility => self.see(&*observer),
        }
    }

    fn is_prerendering(&self) -> bool {
        self.document.as_ref().is_some_and(|document| document.prerendering() == Some(true))
    }

    fn see(&self, observer: &dyn Observer) {
        let is_hidden = self.document.as_ref().is_some_and(Document::hidden);
        match observer.options().background {
            _ if !is_hidden => {
                self.grace.take();
                observer.catch_up_with_clock();
                observer.command(Command::Resume(PauseReason::Background));
            }
            Background::Stay => {}
            Background::Pause => pause_in_background(observer),
            Background::PauseAfter(after) => {
                let observer = self.observer.clone();
                self.grace.set(Some(Timer::after(after, move || {
                    if let Some(observer) = observer.upgrade() {
                        pause_in_background(&*observer);
                    }
                })));
            }
        }
    }
}

/// Believes what the browser says of the network, if it is to be believed.
fn note_network(observer: &dyn Observer) {
    if observer.options().offline == Offline::Pause {
        let reason = PauseReason::Offline;
        observer.command(if scope().navigator().on_line() {
            Command::Resume(reason)
        } else {
            Command::Pause(reason)
        });
    }
}

fn pause_in_background(observer: &dyn Observer) {
    observer.command(Command::Pause(PauseReason::Background));
}
