use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;

/// A client, its clock, and what it asked for.
struct Bench {
    client: Client,
    now: Instant,
    told: Vec<Output>,
    connection: Option<ConnectionId>,
    deadline: Option<Instant>,
}

impl Bench {
    fn new(options: ClientOptions) -> Self {
        let client = Client::new(options, 7);
        let mut bench = Self {
            client,
            now: Instant::from_millis(1_000),
            told: Vec::new(),
            connection: None,
            deadline: None,
        };
        bench.command(Command::Open);
        bench
    }

    fn open() -> Self {
        let mut bench = Self::new(ClientOptions::default());
        bench.signal(Signal::Opened);
        bench
    }

    fn drain(&mut self) {
        loop {
            match self.client.poll_output() {
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
                output => {
                    if let Output::Connect { connection, .. } = output {
                        self.connection = Some(connection);
                    }
                    self.told.push(output);
                }
            }
        }
    }

    fn command(&mut self, command: Command) {
        self.client.handle_command(self.now, command);
        self.drain();
    }

    fn signal(&mut self, signal: Signal) {
        let connection = self.connection.expect("a connection was asked for");
        self.client.handle_signal(self.now, connection, signal);
        self.drain();
    }

    fn event(&mut self, event_type: &str, data: &str, id: &str) -> Verdict {
        let connection = self.connection.expect("a connection was asked for");
        let verdict = self.client.handle_event(self.now, connection, event_type, data, id);
        self.drain();
        verdict
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.deadline.filter(|&deadline| deadline <= end) {
            self.now = deadline.max(self.now);
            self.client.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// What was told since the last call.
    fn told(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.told)
    }

    fn connects(&self) -> usize {
        self.told.iter().filter(|output| matches!(output, Output::Connect { .. })).count()
    }

    fn cursor_sent(&self) -> Option<String> {
        self.told.iter().rev().find_map(|output| match output {
            Output::Connect { last_event_id, .. } => Some(last_event_id.clone()),
            _ => None,
        })
    }

    /// The wait that was chosen after a failure.
    fn wait(&self) -> Duration {
        match self.client.state() {
            State::Waiting { until, .. } => until.saturating_duration_since(self.now),
            other => panic!("not waiting but {other:?}"),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn c07_a_connection_that_ends_is_made_again_after_a_wait() {
    let mut bench = Bench::open();
    bench.told();
    bench.signal(Signal::Failed(Failure::Ended));
    assert!(matches!(bench.client.state(), State::Waiting { attempt: 2, cause: Failure::Ended, .. }));
    assert!(bench.told().contains(&Output::Failed(Failure::Ended)));
    bench.pass(2 * SECOND);
    assert_eq!(bench.connects(), 1);
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 2 });
}

#[test]
fn c03_a_refusal_closes_with_one_error() {
    for failure in [
        Failure::Rejected,
        Failure::Status { status: 204, retry_after: None },
        Failure::Status { status: 401, retry_after: None },
        Failure::ContentType("text/html".into()),
    ] {
        let mut bench = Bench::new(ClientOptions::default());
        bench.told();
        bench.signal(Signal::Failed(failure.clone()));
        assert_eq!(*bench.client.state(), State::Closed(CloseReason::Refused(failure.clone())));
        bench.pass(100 * SECOND);
        let failures = bench.told().into_iter().filter(|output| matches!(output, Output::Failed(_))).count();
        assert_eq!(failures, 1, "{failure:?}");
        assert_eq!(bench.connects(), 0);
    }
}

#[test]
fn c03_retry_after_is_a_floor() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.signal(Signal::Failed(Failure::Status { status: 503, retry_after: Some(40 * SECOND) }));
    assert!(bench.wait() >= 40 * SECOND);
}

#[test]
fn p11_retry_is_a_floor_and_zero_is_not_a_busy_loop() {
    let mut bench = Bench::open();
    bench.signal(Signal::Retry(7 * SECOND));
    bench.signal(Signal::Failed(Failure::Network));
    assert!((7 * SECOND..=8 * SECOND).contains(&bench.wait()));

    let mut bench = Bench::open();
    bench.signal(Signal::Retry(Duration::ZERO));
    bench.signal(Signal::Failed(Failure::Network));
    assert!(bench.wait() >= Duration::from_millis(250));
}

#[test]
fn backoff_doubles_up_to_a_cap_and_two_clients_spread() {
    let waits = |seed| {
        let mut entropy = Entropy::new(seed);
        (1..=40).map(|n| Backoff::default().delay(n, Duration::ZERO, &mut entropy)).collect::<Vec<_>>()
    };
    for (at, wait) in waits(1).into_iter().enumerate() {
        let ceiling = SECOND.saturating_mul(1 << at.min(20)).min(30 * SECOND);
        assert!(
            wait >= Duration::from_millis(250) && wait <= ceiling + Duration::from_millis(250),
            "{at}: {wait:?}"
        );
    }
    assert_ne!(waits(1), waits(2));
}

#[test]
fn the_limit_counts_consecutive_failures_exactly() {
    let mut bench =
        Bench::new(ClientOptions { max_retries: Some(3), connect_timeout: None, ..ClientOptions::default() });
    for failures in 1..=3 {
        bench.signal(Signal::Failed(Failure::Network));
        bench.pass(60 * SECOND);
        assert_eq!(*bench.client.state(), State::Connecting { attempt: failures + 1 });
    }
    bench.signal(Signal::Failed(Failure::Network));
    assert_eq!(
        *bench.client.state(),
        State::Closed(CloseReason::GaveUp { failures: 4, last: Failure::Network })
    );
    assert_eq!(bench.connects(), 4);
}

#[test]
fn only_a_healthy_connection_clears_the_record() {
    let mut bench = Bench::open();
    bench.signal(Signal::Failed(Failure::Ended));
    bench.pass(2 * SECOND);
    bench.signal(Signal::Opened);
    bench.signal(Signal::Failed(Failure::Ended));
    assert!(matches!(bench.client.state(), State::Waiting { attempt: 3, .. }), "opened for an instant");
    bench.pass(10 * SECOND);
    bench.signal(Signal::Opened);
    bench.pass(5 * SECOND);
    bench.signal(Signal::Failed(Failure::Ended));
    assert!(matches!(bench.client.state(), State::Waiting { attempt: 2, .. }), "was healthy");
}

#[test]
fn c19_a_request_that_hangs_is_noticed() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.pass(60 * SECOND);
    assert!(matches!(bench.client.state(), State::Waiting { cause: Failure::ConnectTimeout, .. }));
    assert!(bench.told().iter().any(|output| matches!(output, Output::Disconnect(_))));
}

