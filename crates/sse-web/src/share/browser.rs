//! One connection for all tabs: [`Peer`] with a lock, a channel, a timer and a connection.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use sse_proto::Instant;
use sse_proto::client::{Failure, State};
use wasm_bindgen_futures::spawn_local;

use super::channel::{self, Channel};
use super::group::Group;
use super::lock::{self, How, Lock, Outcome};
use super::log::{Entry, Log};
use super::source::{Source, in_page};
use super::tabs::{Action, Message, Peer, VERSION};
use crate::clock;
use crate::timer::Timer;

/// The source of a group that reaches over the browser.
pub(super) fn across_tabs(group: Weak<Group>, key: &str) -> Box<dyn Source> {
    if !lock::is_supported() || !channel::is_supported() {
        super::warn(
            "tabs share no connection here: the browser allows that to pages from https or this machine",
        );
        return in_page(group, key);
    }
    Box::new(AcrossTabs(Rc::new_cyclic(|this| Tab {
        name: format!("{VERSION} {key}"),
        group,
        peer: RefCell::new(Peer::new(clock::seed())),
        channel: RefCell::new(None),
        lock: RefCell::new(None),
        timer: RefCell::new(None),
        is_in: Cell::new(false),
        is_flush_due: Cell::new(false),
        this: this.clone(),
    })))
}

/// Held by its group; all else reaches the tab by weak references only.
struct AcrossTabs(Rc<Tab>);

struct Tab {
    /// Of the channel and of the lock.
    name: String,
    group: Weak<Group>,
    peer: RefCell<Peer>,
    channel: RefCell<Option<Channel>>,
    lock: RefCell<Option<Lock>>,
    timer: RefCell<Option<(Instant, Timer)>>,
    /// Whether somebody in this tab wants the stream.
    is_in: Cell<bool>,
    is_flush_due: Cell<bool>,
    this: Weak<Self>,
}

impl Source for AcrossTabs {
    fn activate(&self, _: &Rc<Group>) {
        if !self.0.is_in.replace(true) {
            self.0.open_channel();
            self.0.drive(|peer, log| peer.enter(clock::now(), log));
        }
    }

    fn deactivate(&self, _: &Group) {
        if self.0.is_in.replace(false) {
            self.0.drive(|peer, log| peer.leave(log));
            // Who was told meanwhile may want it again.
            if !self.0.is_in.get() {
                self.0.channel.take();
            }
        }
    }

    fn reconnect(&self, group: &Group) {
        self.0.drive(|peer, log| peer.reconnect(log));
        if !self.0.is_in.get() {
            group.upstream.reconnect();
        }
    }

    fn handle_coming(&self, group: &Group, entry: &Entry) {
        let has_to_flush = self.0.peer.borrow().has_to_flush_before(entry, &group.log.borrow());
        if has_to_flush {
            self.0.drive(|peer, log| peer.flush(log));
        }
    }

    fn handle_entry(&self, _: &Group) {
        let mut is_pending = false;
        self.0.drive(|peer, log| is_pending = peer.handle_entry(log));
        if is_pending && !self.0.is_flush_due.replace(true) {
            let this = self.0.this.clone();
            // At the end of the task, so that a chunk of many events is one message.
            spawn_local(async move {
                if let Some(tab) = this.upgrade() {
                    tab.is_flush_due.set(false);
                    let group = tab.group.upgrade();
                    let reconnection_time =
                        group.map(|group| group.upstream.reconnection_time()).unwrap_or_default();
                    tab.drive(|peer, log| {
                        peer.flush(log);
                        peer.handle_reconnection_time(reconnection_time, log);
                    });
                }
            });
        }
    }

    fn handle_settled(&self, _: &Group) {
        self.0.drive(|peer, log| peer.handle_settled(log));
    }

    fn handle_state(&self, group: &Rc<Group>, state: State) {
        let reconnection_time = group.upstream.reconnection_time();
        self.0.drive(|peer, log| {
            peer.handle_reconnection_time(reconnection_time, log);
            peer.handle_state(state, log);
        });
    }

