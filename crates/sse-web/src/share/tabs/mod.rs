//! One connection for all tabs: who holds it, and how the others keep up.
//!
//! No I/O: what happened goes in, [`Action`]s come out, as with [`sse_proto::Client`]. A lock of the browser elects the
//! leader, which holds the connection and tells the others what it brings. Every tab keeps a [`Log`] of the stream, so
//! any of them can go on as the leader, and each finds out by itself what it has missed or heard before.
//!
//! # Layout
//!
//! | file | |
//! |---|---|
//! | `mod.rs` | [`Peer`]: the roles of a tab, and how it changes them |
//! | `follower.rs` | hearing a leader: holes, what was heard before, silence |
//! | `message.rs`, `words.rs`, `netstring.rs` | what is said, and how it is written |

mod follower;
mod message;
mod netstring;
#[cfg(test)]
mod simulation;
mod words;

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use sse_proto::Instant;
use sse_proto::client::{Failure, State};

use super::log::{Entry, Log, Mark};
use follower::Follower;
use message::{Answer, Said};
pub(crate) use message::{Message, VERSION};

/// How long a leader may say nothing before it is asked whether it is there. Each tab adds up to a second of its own,
/// so that one of them asks and the answer serves all.
const ASK_AFTER: Duration = Duration::from_secs(3);

/// How long it may take to answer. Then the lock is taken from it: a tab that is frozen keeps its lock.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How often a tab takes the lock in a row from leaders of whom it hears nothing. Each time it waits twice as long.
/// Then it goes on alone: two that do not understand one another would rob each other for ever.
const STEALS: u32 = 3;

/// By how much the time of a term may be ahead of the clock, in milliseconds. Nobody could outbid the end of time.
const FUTURE: u64 = 24 * 60 * 60 * 1_000;

/// The most entries that wait to be told. They are told at the end of the task that brought them, or when they are so
/// many.
const BATCH: u64 = 256;

/// Names one term of one tab as the leader. Of two, the greater counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term {
    /// When the lock was asked for, in milliseconds on the wall clock, which all tabs share; more than of any that was heard
    /// of before.
    pub(crate) since: u64,
    pub(crate) tab: u64,
}

impl Term {
    fn is_future(self, wall: u64) -> bool {
        self.since > wall.saturating_add(FUTURE)
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Wait in the queue for the lock. Drops a request that was made before.
    RequestLock,
    /// Take the lock from whoever has it.
    StealLock,
    /// Give the lock back, or leave the queue.
    ReleaseLock,
    /// Neither ask for the lock nor hear or say anything any more.
    Detach,
    /// Say this to all other tabs.
    Post(Message),
    /// Open the connection, from this cursor, to a server that has said this reconnection time.
    Connect { last_event_id: String, reconnection_time: Duration },
    /// Drop the connection, if there is one.
    Disconnect,
    /// Let the connection connect anew.
    Reconnect,
    /// The state of the shared connection is this now.
    State(State),
    /// The shared connection failed.
    Failed(Failure),
}

/// The part of one tab.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Drawn by chance.
    tab: u64,
    role: Role,
    /// The latest leader that was heard of.
    latest: Term,
    /// The leader whose word the log goes by, and the number of the entry that comes next from it. Kept while the tab
    /// is away.
    heard: Option<(Term, u64)>,
    /// The numbers in the log of what an earlier leader told and that one has not yet. It will tell it again.
    ahead: Range<u64>,
    /// How the connection stands, whoever has it, as far as is known here. What a server has asked for holds for the next
    /// leader too.
    standing: Standing,
    /// How often this tab has taken the lock since it heard a leader.
    steals: u32,
    actions: VecDeque<Action>,
}

/// How a leader's connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    /// What the server wants to be left alone for after a failure; zero if it has not said so.
    pub(crate) reconnection_time: Duration,
    /// The number of the leader from which on nothing is left out, as in a snapshot.
    pub(crate) sure_from: u64,
}

impl Standing {
    fn new() -> Self {
        let state = State::Connecting { attempt: 1 };
        Self { state, reconnection_time: Duration::ZERO, sure_from: u64::MAX }
    }

    /// Until when the next leader has to leave the server alone: as long as this one was asked to. A wait that is only
    /// our own backoff is its own affair.
    fn hold(&self, now: Instant) -> Option<Instant> {
        let State::Waiting { until, cause, .. } = &self.state else { return None };
        let hold = match cause.retry_after() {
            Some(_) => *until,
            None => (*until).min(now + self.reconnection_time),
        };
        (hold > now).then_some(hold)
    }
}

#[derive(Debug)]
enum Role {
    /// Nobody here wants the stream.
    Away,
    /// Waits in the queue for the lock.
    Follower(Follower),
    /// Has the lock.
    Leader(Leader),
}

