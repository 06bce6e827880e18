//! A browser with several tabs, in which messages take their time, tabs are opened, closed, put away and frozen, and
//! the leader's lock is stolen. Whatever happens, every tab is told every event once and in order.

use std::collections::VecDeque;
use std::time::Duration;

use sse_proto::Instant;
use sse_proto::client::State;

use super::{Action, Message, Tabs};
use crate::share::log::{Entry, Log, What};
use crate::share::place::{Next, Place};

const TABS: usize = 6;
const TICK: Duration = Duration::from_millis(50);
/// Five minutes each.
const TICKS: u32 = 6_000;

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

/// What the browser has to tell a tab, in order.
enum Task {
    Granted(u64),
    Lost(u64),
    Heard(String),
}

struct Tab {
    tabs: Tabs,
    log: Log,
    place: Place,
    told: Vec<u64>,
    /// How far the shared connection has come, while this tab holds it.
    upstream: Option<usize>,
    /// How far the member's own connection has come, while it catches up.
    own: Option<usize>,
    /// Where its log ended when that was opened.
    own_since: u64,
    tasks: VecDeque<Task>,
    is_wanted: bool,
    is_frozen: bool,
    /// Names its request for the lock.
    request: Option<u64>,
    caught_up: u32,
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
    catch_ups: u32,
}

fn entry(number: u64) -> Entry {
    let what = What::Event { event_type: "message".into(), data: number.to_string() };
    Entry { what, last_event_id: number.to_string() }
}

/// What a server gives to a client that brings no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    /// The whole stream.
    Replays,
    /// Only what is published from then on.
    Live,
}

