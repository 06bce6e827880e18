use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use slab::Slab;
use tokio::time::Instant;

use super::client::{Client, State};
use super::deadlines::Due;
use super::ready::TokenWaker;
use crate::flush::{self, Flush};
use crate::heartbeat;
use crate::history::{Entry, TopicId};
use crate::hub::Shared;
use crate::pages::Pages;
use crate::reader::Step;
use crate::serve::frame;
use crate::serve::handoff::Framing;
use crate::signal::Signal;
use crate::topic::TopicState;
use crate::wire;

/// What streams must have in common to be written to as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The address of the hub, which the group keeps from being reused.
    hub: usize,
    topics: Box<[TopicId]>,
    framing: Framing,
}

impl Key {
    pub(super) fn of(client: &Client) -> Self {
        let subscription = &client.subscription;
        Self {
            hub: Arc::as_ptr(subscription.hub()).addr(),
            topics: subscription.topics().iter().map(|topic| topic.id).collect(),
            framing: client.near.framing,
        }
    }
}

/// Streams of the same topics that stand at their tip: one reads for all.
pub(super) struct Group {
    pub(super) key: Key,
    hub: Arc<Shared>,
    topics: Vec<Arc<TopicState>>,
    /// Under this number the topics wake it.
    number: u64,
    signal: Arc<Signal>,
    pages: Pages,
    pub(super) waker: Arc<TokenWaker>,
    /// Whether the signal was raised since the history was last found drained.
    readable: bool,
    /// In any order, but for this: those before `served` have the page that is being written.
    members: Vec<u32>,
    served: usize,
    /// How many streams of the hub had lost their right to read when the members were last looked through for it.
    denials: u64,
    page: Option<Outgoing>,
    last_sent: Instant,
    flush: Flush,
    pub(super) due: Due,
}

/// A page that is being written to the members.
pub(super) struct Outgoing {
    pub(super) chunk: Bytes,
    pub(super) entries: Vec<Entry>,
    /// Where the members stand that do not have it yet.
    pub(super) after: u64,
}

/// What a group does next.
pub(super) enum Next {
    /// Its page goes to the members that do not have it.
    Write,
    /// It will be woken.
    Wait,
    /// It is to be looked at then.
    WaitUntil(Instant),
    /// Something that concerns each member apart: an end, a gap, a failure.
    Dissolve,
}

impl Group {
    /// A group that goes on where `client` stands.
    pub(super) fn new(client: &Client, key: Key, waker: Arc<TokenWaker>) -> Self {
        let subscription = &client.subscription;
        let hub = Arc::clone(subscription.hub());
        let group = Self {
            key,
            number: hub.number(),
            topics: subscription.topics().to_vec(),
            // Raised, so that what was published before it joined the topics is read.
            signal: Arc::new(Signal::raised()),
            pages: Pages::new(subscription.reader().clone()),
            waker,
            readable: true,
            members: Vec::new(),
            served: 0,
            denials: 0,
            page: None,
            last_sent: Instant::now(),
            flush: Flush::new(flush::window(subscription.topics().iter().map(|topic| &**topic))),
            due: Due::default(),
            hub,
        };
        for topic in &group.topics {
            topic.add(group.number, Arc::clone(&group.signal));
        }
        group
    }