#[derive(Debug)]
struct Leader {
    term: Term,
    /// The number of the first entry that came under it.
    began: u64,
    /// Everything before this number has been told.
    told: u64,
    /// Until when the server asked the leader before to be left alone; there is no connection before.
    hold: Option<Instant>,
    /// Whether anybody has asked for the stream. Before that there is nobody to tell.
    has_audience: bool,
}

impl Peer {
    /// For a tab in which nobody wants the stream yet.
    pub(crate) fn new(tab: u64) -> Self {
        Self {
            tab,
            role: Role::Away,
            latest: Term::default(),
            heard: None,
            ahead: 0..0,
            standing: Standing::new(),
            steals: 0,
            actions: VecDeque::new(),
        }
    }

    /// Somebody in this tab wants the stream.
    pub(crate) fn enter(&mut self, now: Instant, log: &Log) {
        if matches!(self.role, Role::Away) {
            self.steals = 0;
            self.follow(now, log);
            self.act(Action::State(State::Connecting { attempt: 1 }));
        }
    }

    /// Nobody in this tab wants the stream any more, or it is about to be frozen.
    pub(crate) fn leave(&mut self, log: &Log) {
        self.flush(log);
        match std::mem::replace(&mut self.role, Role::Away) {
            Role::Away => return,
            Role::Follower(_) => {}
            Role::Leader(leader) => self.disconnect(&leader),
        }
        self.act(Action::ReleaseLock);
    }

    /// The lock is this tab's, or there is none. `asked` is when it was asked for, in milliseconds on the clock that all tabs
    /// share: one that slept through being granted the lock, and robbed of it, has asked before the thief.
    pub(crate) fn handle_granted(&mut self, now: Instant, asked: u64, log: &Log) {
        if !matches!(self.role, Role::Follower(_)) {
            // It left before it knew.
            return;
        }
        let term = Term { since: asked.max(self.latest.since.saturating_add(1)), tab: self.tab };
        self.latest = term;
        self.heard = Some((term, log.end()));
        let hold = self.standing.hold(now);
        match (&mut self.standing.state, hold) {
            (State::Waiting { until, .. }, Some(hold)) => *until = hold,
            (state, _) => *state = State::Connecting { attempt: 1 },
        }
        self.standing.sure_from = log.sure_from();
        self.role =
            Role::Leader(Leader { term, began: log.end(), told: log.end(), hold, has_audience: false });
        self.say_here(log);
        match hold {
            Some(_) => self.act(Action::State(self.standing.state.clone())),
            None => self.connect(log),
        }
    }

    fn connect(&mut self, log: &Log) {
        let last_event_id = log.end_mark().last_event_id.clone();
        let reconnection_time = self.standing.reconnection_time;
        self.act(Action::Connect { last_event_id, reconnection_time });
    }

    /// A term that has not begun yet is nobody's: the clock was set back, or somebody says what is not so.
    fn forget_future(&mut self, wall: u64) {
        if self.latest.is_future(wall) {
            self.latest = Term::default();
        }
    }

    /// The lock was taken from this tab: it slept, and the others could not wait. It may have slept through being
    /// granted the lock.
    pub(crate) fn handle_lost(&mut self, now: Instant, log: &Log) {
        match self.role {
            Role::Away => {}
            Role::Follower(_) => self.act(Action::RequestLock),
            Role::Leader(_) => self.step_down(now, log),
        }
    }