#[test]
fn c16_silence_turns_stale_and_then_dead() {
    let mut bench = Bench::open();
    bench.event("sse.open", r#"{"heartbeat_ms":10000}"#, "a.0");
    bench.pass(10 * SECOND);
    bench.event("sse.heartbeat", "{}", "a.0");
    let since = bench.now;
    bench.pass(14 * SECOND);
    assert_eq!(*bench.client.state(), State::Open);
    bench.pass(2 * SECOND);
    assert_eq!(*bench.client.state(), State::Stale { since });
    bench.signal(Signal::Activity);
    assert_eq!(*bench.client.state(), State::Open);
    bench.pass(31 * SECOND);
    assert!(matches!(
        bench.client.state(),
        State::Waiting { cause: Failure::Silence, .. } | State::Connecting { .. }
    ));
    assert!(bench.told().contains(&Output::Failed(Failure::Silence)));
}

#[test]
fn a_server_that_announces_no_heartbeat_may_be_silent() {
    let mut bench = Bench::open();
    bench.event("message", "a", "");
    assert_eq!(bench.deadline, None);
    bench.pass(10_000 * SECOND);
    assert_eq!(*bench.client.state(), State::Open);
}

#[test]
fn c09_nothing_of_an_old_connection_counts() {
    let mut bench = Bench::open();
    let old = bench.connection.expect("open");
    bench.command(Command::Reconnect);
    assert_ne!(bench.connection, Some(old));
    assert_eq!(bench.client.handle_event(bench.now, old, "message", "late", "9"), Verdict::Stale);
    bench.client.handle_signal(bench.now, old, Signal::Failed(Failure::Network));
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 1 });
    assert_eq!(bench.client.last_event_id(), "");
}

#[test]
fn c09_after_close_nothing_happens_any_more() {
    let mut bench = Bench::open();
    bench.signal(Signal::Failed(Failure::Network));
    bench.command(Command::Close);
    bench.told();
    bench.pass(100 * SECOND);
    bench.command(Command::Resume(PauseReason::Offline));
    assert_eq!(bench.told(), []);
    assert_eq!(*bench.client.state(), State::Closed(CloseReason::Caller));
}

