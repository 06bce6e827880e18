//! Where a group has its events from.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use sse_proto::EventRef;
use sse_proto::client::{Command, Failure, Gap, PauseReason, State};

use super::group::Group;
use super::log::{self, Entry, What};
use super::snapshot::SnapshotWatch;
use crate::connection::Link;
use crate::direct::Direct;
use crate::life_cycle::Interest;
use crate::sink::Sink;

/// Brings events to a group, and tells it the state.
pub(super) trait Source {
    /// Somebody wants the stream; may be said again.
    fn activate(&self, group: &Rc<Group>);

    /// Nobody wants it; may be said again.
    fn deactivate(&self, group: &Group);

    /// Somebody wants it to connect anew.
    fn reconnect(&self, group: &Group);

    /// The group's own connection has brought an entry, which is not yet in the log.
    fn handle_coming(&self, _group: &Group, _entry: &Entry) {}

    /// It has brought an entry, which is in the log. Has the members told.
    fn handle_entry(&self, group: &Group);

    /// From here on it leaves out nothing. Has the members told: some may wait for it.
    fn handle_settled(&self, group: &Group);

    /// Its state changed.
    fn handle_state(&self, group: &Rc<Group>, state: State);

    /// It failed.
    fn handle_failure(&self, group: &Group, failure: Failure);
}

/// Why a connection is paused that nobody wants for now. No connection that is shared is paused for this by the page:
/// that is for each member to say.
const REST: PauseReason = PauseReason::Background;

/// The connection that a group holds itself.
#[derive(Default)]
pub(super) struct Upstream {
    /// Cloned out to be used: whoever it tells may drop it.
    direct: RefCell<Option<Rc<Direct>>>,
    is_wanted: Cell<bool>,
    /// The number of the next entry of the log when it was told to rest.
    rested_at: Cell<u64>,
    /// While it may be giving a snapshot.
    snapshot_watch: RefCell<Option<SnapshotWatch>>,
}

impl Upstream {
    /// Opens it, unless it is open: one that rests where it stood, another from a cursor and with the reconnection time
    /// that the server has said to another tab.
    pub(super) fn open(&self, group: &Rc<Group>, last_event_id: String, reconnection_time: Duration) {
        if self.is_wanted.replace(true) {
            return;
        }
        if let Some(direct) = self.direct() {
            if group.log.borrow().end() == self.rested_at.get() {
                direct.set_reconnection_time(direct.reconnection_time().max(reconnection_time));
                return direct.command(Command::Resume(REST));
            }
            // Another tab has gone on meanwhile.
            direct.end();
        }
        let mut options = group.options.clone();
        options.last_event_id = last_event_id;
        let feed = Feed { group: Rc::downgrade(group) };
        let direct = Rc::new(Direct::new(group.url.clone(), options, Interest::Network, Box::new(feed)));
        direct.set_reconnection_time(reconnection_time);
        self.direct.replace(Some(direct.clone()));
        // Who is told of the first attempt may want it no more.
        direct.command(Command::Open);
    }

    /// Closes it for now. It keeps its cursor, which may have moved without an event, and how long the server has
    /// asked it to stay away.
    pub(super) fn rest(&self, group: &Group) {
        if group.is_over() {
            return self.close();
        }
        if !self.is_wanted.replace(false) {
            // It has rested since an earlier place in the log.
            return;
        }
        self.snapshot_watch.take();
        self.rested_at.set(group.log.borrow().end());
        if let Some(direct) = self.direct() {
            direct.command(Command::Pause(REST));
        }
    }

    fn close(&self) {
        self.is_wanted.set(false);
        self.snapshot_watch.take();
        if let Some(direct) = self.direct.take() {
            direct.end();
        }
    }

    /// What the server has said of how long to leave it alone after a failure.
    pub(super) fn reconnection_time(&self) -> Duration {
        self.direct().map(|direct| direct.reconnection_time()).unwrap_or_default()
    }

    /// Takes note of what a new state says of what is to come.
    fn note_state(&self, group: &Rc<Group>, state: &State) {
        match state {
            State::Open => return self.watch_snapshot(group),
            State::Stale { .. } => return,
            _ => {}
        }
        // What comes next comes by another request, behind the cursor that is known now.
        self.snapshot_watch.take();
        if log::names_an_event(&self.last_event_id()) {
            if !group.log.borrow().is_settled() {
                group.settle();
            }
        } else {
            group.log.borrow_mut().unsettle();
        }
    }

