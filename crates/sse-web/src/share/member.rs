use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use sse_proto::client::{CloseReason, Command, Failure, Gap, PauseReason, PauseSet, State};
use sse_proto::{Cursor, EventRef};
use wasm_bindgen_futures::spawn_local;

use super::group::{Group, Reach};
use super::log::{self, Entry, What};
use super::place::{Next, Place};
use super::snapshot::{Progress, SnapshotWatch};
use crate::connection::Link;
use crate::direct::Direct;
use crate::life_cycle::{self, Interest, Observer};
use crate::listen::Listener;
use crate::options::Options;
use crate::sink::Sink;
use crate::transport::Transport;

/// A connection that is shared, as its owner holds it.
pub(super) struct Membership {
    member: Rc<Member>,
    /// Removed with it.
    _listeners: Vec<Listener>,
}

/// One who shares a connection.
pub(super) struct Member {
    reach: Reach,
    key: String,
    /// Another one after a stream was closed and is connected anew.
    group: RefCell<Rc<Group>>,
    url: String,
    options: Options,
    sink: Box<dyn Sink>,
    place: RefCell<Place>,
    /// A connection of its own, for as long as the group's log does not reach back to its place.
    own: RefCell<Option<Rc<Direct>>>,
    /// How far that has come.
    own_part: Cell<Part>,
    /// How much it has brought.
    own_brought: Cell<u64>,
    /// Until it has its beginning behind it.
    own_snapshot_watch: RefCell<Option<SnapshotWatch>>,
    pauses: RefCell<PauseSet>,
    closed: RefCell<Option<CloseReason>>,
    /// The state that its owner was told last.
    told: RefCell<State>,
    /// Whether it may be told of events: not before whoever opened it has got it.
    is_started: Cell<bool>,
    is_pumping: Cell<bool>,
    /// Whether there may be something to tell.
    is_due: Cell<bool>,
    this: Weak<Self>,
}

/// A part of the stream that a connection of one member's own brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Perhaps a snapshot, and in no order: the log may have the one event of it and not the next.
    Beginning,
    /// That is over, but what came last was perhaps of it.
    Over,
    /// What comes now comes to the log too.
    Live,
}

impl Membership {
    /// Takes part in the connection to `url`, which is resolved. The sink is told the state before this returns, and
    /// what has come so far after it.
    pub(super) fn open(
        reach: Reach,
        key: String,
        url: String,
        options: Options,
        sink: Box<dyn Sink>,
    ) -> Self {
        let cursor = options.last_event_id.clone();
        let member = Rc::new_cyclic(|this| Member {
            group: RefCell::new(Group::of(reach, &key, &url, &options, &cursor)),
            reach,
            key,
            url,
            options,
            sink,
            place: RefCell::new(Place::at_cursor(&cursor)),
            own: RefCell::new(None),
            own_part: Cell::new(Part::Beginning),
            own_brought: Cell::new(0),
            own_snapshot_watch: RefCell::new(None),
            pauses: RefCell::default(),
            closed: RefCell::new(None),
            told: RefCell::new(State::Idle),
            is_started: Cell::new(false),
            is_pumping: Cell::new(false),
            is_due: Cell::new(false),
            this: this.clone(),
        });
        member.group().add(member.this.clone());
        let listeners = life_cycle::observe(member.clone(), Interest::Page);
        member.update();
        let this = member.this.clone();
        spawn_local(async move {
            if let Some(member) = this.upgrade() {
                member.is_started.set(true);
                member.pump();
            }
        });
        Self { member, _listeners: listeners }
    }
}

impl Link for Membership {
    fn url(&self) -> &str {
        &self.member.url
    }

    fn state(&self) -> State {
        self.member.state()
    }

    fn last_event_id(&self) -> String {
        self.member.last_event_id()
    }

    fn command(&self, command: Command) {
        self.member.command(command);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // The sink is not told: who drops the connection has stopped listening. A handler that drops it keeps the
        // member alive until it returns, so it is closed here and not left to the last reference.
        self.member.closed.replace(Some(CloseReason::Caller));
        self.member.told.replace(State::Closed(CloseReason::Caller));
        self.member.drop_own();
        let group = self.member.group();
        group.remove(&self.member.this);
        group.update();
    }
}

impl Observer for Member {
    fn options(&self) -> &Options {
        &self.options
    }

