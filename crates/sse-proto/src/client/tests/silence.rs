use super::*;

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
fn c16_a_server_that_announces_no_heartbeat_may_be_silent() {
    let mut bench = Bench::open();
    bench.event("message", "a", "");
    assert_eq!(bench.deadline, None);
    bench.pass(10_000 * SECOND);
    assert_eq!(*bench.client.state(), State::Open);
}

#[test]
fn c16_bytes_that_are_no_event_yet_keep_it_open() {
    let mut bench = Bench::open();
    bench.event("sse.open", r#"{"heartbeat_ms":10000}"#, "a.0");
    bench.told();
    for _ in 0..20 {
        bench.pass(14 * SECOND);
        bench.signal(Signal::Activity);
    }
    assert_eq!(bench.told(), []);
}

#[test]
fn c16_a_connection_that_hangs_before_its_first_event_is_measured_by_the_heartbeat_of_the_one_before() {
    let mut bench = Bench::open();
    bench.event("sse.open", r#"{"heartbeat_ms":10000}"#, "a.0");
    bench.reconnect();
    bench.pass(31 * SECOND);
    assert_eq!(bench.failures(), 1);

    // And the next server may say that it sends none.
    bench.reconnect();
    bench.event("sse.open", "{}", "a.0");
    bench.pass(1000 * SECOND);
    assert_eq!(*bench.client.state(), State::Open);
}

#[test]
fn c16_another_server_that_begins_without_a_promise_may_be_silent() {
    let mut bench = Bench::open();
    bench.event("sse.open", r#"{"heartbeat_ms":10000}"#, "a.0");
    bench.reconnect();
    bench.event("message", "from a server of another kind", "");
    bench.pass(1000 * SECOND);
    assert_eq!(*bench.client.state(), State::Open);
}

#[test]
fn c16_a_connection_that_was_silent_from_the_start_was_not_healthy() {
    let silence = Silence::After(10 * SECOND);
    let mut bench = Bench::new(ClientOptions { silence, max_retries: Some(2), ..ClientOptions::default() });
    for _ in 0..3 {
        bench.signal(Signal::Opened);
        bench.pass(20 * SECOND);
        assert_eq!(bench.failures(), 1);
        bench.told();
        bench.pass(5 * SECOND);
    }
    let gave_up = CloseReason::GaveUp { failures: 3, last: Failure::Silence };
    assert_eq!(*bench.client.state(), State::Closed(gave_up));
}

#[test]
fn c16_a_connection_that_was_healthy_before_it_fell_silent_starts_a_new_count() {
    let silence = Silence::After(10 * SECOND);
    let mut bench = Bench::new(ClientOptions { silence, ..ClientOptions::default() });
    bench.signal(Signal::Failed(Failure::Network));
    bench.pass(2 * SECOND);
    bench.signal(Signal::Opened);
    bench.pass(6 * SECOND);
    bench.signal(Signal::Activity);
    bench.pass(20 * SECOND);
    assert!(matches!(bench.client.state(), State::Waiting { attempt: 2, cause: Failure::Silence, .. }));
}

#[test]
fn c16_the_watch_begins_anew_after_a_pause() {
    let mut bench = Bench::new(ClientOptions { silence: Silence::After(SECOND), ..ClientOptions::default() });
    bench.signal(Signal::Opened);
    bench.pass(SECOND);
    assert!(matches!(bench.client.state(), State::Stale { .. }));
    bench.command(Command::Pause(PauseReason::Background));
    assert_eq!(bench.deadline, None);
    bench.pass(1000 * SECOND);
    bench.command(Command::Resume(PauseReason::Background));
    bench.signal(Signal::Opened);
    assert_eq!(*bench.client.state(), State::Open);
    bench.pass(2 * SECOND);
    assert!(matches!(bench.client.state(), State::Waiting { attempt: 2, cause: Failure::Silence, .. }));
}
