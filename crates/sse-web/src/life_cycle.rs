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

/// What a listener hears.
#[derive(Clone, Copy)]
enum News {
    Offline,
    Online,
    Leaving,
    Back,
    Visibility,
}

/// Listens for `hearer` until what it returns is dropped, and tells it at once of what is so already. A worker has no page that could be frozen or seen:
/// there it hears of the network only.
pub(crate) fn attend(hearer: Rc<dyn Hearer>, hears: Hears) -> Vec<Listener> {
    let scope = scope();
    let document = scope.document();
    let offline = hearer.options().offline;
    let ear = Rc::new(Ear {
        hearer: Rc::downgrade(&hearer),
        hears,
        document: document.clone(),
        grace: Cell::default(),
    });
    let mut listeners = Vec::new();
    // One function for all, so that little is linked for each.
    let mut on = |target: &EventTarget, event_type, news| {
        let ear = ear.clone();
        listeners.push(listen(target, event_type, move |_| ear.hear(news)));
    };
    if hears != Hears::Page {
        if offline == Offline::Pause {
            on(&scope, "offline", News::Offline);
            ear.hear(News::Offline);
        }
        on(&scope, "online", News::Online);
    }
    if let Some(document) = document {
        if hears != Hears::Network {
            // A page in the back/forward cache must hold no connection, and a browser that leaves a page reports
            // its streams as failed: closing first avoids both (conformance c17).
            on(&scope, "pagehide", News::Leaving);
            // Chromium freezes background tabs to save energy. No JavaScript runs in them, so what arrives piles up,
            // and a connection that dies is not noticed (Page Lifecycle, WICG).
            on(&document, "freeze", News::Leaving);
            if ear.is_prerendering() {
                on(&document, "prerenderingchange", News::Back);
                ear.hear(News::Leaving);
            }
            ear.hear(News::Visibility);
        }
        on(&scope, "pageshow", News::Back);
        on(&document, "resume", News::Back);
        on(&document, "visibilitychange", News::Visibility);
    }
    listeners
}

/// What the listeners of one hearer share.
struct Ear {
    hearer: Weak<dyn Hearer>,
    hears: Hears,
    document: Option<Document>,
    /// Runs while the page is in the background and not yet for too long.
    grace: Cell<Option<Timer>>,
}

impl Ear {
    fn hear(&self, news: News) {
        let Some(hearer) = self.hearer.upgrade() else { return };
        match news {
            News::Offline => note_network(&*hearer),
            News::Online => {
                // A device that wakes up is often offline for a moment.
                hearer.look();
                hearer.command(Command::RetryNow);
                note_network(&*hearer);
            }
            News::Leaving => hearer.command(Command::Pause(PauseReason::PageHidden)),
            News::Back => {
                hearer.look();
                if self.hears != Hears::Page {
                    // A page to which nothing happens does not hear that it is online again either.
                    note_network(&*hearer);
                }
                // A page that is made in advance is loaded, too.
                if self.hears != Hears::Network && !self.is_prerendering() {
                    hearer.command(Command::Resume(PauseReason::PageHidden));
                }
            }
            News::Visibility if self.hears == Hears::Network => hearer.look(),
            News::Visibility => self.see(&*hearer),
        }
    }

    fn is_prerendering(&self) -> bool {
        self.document.as_ref().is_some_and(|document| document.prerendering() == Some(true))
    }

    fn see(&self, hearer: &dyn Hearer) {
        let is_hidden = self.document.as_ref().is_some_and(Document::hidden);
        match hearer.options().background {
            _ if !is_hidden => {
                self.grace.take();
                hearer.look();
                hearer.command(Command::Resume(PauseReason::Background));
            }
            Background::Stay => {}
            Background::Pause => pause_in_background(hearer),
            Background::PauseAfter(after) => {
                let hearer = self.hearer.clone();
                self.grace.set(Some(Timer::after(after, move || {
                    if let Some(hearer) = hearer.upgrade() {
                        pause_in_background(&*hearer);
                    }
                })));
            }
        }
    }
}

/// Believes what the browser says of the network, if it is to be believed.
fn note_network(hearer: &dyn Hearer) {
    if hearer.options().offline == Offline::Pause {
        let reason = PauseReason::Offline;
        hearer.command(if scope().navigator().on_line() {
            Command::Resume(reason)
        } else {
            Command::Pause(reason)
        });
    }
}

fn pause_in_background(hearer: &dyn Hearer) {
    hearer.command(Command::Pause(PauseReason::Background));
}
