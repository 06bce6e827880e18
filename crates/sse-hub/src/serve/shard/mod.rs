//! The tasks that write to streams.

mod client;
mod deadlines;
mod group;
mod ready;
mod supervisor;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use slab::Slab;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use self::client::{Client, State, Taken, Turn};
use self::deadlines::{Deadlines, Due};
use self::group::{Group, Key, Next};
use self::ready::{ReadyQueue, Token};
use self::supervisor::Supervisor;
use super::admission::Permit;
use super::connection::expiry;
use super::drain::Drain;
use super::handoff::Stream;
use super::options::Options;
use super::socket::forget_unsent;
use super::stats::Counters;
use crate::parting::Parting;

/// How many writes a shard does before other tasks have their turn: about a millisecond.
const WRITES_PER_TURN: usize = 256;
/// How many streams a shard takes over in one turn.
const ARRIVALS_PER_TURN: usize = 64;

/// A stream that is handed over to a shard. The head of its response is on the wire.
pub(super) struct Arrival {
    pub(super) socket: TcpStream,
    pub(super) stream: Stream,
    pub(super) permit: Permit,
}

enum Message {
    /// Boxed: the other message is small.
    Arrival(Box<Arrival>),
    Drain(Drain),
}

/// Where streams are handed over. The shards end when this is dropped and their last stream is gone.
#[derive(Debug)]
pub(super) struct Shards {
    shards: Vec<mpsc::UnboundedSender<Message>>,
    next: AtomicUsize,
}

impl Shards {
    pub(super) fn start(options: &Options) -> (Self, JoinSet<()>) {
        let mut running = JoinSet::new();
        let start = |_| {
            // Not bounded, but by the number of connections that are admitted.
            let (sender, messages) = mpsc::unbounded_channel();
            // The shard yields by itself, and would take a forced yield of a socket for one that is not ready.
            running.spawn(tokio::task::coop::unconstrained(Supervisor::new(options.clone(), messages)));
            sender
        };
        let shards = (0..options.shard_count()).map(start).collect();
        (Self { shards, next: AtomicUsize::new(0) }, running)
    }

    /// Gives a stream to one of the shards in turn.
    pub(super) fn hand(&self, arrival: Arrival) {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = Message::Arrival(Box::new(arrival));
        for offset in 0..self.shards.len() {
            match self.shards[first.wrapping_add(offset) % self.shards.len()].send(message) {
                Ok(()) => return,
                // It is gone, because time is up.
                Err(mpsc::error::SendError(returned)) => message = returned,
            }
        }
    }

    pub(super) fn drain(&self, drain: &Drain) {
        for shard in &self.shards {
            let _ = shard.send(Message::Drain(drain.clone()));
        }
    }
}

/// Writes to the streams that were handed to it.
///
/// One task and no locks: whatever wakes it, be it a socket, a topic or a history that answers, puts a client or a
/// group into the [queue](ReadyQueue) of those that are ready, and they are looked at one after the other.
struct Shard {
    options: Options,
    counters: Arc<Counters>,
    /// Nobody can hand over anything any more.
    is_last: bool,
    queue: Arc<ReadyQueue>,
    /// Whom to look at.
    ready: VecDeque<Token>,
    clients: Slab<Box<Client>>,
    groups: Slab<Group>,
    /// The groups that can be joined.
    groups_by_key: HashMap<Key, u32>,
    deadlines: Deadlines,
    due: Due,
    drain: Option<Drain>,
}

impl Shard {
    fn new(options: Options) -> Self {
        Self {
            counters: options.stats.counters(),
            options,
            is_last: false,
            queue: Arc::default(),
            ready: VecDeque::new(),
            clients: Slab::new(),
            groups: Slab::new(),
            groups_by_key: HashMap::new(),
            deadlines: Deadlines::new(),
            due: Due::default(),
            drain: None,
        }
    }

