//! A browser with several tabs, in which messages and events take their time, tabs are opened, also with a cursor, closed,
//! put away and frozen, connections fail, and the leader's lock is stolen. Nothing orders what a tab hears of the lock and
//! what it hears of the others. Whatever happens, every tab is told every event once and in order; where the server gives
//! snapshots, every one that they do not leave out.

mod checks;
mod server;

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use sse_proto::Instant;
use sse_proto::client::{Failure, State};

use super::{Action, Message, Peer};
use crate::share::log::{Entry, Log, What, names_an_event};
use crate::share::place::{Next, Place};
use crate::share::snapshot::Progress;
use server::{Server, Stream};

const TABS: usize = 6;
const TICK: Duration = Duration::from_millis(50);
/// Five minutes each.
const TICKS: u32 = 6_000;
const SEEDS: u64 = 5;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// What the browser has to tell a tab of a request for the lock.
enum Outcome {
    Granted(u64),
    Lost(u64),
}

struct Tab {
    peer: Peer,
    log: Log,
    place: Place,
    /// The cursor it was opened with, if that names an event.
    cursor: Option<String>,
    told: Vec<u64>,
    /// From this event on it has to be told every one, whatever a snapshot leaves out.
    owed_from: Option<u64>,
    /// The shared connection, while this tab holds it.
    upstream: Option<Stream>,
    /// When it makes that anew, after it was cut.
    retry_at: Option<Instant>,
    /// What its members are told of the connection, whoever holds it.
    state: State,
    /// The member's own, while it catches up.
    own: Option<Stream>,
    outcomes: VecDeque<Outcome>,
    messages: VecDeque<String>,
    is_wanted: bool,
    is_frozen: bool,
    /// Names its request for the lock.
    request: Option<u64>,
    /// When that was made.
    asked: u64,
}

impl Tab {
    /// Takes the beginning of its connection for over, if that is so.
    fn settle_if(&mut self, is_over: impl FnOnce(&mut Stream) -> bool) {
        let Some(stream) = &mut self.upstream else { return };
        if is_over(stream) {
            stream.end_beginning();
            self.log.settle();
            self.peer.handle_settled(&self.log);
        }
    }
}

struct Browser {
    server: Server,
    chance: Chance,
    now: Instant,
    events: u64,
    tabs: Vec<Option<Tab>>,
    holder: Option<(usize, u64)>,
    queue: VecDeque<(usize, u64)>,
    requests: u64,
    births: u64,
    steals: u32,
    cuts: u32,
    catch_ups: u32,
}

impl Browser {
    fn new(server: Server, seed: u64) -> Self {
        Self {
            server,
            chance: Chance(seed),
            now: Instant::from_millis(0),
            events: 0,
            tabs: (0..TABS).map(|_| None).collect(),
            holder: None,
            queue: VecDeque::new(),
            requests: 0,
            births: 0,
            steals: 0,
            cuts: 0,
            catch_ups: 0,
        }
    }

    fn open(&mut self, at: usize) {
        // Some are pages that a server has rendered.
        let has_cursor = self.events > 0 && self.chance.once_in(3);
        let cursor = has_cursor.then(|| self.server.id(self.chance.below(self.events)));
        self.open_at(at, cursor);
    }

    fn open_at(&mut self, at: usize, cursor: Option<String>) {
        self.births += 1;
        let text = cursor.clone().unwrap_or_default();
        self.tabs[at] = Some(Tab {
            peer: Peer::new(self.births * 311),
            log: Log::new(&text),
            place: Place::at_cursor(&text),
            cursor,
            told: Vec::new(),
            owed_from: None,
            upstream: None,
            retry_at: None,
            state: State::Idle,
            own: None,
            outcomes: VecDeque::new(),
            messages: VecDeque::new(),
            is_wanted: false,
            is_frozen: false,
            request: None,
            asked: 0,
        });
        self.want(at, true);
    }

