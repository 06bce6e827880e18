mod leaders;
mod snapshots;

use super::super::log::{Entry, What, limits};
use super::*;

const NOW: Instant = Instant::from_millis(1_000);
/// On the clock that all tabs share.
const WALL: u64 = 1_000_000;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn event(last_event_id: &str, data: &str) -> Entry {
    let what = What::Event { event_type: "message".into(), data: data.into() };
    Entry { what, last_event_id: last_event_id.into() }
}

fn cursor(last_event_id: &str) -> Entry {
    Entry { what: What::Cursor, last_event_id: last_event_id.into() }
}

/// One tab, and all that it did.
struct Tab {
    peer: Peer,
    log: Log,
}

impl Tab {
    fn new(number: u64) -> Self {
        Self { peer: Peer::new(number), log: Log::new("") }
    }

    /// One that has come and has nothing more to do.
    fn entered(number: u64) -> Self {
        Self::at_cursor(number, "")
    }

    /// One that has come with a cursor.
    fn at_cursor(number: u64, last_event_id: &str) -> Self {
        let mut tab = Self { peer: Peer::new(number), log: Log::new(last_event_id) };
        tab.peer.enter(NOW, &tab.log);
        tab.actions();
        tab
    }

    /// One that leads, with an audience.
    fn leading(number: u64) -> Self {
        let mut tab = Self::entered(number);
        tab.peer.handle_granted(NOW, number, &tab.log);
        tab.peer.handle_state(State::Open, &tab.log);
        // Of a server that gives no snapshots.
        tab.log.settle();
        tab.actions();
        tab
    }

    fn timeout(&mut self, now: Instant) {
        self.peer.handle_timeout(now, WALL, &self.log);
    }

    fn bring(&mut self, ids: &[&str]) {
        ids.iter().for_each(|id| self.bring_entry(event(id, &format!("data {id}"))));
    }

    fn bring_entry(&mut self, entry: Entry) {
        if self.peer.has_to_flush_before(&entry, &self.log) {
            self.peer.flush(&self.log);
        }
        self.log.push(entry);
        self.peer.handle_entry(&self.log);
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.peer.poll_action()).collect()
    }

    fn posts(&mut self) -> Vec<Message> {
        let post = |action| if let Action::Post(message) = action { Some(message) } else { None };
        self.actions().into_iter().filter_map(post).collect()
    }

    fn hear(&mut self, messages: impl IntoIterator<Item = Message>) -> &mut Self {
        for message in messages {
            self.peer.handle_message(NOW, WALL, message, &mut self.log);
        }
        self
    }

    fn ids(&self) -> Vec<&str> {
        self.log.from(0).map(|entry| &*entry.last_event_id).collect()
    }

    fn hello(&self) -> Message {
        Message::Hello {
            tab: self.peer.tab,
            heard: self.peer.heard,
            mark: self.log.end_mark().clone(),
            is_new: self.log.is_untouched(),
        }
    }

    /// Lets a tab ask this one, and hear the answer.
    fn admit(&mut self, other: &mut Self) {
        let hello = other.hello();
        let answer = self.hear([hello]).posts();
        other.hear(answer).actions();
    }
}

fn standing(state: State) -> Standing {
    Standing { state, ..Standing::new() }
}

fn connect(last_event_id: &str) -> Action {
    Action::Connect { last_event_id: last_event_id.into(), reconnection_time: Duration::ZERO }
}

fn here(term: Term, state: State) -> Message {
    Message::Leader { term, said: Said::Here { next: 0, standing: standing(state) } }
}

fn term(since: u64, tab: u64) -> Term {
    Term { since, tab }
}

#[test]
fn a_tab_waits_for_the_lock_and_connects_when_it_has_it() {
    let mut tab = Tab::new(7);
    tab.peer.enter(NOW, &tab.log);
    let hello = tab.hello();
    let connecting = State::Connecting { attempt: 1 };
    assert_eq!(tab.actions(), [Action::RequestLock, Action::Post(hello), Action::State(connecting.clone())]);
    tab.peer.handle_granted(NOW, 50, &tab.log);
    let here = here(term(50, 7), connecting);
    assert_eq!(tab.actions(), [Action::Post(here), connect("")]);
}

