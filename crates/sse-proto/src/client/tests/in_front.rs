//! What an owner does who hears of something in front of an event, and has not had the event yet.

use super::*;

impl Bench {
    /// An event, at the first output of which the owner gives these commands. Whether it is delivered all the same.
    fn event_and_react(&mut self, event_type: &str, data: &str, id: &str, commands: &[Command]) -> bool {
        let connection = self.connection.expect("a connection was asked for");
        let verdict = self.client.handle_event(self.now, connection, event_type, data, id);
        let first = self.client.poll_output();
        assert!(
            matches!(first, Output::StateChanged | Output::Gap(_)),
            "{first:?} is told in front of the event"
        );
        self.told.push(first);
        for command in commands {
            self.command(*command);
        }
        self.drain();
        self.client.handle_drained() && verdict == Verdict::Deliver
    }

    /// Open, numbered, and silent for so long that the next event makes it open again.
    fn stale() -> Self {
        let mut bench = Self::numbered();
        bench.event("sse.open", r#"{"heartbeat_ms":10000}"#, "a.3");
        bench.pass(16 * SECOND);
        assert!(matches!(bench.client.state(), State::Stale { .. }));
        bench.told();
        bench
    }

    fn cursor_of_the_next_connection(&mut self) -> String {
        self.command(Command::Reconnect);
        self.cursor_sent().expect("it connects")
    }
}

#[test]
fn c09_who_closes_at_a_new_state_has_not_had_the_event_behind_it() {
    let mut bench = Bench::stale();
    assert!(!bench.event_and_react("tick", "x", "a.4", &[Command::Close]));
    assert_eq!(bench.client.last_event_id(), "a.3");
    assert_eq!(bench.cursor_of_the_next_connection(), "a.3");
    bench.signal(Signal::Opened);
    assert_eq!(bench.event("tick", "x", "a.4"), Verdict::Deliver);
}

#[test]
fn c09_who_closes_at_a_gap_has_not_had_the_event_behind_it() {
    let mut bench = Bench::numbered();
    assert!(!bench.event_and_react("tick", "x", "b.1", &[Command::Close]));
    assert_eq!(bench.gaps(), [Gap::Reset]);
    assert_eq!(bench.cursor_of_the_next_connection(), "a.3");
    bench.signal(Signal::Opened);
    bench.event("sse.open", "{}", "b.0");
    assert_eq!(bench.event("tick", "x", "b.1"), Verdict::Deliver);
}

#[test]
fn the_cursor_at_a_gap_is_that_in_front_of_the_event() {
    let mut bench = Bench::numbered();
    let connection = bench.connection.expect("it is open");
    let verdict = bench.client.handle_event(bench.now, connection, "tick", "x", "b.1");
    assert_eq!((verdict, bench.client.poll_output()), (Verdict::Deliver, Output::Gap(Gap::Reset)));
    assert_eq!(bench.client.last_event_id(), "a.3");
    bench.drain();
    assert!(bench.client.handle_drained());
    assert_eq!(bench.client.last_event_id(), "b.1");
}

#[test]
fn who_pauses_or_connects_anew_in_front_of_an_event_goes_on_behind_it() {
    for command in [Command::Reconnect, Command::Pause(PauseReason::Caller)] {
        let mut bench = Bench::stale();
        assert!(bench.event_and_react("tick", "x", "a.4", &[command]));
        assert_eq!(bench.cursor_of_the_next_connection(), "a.4");
    }
}

#[test]
fn who_closes_after_that_has_not_had_it() {
    for first in [Command::Reconnect, Command::Pause(PauseReason::Caller)] {
        let mut bench = Bench::stale();
        assert!(!bench.event_and_react("tick", "x", "a.4", &[first, Command::Close]));
        assert_eq!(bench.cursor_of_the_next_connection(), "a.3");
    }
}

#[test]
fn who_closes_and_connects_anew_is_brought_the_event_by_the_next_connection_only() {
    let mut bench = Bench::stale();
    assert!(!bench.event_and_react("tick", "x", "a.4", &[Command::Close, Command::Reconnect]));
    assert_eq!(bench.cursor_sent().as_deref(), Some("a.3"));
}

#[test]
fn c18_what_ends_in_front_of_an_event_by_a_pause_has_not_brought_it() {
    let mut bench = Bench::stale();
    bench.client.options.resend = false;
    assert!(!bench.event_and_react("tick", "x", "a.4", &[Command::Pause(PauseReason::Caller)]));
    assert_eq!(*bench.client.state(), State::Closed(CloseReason::Interrupted { cause: None }));
    assert_eq!(bench.client.last_event_id(), "a.3");
}

#[test]
fn a_gap_that_a_close_kept_from_being_told_is_found_again() {
    let mut bench = Bench::stale();
    // The state is told first, and the gap not any more.
    bench.event_and_react("sse.reset", "{}", "b.4", &[Command::Close]);
    assert_eq!(bench.gaps(), []);
    assert_eq!(bench.cursor_of_the_next_connection(), "a.3");
    bench.signal(Signal::Opened);
    bench.event("sse.open", "{}", "b.4");
    assert_eq!(bench.gaps(), [Gap::Reset]);
}

#[test]
fn a_gap_that_was_told_is_not_told_again_because_the_owner_closed_there() {
    let mut bench = Bench::numbered();
    bench.event_and_react("sse.reset", "{}", "b.4", &[Command::Close]);
    assert_eq!(bench.gaps(), [Gap::Reset]);
    assert_eq!(bench.cursor_of_the_next_connection(), "b.4");
}

#[test]
fn an_id_is_read_of_an_event_that_something_is_told_in_front_of() {
    let mut bench = Bench::new(ClientOptions { silence: Silence::After(SECOND), ..ClientOptions::default() });
    assert!(bench.client.reads_last_event_id("message"), "the transport has not said that it is open");
    bench.signal(Signal::Opened);
    assert!(!bench.client.reads_last_event_id("message"));
    bench.pass(SECOND);
    assert!(bench.client.reads_last_event_id("message"), "it is stale");
}
