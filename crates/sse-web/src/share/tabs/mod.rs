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
//! | `mod.rs` | [`Tabs`]: the roles of a tab, and how it changes them |
//! | `follower.rs` | hearing a leader: holes, what was heard before, silence |
//! | `message.rs`, `words.rs`, `text.rs` | what is said, and how it is written |

mod follower;
mod message;
#[cfg(test)]
mod simulation;
mod text;
mod words;

use std::collections::VecDeque;
use std::time::Duration;

use sse_proto::Instant;
use sse_proto::client::{Failure, State};

use super::log::{Entry, Log, Mark};
use follower::Follower;
pub(crate) use message::Message;

/// How long a leader may say nothing before it is asked whether it is there. Each tab adds up to a second of its own,
/// so that one of them asks and the answer serves all.
const ASK_AFTER: Duration = Duration::from_secs(3);

/// How long it may take to answer. Then the lock is taken from it: a tab that is frozen keeps its lock.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The most entries that wait to be told. They are told at the end of the task that brought them, or when they are so
/// many.
const BATCH: u64 = 256;

/// Names one time of one tab as the leader. Of two, the greater is the later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reign {
    /// Milliseconds on the wall clock, which all tabs share; more where that has not moved on.
    pub(crate) since: u64,
    pub(crate) tab: u64,
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
    /// Say this to all other tabs.
    Post(Message),
    /// Open the connection, from this cursor.
    Connect { last_event_id: String },
    /// Drop the connection.
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
pub(crate) struct Tabs {
    /// Drawn by chance.
    tab: u64,
    role: Role,
    /// The latest leader that was heard of.
    latest: Reign,
    /// The leader whose word the log goes by, and the number of the entry that comes next from it. Kept while the tab
    /// is away.
    heard: Option<(Reign, u64)>,
    actions: VecDeque<Action>,
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
    reign: Reign,
    /// The number of the first entry that came under it.
    began: u64,
    /// Everything before this number has been told.
    told: u64,
    state: State,
    /// Whether anybody has asked for the stream. Before that there is nobody to tell.
    has_audience: bool,
}

impl Tabs {
    /// The part of a tab that nobody in wants the stream yet.
    pub(crate) fn new(tab: u64) -> Self {
        Self { tab, role: Role::Away, latest: Reign::default(), heard: None, actions: VecDeque::new() }
    }

    /// Somebody in this tab wants the stream.
    pub(crate) fn enter(&mut self, now: Instant, log: &Log) {
        if matches!(self.role, Role::Away) {
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
            Role::Leader(_) => self.act(Action::Disconnect),
        }
        self.act(Action::ReleaseLock);
    }

    /// The lock is this tab's. `wall` is the time on the clock that all tabs share, in milliseconds.
    pub(crate) fn handle_granted(&mut self, wall: u64, log: &Log) {
        if !matches!(self.role, Role::Follower(_)) {
            // It left before it knew.
            return;
        }
        let reign = Reign { since: wall.max(self.latest.since.saturating_add(1)), tab: self.tab };
        self.latest = reign;
        self.heard = Some((reign, log.end()));
        let state = State::Connecting { attempt: 1 };
        self.role = Role::Leader(Leader {
            reign,
            began: log.end(),
            told: log.end(),
            state: state.clone(),
            has_audience: false,
        });
        self.act(Action::Post(Message::Here { reign, next: log.end(), state }));
        self.act(Action::Connect { last_event_id: log.end_mark().last_event_id.clone() });
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
        if let Role::Leader(leader) = &mut self.role {
            leader.state = state.clone();
            self.say_here(log);
            self.act(Action::State(state));
        }
    }

    /// The leader's connection failed.
    pub(crate) fn handle_failure(&mut self, failure: Failure, log: &Log) {
        self.flush(log);
        if let Role::Leader(leader) = &self.role {
            let failed = Message::Failed { reign: leader.reign, failure: failure.clone() };
            self.act(Action::Post(failed));
            self.act(Action::Failed(failure));
        }
    }

    /// Tells the others what has come since they were told last.
    pub(crate) fn flush(&mut self, log: &Log) {
        let Role::Leader(leader) = &mut self.role else { return };
        let (reign, first) = (leader.reign, leader.told.max(log.first()));
        leader.told = log.end();
        if leader.has_audience && first < log.end() {
            let entries = log.from(first).cloned().collect();
            self.act(Action::Post(Message::Entries { reign, first, entries }));
        }
    }

    /// The owner of a stream wants it to connect anew.
    pub(crate) fn reconnect(&mut self) {
        match self.role {
            Role::Away => {}
            Role::Follower(_) => self.act(Action::Post(Message::Reconnect)),
            Role::Leader(_) => self.act(Action::Reconnect),
        }
    }

    /// Another tab said something.
    pub(crate) fn handle_message(&mut self, now: Instant, message: Message, log: &mut Log) {
        match message {
            Message::Hello { tab, heard, mark, is_new } => self.welcome(tab, heard, &mark, is_new, log),
            Message::Ping => {
                self.flush(log);
                self.say_here(log);
            }
            Message::Reconnect => {
                if let Role::Leader(_) = self.role {
                    self.act(Action::Reconnect);
                }
            }
            Message::Welcome { reign, .. }
            | Message::Entries { reign, .. }
            | Message::Here { reign, .. }
            | Message::Failed { reign, .. } => self.hear(now, reign, message, log),
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
        self.role = Role::Follower(Follower::new(now, self.tab));
        self.act(Action::RequestLock);
        self.say_hello(log);
    }

    fn step_down(&mut self, now: Instant, log: &Log) {
        self.act(Action::Disconnect);
        self.follow(now, log);
    }

    fn say_here(&mut self, log: &Log) {
        if let Role::Leader(leader) = &self.role {
            let here = Message::Here { reign: leader.reign, next: log.end(), state: leader.state.clone() };
            self.act(Action::Post(here));
        }
    }

    fn say_hello(&mut self, log: &Log) {
        let (tab, heard) = (self.tab, self.heard);
        let hello = Message::Hello { tab, heard, mark: log.end_mark().clone(), is_new: log.is_untouched() };
        self.act(Action::Post(hello));
    }

    /// Answers a tab that asks for the stream.
    fn welcome(&mut self, tab: u64, heard: Option<(Reign, u64)>, mark: &Mark, is_new: bool, log: &Log) {
        self.flush(log);
        let Role::Leader(leader) = &mut self.role else { return };
        leader.has_audience = true;
        let reign = leader.reign;
        let known = heard.filter(|(of, next)| *of == reign && log.mark_before(*next).is_some());
        let reached = match known {
            Some((_, next)) => Some(next),
            // Nobody can say where in a stream without ids somebody stands: who is new gets all there is, and who
            // has heard an earlier leader gets what came under this one.
            None if mark.is_without_id() && log.end_mark().is_without_id() => {
                Some(if is_new { log.first() } else { leader.began.max(log.first()) })
            }
            None => log.locate(mark),
        };
        let first = reached.unwrap_or(log.end());
        let Some(at) = log.mark_before(first) else { return };
        let entries = log.from(first).cloned().collect();
        let state = leader.state.clone();
        self.act(Action::Post(Message::Welcome { reign, tab, first, at, entries, state }));
    }
}

#[cfg(test)]
mod tests;