#[test]
fn who_comes_late_is_told_what_has_come_and_then_what_comes() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    leader.bring(&["a", "b"]);
    leader.admit(&mut late);
    assert_eq!(late.ids(), ["a", "b"]);
    leader.bring(&["c", "d"]);
    assert_eq!(leader.posts(), [], "not before the end of the task");
    leader.peer.flush(&leader.log);
    late.hear(leader.posts());
    assert_eq!(late.ids(), ["a", "b", "c", "d"]);
}

#[test]
fn nothing_is_said_while_nobody_listens() {
    let mut leader = Tab::leading(1);
    leader.bring(&["a", "b"]);
    leader.peer.flush(&leader.log);
    assert_eq!(leader.posts(), []);
}

#[test]
fn a_burst_does_not_wait_for_the_end_of_its_task() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    leader.admit(&mut late);
    for id in 0..BATCH * 3 {
        leader.bring(&[&id.to_string()]);
    }
    assert_eq!(leader.posts().len(), 3);
}

#[test]
fn what_the_log_cannot_hold_is_told_before_it_is_pushed_out() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    leader.admit(&mut late);
    let large = "x".repeat(limits::BYTES * 6 / 10);
    for _ in 0..2 {
        leader.bring_entry(event("", &large));
    }
    leader.peer.flush(&leader.log);
    let told = leader.posts();
    assert_eq!(told.len(), 2);
    late.hear(told);
    assert_eq!(late.actions(), [], "there is no hole");
    assert_eq!((late.log.first(), late.log.end()), (1, 2));
}

#[test]
fn a_hole_is_noticed_and_filled() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    leader.admit(&mut late);
    leader.bring(&["a"]);
    leader.peer.flush(&leader.log);
    leader.posts();
    leader.bring(&["b"]);
    leader.peer.flush(&leader.log);
    let asked = late.hear(leader.posts()).posts();
    assert_eq!(asked, [late.hello()]);
    late.hear(leader.hear(asked).posts());
    assert_eq!(late.ids(), ["a", "b"]);
}

#[test]
fn who_waits_for_an_answer_does_not_ask_again() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    leader.admit(&mut Tab::entered(3));
    for id in ["a", "b", "c"] {
        leader.bring(&[id]);
        leader.peer.flush(&leader.log);
    }
    let said = leader.posts();
    assert_eq!(said.len(), 3);
    assert_eq!(late.hear(said).posts(), [late.hello()], "to a leader that it did not know of");
    assert_eq!(late.ids(), [""; 0]);
}

#[test]
fn a_hole_at_the_end_is_noticed_when_the_leader_says_that_it_is_here() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    leader.admit(&mut late);
    leader.bring(&["a"]);
    leader.peer.flush(&leader.log);
    leader.posts();
    let here = leader.hear([Message::Ping]).posts();
    let asked = late.hear(here).posts();
    late.hear(leader.hear(asked).posts());
    assert_eq!(late.ids(), ["a"]);
}

#[test]
fn who_is_out_of_reach_begins_where_the_leader_stands() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    for id in 0..=limits::ENTRIES {
        leader.bring(&[&id.to_string()]);
    }
    leader.admit(&mut late);
    assert_eq!(late.ids(), [""; 0]);
    assert_eq!(late.log.end_mark(), leader.log.end_mark());
    assert_eq!(late.log.join(&Mark::default()), None, "its members have to catch up");
}