    fn close(&mut self, at: usize) {
        if let Some(tab) = self.tabs[at].take() {
            self.assert_complete(&tab);
            self.release(at);
        }
    }

    fn want(&mut self, at: usize, is_wanted: bool) {
        let now = self.now;
        let Some(tab) = &mut self.tabs[at] else { return };
        if tab.is_frozen || tab.is_wanted == is_wanted {
            return;
        }
        tab.is_wanted = is_wanted;
        if is_wanted {
            tab.peer.enter(now, &tab.log);
        } else {
            tab.own = None;
            tab.peer.leave(&tab.log);
        }
        self.act(at);
    }

    fn release(&mut self, at: usize) {
        self.queue.retain(|(tab, _)| *tab != at);
        if self.holder.is_some_and(|(tab, _)| tab == at) {
            self.holder = None;
        }
        if let Some(tab) = &mut self.tabs[at] {
            tab.request = None;
        }
    }

    /// Does what the tab asks for.
    fn act(&mut self, at: usize) {
        while let Some(action) = self.tabs[at].as_mut().and_then(|tab| tab.peer.poll_action()) {
            match action {
                Action::RequestLock | Action::StealLock => {
                    self.release(at);
                    self.requests += 1;
                    let request = self.requests;
                    if let Some(tab) = &mut self.tabs[at] {
                        tab.request = Some(request);
                        tab.asked = self.now.as_millis();
                    }
                    if action == Action::RequestLock {
                        self.queue.push_back((at, request));
                    } else {
                        self.steals += 1;
                        if let Some((robbed, lost)) = self.holder.take() {
                            self.tell_outcome(robbed, Outcome::Lost(lost));
                        }
                        self.grant(at, request);
                    }
                }
                Action::ReleaseLock => self.release(at),
                Action::Post(message) => {
                    let text = message.encode(self.now);
                    for (_, other) in self.tabs.iter_mut().enumerate().filter(|(other, _)| *other != at) {
                        other.iter_mut().for_each(|other| other.messages.push_back(text.clone()));
                    }
                }
                Action::Connect { last_event_id, .. } => self.connect(at, &last_event_id),
                Action::Disconnect => {
                    if let Some(tab) = &mut self.tabs[at] {
                        tab.upstream = None;
                        tab.retry_at = None;
                    }
                }
                Action::State(state) => {
                    if state == State::Open && self.server == Server::LiveFromCursor {
                        self.owe(at);
                    }
                    if let Some(tab) = &mut self.tabs[at] {
                        tab.state = state;
                    }
                }
                Action::Reconnect | Action::Failed(_) => {}
                Action::Detach => panic!("they understand one another"),
            }
        }
    }

    fn connect(&mut self, at: usize, last_event_id: &str) {
        let (stream, cursor) = self.server.connect(last_event_id, self.events, (self.now, 0));
        let Some(tab) = &mut self.tabs[at] else { return };
        assert!(tab.upstream.is_none(), "a tab has one connection");
        if stream.is_beginning() {
            tab.log.unsettle();
        } else {
            tab.log.settle();
        }
        tab.upstream = Some(stream);
        tab.peer.handle_state(State::Open, &tab.log);
        if let Some(last_event_id) = cursor {
            tab.log.push(Entry { what: What::Cursor, last_event_id });
            tab.peer.handle_entry(&tab.log);
            tab.peer.flush(&tab.log);
        }
    }

    /// The connection of a tab fails, and is made anew after a while.
    fn cut(&mut self, at: usize) {
        let until = self.now + Duration::from_millis(self.chance.below(3_000));
        let Some(tab) = self.tabs[at].as_mut().filter(|tab| tab.upstream.is_some()) else { return };
        self.cuts += 1;
        tab.upstream = None;
        tab.retry_at = Some(until);
        tab.peer.handle_failure(Failure::Ended, &tab.log);
        if names_an_event(&tab.log.end_mark().last_event_id) {
            tab.log.settle();
            tab.peer.handle_settled(&tab.log);
        } else {
            tab.log.unsettle();
        }
        tab.peer.handle_state(State::Waiting { attempt: 2, until, cause: Failure::Ended }, &tab.log);
        self.act(at);
    }