    fn command(&self, command: Command) {
        let was_active = self.is_active();
        let was_wanted = self.group().is_wanted();
        let was_waiting = matches!(self.group().state(), State::Waiting { .. });
        match command {
            Command::Close | Command::Finish => {
                self.pauses.borrow_mut().remove(PauseReason::Caller);
                let is_complete = command == Command::Finish;
                let reason = if is_complete { CloseReason::Ended } else { CloseReason::Caller };
                // What is closed already keeps its reason.
                self.closed.borrow_mut().get_or_insert(reason);
            }
            Command::Pause(reason) => self.pauses.borrow_mut().insert(reason),
            Command::Resume(reason) => self.pauses.borrow_mut().remove(reason),
            Command::Reconnect => {
                self.pauses.borrow_mut().remove(PauseReason::Caller);
                self.closed.take();
            }
            // What only a connection can do, and the group's hears of itself.
            _ => return,
        }
        let is_reconnect = command == Command::Reconnect;
        if !self.is_active() {
            self.drop_own();
        } else if self.group().is_over() && (is_reconnect || !was_active && !self.has_the_rest()) {
            self.join_anew();
        } else if is_reconnect && (was_active || !was_wanted || was_waiting) {
            // Not for who comes back to what others have open or are opening: that is as new to it.
            if let Some(own) = self.own() {
                own.command(Command::Reconnect);
            }
            let group = self.group();
            group.source.reconnect(&group);
        }
        self.update();
        self.pump();
    }
}

impl Member {
    /// Whether it wants the stream.
    pub(super) fn is_active(&self) -> bool {
        self.closed.borrow().is_none() && self.pauses.borrow().is_empty()
    }

    pub(super) fn transport(&self) -> Arc<dyn Transport> {
        self.options.transport.clone()
    }

    fn last_event_id(&self) -> String {
        self.place.borrow().last_event_id().to_owned()
    }

    fn group(&self) -> Rc<Group> {
        self.group.borrow().clone()
    }

    fn own(&self) -> Option<Rc<Direct>> {
        self.own.borrow().clone()
    }

    fn drop_own(&self) {
        self.own_snapshot_watch.take();
        if let Some(own) = self.own.take() {
            own.end();
        }
    }

    fn state(&self) -> State {
        if let Some(reason) = &*self.closed.borrow() {
            return State::Closed(reason.clone());
        }
        if let Some(why) = self.pauses.borrow().first() {
            return State::Paused { why };
        }
        match self.own() {
            Some(own) => own.state(),
            None => self.group().state(),
        }
    }

    fn tell_state(&self) {
        let state = self.state();
        if matches!(state, State::Closed(_)) && self.closed.borrow().is_none() {
            // Of the group, and not yet of this member.
            return;
        }
        if *self.told.borrow() != state {
            self.told.replace(state.clone());
            self.sink.state(&state);
        }
    }

    /// Whether the stream has come to its end, and the log holds all of it that this member has not been told.
    fn has_the_rest(&self) -> bool {
        let group = self.group();
        matches!(group.state(), State::Closed(CloseReason::Ended))
            && self.place.borrow_mut().find(&group.log.borrow())
    }

    /// The stream was closed, and this member wants it again: those who do are another group.
    fn join_anew(&self) {
        // It may wait long for its next attempt.
        self.drop_own();
        let cursor = self.place.borrow().last_event_id().to_owned();
        let group = Group::of(self.reach, &self.key, &self.url, &self.options, &cursor);
        let old = self.group.replace(group.clone());
        self.place.replace(Place::at_cursor(&cursor));
        old.remove(&self.this);
        group.add(self.this.clone());
    }

    /// Has the group and the owner take note of what this member wants now.
    fn update(&self) {
        self.group().update();
        self.tell_state();
    }

    /// Tells the owner everything that the log holds for it.
    pub(super) fn pump(&self) {
        if !self.is_started.get() {
            return;
        }
        self.is_due.set(true);
        if self.is_pumping.replace(true) {
            return;
        }
        // Who is told of a state may call back, and what follows from that is told when it has returned.
        while self.is_due.take() {
            self.tell_all();
        }
        self.is_pumping.set(false);
    }

    fn tell_all(&self) {
        while self.is_active() {
            if self.own().is_some() {
                if !self.has_met() {
                    break;
                }
                self.drop_own();
                self.tell_state();
                // Who was told may want nothing more.
                continue;
            }
            let next = self.place.borrow_mut().advance(&self.group().log.borrow());
            match next {
                Next::Entry(entry) => self.tell(&entry),
                Next::Nothing => {
                    self.end_with_group();
                    break;
                }
                Next::OutOfReach => {
                    self.open_own();
                    break;
                }
            }
        }
    }

    /// Whether the log goes on where its own connection stands.
    fn has_met(&self) -> bool {
        self.own_part.get() == Part::Live && self.place.borrow_mut().meets(&self.group().log.borrow())
    }

    fn tell(&self, entry: &Entry) {
        let last_event_id = &*entry.last_event_id;
        match &entry.what {
            What::Event { event_type, data } => {
                self.sink.event(EventRef { event_type, data, last_event_id });
            }
            What::Gap(gap) => self.sink.gap(*gap),
            What::Cursor => self.sink.cursor(),
        }
    }

