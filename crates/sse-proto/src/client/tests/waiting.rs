use super::*;

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
        let mut wait = |n| Duration::from_millis(Backoff::default().delay(n, Duration::ZERO, &mut entropy));
        (1..=40).map(&mut wait).collect::<Vec<_>>()
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
fn a_server_that_ends_after_each_event_is_asked_at_its_own_pace_where_every_opening_is_healthy() {
    let mut options = ClientOptions { healthy_after: Duration::ZERO, ..ClientOptions::default() };
    options.max_retries = Some(1);
    let mut bench = Bench::new(options);
    for _ in 0..20 {
        bench.signal(Signal::Opened);
        bench.signal(Signal::Retry(3 * SECOND));
        bench.event("message", "hello", "");
        bench.signal(Signal::Failed(Failure::Ended));
        assert!(matches!(bench.client.state(), State::Waiting { attempt: 2, .. }));
        assert!((3 * SECOND..=4 * SECOND).contains(&bench.wait()));
        bench.pass(4 * SECOND);
    }
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
        assert!(bench.wait() >= Duration::from_millis(1), "time passes between two attempts");
    }
}

#[test]
fn c03_a_status_that_is_worth_it_is_tried_again_when_retry_after_is_over() {
    let busy = Response::new(503).with_retry_after(String::from("40"));
    let mut bench = Bench::new(ClientOptions::default());
    bench.signal(Signal::Responded(busy));
    assert!(bench.wait() >= 40 * SECOND && bench.wait() <= 41 * SECOND, "{:?}", bench.wait());
    assert_eq!(bench.failures(), 1);
    bench.pass(39 * SECOND);
    assert_eq!(bench.connects(), 1);
    bench.pass(2 * SECOND);
    assert_eq!(bench.connects(), 2);
}

#[test]
fn c03_which_statuses_are_tried_again_is_an_option() {
    let default = ClientOptions::default().retry_statuses;
    for (retry_statuses, expected) in
        [(default, &[429, 502, 503, 504][..]), (Vec::new(), &[]), (alloc::vec![500], &[500])]
    {
        let is_tried_again = |&code: &u16| {
            let options =
                ClientOptions { retry_statuses: retry_statuses.clone(), ..ClientOptions::default() };
            let mut bench = Bench::new(options);
            bench.signal(status(code));
            matches!(bench.client.state(), State::Waiting { .. })
        };
        let tried_again: Vec<_> = (100..600).filter(is_tried_again).collect();
        assert_eq!(tried_again, expected);
    }
}

#[test]
fn c03_nothing_but_the_owner_goes_before_retry_after_is_over() {
    let busy = Signal::Failed(Failure::Status { status: 503, retry_after: Some(40 * SECOND) });
    let mut bench = Bench::new(ClientOptions::default());
    bench.signal(busy);
    bench.pass(10 * SECOND);
    bench.told();
    bench.command(Command::RetryNow);
    assert_eq!(bench.wait(), 30 * SECOND, "only the jitter is cut off");
    bench.command(Command::Pause(PauseReason::PageHidden));
    bench.pass(10 * SECOND);
    bench.command(Command::Resume(PauseReason::PageHidden));
    assert_eq!(bench.wait(), 20 * SECOND);
    assert_eq!(bench.connects(), 0);

    let mut late = Bench::new(ClientOptions::default());
    late.signal(Signal::Failed(Failure::Status { status: 503, retry_after: Some(SECOND) }));
    late.command(Command::Pause(PauseReason::PageHidden));
    late.pass(SECOND);
    late.command(Command::Resume(PauseReason::PageHidden));
    assert_eq!(late.connects(), 2, "it is over");

    bench.command(Command::Reconnect);
    assert_eq!(bench.connects(), 1);
    // And that was that: the next wait is one of its own.
    bench.signal(Signal::Failed(Failure::Network));
    bench.command(Command::RetryNow);
    assert_eq!(bench.connects(), 2);
}

#[test]
fn p11_the_reconnection_time_outlives_the_connection_that_set_it() {
    let mut bench = Bench::open();
    bench.signal(Signal::Retry(7 * SECOND));
    for attempt in 2..5 {
        bench.signal(Signal::Failed(Failure::Network));
        assert!(bench.wait() >= 7 * SECOND);
        bench.pass(60 * SECOND);
        assert_eq!(*bench.client.state(), State::Connecting { attempt });
    }
    bench.signal(Signal::Opened);
    bench.signal(Signal::Retry(Duration::MAX));
    bench.signal(Signal::Failed(Failure::Network));
    assert!(bench.wait() > 1_000_000 * SECOND);
}

#[test]
fn p11_the_reconnection_time_can_be_taken_over_from_another_client() {
    let mut before = Bench::open();
    assert_eq!(before.client.reconnection_time(), Duration::ZERO);
    before.signal(Signal::Retry(7 * SECOND));
    let mut after = Bench::open();
    after.client.set_reconnection_time(before.client.reconnection_time());
    after.signal(Signal::Failed(Failure::Network));
    assert!(after.wait() >= 7 * SECOND);
}

#[test]
fn a_clock_that_runs_backwards_costs_time_and_nothing_else() {
    let mut bench = Bench::open();
    bench.event("sse.open", r#"{"heartbeat_ms":10000}"#, "a.0");
    bench.pass(100_000 * SECOND);
    bench.signal(Signal::Opened);
    bench.now = Instant::from_millis(10);
    assert_eq!(bench.event("tick", "x", "a.1"), Verdict::Deliver);
    bench.client.handle_timeout(bench.now);
    bench.drain();
    assert!(bench.deadline.is_some(), "the silence is still watched");
    bench.signal(Signal::Failed(Failure::Network));
    bench.now = Instant::from_millis(5);
    bench.client.handle_timeout(bench.now);
    bench.drain();
    assert!(matches!(bench.client.state(), State::Waiting { .. }));
    bench.told();
    bench.pass(60 * SECOND);
    assert_eq!(bench.connects(), 1);
}