    fn handle_failure(&self, _: &Group, failure: Failure) {
        self.0.drive(|peer, log| peer.handle_failure(failure, log));
    }
}

impl Tab {
    /// Lets something happen, and does what follows from it. Members are told last, and may call back.
    fn drive(&self, happen: impl FnOnce(&mut Peer, &mut Log)) {
        let Some(group) = self.group.upgrade() else { return };
        happen(&mut self.peer.borrow_mut(), &mut group.log.borrow_mut());
        group.tell_entries();
        loop {
            let action = self.peer.borrow_mut().poll_action();
            match action {
                Some(action) => self.act(&group, action),
                None => break,
            }
        }
        self.wait_until(self.peer.borrow().deadline());
    }

    fn act(&self, group: &Rc<Group>, action: Action) {
        match action {
            Action::RequestLock => self.request_lock(How::Wait),
            Action::StealLock => self.request_lock(How::Steal),
            Action::ReleaseLock => drop(self.lock.take()),
            Action::Detach => {
                self.lock.take();
                self.channel.take();
            }
            Action::Post(message) => {
                if let Some(channel) = &*self.channel.borrow() {
                    channel.post(&message.encode(clock::now()));
                }
            }
            Action::Connect { last_event_id, reconnection_time } => {
                group.upstream.open(group, last_event_id, reconnection_time);
            }
            Action::Disconnect => group.upstream.rest(group),
            Action::Reconnect => group.upstream.reconnect(),
            Action::State(state) => group.handle_state(state),
            Action::Failed(failure) => group.handle_failure(&failure),
        }
    }

    fn request_lock(&self, how: How) {
        // Left first: this tab must not wait behind itself.
        self.lock.take();
        if self.channel.borrow().is_none() {
            // Nor behind others of whom it hears nothing.
            return self.go_on_alone();
        }
        let (this, asked) = (self.this.clone(), wall());
        let lock = Lock::request(&self.name, how, move |outcome| {
            let Some(tab) = this.upgrade() else { return };
            match outcome {
                Outcome::Granted => tab.drive(|peer, log| peer.handle_granted(clock::now(), asked, log)),
                Outcome::Lost => tab.drive(|peer, log| peer.handle_lost(clock::now(), log)),
                Outcome::Refused => tab.go_on_alone(),
            }
        });
        let is_refused = lock.is_none();
        self.lock.replace(lock);
        if is_refused {
            self.go_on_alone();
        }
    }

    /// Leads without a lock, and without a word to the others: two that both think that they lead would take turns for
    /// ever.
    fn go_on_alone(&self) {
        self.channel.take();
        self.drive(|peer, log| peer.handle_granted(clock::now(), wall(), log));
    }

    fn open_channel(&self) {
        let this = self.this.clone();
        let channel = Channel::open(&self.name, move |text| {
            let (Some(tab), now) = (this.upgrade(), clock::now()) else { return };
            if let Some(message) = Message::decode(&text, now) {
                tab.drive(|peer, log| peer.handle_message(now, wall(), message, log));
            }
        });
        self.channel.replace(channel);
    }

    /// A timer that is early does no harm, so one that runs already and is not late is left alone.
    fn wait_until(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            self.timer.take();
            return;
        };
        if self.timer.borrow().as_ref().is_some_and(|(at, _)| *at <= deadline) {
            return;
        }
        let this = self.this.clone();
        let timer = Timer::until(deadline, move || {
            if let Some(tab) = this.upgrade() {
                tab.timer.take();
                tab.drive(|peer, log| peer.handle_timeout(clock::now(), wall(), log));
            }
        });
        self.timer.replace(Some((deadline, timer)));
    }
}

/// Milliseconds on the clock that all tabs share.
fn wall() -> u64 {
    js_sys::Date::now() as u64
}