    fn open_own(&self) {
        let mut options = self.options.clone();
        self.place.borrow().last_event_id().clone_into(&mut options.last_event_id);
        self.own_brought.set(0);
        let own = Own { member: self.this.clone() };
        let own = Rc::new(Direct::new(self.url.clone(), options, Interest::Network, Box::new(own)));
        self.own.replace(Some(own.clone()));
        // Who is told of the attempt may want it no more.
        own.command(Command::Open);
    }

    /// Takes note of what a new state of its own connection says of what is to come.
    fn note_own_state(&self, state: &State) {
        match state {
            // Here the cursor is still the one that goes with the request. A stream goes on behind it in order.
            State::Connecting { .. } => {
                self.own_snapshot_watch.take();
                let is_in_order = log::names_an_event(self.place.borrow().last_event_id());
                self.own_part.set(if is_in_order { Part::Live } else { Part::Beginning });
            }
            State::Open
                if self.own_part.get() == Part::Beginning && self.own_snapshot_watch.borrow().is_none() =>
            {
                let (brought, over) = (self.this.clone(), self.this.clone());
                let watch = SnapshotWatch::begin(
                    // A log that still moves is not where it seems to be.
                    move || {
                        let member = brought.upgrade()?;
                        let log_end = member.group().log.borrow().end();
                        Some(member.own_brought.get() + log_end)
                    },
                    move |progress| {
                        if let Some(member) = over.upgrade() {
                            member.handle_own_progress(progress);
                        }
                    },
                );
                self.own_snapshot_watch.replace(Some(watch));
            }
            _ => {}
        }
    }

    fn handle_own_progress(&self, progress: Progress) {
        self.own_part.set(Part::Over);
        let is_at_end = self.place.borrow().is_at_end_of(&self.group().log.borrow());
        if progress == Progress::Quiet && is_at_end {
            // Nothing moves, and both have come to the same place.
            self.own_part.set(Part::Live);
            self.pump();
        }
    }

    fn handle_own_cursor(&self, last_event_id: &str) {
        self.place.borrow_mut().follow(last_event_id);
        if last_event_id.parse::<Cursor>().is_ok() {
            // The server numbers its events, so they come in order, those of a snapshot too.
            self.own_snapshot_watch.take();
            self.own_part.set(Part::Live);
        }
        self.sink.cursor();
        // Perhaps the two have met.
        self.pump();
    }

    fn handle_own_state(&self) {
        if let Some(State::Closed(reason)) = self.own().map(|own| own.state())
            && self.is_active()
        {
            self.closed.replace(Some(reason));
            self.drop_own();
            self.group().update();
        }
        self.tell_state();
    }

    pub(super) fn handle_group_state(&self) {
        // Who is in the middle of being told comes to the end by itself.
        if self.is_started.get() && !self.is_pumping.get() && self.own().is_none() {
            self.end_with_group();
        }
        self.tell_state();
    }

    /// A stream that is over for the group is over for a member that has been told everything: not for one that is
    /// still catching up, or has not begun.
    fn end_with_group(&self) {
        if let State::Closed(reason) = self.group().state()
            && self.is_active()
        {
            self.closed.replace(Some(reason));
            self.tell_state();
        }
    }

    pub(super) fn handle_group_failure(&self, failure: &Failure) {
        if self.is_active() && self.own().is_none() {
            self.sink.failure(failure);
        }
    }
}

/// Hears a member's own connection.
struct Own {
    member: Weak<Member>,
}

impl Sink for Own {
    fn event(&self, event: EventRef<'_>) {
        let Some(member) = self.member.upgrade().filter(|member| member.is_active()) else { return };
        member.own_brought.set(member.own_brought.get() + 1);
        if member.own_part.get() == Part::Over {
            member.own_snapshot_watch.take();
            member.own_part.set(Part::Live);
        }
        member.place.borrow_mut().pass(event.last_event_id);
        member.sink.event(event);
        // Perhaps the two have met.
        member.pump();
    }

    fn state(&self, state: &State) {
        if let Some(member) = self.member.upgrade() {
            member.note_own_state(state);
            member.handle_own_state();
        }
    }

    fn failure(&self, failure: &Failure) {
        if let Some(member) = self.member.upgrade().filter(|member| member.is_active()) {
            member.sink.failure(failure);
        }
    }

    fn gap(&self, gap: Gap) {
        let Some(member) = self.member.upgrade().filter(|member| member.is_active()) else { return };
        if let Some(own) = member.own() {
            member.place.borrow_mut().pass(&own.last_event_id());
        }
        member.sink.gap(gap);
    }

    fn cursor(&self) {
        let Some(member) = self.member.upgrade().filter(|member| member.is_active()) else { return };
        if let Some(own) = member.own() {
            member.handle_own_cursor(&own.last_event_id());
        }
    }
}
