//! Hearing a leader.

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use sse_proto::Instant;

use super::message::{Answer, Said};
use super::{ANSWER_WITHIN, ASK_AFTER, Action, Message, Peer, Role, STEALS, Term};
use crate::share::log::{Entry, Log, What};

/// A timer that is so late was held up, and perhaps with it the answer that it is about.
const LATE: Duration = Duration::from_secs(1);

/// A tab that waits for the lock and hears the leader meanwhile.
#[derive(Debug)]
pub(super) struct Follower {
    /// Whether it keeps up with the latest leader, or has asked it and waits for the answer.
    is_live: bool,
    silence: Silence,
}

/// What is made of a leader that says nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    /// It was heard, and is asked at this time.
    Quiet { ask_at: Instant },
    /// It was asked, and is taken for frozen if it has not answered by then.
    Asked { until: Instant, again: bool },
}

impl Follower {
    /// It has just said hello, and that is a question.
    pub(super) fn new(silence: Silence) -> Self {
        Self { is_live: false, silence }
    }
}

impl Silence {
    fn quiet(now: Instant, tab: u64) -> Self {
        Self::Quiet { ask_at: now + ASK_AFTER + jitter(tab) }
    }

    fn deadline(self) -> Instant {
        match self {
            Self::Quiet { ask_at: at } | Self::Asked { until: at, .. } => at,
        }
    }
}

/// Up to a second, another for each tab.
fn jitter(tab: u64) -> Duration {
    Duration::from_millis(tab % 1_000)
}