    fn retry(&mut self, at: usize) {
        let now = self.now;
        let Some(tab) = &mut self.tabs[at] else { return };
        if tab.retry_at.take_if(|retry_at| *retry_at <= now).is_some() {
            let last_event_id = tab.log.end_mark().last_event_id.clone();
            self.connect(at, &last_event_id);
            self.act(at);
        }
    }

    /// From now on the tab misses whatever it is not told.
    fn owe(&mut self, at: usize) {
        if let Some(tab) = &mut self.tabs[at] {
            tab.owed_from.get_or_insert(self.events);
        }
    }

    fn tell_outcome(&mut self, at: usize, outcome: Outcome) {
        if let Some(tab) = &mut self.tabs[at] {
            tab.outcomes.push_back(outcome);
        }
    }

    fn grant(&mut self, at: usize, request: u64) {
        self.holder = Some((at, request));
        self.tell_outcome(at, Outcome::Granted(request));
    }

    /// Lets a tab run for a while.
    fn run(&mut self, at: usize, tasks: u64) {
        for _ in 0..tasks {
            let is_of_lock = self.chance.once_in(2);
            let now = self.now;
            let Some(tab) = &mut self.tabs[at] else { return };
            if is_of_lock {
                match tab.outcomes.pop_front() {
                    Some(Outcome::Granted(request)) if tab.request == Some(request) => {
                        tab.peer.handle_granted(now, tab.asked, &tab.log);
                    }
                    Some(Outcome::Lost(request)) if tab.request == Some(request) => {
                        tab.peer.handle_lost(now, &tab.log);
                    }
                    _ => {}
                }
            } else if let Some(text) = tab.messages.pop_front()
                // A tab that is away has closed its channel.
                && tab.is_wanted
            {
                let message = Message::decode(&text, now).expect("one of ours");
                tab.peer.handle_message(now, now.as_millis(), message, &mut tab.log);
            }
            self.act(at);
            self.tell(at);
        }
        let Some(tab) = &mut self.tabs[at] else { return };
        if tab.peer.deadline().is_some_and(|deadline| deadline <= self.now) {
            tab.peer.handle_timeout(self.now, self.now.as_millis(), &tab.log);
        }
        self.act(at);
        self.retry(at);
        self.receive(at);
        self.tell(at);
    }

    /// Lets the connections of a tab bring something.
    fn receive(&mut self, at: usize) {
        let count = self.chance.below(16);
        let (server, events, now) = (self.server, self.events, self.now);
        let Some(tab) = &mut self.tabs[at] else { return };
        for _ in 0..count {
            let Some(event) = tab.upstream.as_mut().and_then(|stream| stream.next(events)) else { break };
            tab.log.push(server.entry(event));
            tab.peer.handle_entry(&tab.log);
            tab.settle_if(Stream::is_at_said_end);
        }
        tab.peer.flush(&tab.log);
        tab.settle_if(|stream| stream.is_at_said_end() || stream.check(now, 0) != Progress::Early);
        if let Some(own) = &mut tab.own {
            let progress = own.check(now, tab.log.end());
            if progress == Progress::Quiet && tab.place.is_at_end_of(&tab.log) {
                own.end_beginning();
            }
        }
        for _ in 0..count {
            let Some(own) = &mut tab.own else { break };
            let Some(event) = own.next(events) else { break };
            if own.is_over {
                own.end_beginning();
            }
            tab.told.push(event);
            tab.place.pass(&server.id(event));
            if !own.is_beginning() && tab.place.meets(&tab.log) {
                tab.own = None;
            }
        }
        self.act(at);
    }