#[test]
fn c10_the_cursor_is_sent_again_and_survives_connections_without_ids() {
    let mut bench = Bench::open();
    assert_eq!(bench.cursor_sent().as_deref(), Some(""));
    assert_eq!(bench.event("message", "a", "41"), Verdict::Deliver);
    for _ in 0..3 {
        bench.signal(Signal::Failed(Failure::Ended));
        bench.pass(60 * SECOND);
        assert_eq!(bench.cursor_sent().as_deref(), Some("41"));
        bench.signal(Signal::Opened);
    }
}

#[test]
fn what_a_numbering_server_repeats_after_a_resume_is_a_duplicate() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.0");
    for seq in 1..=3 {
        assert_eq!(bench.event("tick", "x", &alloc::format!("a.{seq}")), Verdict::Deliver);
    }
    bench.command(Command::Reconnect);
    assert_eq!(bench.cursor_sent().as_deref(), Some("a.3"));
    bench.signal(Signal::Opened);
    bench.event("sse.open", "{}", "a.3");
    assert_eq!(bench.event("tick", "x", "a.2"), Verdict::Duplicate);
    assert_eq!(bench.event("tick", "x", "a.3"), Verdict::Duplicate);
    assert_eq!(bench.event("tick", "x", "a.4"), Verdict::Deliver);
    assert_eq!(bench.client.last_event_id(), "a.4");
}

#[test]
fn a_server_that_goes_on_from_before_the_cursor_repeats_nothing() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.0");
    for seq in 1..=3 {
        bench.event("tick", "x", &alloc::format!("a.{seq}"));
    }
    bench.command(Command::Reconnect);
    bench.signal(Signal::Opened);
    bench.event("sse.open", "{}", "a.0");
    assert_eq!(bench.client.last_event_id(), "a.3");
    for seq in 1..=3 {
        assert_eq!(bench.event("tick", "x", &alloc::format!("a.{seq}")), Verdict::Duplicate);
    }
    assert_eq!(bench.event("tick", "x", "a.4"), Verdict::Deliver);
}

#[test]
fn a_reset_within_the_epoch_forgets_the_cursor() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.0");
    bench.event("tick", "x", "a.9");
    bench.command(Command::Reconnect);
    bench.signal(Signal::Opened);
    bench.told();
    bench.event("sse.open", "{}", "a.0");
    bench.event("sse.reset", "{}", "a.0");
    assert_eq!(bench.told(), [Output::Gap(Gap::Reset)]);
    assert_eq!(bench.event("tick", "x", "a.1"), Verdict::Deliver);
    assert_eq!(bench.client.last_event_id(), "a.1");
}

#[test]
fn foreign_ids_are_opaque() {
    let mut bench = Bench::open();
    for id in ["2", "1", "1", "", "a.3", "a.2"] {
        assert_eq!(bench.event("message", "x", id), Verdict::Deliver, "{id}");
        assert_eq!(bench.client.last_event_id(), id);
    }
}

#[test]
fn a_gap_is_told_before_the_events_after_it() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.5");
    bench.told();
    assert_eq!(bench.event("sse.gap", r#"{"trimmed":9}"#, "a.5"), Verdict::Control);
    assert_eq!(bench.told(), [Output::Gap(Gap::Trimmed { up_to: 9 })]);
}

#[test]
fn a_new_epoch_is_one_reset_however_often_it_is_said() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.0");
    bench.event("tick", "x", "a.1");
    bench.command(Command::Reconnect);
    bench.signal(Signal::Opened);
    bench.told();
    bench.event("sse.open", "{}", "b.0");
    bench.event("sse.reset", "{}", "b.0");
    assert_eq!(bench.event("tick", "x", "b.1"), Verdict::Deliver);
    assert_eq!(bench.told(), [Output::Gap(Gap::Reset)]);
}

#[test]
fn sse_end_is_the_end() {
    let mut bench = Bench::open();
    assert_eq!(bench.event("sse.end", "{}", ""), Verdict::Control);
    assert_eq!(*bench.client.state(), State::Closed(CloseReason::Ended));
    assert_eq!(bench.event("message", "late", ""), Verdict::Stale);
    bench.told();
    bench.pass(100 * SECOND);
    assert_eq!(bench.connects(), 0);
}

#[test]
fn pausing_drops_the_connection_and_keeps_the_cursor_until_every_reason_is_gone() {
    let mut bench = Bench::open();
    bench.event("message", "a", "7");
    bench.command(Command::Pause(PauseReason::Offline));
    bench.command(Command::Pause(PauseReason::Caller));
    assert_eq!(*bench.client.state(), State::Paused { why: PauseReason::Caller });
    bench.told();
    bench.command(Command::Resume(PauseReason::Caller));
    assert_eq!(*bench.client.state(), State::Paused { why: PauseReason::Offline });
    bench.pass(100 * SECOND);
    assert_eq!(bench.connects(), 0);
    bench.command(Command::Resume(PauseReason::Offline));
    assert_eq!(bench.cursor_sent().as_deref(), Some("7"));
}