impl Server {
    /// Where a connection begins that brings this cursor, when so many events were published.
    fn after(self, last_event_id: &str, events: usize) -> usize {
        match (last_event_id.parse::<usize>(), self) {
            (Ok(id), _) => id + 1,
            (Err(_), Self::Replays) => 0,
            (Err(_), Self::Live) => events,
        }
    }
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
            catch_ups: 0,
        }
    }

    fn open(&mut self, at: usize) {
        self.births += 1;
        self.tabs[at] = Some(Tab {
            tabs: Tabs::new(self.births * 311),
            log: Log::new(""),
            place: Place::at_cursor(""),
            told: Vec::new(),
            upstream: None,
            own: None,
            own_since: 0,
            tasks: VecDeque::new(),
            is_wanted: false,
            is_frozen: false,
            request: None,
            caught_up: 0,
        });
        self.want(at, true);
    }

    fn close(&mut self, at: usize) {
        if let Some(tab) = self.tabs[at].take() {
            self.assert_complete(&tab.told);
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
            tab.tabs.enter(now, &tab.log);
        } else {
            tab.own = None;
            tab.tabs.leave(&tab.log);
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
        while let Some(action) = self.tabs[at].as_mut().and_then(|tab| tab.tabs.poll_action()) {
            match action {
                Action::RequestLock | Action::StealLock => {
                    self.release(at);
                    self.requests += 1;
                    let request = self.requests;
                    if let Some(tab) = &mut self.tabs[at] {
                        tab.request = Some(request);
                    }
                    if action == Action::RequestLock {
                        self.queue.push_back((at, request));
                    } else {
                        self.steals += 1;
                        if let Some((robbed, lost)) = self.holder.take() {
                            self.task(robbed, Task::Lost(lost));
                        }
                        self.grant(at, request);
                    }
                }
                Action::ReleaseLock => self.release(at),
                Action::Post(message) => {
                    let text = message.encode(self.now);
                    for other in (0..TABS).filter(|other| *other != at) {
                        self.task(other, Task::Heard(text.clone()));
                    }
                }
                Action::Connect { last_event_id } => {
                    let position = self.server.after(&last_event_id, self.events as usize);
                    if let Some(tab) = &mut self.tabs[at] {
                        assert!(tab.upstream.is_none(), "a tab has one connection");
                        tab.upstream = Some(position);
                        tab.tabs.handle_state(State::Open, &tab.log);
                    }
                }
                Action::Disconnect => {
                    if let Some(tab) = &mut self.tabs[at] {
                        tab.upstream = None;
                    }
                }
                Action::Reconnect | Action::State(_) | Action::Failed(_) => {}
            }
        }
    }

    fn task(&mut self, at: usize, task: Task) {
        if let Some(tab) = &mut self.tabs[at] {
            tab.tasks.push_back(task);
        }
    }

    fn grant(&mut self, at: usize, request: u64) {
        self.holder = Some((at, request));
        self.task(at, Task::Granted(request));
    }

    /// Lets a tab run for a while.
    fn run(&mut self, at: usize, tasks: u64) {
        for _ in 0..tasks {
            let now = self.now;
            let Some(tab) = &mut self.tabs[at] else { return };
            let Some(task) = tab.tasks.pop_front() else { break };
            match task {
                Task::Granted(request) if tab.request == Some(request) => {
                    tab.tabs.handle_granted(now.as_millis(), &tab.log);
                }
                Task::Lost(request) if tab.request == Some(request) => tab.tabs.handle_lost(now, &tab.log),
                Task::Granted(_) | Task::Lost(_) => {}
                // A tab that is away has closed its channel.
                Task::Heard(text) if tab.is_wanted => {
                    let message = Message::decode(&text, now).expect("one of ours");
                    tab.tabs.handle_message(now, message, &mut tab.log);
                }
                Task::Heard(_) => {}
            }
            self.act(at);
            self.tell(at);
        }
        let Some(tab) = &mut self.tabs[at] else { return };
        if tab.tabs.deadline().is_some_and(|deadline| deadline <= self.now) {
            tab.tabs.handle_timeout(self.now);
        }
        self.act(at);
        self.receive(at);
        self.tell(at);
    }

    /// Lets the connections of a tab bring something.
    fn receive(&mut self, at: usize) {
        let count = self.chance.below(16);
        let Some(tab) = &mut self.tabs[at] else { return };
        if let Some(position) = &mut tab.upstream {
            for _ in 0..count.min(self.events.saturating_sub(*position as u64)) {
                tab.log.push(entry(*position as u64));
                *position += 1;
                tab.tabs.handle_entry(&tab.log);
            }
            tab.tabs.flush(&tab.log);
        }
        for _ in 0..count {
            let Some(position) = tab.own.filter(|position| (*position as u64) < self.events) else { break };
            let next = entry(position as u64);
            tab.told.push(position as u64);
            tab.place.pass(&next.last_event_id);
            tab.own = (!tab.place.find(&tab.log, tab.own_since)).then_some(position + 1);
        }
        self.act(at);
    }

    /// Tells the member of a tab what is new.
    fn tell(&mut self, at: usize) {
        let (server, events) = (self.server, self.events as usize);
        let Some(tab) = self.tabs[at].as_mut().filter(|tab| tab.is_wanted) else { return };
        if tab.own.is_some() {
            if !tab.place.find(&tab.log, tab.own_since) {
                return;
            }
            tab.own = None;
        }
        loop {
            match tab.place.advance(&tab.log) {
                Next::Entry(entry) => match &entry.what {
                    What::Event { data, .. } => tab.told.push(data.parse().expect("a number")),
                    What::Gap(gap) => panic!("nothing was lost: {gap:?}"),
                },
                Next::Nothing => return,
                Next::OutOfReach => {
                    tab.own = Some(server.after(tab.place.last_event_id(), events));
                    tab.own_since = tab.log.end();
                    tab.caught_up += 1;
                    self.catch_ups += 1;
                    return;
                }
            }
        }
    }

    fn tick(&mut self, is_wild: bool) {
        self.now = self.now + TICK;
        if self.holder.is_none()
            && let Some((at, request)) = self.queue.pop_front()
        {
            self.grant(at, request);
        }
        if is_wild && self.chance.once_in(2) {
            // Sometimes a burst that no log holds.
            self.events += if self.chance.once_in(2_000) { 1_500 } else { self.chance.below(4) };
        }
        for at in 0..TABS {
            let is_awake = self.tabs[at].as_ref().is_some_and(|tab| !tab.is_frozen);
            if is_wild && self.chance.once_in(400) {
                match (self.chance.below(5), &mut self.tabs[at]) {
                    (_, None) => self.open(at),
                    (0, Some(_)) => self.close(at),
                    (1, Some(_)) => self.want(at, false),
                    (2, Some(tab)) => tab.is_frozen = true,
                    (_, Some(tab)) => {
                        tab.is_frozen = false;
                        self.want(at, true);
                    }
                }
            } else if is_awake {
                let tasks = self.chance.below(4);
                self.run(at, tasks);
            }
        }
        // Whoever has lost the lock in its sleep finds out when it wakes.
        let is_connected = |at: &usize| {
            let tab = self.tabs[*at].as_ref();
            let lost = |tab: &Tab| tab.tasks.iter().any(|task| matches!(task, Task::Lost(_)));
            tab.is_some_and(|tab| tab.upstream.is_some() && !lost(tab))
        };
        assert!((0..TABS).filter(is_connected).count() <= 1, "two connections at {:?}", self.now);
    }

    fn settle(&mut self) {
        for at in 0..TABS {
            if let Some(tab) = &mut self.tabs[at] {
                tab.is_frozen = false;
            }
            self.want(at, true);
        }
        // Long enough to notice a leader that is not heard, and for all that is on its way to arrive. Nothing new comes
        // from a server that replays: a stream that is silent from here on must do as well. From one that does not, two
        // connections can meet only at what comes after both were opened.
        for tick in 0..2_500 {
            if self.server == Server::Live && tick == 1_500 {
                self.events += 1;
            }
            self.tick(false);
        }
    }

    fn assert_complete(&self, told: &[u64]) {
        let begun = match self.server {
            Server::Replays => 0,
            Server::Live => told.first().copied().unwrap_or_default(),
        };
        for (at, event) in told.iter().enumerate() {
            let around = &told[at.saturating_sub(5)..told.len().min(at + 5)];
            assert_eq!(*event, begun + at as u64, "{around:?}");
        }
    }
}

fn nothing_is_lost_and_nothing_comes_twice(server: Server) {
    let (mut steals, mut catch_ups, mut births) = (0, 0, 0);
    for seed in 0..8 {
        let mut browser = Browser::new(server, seed);
        browser.open(0);
        for _ in 0..TICKS {
            browser.tick(true);
        }
        browser.settle();
        for tab in browser.tabs.iter().flatten() {
            browser.assert_complete(&tab.told);
            assert_eq!(tab.told.last(), Some(&(browser.events - 1)), "seed {seed}");
            assert!(tab.own.is_none(), "seed {seed}: it shares again");
        }
        assert_eq!(browser.tabs.iter().flatten().filter(|tab| tab.upstream.is_some()).count(), 1);
        steals += browser.steals;
        catch_ups += browser.catch_ups;
        births += browser.births;
    }
    // The simulation does simulate.
    assert!(steals > 10 && catch_ups > 10 && births > 50, "{steals} {catch_ups} {births}");
}

#[test]
fn whatever_becomes_of_the_tabs_each_is_told_everything_once() {
    nothing_is_lost_and_nothing_comes_twice(Server::Replays);
}

#[test]
fn from_a_server_that_replays_nothing_each_is_told_everything_from_its_first_event_on() {
    nothing_is_lost_and_nothing_comes_twice(Server::Live);
}