#[test]
fn the_next_leader_goes_on_from_its_cursor_and_nobody_hears_anything_twice() {
    let (mut first, mut second, mut third) = (Tab::leading(1), Tab::entered(2), Tab::entered(3));
    first.admit(&mut second);
    first.admit(&mut third);
    first.bring(&["a"]);
    first.peer.flush(&first.log);
    let said = first.posts();
    second.hear(said.clone());
    third.hear(said);
    // The third hears more of the first leader than the second, which follows it.
    first.bring(&["b", "c"]);
    first.peer.leave(&first.log);
    third.hear(first.posts());

    second.peer.handle_granted(NOW, 9, &second.log);
    let actions = second.actions();
    assert!(actions.contains(&connect("a")), "{actions:?}");
    second.admit(&mut third);
    second.bring(&["b", "c", "d"]);
    second.peer.flush(&second.log);
    third.hear(second.posts());
    assert_eq!(third.ids(), ["a", "b", "c", "d"]);
}

#[test]
fn in_a_stream_without_ids_the_next_leader_begins_anew_and_the_others_with_it() {
    let (mut first, mut second, mut third) = (Tab::leading(1), Tab::entered(2), Tab::entered(3));
    first.bring(&["", ""]);
    first.admit(&mut second);
    first.admit(&mut third);
    first.peer.leave(&first.log);
    second.peer.handle_granted(NOW, 9, &second.log);
    second.bring(&["", ""]);
    second.admit(&mut third);
    assert_eq!(third.ids(), ["", "", "", ""]);
    let mut late = Tab::entered(4);
    second.admit(&mut late);
    assert_eq!(late.ids().len(), 4, "what is remembered is what there is to know");
}

#[test]
fn a_leader_that_does_not_answer_is_robbed() {
    let mut tab = Tab::entered(0);
    let until = tab.peer.deadline().expect("it has asked");
    tab.timeout(at(until.as_millis() - 1));
    assert_eq!(tab.actions(), []);
    tab.timeout(until);
    assert_eq!(tab.actions(), [Action::StealLock]);
}

#[test]
fn a_silent_leader_is_asked_and_its_answer_counts() {
    let (mut leader, mut tab) = (Tab::leading(1), Tab::entered(2));
    leader.admit(&mut tab);
    tab.timeout(tab.peer.deadline().expect("it listens"));
    let ping = tab.posts();
    assert_eq!(ping, [Message::Ping]);
    let until = tab.peer.deadline();
    tab.hear(leader.hear(ping).posts());
    assert!(tab.peer.deadline() != until);
    assert!(!tab.actions().contains(&Action::StealLock));
}

#[test]
fn a_tab_that_slept_itself_asks_once_more_before_it_steals() {
    let mut tab = Tab::entered(0);
    let until = tab.peer.deadline().expect("it has asked");
    tab.timeout(at(until.as_millis() + 60_000));
    assert_eq!(tab.actions(), [Action::Post(Message::Ping)]);
    // A background tab's timers are late every time.
    let until = tab.peer.deadline().expect("it has asked");
    tab.timeout(at(until.as_millis() + 60_000));
    assert_eq!(tab.actions(), [Action::StealLock]);
}

#[test]
fn who_was_robbed_drops_its_connection_and_asks_its_successor() {
    let mut robbed = Tab::leading(1);
    robbed.bring(&["a"]);
    robbed.peer.handle_lost(NOW, &robbed.log);
    let hello = robbed.hello();
    assert_eq!(robbed.actions(), [Action::Disconnect, Action::RequestLock, Action::Post(hello)]);
}

#[test]
fn who_was_robbed_before_it_knew_that_it_had_the_lock_waits_for_it_again() {
    let mut tab = Tab::entered(1);
    tab.peer.handle_lost(NOW, &tab.log);
    assert_eq!(tab.actions(), [Action::RequestLock]);
}

#[test]
fn who_hears_its_successor_before_it_knows_that_it_was_robbed_steps_down() {
    let (mut robbed, mut thief) = (Tab::leading(1), Tab::entered(2));
    thief.peer.handle_granted(NOW, 2, &thief.log);
    let here = thief.posts();
    assert_eq!(robbed.hear(here).actions()[0], Action::Disconnect);
    // What it still says as the leader that it was is not believed.
    let mut other = Tab::entered(3);
    thief.admit(&mut other);
    let said = Said::Entries { first: 0, entries: vec![event("x", "").into()] };
    let old = Message::Leader { term: term(1, 1), said };
    assert_eq!(other.hear([old]).actions(), []);
    assert_eq!(other.ids(), [""; 0]);
}