#[test]
fn a_wait_can_be_cut_short_and_nothing_else_is() {
    let mut bench = Bench::open();
    bench.told();
    bench.command(Command::RetryNow);
    assert_eq!(bench.told(), []);
    bench.signal(Signal::Failed(Failure::Network));
    bench.command(Command::RetryNow);
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 2 });
    bench.pass(10 * SECOND);
    assert_eq!(bench.connects(), 1, "the timer of the wait is gone");
}

#[test]
fn a_pause_does_not_forget_that_the_connection_was_healthy() {
    let mut bench = Bench::new(ClientOptions { connect_timeout: None, ..ClientOptions::default() });
    bench.signal(Signal::Failed(Failure::Network));
    bench.pass(60 * SECOND);
    bench.signal(Signal::Opened);
    bench.pass(60 * SECOND);
    bench.command(Command::Pause(PauseReason::PageHidden));
    bench.command(Command::Resume(PauseReason::PageHidden));
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 1 });
}

#[test]
fn reconnecting_ends_the_callers_pause() {
    let mut bench = Bench::open();
    bench.command(Command::Pause(PauseReason::Caller));
    bench.command(Command::Reconnect);
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 1 });
}

#[test]
fn no_duration_makes_a_busy_loop_or_a_panic() {
    let zero = ClientOptions {
        connect_timeout: Some(Duration::ZERO),
        backoff: Backoff { initial: Duration::ZERO, max: Duration::ZERO, floor: Duration::ZERO },
        silence: Silence::After(Duration::ZERO),
        ..ClientOptions::default()
    };
    let longest = ClientOptions {
        connect_timeout: Some(Duration::MAX),
        backoff: Backoff { initial: Duration::MAX, max: Duration::MAX, floor: Duration::MAX },
        silence: Silence::After(Duration::MAX),
        ..ClientOptions::default()
    };
    for options in [zero, longest] {
        let mut bench = Bench::new(options);
        bench.client.handle_timeout(bench.now);
        bench.drain();
        bench.command(Command::Reconnect);
        bench.signal(Signal::Opened);
        bench.event("sse.open", r#"{"heartbeat_ms":0}"#, "a.0");
        bench.client.handle_timeout(bench.now);
        bench.drain();
        assert_eq!(*bench.client.state(), State::Open);
        bench.signal(Signal::Failed(Failure::Network));
        assert!(matches!(bench.client.state(), State::Waiting { .. }));
    }
}

#[test]
fn opened_twice_is_opened_once() {
    let mut bench = Bench::open();
    bench.told();
    bench.command(Command::Open);
    bench.signal(Signal::Opened);
    assert_eq!(bench.told(), []);
}

#[test]
fn a_request_that_was_not_handed_out_is_taken_back() {
    let mut client = Client::new(ClientOptions::default(), 1);
    let now = Instant::default();
    client.handle_command(now, Command::Open);
    client.handle_command(now, Command::Close);
    let mut told = Vec::new();
    loop {
        match client.poll_output() {
            Output::Wait(deadline) => {
                assert_eq!(deadline, None);
                break;
            }
            output => told.push(output),
        }
    }
    assert_eq!(told, [Output::StateChanged]);
}

#[test]
fn a_cursor_of_another_epoch_that_was_handed_in_is_a_reset() {
    let mut client = Client::new(ClientOptions::default(), 1).with_last_event_id("a.5");
    let mut bench_now = Instant::default();
    client.handle_command(bench_now, Command::Open);
    let connection = loop {
        if let Output::Connect { connection, last_event_id } = client.poll_output() {
            assert_eq!(last_event_id, "a.5");
            break connection;
        }
    };
    bench_now = bench_now + SECOND;
    client.handle_signal(bench_now, connection, Signal::Opened);
    client.handle_event(bench_now, connection, "sse.open", "{}", "b.0");
    client.handle_event(bench_now, connection, "sse.reset", "{}", "b.0");
    let told = core::iter::from_fn(|| match client.poll_output() {
        Output::Wait(_) => None,
        output => Some(output),
    });
    assert_eq!(told.filter(|output| *output == Output::Gap(Gap::Reset)).count(), 1);
}