    /// Whether [`Self::flush`] is to be called before this entry comes into the log: it pushes out what the others have
    /// not been told yet.
    pub(crate) fn has_to_flush_before(&self, entry: &Entry, log: &Log) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        leader.has_audience && leader.told < log.end() && leader.told < log.first_with(entry)
    }

    /// The leader's connection has brought an entry, which is in the log. Returns whether [`Self::flush`] is to be
    /// called when the task is over that brought it.
    pub(crate) fn handle_entry(&mut self, log: &Log) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        if leader.has_audience && log.end() - leader.told < BATCH {
            return true;
        }
        self.flush(log);
        false
    }

    /// The state of the leader's connection changed.
    pub(crate) fn handle_state(&mut self, state: State, log: &Log) {
        self.flush(log);
        if let Role::Leader(_) = self.role {
            self.standing.state = state.clone();
            self.say_here(log);
            self.act(Action::State(state));
        }
    }

    /// From here on the leader's connection leaves out nothing.
    pub(crate) fn handle_settled(&mut self, log: &Log) {
        self.flush(log);
        self.say_here(log);
    }

    /// Takes note of what the server wants to be left alone for after a failure. Before the state that such a failure
    /// brings, and now and then before that: a leader may die at any time.
    pub(crate) fn handle_reconnection_time(&mut self, reconnection_time: Duration, log: &Log) {
        let is_news = self.standing.reconnection_time != reconnection_time;
        if let Role::Leader(Leader { hold: None, .. }) = self.role
            && is_news
        {
            self.standing.reconnection_time = reconnection_time;
            self.flush(log);
            self.say_here(log);
        }
    }

    /// The leader's connection failed.
    pub(crate) fn handle_failure(&mut self, failure: Failure, log: &Log) {
        self.flush(log);
        if let Role::Leader(leader) = &self.role {
            self.say(leader.term, Said::Failed(failure.clone()));
            self.act(Action::Failed(failure));
        }
    }

    /// Tells the others what has come since they were told last.
    pub(crate) fn flush(&mut self, log: &Log) {
        let Role::Leader(leader) = &mut self.role else { return };
        let (term, first) = (leader.term, leader.told.max(log.first()));
        leader.told = log.end();
        if leader.has_audience && first < log.end() {
            let entries = log.from(first).cloned().collect();
            self.say(term, Said::Entries { first, entries });
        }
    }

    /// The owner of a stream wants it to connect anew.
    pub(crate) fn reconnect(&mut self, log: &Log) {
        match &mut self.role {
            // It does not wait for what the server has asked of others either.
            Role::Away => self.standing = Standing::new(),
            Role::Follower(_) => self.act(Action::Post(Message::Reconnect)),
            Role::Leader(leader) => match leader.hold.take() {
                Some(_) => self.connect(log),
                None => self.act(Action::Reconnect),
            },
        }
    }

    /// Another tab said something. `wall` is the time on the clock that all tabs share, in milliseconds.
    pub(crate) fn handle_message(&mut self, now: Instant, wall: u64, message: Message, log: &mut Log) {
        self.forget_future(wall);
        match message {
            Message::Hello { tab, heard, mark, is_new } => self.welcome(tab, heard, &mark, is_new, log),
            Message::Ping => {
                self.flush(log);
                self.say_here(log);
            }
            Message::Reconnect => {
                if let Role::Leader(_) = self.role {
                    self.reconnect(log);
                }
            }
            Message::Leader { term, said } => {
                if !term.is_future(wall) {
                    self.hear(now, term, said, log);
                }
            }
        }
    }

    /// The next thing to do.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    fn follow(&mut self, now: Instant, log: &Log) {
        self.role = Role::Follower(Follower::new(self.asked(now, false)));
        self.act(Action::RequestLock);
        self.say_hello(log);
    }

    fn disconnect(&mut self, leader: &Leader) {
        if leader.hold.is_none() {
            // What was asked of this connection, it keeps itself.
            self.standing.state = State::Connecting { attempt: 1 };
        }
        self.act(Action::Disconnect);
    }

    fn step_down(&mut self, now: Instant, log: &Log) {
        if let Role::Leader(leader) = std::mem::replace(&mut self.role, Role::Away) {
            self.disconnect(&leader);
        }
        self.follow(now, log);
    }

    fn say_here(&mut self, log: &Log) {
        if let Role::Leader(leader) = &self.role {
            self.standing.sure_from = log.sure_from();
            let (term, standing) = (leader.term, self.standing.clone());
            self.say(term, Said::Here { next: log.end(), standing });
        }
    }

    fn say(&mut self, term: Term, said: Said) {
        self.act(Action::Post(Message::Leader { term, said }));
    }

    fn say_hello(&mut self, log: &Log) {
        let (tab, heard) = (self.tab, self.heard);
        let hello = Message::Hello { tab, heard, mark: log.end_mark().clone(), is_new: log.is_untouched() };
        self.act(Action::Post(hello));
    }

    /// Answers a tab that asks for the stream.
    fn welcome(&mut self, tab: u64, heard: Option<(Term, u64)>, mark: &Mark, is_new: bool, log: &Log) {
        self.flush(log);
        let Role::Leader(leader) = &mut self.role else { return };
        leader.has_audience = true;
        let term = leader.term;
        let known = heard.filter(|(of, next)| *of == term && log.mark_before(*next).is_some());
        let reached = match known {
            Some((_, next)) => Some(next),
            // Nobody can say where in a stream without ids somebody stands: who is new gets all there is, and who
            // has heard an earlier leader gets what came under this one.
            None if mark.is_without_id() && log.end_mark().is_without_id() => {
                Some(if is_new { log.first() } else { leader.began.max(log.first()) })
            }
            None => log.join(mark),
        };
        let first = reached.unwrap_or(log.end());
        let Some(at) = log.mark_before(first) else { return };
        let entries = log.from(first).cloned().collect();
        self.standing.sure_from = log.sure_from();
        let standing = self.standing.clone();
        self.say(term, Said::Welcome { tab, answer: Answer { first, at, entries, standing } });
    }
}

#[cfg(test)]
mod tests;