impl Peer {
    /// When [`Self::handle_timeout`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.role {
            Role::Away => None,
            Role::Follower(follower) => Some(follower.silence.deadline()),
            Role::Leader(leader) => leader.hold,
        }
    }

    /// Does what the deadline was for. Harmless at any other time.
    pub(crate) fn handle_timeout(&mut self, now: Instant, wall: u64, log: &Log) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.role {
            Role::Away => {}
            Role::Leader(leader) => {
                leader.hold = None;
                self.connect(log);
            }
            Role::Follower(follower) => match follower.silence {
                Silence::Quiet { .. } => self.ask(now, false),
                // This tab slept itself: the answer may be there already, only not heard.
                Silence::Asked { until, again: false } if now > until + LATE => self.ask(now, true),
                Silence::Asked { .. } if self.steals == STEALS => {
                    self.act(Action::Detach);
                    self.handle_granted(now, wall, log);
                }
                Silence::Asked { .. } => {
                    self.steals += 1;
                    self.wait_for_answer(now, false);
                    self.act(Action::StealLock);
                }
            },
        }
    }

    fn ask(&mut self, now: Instant, again: bool) {
        self.wait_for_answer(now, again);
        self.act(Action::Post(Message::Ping));
    }

    fn wait_for_answer(&mut self, now: Instant, again: bool) {
        let asked = self.asked(now, again);
        if let Role::Follower(follower) = &mut self.role {
            follower.silence = asked;
        }
    }

    pub(super) fn asked(&self, now: Instant, again: bool) -> Silence {
        Silence::Asked { until: now + ANSWER_WITHIN * (1 << self.steals) + jitter(self.tab), again }
    }

    /// A leader said something.
    pub(super) fn hear(&mut self, now: Instant, term: Term, said: Said, log: &mut Log) {
        let is_to_another = matches!(said, Said::Welcome { tab, .. } if tab != self.tab);
        if term < self.latest || is_to_another {
            return;
        }
        let is_news = term > self.latest;
        self.latest = term;
        if is_news && let Role::Leader(_) = self.role {
            // Whoever leads now took the lock, and the browser has not come to tell yet.
            return self.step_down(now, log);
        }
        let Role::Follower(follower) = &mut self.role else { return };
        follower.silence = Silence::quiet(now, self.tab);
        self.steals = 0;
        let is_answer = matches!(said, Said::Welcome { .. });
        if is_news && !is_answer {
            self.ask_again(now, log);
        }
        match said {
            Said::Welcome { answer, .. } => self.take_answer(term, answer, log),
            Said::Entries { first, entries } => self.take_entries(now, term, first, entries, log),
            Said::Here { next, standing } => {
                let has_all = self.is_live() && self.heard == Some((term, next));
                if self.is_live() && !has_all {
                    self.ask_again(now, log);
                }
                self.standing = standing;
                // What is missing has to be fetched first, before an end more than ever.
                if has_all {
                    self.settle(log);
                    self.act(Action::State(self.standing.state.clone()));
                }
            }
            Said::Failed(failure) => self.act(Action::Failed(failure)),
        }
    }

    fn is_live(&self) -> bool {
        matches!(&self.role, Role::Follower(follower) if follower.is_live)
    }

    /// Asks the leader for what is missing, and takes nothing else from it until it has answered.
    fn ask_again(&mut self, now: Instant, log: &Log) {
        if let Role::Follower(follower) = &mut self.role {
            follower.is_live = false;
            self.wait_for_answer(now, false);
            self.say_hello(log);
        }
    }

    fn take_answer(&mut self, term: Term, answer: Answer, log: &mut Log) {
        let Role::Follower(follower) = &mut self.role else { return };
        follower.is_live = true;
        let Answer { first, at, entries, standing } = answer;
        // By numbers, which are exact: the rest of what this leader said before.
        let is_rest = matches!(self.heard, Some((of, next)) if of == term && first <= next);
        if !is_rest {
            let is_without_ids = at.is_without_id() && log.end_mark().is_without_id();
            let is_place = if at.is_without_id() {
                // A leader that began without a cursor stands wherever the server put it: not where this log began, of
                // which the same can be said.
                log.is_untouched()
            } else {
                // Behind what was asked for; or at the end of what it has, where it may be in the middle of a snapshot.
                !entries.is_empty() || standing.sure_from <= first
            };
            self.ahead = match log.continue_at(&at).filter(|_| is_place) {
                // Places in it cannot be compared.
                _ if is_without_ids && !log.is_untouched() => log.end()..log.end(),
                Some(number) => number..log.end(),
                None => {
                    log.cut(at);
                    log.end()..log.end()
                }
            };
            self.heard = Some((term, first));
        }
        self.standing = standing;
        self.append(first, entries, log);
        self.act(Action::State(self.standing.state.clone()));
    }

    fn take_entries(&mut self, now: Instant, term: Term, first: u64, entries: Vec<Rc<Entry>>, log: &mut Log) {
        // Until it has answered, what it says may follow on something that is not here. The answer brings it.
        if !self.is_live() {
            return;
        }
        match self.heard {
            Some((of, next)) if of == term && first <= next => self.append(first, entries, log),
            _ => self.ask_again(now, log),
        }
    }

    /// Takes in entries that follow on what is here, perhaps with some overlap.
    fn append(&mut self, first: u64, entries: Vec<Rc<Entry>>, log: &mut Log) {
        let Some((_, next)) = self.heard else { return };
        let known = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
        self.settle(log);
        for entry in entries.into_iter().skip(known) {
            if let Some((_, next)) = &mut self.heard {
                if matches!(entry.what, What::Gap(_)) && self.standing.sure_from <= *next {
                    // Said before the gap, which a server may make up for by a snapshot.
                    self.standing.sure_from = u64::MAX;
                }
                *next = next.saturating_add(1);
            }
            if !is_repeated(&mut self.ahead, &entry, log) {
                log.push_shared(entry);
            }
            self.settle(log);
        }
    }

    /// Takes over from the leader whether what comes next leaves out nothing.
    fn settle(&self, log: &mut Log) {
        let is_settled = self.heard.is_some_and(|(_, next)| self.standing.sure_from <= next);
        if is_settled {
            log.settle();
        } else if log.is_settled() {
            log.unsettle();
        }
    }
}

/// Whether this is among what was heard before.
fn is_repeated(ahead: &mut Range<u64>, entry: &Entry, log: &Log) -> bool {
    let mut heard = ahead.clone().filter_map(|number| Some((number, log.get(number)?)));
    if let Some((number, _)) = heard.find(|(_, heard)| ***heard == *entry) {
        ahead.start = number + 1;
        return true;
    }
    // A gap or a cursor says nothing of the events behind it; an event that is new does.
    if let What::Event { .. } = entry.what {
        if !ahead.is_empty() && is_said_twice(ahead.start, entry, log) {
            return true;
        }
        ahead.start = ahead.end;
    }
    false
}

/// Whether this is one of the events in front of `number` that have no id of their own: a server says them again when the
/// leader connects anew.
fn is_said_twice(number: u64, entry: &Entry, log: &Log) -> bool {
    (log.first()..number)
        .rev()
        .map_while(|number| log.get(number))
        .take_while(|before| before.last_event_id == entry.last_event_id)
        .any(|before| **before == *entry)
}