    fn take_messages(&mut self, messages: &mut mpsc::UnboundedReceiver<Message>, cx: &mut Context<'_>) {
        if self.is_last {
            return;
        }
        for _ in 0..ARRIVALS_PER_TURN {
            match messages.poll_recv(cx) {
                Poll::Ready(Some(Message::Arrival(arrival))) => self.admit(*arrival),
                Poll::Ready(Some(Message::Drain(drain))) => self.begin_drain(drain),
                Poll::Ready(None) => {
                    self.is_last = true;
                    return;
                }
                Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }

    fn admit(&mut self, arrival: Arrival) {
        let part_at = match &self.drain {
            Some(drain) => Some(drain.place()),
            None => expiry(&self.options, Instant::now()).map(|at| (at, Parting::Now)),
        };
        let slot = self.clients.vacant_entry();
        let number = slot_number(slot.key());
        let token = Token::Client(number);
        let client =
            slot.insert(Box::new(Client::new(arrival, self.queue.waker(token), part_at, &self.counters)));
        if let Some((at, _)) = client.part_at {
            self.deadlines.no_later(token, &mut client.due, at);
        }
        self.ready.push_back(token);
    }

    fn begin_drain(&mut self, drain: Drain) {
        for (key, client) in &mut self.clients {
            let place = drain.place();
            client.part_at = Some(place);
            self.deadlines.no_later(Token::Client(slot_number(key)), &mut client.due, place.0);
        }
        self.deadlines.no_later(Token::Shard, &mut self.due, drain.deadline);
        self.drain = Some(drain);
    }

    /// Looks at a client that something has happened to.
    fn turn_to_client(&mut self, number: u32) {
        // A second look is enough to find out what a group has that was read a moment ago.
        for _ in 0..2 {
            let Some(client) = self.clients.get_mut(number as usize) else {
                return;
            };
            if client.leave_by.is_none() && client.subscription.denied().is_some() {
                // Also of what was on its way it does not take a little now and then for ever.
                let leave_by = Instant::now() + self.options.write_deadline;
                client.leave_by = Some(leave_by);
                self.deadlines.no_later(Token::Client(number), &mut client.due, leave_by);
            }
            match client.take_turn(&self.counters) {
                Turn::Over => return self.remove(number),
                Turn::Again => return self.ready.push_back(Token::Client(number)),
                Turn::Waiting => {
                    if let Some(since) = client.blocked_since {
                        let at = since + self.options.write_deadline;
                        self.deadlines.no_later(Token::Client(number), &mut client.due, at);
                    }
                    return;
                }
                Turn::Denied => {
                    self.take_out(number);
                    return self.ready.push_back(Token::Client(number));
                }
                Turn::AtTip => {}
            }
            let key = Key::of(client);
            let known = self.groups_by_key.get(&key).copied();
            let group = known.and_then(|group| self.groups.get(group as usize));
            match (known, group) {
                (Some(known), Some(group)) if client.subscription.reader().position() >= group.position() => {
                    return self.join(number, known);
                }
                // The group has read further.
                (_, Some(_)) => client.subscription.look_again(),
                (_, None) => return self.found(number, key),
            }
        }
        // A history that does not show the same to everyone. A group that it leads leaves nothing out.
        if let Some(client) = self.clients.get(number as usize) {
            let key = Key::of(client);
            self.found(number, key);
        }
    }

    /// Makes a group of one client, which others may join.
    fn found(&mut self, client: u32, key: Key) {
        let Some(founder) = self.clients.get(client as usize) else {
            return;
        };
        let slot = self.groups.vacant_entry();
        let number = slot_number(slot.key());
        let token = Token::Group(number);
        let group = slot.insert(Group::new(founder, key.clone(), self.queue.waker(token)));
        if let Some(at) = group.heartbeat_at() {
            self.deadlines.no_later(token, &mut group.due, at);
        }
        self.groups_by_key.insert(key, number);
        self.counters.groups.add(1);
        self.join(client, number);
        // It may have been told of something before its waker was known to anyone.
        self.ready.push_back(token);
    }

    fn join(&mut self, client: u32, group: u32) {
        if let Some(joined) = self.groups.get_mut(group as usize) {
            joined.add(client, group, &mut self.clients);
            self.counters.grouped.add(1);
        }
    }

    /// Has a client read by itself again.
    fn take_out(&mut self, client: u32) {
        let Some(State::Member { group, index, .. }) =
            self.clients.get(client as usize).map(|client| client.near.state)
        else {
            return;
        };
        let number = group;
        let Some(group) = self.groups.get_mut(number as usize) else {
            return;
        };
        let position = group.remove(index, &mut self.clients);
        let is_empty = group.is_empty();
        self.counters.grouped.subtract(1);
        if is_empty {
            self.remove_group(number);
        }
        if let Some(client) = self.clients.get_mut(client as usize) {
            client.go_alone(position);
        }
    }

    fn remove(&mut self, number: u32) {
        self.take_out(number);
        if let Some(mut client) = self.clients.try_remove(number as usize) {
            self.deadlines.forget(Token::Client(number), &mut client.due);
        }
    }

    fn remove_group(&mut self, number: u32) {
        let Some(mut group) = self.groups.try_remove(number as usize) else {
            return;
        };
        self.deadlines.forget(Token::Group(number), &mut group.due);
        if self.groups_by_key.get(&group.key) == Some(&number) {
            self.groups_by_key.remove(&group.key);
        }
        self.counters.groups.subtract(1);
    }

    /// Lets each member go on by itself.
    fn dissolve(&mut self, number: u32) {
        let members = self.groups.get(number as usize).map(|group| group.members().to_vec());
        for member in members.unwrap_or_default() {
            self.take_out(member);
            self.ready.push_back(Token::Client(member));
        }
        self.remove_group(number);
    }

    /// Writes the page of a group, and reads the next ones, until there is nothing more or `writes` is used up.
    fn turn_to_group(&mut self, number: u32, writes: &mut usize) {
        loop {
            // After a page was read and before it is written: whoever lost the right to read it before one of its events
            // was published is found here.
            self.part_with_denied(number);
            self.write(number, writes);
            // Looked up again: whoever left it last has ended it, and may have begun another one in its place.
            let Some(group) = self.groups.get_mut(number as usize) else {
                return;
            };
            if group.next_unserved().is_some() {
                return self.ready.push_back(Token::Group(number));
            }
            group.waker.rearm();
            let waker = Waker::from(Arc::clone(&group.waker));
            match group.poll_next(&mut Context::from_waker(&waker)) {
                Next::Write => {}
                Next::Wait => return,
                Next::WaitUntil(at) => {
                    return self.deadlines.no_later(Token::Group(number), &mut group.due, at);
                }
                Next::Dissolve => return self.dissolve(number),
            }
        }
    }

    /// Lets those members of a group go by themselves, to their end, whose reader may no longer read.
    fn part_with_denied(&mut self, number: u32) {
        let Some(group) = self.groups.get_mut(number as usize) else {
            return;
        };
        if !group.take_denials() {
            return;
        }
        let mut denied = group.members().to_vec();
        denied.retain(|member| {
            let member = self.clients.get(*member as usize);
            member.is_some_and(|client| client.subscription.denied().is_some())
        });
        for member in denied {
            self.take_out(member);
            self.ready.push_back(Token::Client(member));
        }
    }

    /// Writes the page of a group to the members that do not have it.
    fn write(&mut self, number: u32, writes: &mut usize) {
        // What was handed out is not all written yet.
        let (mut deliveries, mut handed, mut bytes) = (0, 0, 0);
        let hub = self.groups.get(number as usize).map(Group::hub);
        while *writes > 0
            && let Some(group) = self.groups.get_mut(number as usize)
            && let Some((member, page)) = group.next_unserved()
            && let Some(client) = self.clients.get_mut(member as usize)
        {
            let seen = match client.near.state {
                State::Member { seen, .. } => seen,
                State::Alone | State::Leaving => 0,
            };
            let Some(chunk) = page.behind(seen, client.near.framing) else {
                group.handle_served();
                continue;
            };
            *writes -= 1;
            let events = page.entries.len();
            let taken = client.send(&chunk, &self.counters);
            group.handle_served();
            match taken {
                Taken::All => {
                    deliveries += events;
                    handed += chunk.len();
                    bytes += chunk.len();
                }
                Taken::Part => {
                    deliveries += events;
                    handed += chunk.len();
                    self.take_out(member);
                    self.turn_to_client(member);
                }
                Taken::Broken => self.remove(member),
            }
        }
        self.counters.deliveries.add(deliveries);
        self.counters.bytes.add(bytes);
        if let Some(hub) = hub {
            hub.counters.deliveries.add(deliveries);
            hub.counters.delivered_bytes.add(handed);
        }
    }

    /// Looks at those whose time has come. Ready when all time is up.
    fn look_at_the_clock(&mut self) -> Poll<()> {
        let now = Instant::now();
        while let Some(token) = self.deadlines.pop(now) {
            match token {
                Token::Client(number) => self.handle_client_due(number, now),
                Token::Group(number) => self.handle_group_due(number, now),
                Token::Shard => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }

    fn handle_client_due(&mut self, number: u32, now: Instant) {
        let Some(client) = self.clients.get_mut(number as usize) else {
            return;
        };
        client.due.handle();
        let blocked_until = client.blocked_since.map(|since| since + self.options.write_deadline);
        let cut_at = [blocked_until, client.leave_by].into_iter().flatten().min();
        if cut_at.is_some_and(|at| at <= now) {
            forget_unsent(client.socket());
            self.counters.cut.add(1);
            return self.remove(number);
        }
        let parting = client.part_at.take_if(|(at, _)| *at <= now).map(|(_, parting)| parting);
        for at in [cut_at, client.part_at.map(|(at, _)| at)].into_iter().flatten() {
            self.deadlines.no_later(Token::Client(number), &mut client.due, at);
        }
        if let Some(parting) = parting {
            if parting == Parting::Now {
                self.counters.expired.add(1);
            }
            client.subscription.signal().part(parting);
            let leave_by = now + self.options.write_deadline;
            client.leave_by = Some(leave_by);
            self.deadlines.no_later(Token::Client(number), &mut client.due, leave_by);
            self.take_out(number);
            self.ready.push_back(Token::Client(number));
        }
    }

    fn handle_group_due(&mut self, number: u32, now: Instant) {
        let Some(group) = self.groups.get_mut(number as usize) else {
            return;
        };
        group.due.handle();
        if group.heartbeat_at().is_some_and(|at| at <= now) {
            group.beat();
        }
        // There is something to send, or what was held back may go.
        self.ready.push_back(Token::Group(number));
        if let Some(at) = group.heartbeat_at() {
            self.deadlines.no_later(
                Token::Group(number),
                &mut group.due,
                at.max(now + Duration::from_millis(1)),
            );
        }
    }

    /// Does what can be done now. Ready when there is nothing more to do, ever.
    fn poll(&mut self, messages: &mut mpsc::UnboundedReceiver<Message>, cx: &mut Context<'_>) -> Poll<()> {
        self.queue.set_waker(cx.waker());
        self.take_messages(messages, cx);
        if self.look_at_the_clock().is_ready() {
            if !self.clients.is_empty() {
                tracing::warn!(streams = self.clients.len(), "cut at the deadline of the shutdown");
            }
            return Poll::Ready(());
        }
        let mut writes = WRITES_PER_TURN;
        while writes > 0 {
            if self.ready.is_empty() {
                self.queue.take(&mut self.ready);
            }
            match self.ready.pop_front() {
                Some(Token::Client(number)) => {
                    writes -= 1;
                    self.turn_to_client(number);
                }
                Some(Token::Group(number)) => self.turn_to_group(number, &mut writes),
                Some(Token::Shard) => {}
                None => break,
            }
        }
        if self.is_last && self.clients.is_empty() {
            return Poll::Ready(());
        }
        if writes == 0 || self.deadlines.poll_first(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.counters.groups.subtract(self.groups.len());
        let grouped: usize = self.groups.iter().map(|(_, group)| group.members().len()).sum();
        self.counters.grouped.subtract(grouped);
    }
}

/// There are never as many clients or groups in one process as `u32` can count.
fn slot_number(key: usize) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}