#[test]
fn a_term_is_later_than_any_that_was_heard_of_whatever_the_wall_clock_says() {
    let mut tab = Tab::entered(1);
    tab.hear([here(term(900, 9), State::Open)]).actions();
    tab.peer.handle_granted(NOW, 5, &tab.log);
    assert_eq!(tab.peer.latest, term(901, 1));
}

#[test]
fn the_end_of_a_stream_is_the_end_for_those_who_have_all_of_it() {
    use sse_proto::client::CloseReason;
    let ended = State::Closed(CloseReason::Ended);
    let (mut leader, mut live, mut new) = (Tab::leading(1), Tab::entered(2), Tab::entered(3));
    leader.admit(&mut live);
    leader.bring(&["a"]);
    leader.peer.handle_state(ended.clone(), &leader.log);
    let last = leader.posts();
    assert!(live.hear(last.clone()).actions().contains(&Action::State(ended.clone())));
    assert_eq!(live.ids(), ["a"]);
    // One whose question came too late fetches it itself, when it has the lock.
    assert!(!new.hear(last).actions().contains(&Action::State(ended)));
}

#[test]
fn a_tab_that_was_away_goes_on_by_the_numbers_of_the_same_leader() {
    let (mut leader, mut tab) = (Tab::leading(1), Tab::entered(2));
    leader.bring(&["", ""]);
    leader.admit(&mut tab);
    tab.peer.leave(&tab.log);
    assert_eq!(tab.actions(), [Action::ReleaseLock]);
    leader.bring(&["", ""]);
    tab.peer.enter(NOW, &tab.log);
    tab.actions();
    leader.admit(&mut tab);
    assert_eq!(tab.ids().len(), 4, "numbers are exact where ids are not");
}

#[test]
fn a_lock_that_comes_when_nobody_wants_it_any_more_is_of_no_use() {
    let mut tab = Tab::entered(1);
    tab.peer.leave(&tab.log);
    tab.actions();
    tab.peer.handle_granted(NOW, 1, &tab.log);
    assert_eq!(tab.actions(), []);
}

#[test]
fn a_tab_that_is_ahead_of_its_leader_and_goes_away_hears_nothing_twice_when_it_is_back() {
    let (mut first, mut second, mut third) = (Tab::leading(1), Tab::entered(2), Tab::entered(3));
    first.bring(&["a"]);
    first.admit(&mut second);
    first.bring(&["b", "c"]);
    first.admit(&mut third);
    second.peer.handle_granted(NOW, 9, &second.log);
    second.actions();
    second.admit(&mut third);
    third.peer.leave(&third.log);
    second.bring(&["b", "c", "d"]);
    third.peer.enter(NOW, &third.log);
    second.admit(&mut third);
    assert_eq!(third.ids(), ["a", "b", "c", "d"]);
}

#[test]
fn what_a_server_says_again_when_its_leader_connects_anew_is_not_taken_for_news_by_who_is_ahead() {
    let (mut first, mut second, mut ahead) = (Tab::leading(1), Tab::entered(2), Tab::entered(3));
    let without_an_id = || event("a", "without an id of its own");
    first.bring(&["a"]);
    first.admit(&mut second);
    first.bring_entry(without_an_id());
    first.bring(&["b", "c"]);
    first.admit(&mut ahead);
    second.peer.handle_granted(NOW, 9, &second.log);
    second.actions();
    second.admit(&mut ahead);
    second.bring_entry(without_an_id());
    // It has connected anew behind "a".
    second.bring_entry(without_an_id());
    second.bring(&["b", "c", "d"]);
    second.peer.flush(&second.log);
    ahead.hear(second.posts());
    assert_eq!(ahead.ids(), ["a", "a", "b", "c", "d"]);
}
