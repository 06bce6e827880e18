//! Who is there. Told to the app, and not to clients: no event of the hub's own speaks of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::lock::lock;

/// Somebody who subscribes. The hub takes both texts as they are; bound and validate them first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Tells members apart: however many connections share an id, they are one member.
    pub id: String,
    /// What others see.
    pub name: Option<String>,
}

/// Who is subscribed to a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// How many members, and how many connections without one.
    pub count: usize,
    /// The names of those who have one: sorted, each once, at most
    /// [`Limits::presence_names`](crate::Limits::presence_names).
    pub names: Vec<String>,
}

/// The presence of one topic.
#[derive(Debug)]
pub(crate) struct Attendance {
    seats: Mutex<Seats>,
    max_names: usize,
}

#[derive(Debug)]
struct Seats {
    /// `None` when the topic was removed: those who follow it may hold the topic, and so all of this.
    changes: Option<watch::Sender<Presence>>,
    anonymous: usize,
    members: HashMap<String, Seat>,
    /// How many members have each name.
    names: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Seat {
    connections: usize,
    name: Option<String>,
    /// Counts how often the seat was left. A departure that finds another count was cancelled by a return.
    departures: u64,
}

impl Attendance {
    pub(crate) fn new(max_names: usize) -> Self {
        let changes = Some(watch::Sender::new(Presence::default()));
        let seats = Seats { changes, anonymous: 0, members: HashMap::new(), names: BTreeMap::new() };
        Self { seats: Mutex::new(seats), max_names }
    }

    pub(crate) fn presence(&self) -> Presence {
        lock(&self.seats).changes.as_ref().map(|changes| changes.borrow().clone()).unwrap_or_default()
    }

    /// `None` if the topic was removed.
    pub(crate) fn changes(&self) -> Option<watch::Receiver<Presence>> {
        lock(&self.seats).changes.as_ref().map(watch::Sender::subscribe)
    }

    /// The topic was removed: nobody comes or goes any more.
    pub(crate) fn close(&self) {
        let changes = lock(&self.seats).changes.take();
        // Wakes those who follow it, while nothing is locked.
        drop(changes);
    }

    fn join(&self, member: Option<&Member>) {
        let mut seats = lock(&self.seats);
        match member {
            None => seats.anonymous += 1,
            Some(member) => seats.take(member),
        }
        self.publish(&seats);
    }

    /// Gives up one connection. `Some` if that was a member's last: they depart when the grace period is over.
    fn leave(&self, member: Option<&Member>) -> Option<u64> {
        let mut seats = lock(&self.seats);
        let Some(member) = member else {
            // Nothing tells whether an anonymous client that connects is this one, back again: no grace.
            seats.anonymous = seats.anonymous.saturating_sub(1);
            self.publish(&seats);
            return None;
        };
        let seat = seats.members.get_mut(&member.id)?;
        seat.connections = seat.connections.saturating_sub(1);
        seat.departures += 1;
        (seat.connections == 0).then_some(seat.departures)
    }

    fn depart(&self, member: &Member, departure: u64) {
        let mut seats = lock(&self.seats);
        let gone = |seat: &Seat| seat.connections == 0 && seat.departures == departure;
        if seats.members.get(&member.id).is_some_and(gone) {
            seats.vacate(&member.id);
            self.publish(&seats);
        }
    }

    /// Called with the seats locked, so that changes are published in their order.
    fn publish(&self, seats: &Seats) {
        let Some(changes) = &seats.changes else { return };
        let presence = Presence {
            count: seats.anonymous + seats.members.len(),
            names: seats.names.keys().take(self.max_names).cloned().collect(),
        };
        changes.send_if_modified(|last| {
            let changed = *last != presence;
            *last = presence;
            changed
        });
    }
}

impl Seats {
    fn take(&mut self, member: &Member) {
        let (connections, departures) = match self.vacate(&member.id) {
            Some(seat) => (seat.connections, seat.departures),
            None => (0, 0),
        };
        if let Some(name) = &member.name {
            *self.names.entry(name.clone()).or_default() += 1;
        }
        let seat = Seat { connections: connections + 1, name: member.name.clone(), departures };
        self.members.insert(member.id.clone(), seat);
    }

    fn vacate(&mut self, id: &str) -> Option<Seat> {
        let seat = self.members.remove(id)?;
        if let Some(name) = &seat.name
            && let Some(members) = self.names.get_mut(name)
        {
            *members -= 1;
            if *members == 0 {
                self.names.remove(name);
            }
        }
        Some(seat)
    }
}

/// One connection's presence in its topics. Dropping it leaves.
#[derive(Debug)]
pub(crate) struct Attendee {
    topics: Vec<Arc<Attendance>>,
    member: Option<Member>,
    grace: Duration,
    /// Where the grace period runs. Taken at the start: a subscription may be dropped outside the runtime.
    runtime: Handle,
}

impl Attendee {
    pub(crate) fn join(
        topics: Vec<Arc<Attendance>>,
        member: Option<Member>,
        grace: Duration,
        runtime: Handle,
    ) -> Self {
        for topic in &topics {
            topic.join(member.as_ref());
        }
        Self { topics, member, grace, runtime }
    }
}

impl Drop for Attendee {
    fn drop(&mut self) {
        let topics = std::mem::take(&mut self.topics);
        let member = self.member.take();
        let departures: Vec<_> = topics
            .into_iter()
            .filter_map(|topic| topic.leave(member.as_ref()).map(|departure| (topic, departure)))
            .collect();
        let (Some(member), false) = (member, departures.is_empty()) else {
            return;
        };
        let grace = self.grace;
        self.runtime.spawn(async move {
            tokio::time::sleep(grace).await;
            for (topic, departure) in departures {
                topic.depart(&member, departure);
            }
        });
    }
}