    /// Tells the member of a tab what is new.
    fn tell(&mut self, at: usize) {
        let (server, events, now) = (self.server, self.events, self.now);
        let Some(tab) = self.tabs[at].as_mut().filter(|tab| tab.is_wanted) else { return };
        if let Some(own) = &tab.own {
            if own.is_beginning() || !tab.place.meets(&tab.log) {
                return;
            }
            tab.own = None;
        }
        loop {
            match tab.place.advance(&tab.log) {
                Next::Entry(entry) => match &entry.what {
                    What::Event { data, .. } => tab.told.push(data.parse().expect("a number")),
                    What::Gap(gap) => panic!("nothing was lost: {gap:?}"),
                    What::Cursor => {}
                },
                Next::Nothing => break,
                Next::OutOfReach => {
                    let (mut own, cursor) =
                        server.connect(tab.place.last_event_id(), events, (now, tab.log.end()));
                    if let Some(cursor) = cursor {
                        tab.place.follow(&cursor);
                        own.end_beginning();
                    }
                    tab.own = Some(own);
                    self.catch_ups += 1;
                    break;
                }
            }
        }
        if !tab.told.is_empty() && server.gives_snapshots() {
            tab.owed_from.get_or_insert(events);
        }
    }

    /// Whether the server says nothing for now: at first it speaks only while nobody listens, so that leaders go before they
    /// have heard an event.
    fn holds_its_tongue(&self) -> bool {
        let listens = |tab: &Tab| tab.upstream.is_some() && !tab.is_frozen;
        self.server == Server::LiveFromCursor
            && self.now < Instant::from_millis(60_000)
            && self.tabs.iter().flatten().any(listens)
    }

    /// Whether what takes a connection from this tab now would take a part of a snapshot from it that cannot be had again.
    fn is_delicate(&self, at: usize) -> bool {
        let is_in_snapshot = |stream: &Option<Stream>| stream.as_ref().is_some_and(Stream::is_in_snapshot);
        self.server == Server::SnapshotByKey
            && self.tabs[at].as_ref().is_some_and(|tab| !tab.log.is_settled() || is_in_snapshot(&tab.own))
    }

    fn tick(&mut self, is_wild: bool) {
        self.now = self.now + TICK;
        if self.holder.is_none()
            && let Some((at, request)) = self.queue.pop_front()
        {
            self.grant(at, request);
        }
        if is_wild && self.chance.once_in(2) && !self.holds_its_tongue() {
            // Sometimes a burst that no log holds.
            self.events += if self.chance.once_in(2_000) { 1_500 } else { self.chance.below(4) };
        }
        for at in 0..TABS {
            let is_awake = self.tabs[at].as_ref().is_some_and(|tab| !tab.is_frozen);
            if is_wild && self.chance.once_in(400) {
                let is_delicate = self.is_delicate(at);
                match (self.chance.below(5), &mut self.tabs[at]) {
                    (_, None) => self.open(at),
                    (0..=2, Some(_)) if is_delicate => {}
                    (0, Some(_)) => self.close(at),
                    (1, Some(_)) => self.want(at, false),
                    // One that is frozen is robbed at any time.
                    (2, Some(_)) if self.server == Server::SnapshotByKey => {}
                    (2, Some(tab)) => tab.is_frozen = true,
                    (_, Some(tab)) => {
                        tab.is_frozen = false;
                        self.want(at, true);
                    }
                }
            } else if is_wild && is_awake && self.chance.once_in(800) && !self.is_delicate(at) {
                self.cut(at);
            } else if is_awake {
                let tasks = self.chance.below(8);
                self.run(at, tasks);
            }
        }
        // Whoever has lost the lock in its sleep finds out when it wakes.
        let is_connected = |at: &usize| {
            let tab = self.tabs[*at].as_ref();
            let lost = |tab: &Tab| tab.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Lost(_)));
            tab.is_some_and(|tab| tab.upstream.is_some() && !lost(tab))
        };
        assert!((0..TABS).filter(is_connected).count() <= 1, "two connections at {:?}", self.now);
    }
}