    /// Waits for the end of a snapshot, if one may be coming.
    fn watch_snapshot(&self, group: &Rc<Group>) {
        if group.log.borrow().is_settled() || self.snapshot_watch.borrow().is_some() {
            return;
        }
        let (brought, settled) = (Rc::downgrade(group), Rc::downgrade(group));
        let watch = SnapshotWatch::begin(
            move || brought.upgrade().map(|group| group.log.borrow().end()),
            move |_| {
                if let Some(group) = settled.upgrade() {
                    group.upstream.snapshot_watch.take();
                    group.settle();
                }
            },
        );
        self.snapshot_watch.replace(Some(watch));
    }

    /// Takes note that the server says where its snapshot ends, once it has come there.
    fn note_place(&self, group: &Group) {
        if !group.log.borrow().is_settled() && self.direct().is_some_and(|direct| direct.is_past_snapshot()) {
            self.snapshot_watch.take();
            group.settle();
        }
    }

    /// Connects anew; one that rests does so when it is opened again.
    pub(super) fn reconnect(&self) {
        if let Some(direct) = self.direct() {
            direct.command(Command::Reconnect);
        }
    }

    pub(super) fn last_event_id(&self) -> String {
        self.direct().map(|direct| direct.last_event_id()).unwrap_or_default()
    }

    fn direct(&self) -> Option<Rc<Direct>> {
        self.direct.borrow().clone()
    }
}

/// Takes to a group what its own connection tells.
struct Feed {
    group: Weak<Group>,
}

impl Sink for Feed {
    fn event(&self, event: EventRef<'_>) {
        let Some(group) = self.group.upgrade() else { return };
        let EventRef { event_type, data, last_event_id } = event;
        let what = What::Event { event_type: event_type.to_owned(), data: data.to_owned() };
        group.push(Entry { what, last_event_id: last_event_id.to_owned() });
        group.upstream.note_place(&group);
    }

    fn state(&self, state: &State) {
        if let Some(group) = self.group.upgrade() {
            group.upstream.note_state(&group, state);
            group.source.handle_state(&group, state.clone());
        }
    }

    fn failure(&self, failure: &Failure) {
        if let Some(group) = self.group.upgrade() {
            group.source.handle_failure(&group, failure.clone());
        }
    }

    fn gap(&self, gap: Gap) {
        let Some(group) = self.group.upgrade() else { return };
        let last_event_id = group.upstream.last_event_id();
        group.push(Entry { what: What::Gap(gap), last_event_id });
        // Another snapshot begins, and the wait for its end with it.
        group.upstream.snapshot_watch.take();
        group.upstream.watch_snapshot(&group);
    }

    fn cursor(&self) {
        let Some(group) = self.group.upgrade() else { return };
        let last_event_id = group.upstream.last_event_id();
        let has_moved = group.log.borrow().end_mark().last_event_id != last_event_id;
        if has_moved {
            group.push(Entry { what: What::Cursor, last_event_id });
        }
        group.upstream.note_place(&group);
    }
}

/// Nothing stands between a group and its connection.
struct InPage;

/// The source of a group that reaches over the page.
pub(super) fn in_page(_: Weak<Group>, _: &str) -> Box<dyn Source> {
    Box::new(InPage)
}

impl Source for InPage {
    fn activate(&self, group: &Rc<Group>) {
        let last_event_id = group.log.borrow().end_mark().last_event_id.clone();
        group.upstream.open(group, last_event_id, Duration::ZERO);
    }

    fn deactivate(&self, group: &Group) {
        group.upstream.rest(group);
    }

    fn reconnect(&self, group: &Group) {
        group.upstream.reconnect();
    }

    fn handle_entry(&self, group: &Group) {
        group.tell_entries();
    }

    fn handle_settled(&self, group: &Group) {
        group.tell_entries();
    }

    fn handle_state(&self, group: &Rc<Group>, state: State) {
        group.handle_state(state);
    }

    fn handle_failure(&self, group: &Group, failure: Failure) {
        group.handle_failure(&failure);
    }
}