    pub(super) fn position(&self) -> u64 {
        self.pages.reader().position()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn members(&self) -> &[u32] {
        &self.members
    }

    /// When the members are to hear something; `None` if silence is fine.
    pub(super) fn heartbeat_at(&self) -> Option<Instant> {
        Some(self.last_sent + heartbeat::possible(self.hub.options.heartbeat?))
    }

    /// Takes in a client that has seen at least what the group has.
    pub(super) fn add(&mut self, number: u32, this: u32, clients: &mut Slab<Box<Client>>) {
        let Some(client) = clients.get_mut(number as usize) else {
            return;
        };
        let seen = client.subscription.reader().position();
        client.subscription.rest();
        // Among those that have the page: in the place of the first that does not, which goes to the end.
        let index = self.served;
        client.near.state = State::Member { group: this, index, seen };
        self.members.push(number);
        let last = self.members.len() - 1;
        self.members.swap(index, last);
        self.served += 1;
        self.tell_index(last, clients);
    }

    /// Takes out the member at `index`. Returns up to where it has everything.
    pub(super) fn remove(&mut self, index: usize, clients: &mut Slab<Box<Client>>) -> u64 {
        let position = match &self.page {
            Some(page) if index >= self.served => page.after,
            _ => self.position(),
        };
        let mut hole = index;
        if hole < self.served {
            // The last of those that have the page takes the place, so that they stay together.
            self.served -= 1;
            self.members.swap(hole, self.served);
            self.tell_index(hole, clients);
            hole = self.served;
        }
        self.members.swap_remove(hole);
        self.tell_index(hole, clients);
        position
    }

    /// Tells the member at `index`, if there is one, that it is there.
    fn tell_index(&self, index: usize, clients: &mut Slab<Box<Client>>) {
        let member = self.members.get(index).and_then(|number| clients.get_mut(*number as usize));
        if let Some(State::Member { index: told, .. }) = member.map(|member| &mut member.near.state) {
            *told = index;
        }
    }

    /// The hub of its streams.
    pub(super) fn hub(&self) -> Arc<Shared> {
        Arc::clone(&self.hub)
    }

    /// Whether the reader of any stream, perhaps of a member, may no longer read since this was last asked.
    pub(super) fn take_denials(&mut self) -> bool {
        let denials = self.hub.watches.denials();
        std::mem::replace(&mut self.denials, denials) != denials
    }

    /// The next member that does not have the page yet, and the page.
    pub(super) fn next_unserved(&self) -> Option<(u32, &Outgoing)> {
        Some((*self.members.get(self.served)?, self.page.as_ref()?))
    }

    /// The next member has the page now.
    pub(super) fn handle_served(&mut self) {
        self.served += 1;
    }

    /// Reads the next page, if there is one.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Next {
        // Nobody needs it any more: it is not kept until the next one comes.
        self.page = None;
        loop {
            if !self.readable {
                if self.signal.poll_lower(cx).is_pending() {
                    return if self.hub.is_closing() { Next::Dissolve } else { Next::Wait };
                }
                self.readable = true;
            }
            if let Some(at) = self.flush.held_until() {
                self.signal.listen(cx);
                // Who is told to end is not kept until the window is over.
                if !self.hub.is_closing() && !self.topics.iter().all(|topic| topic.has_ended()) {
                    return Next::WaitUntil(at);
                }
            }
            let after = self.position();
            let entries = match self.pages.poll_step(cx) {
                Poll::Pending => return Next::Wait,
                Poll::Ready(Ok(Step::All(entries))) => {
                    self.readable = false;
                    if !entries.is_empty() {
                        self.flush.handle_sent();
                    }
                    entries
                }
                Poll::Ready(Ok(Step::More(entries))) => entries,
                Poll::Ready(Ok(Step::Gap { .. } | Step::End) | Err(_)) => return Next::Dissolve,
            };
            if !entries.is_empty() {
                let chunk = frame::events(self.key.framing, &entries);
                self.begin(Outgoing { chunk, entries, after });
                return Next::Write;
            }
        }
    }

    /// Sends a heartbeat, unless something else is being sent.
    pub(super) fn beat(&mut self) {
        if self.page.is_none() {
            let chunk = frame::chunk(self.key.framing, wire::heartbeat());
            let after = self.position();
            self.begin(Outgoing { chunk, entries: Vec::new(), after });
        }
    }

    fn begin(&mut self, page: Outgoing) {
        self.page = Some(page);
        self.served = 0;
        self.last_sent = Instant::now();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for topic in &self.topics {
            topic.remove(self.number);
        }
    }
}

impl Outgoing {
    /// What of it goes to a member that has seen everything up to `seen`; `None` if that is nothing.
    pub(super) fn behind(&self, seen: u64, framing: Framing) -> Option<Bytes> {
        if seen <= self.after || self.entries.is_empty() {
            return Some(self.chunk.clone());
        }
        // It joined while this was being published.
        let unseen = self.entries.partition_point(|entry| entry.seq <= seen);
        let entries = &self.entries[unseen..];
        (!entries.is_empty()).then(|| frame::events(framing, entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_joined_while_a_page_was_published_gets_only_what_it_has_not_seen() {
        let entry = |seq, frame: &'static str| Entry { seq, frame: Bytes::from_static(frame.as_bytes()) };
        let entries = vec![entry(8, "a\n\n"), entry(11, "b\n\n")];
        let chunk = frame::events(Framing::Chunked, &entries);
        let page = Outgoing { chunk: chunk.clone(), entries, after: 5 };
        let behind = |seen| page.behind(seen, Framing::Chunked);
        for seen in [0, 5] {
            assert_eq!(behind(seen), Some(chunk.clone()), "{seen}");
        }
        for seen in [8, 10] {
            assert_eq!(behind(seen).as_deref(), Some(&b"3\r\nb\n\n\r\n"[..]), "{seen}");
        }
        for seen in [11, 20] {
            assert_eq!(behind(seen), None, "{seen}");
        }
        let heartbeat = Outgoing { chunk: Bytes::from_static(b"beat"), entries: Vec::new(), after: 5 };
        assert_eq!(heartbeat.behind(20, Framing::Chunked).as_deref(), Some(&b"beat"[..]));
    }
}
