//! Hearing a leader.

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use sse_proto::Instant;
use sse_proto::client::State;

use super::{ANSWER_WITHIN, ASK_AFTER, Action, Message, Reign, Role, Tabs};
use crate::share::log::{Entry, Log, Mark, What};

/// A timer that is so late was held up, and perhaps with it the answer that it is about.
const LATE: Duration = Duration::from_secs(1);

/// A tab that waits for the lock and hears the leader meanwhile.
#[derive(Debug)]
pub(super) struct Follower {
    /// Whether it keeps up with the latest leader, or has asked it and waits for the answer.
    is_live: bool,
    /// The numbers in the log of what an earlier leader told and the new one has not yet. It will tell that again.
    ahead: Range<u64>,
    silence: Silence,
}

/// What is made of a leader that says nothing.
#[derive(Clone, Copy, Debug)]
enum Silence {
    /// It was heard, and is asked at this time.
    Quiet { ask_at: Instant },
    /// It was asked, and is taken for frozen if it has not answered by then.
    Asked { until: Instant, again: bool },
}

impl Follower {
    /// It has just said hello, and that is a question.
    pub(super) fn new(now: Instant, tab: u64) -> Self {
        Self { is_live: false, ahead: 0..0, silence: Silence::asked(now, tab, false) }
    }
}

impl Silence {
    fn quiet(now: Instant, tab: u64) -> Self {
        Self::Quiet { ask_at: now + ASK_AFTER + jitter(tab) }
    }

    fn asked(now: Instant, tab: u64, again: bool) -> Self {
        Self::Asked { until: now + ANSWER_WITHIN + jitter(tab), again }
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

impl Tabs {
    /// When [`Self::handle_timeout`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.role {
            Role::Follower(follower) => Some(follower.silence.deadline()),
            Role::Away | Role::Leader(_) => None,
        }
    }

    /// Does what the deadline was for. Harmless at any other time.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Role::Follower(follower) = &mut self.role else { return };
        if now < follower.silence.deadline() {
            return;
        }
        let action = match follower.silence {
            Silence::Quiet { .. } => {
                follower.silence = Silence::asked(now, self.tab, false);
                Action::Post(Message::Ping)
            }
            // This tab slept itself: the answer may be there already, only not heard.
            Silence::Asked { until, again: false } if now > until + LATE => {
                follower.silence = Silence::asked(now, self.tab, true);
                Action::Post(Message::Ping)
            }
            Silence::Asked { .. } => {
                follower.silence = Silence::asked(now, self.tab, false);
                Action::StealLock
            }
        };
        self.act(action);
    }

    /// A leader said something.
    pub(super) fn hear(&mut self, now: Instant, reign: Reign, message: Message, log: &mut Log) {
        let is_to_another = matches!(message, Message::Welcome { tab, .. } if tab != self.tab);
        if reign < self.latest || is_to_another {
            return;
        }
        let is_news = reign > self.latest;
        self.latest = reign;
        if is_news && let Role::Leader(_) = self.role {
            // Whoever reigns now took the lock, and the browser has not come to tell yet.
            return self.step_down(now, log);
        }
        let Role::Follower(follower) = &mut self.role else { return };
        follower.silence = Silence::quiet(now, self.tab);
        let is_answer = matches!(message, Message::Welcome { .. });
        if is_news && !is_answer {
            self.ask_again(now, log);
        }
        match message {
            Message::Welcome { first, at, entries, state, .. } => {
                self.take_answer(reign, first, at, entries, log);
                self.act(Action::State(state));
            }
            Message::Entries { first, entries, .. } => self.take_entries(now, reign, first, entries, log),
            Message::Here { next, state, .. } => {
                let has_all = self.is_live() && self.heard == Some((reign, next));
                if self.is_live() && !has_all {
                    self.ask_again(now, log);
                }
                // What is missing at the end of a stream has to be fetched before that is the end here.
                if has_all || !matches!(state, State::Closed(_)) {
                    self.act(Action::State(state));
                }
            }
            Message::Failed { failure, .. } => self.act(Action::Failed(failure)),
            Message::Hello { .. } | Message::Ping | Message::Reconnect => {}
        }
    }

    fn is_live(&self) -> bool {
        matches!(&self.role, Role::Follower(follower) if follower.is_live)
    }

    /// Asks the leader for what is missing, and takes nothing else from it until it has answered.
    fn ask_again(&mut self, now: Instant, log: &Log) {
        if let Role::Follower(follower) = &mut self.role {
            follower.is_live = false;
            follower.silence = Silence::asked(now, self.tab, false);
            self.say_hello(log);
        }
    }

    fn take_answer(&mut self, reign: Reign, first: u64, at: Mark, entries: Vec<Rc<Entry>>, log: &mut Log) {
        let Role::Follower(follower) = &mut self.role else { return };
        follower.is_live = true;
        match self.heard {
            // By numbers, which are exact: the rest of what this leader said before.
            Some((of, next)) if of == reign && first <= next => {
                return self.append(reign, first, entries, log);
            }
            _ => {}
        }
        let is_without_ids = at.is_without_id() && log.end_mark().is_without_id();
        // A leader that began without a cursor stands wherever the server put it: not where this log began, of which
        // the same can be said.
        let is_place = !at.is_without_id() || log.is_untouched();
        follower.ahead = match log.locate(&at).filter(|_| is_place) {
            // Places in it cannot be compared.
            _ if is_without_ids && !log.is_untouched() => log.end()..log.end(),
            Some(number) => number..log.end(),
            None => {
                log.cut(at);
                log.end()..log.end()
            }
        };
        self.heard = Some((reign, first));
        self.append(reign, first, entries, log);
    }

    fn take_entries(
        &mut self,
        now: Instant,
        reign: Reign,
        first: u64,
        entries: Vec<Rc<Entry>>,
        log: &mut Log,
    ) {
        // Until it has answered, what it says may follow on something that is not here. The answer brings it.
        if !self.is_live() {
            return;
        }
        match self.heard {
            Some((of, next)) if of == reign && first <= next => self.append(reign, first, entries, log),
            _ => self.ask_again(now, log),
        }
    }

    /// Takes in entries that follow on what is here, perhaps with some overlap.
    fn append(&mut self, reign: Reign, first: u64, entries: Vec<Rc<Entry>>, log: &mut Log) {
        let Role::Follower(follower) = &mut self.role else { return };
        let Some((_, next)) = &mut self.heard else { return };
        debug_assert!(reign == self.latest && first <= *next);
        let known = usize::try_from(*next - first).unwrap_or(usize::MAX);
        for entry in entries.into_iter().skip(known) {
            *next = next.saturating_add(1);
            if !is_repeated(&mut follower.ahead, &entry, log) {
                log.push_shared(entry);
            }
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
    // A gap says nothing of the events behind it; an event that is new does.
    if let What::Event { .. } = entry.what {
        ahead.start = ahead.end;
    }
    false
}