/// `SEEDS=1000 cargo test -p sse-web whatever_becomes` runs more.
fn seeds() -> Range<u64> {
    let number = |variable| std::env::var(variable).ok().map(|value| value.parse::<u64>().expect("a number"));
    match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    }
}

fn run(server: Server, seed: u64) -> Browser {
    let mut browser = Browser::new(server, seed);
    browser.open(0);
    for _ in 0..TICKS {
        browser.tick(true);
    }
    browser.settle();
    for tab in browser.tabs.iter().flatten() {
        browser.assert_up_to_date(tab);
    }
    assert_eq!(browser.tabs.iter().flatten().filter(|tab| tab.upstream.is_some()).count(), 1);
    browser
}

fn nothing_is_lost_and_nothing_comes_twice(server: Server) {
    let (mut steals, mut cuts, mut catch_ups, mut births) = (0, 0, 0, 0);
    for seed in seeds() {
        println!("{server:?}: seed {seed}");
        let browser = run(server, seed);
        steals += browser.steals;
        cuts += browser.cuts;
        catch_ups += browser.catch_ups;
        births += browser.births;
    }
    // The simulation does simulate.
    let steals_enough = steals > 10 || server == Server::SnapshotByKey;
    let simulates = steals_enough && cuts > 10 && catch_ups > 10 && births > 50;
    assert!(simulates || seeds().count() == 1, "{steals} {cuts} {catch_ups} {births}");
}

#[test]
fn whatever_becomes_of_the_tabs_each_is_told_everything_once() {
    nothing_is_lost_and_nothing_comes_twice(Server::Replays);
}

#[test]
fn from_a_server_that_sends_an_id_now_and_then_whatever_becomes_of_the_tabs() {
    nothing_is_lost_and_nothing_comes_twice(Server::Sparse);
}

#[test]
fn from_a_server_that_replays_nothing_whatever_becomes_of_the_tabs() {
    nothing_is_lost_and_nothing_comes_twice(Server::Live);
}

#[test]
fn from_the_cursor_of_an_opening_on_whatever_becomes_of_the_tabs() {
    nothing_is_lost_and_nothing_comes_twice(Server::LiveFromCursor);
}

#[test]
fn from_a_snapshot_on_whatever_becomes_of_the_tabs() {
    nothing_is_lost_and_nothing_comes_twice(Server::Snapshot);
}

#[test]
fn from_a_snapshot_that_says_where_it_ends_whatever_becomes_of_the_tabs() {
    nothing_is_lost_and_nothing_comes_twice(Server::SnapshotThrough);
}

/// A page that was rendered up to the last event comes to a tab that began with a snapshot. How many connections of its own
/// it opens until it shares.
fn catch_ups_behind_a_snapshot(server: Server) -> u32 {
    let mut browser = Browser::new(server, 1);
    browser.open(0);
    browser.events = 500;
    let has_all = |tab: &Tab| tab.told.contains(&499);
    while !browser.tabs[0].as_ref().is_some_and(has_all) {
        browser.tick(false);
    }
    browser.open_at(1, Some(server.id(499)));
    let shares = |tab: &Tab| tab.own.is_none() && tab.told.contains(&500);
    browser.events += 1;
    while !browser.tabs[1].as_ref().is_some_and(shares) {
        browser.tick(false);
    }
    for tab in browser.tabs.iter().flatten() {
        browser.assert_complete(tab);
    }
    browser.catch_ups
}

#[test]
fn who_is_told_where_a_snapshot_ends_joins_behind_it_at_once() {
    assert_eq!(catch_ups_behind_a_snapshot(Server::SnapshotThrough), 0);
    assert_eq!(catch_ups_behind_a_snapshot(Server::Snapshot), 1, "who is not has to guess");
}

#[test]
fn from_a_snapshot_in_no_order_on_whatever_becomes_of_the_tabs() {
    nothing_is_lost_and_nothing_comes_twice(Server::SnapshotByKey);
}
