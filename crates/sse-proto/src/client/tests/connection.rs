use super::*;

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
fn c19_a_request_that_hangs_is_noticed() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.pass(60 * SECOND);
    assert!(matches!(bench.client.state(), State::Waiting { cause: Failure::ConnectTimeout, .. }));
    assert!(bench.told().iter().any(|output| matches!(output, Output::Disconnect(_))));
    let words = alloc::string::ToString::to_string(&Failure::ConnectTimeout);
    assert!(words.contains("HTTP/1.1") && words.contains("six connections"), "{words}");
}

#[test]
fn c09_nothing_of_an_old_connection_counts() {
    let mut bench = Bench::open();
    let old = bench.connection.expect("open");
    bench.command(Command::Reconnect);
    assert_ne!(bench.connection, Some(old));
    assert_eq!(bench.client.handle_event(bench.now, old, "message", "late", "9"), Verdict::Late);
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
fn sse_end_is_the_end() {
    let mut bench = Bench::open();
    assert_eq!(bench.event("sse.end", "{}", ""), Verdict::Control);
    assert_eq!(*bench.client.state(), State::Closed(CloseReason::Ended));
    assert_eq!(bench.event("message", "late", ""), Verdict::Late);
    bench.told();
    bench.pass(100 * SECOND);
    assert_eq!(bench.connects(), 0);
}

#[test]
fn c08_pausing_drops_the_connection_and_keeps_the_cursor_until_every_reason_is_gone() {
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
fn reconnecting_ends_the_callers_pause() {
    let mut bench = Bench::open();
    bench.command(Command::Pause(PauseReason::Caller));
    bench.command(Command::Reconnect);
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 1 });
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
fn c03_c04_a_transport_that_sees_the_head_leaves_the_judgement_to_the_client() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.told();
    bench.signal(from("https://a/"));
    assert_eq!(bench.told(), [Output::StateChanged]);
    assert_eq!(*bench.client.state(), State::Open);
    bench.signal(status(500));
    assert_eq!(*bench.client.state(), State::Open, "there is one response to a request");

    let html = Response::new(200).with_content_type(String::from("text/html"));
    for (response, failure) in [
        (Response::new(204), Failure::Status { status: 204, retry_after: None }),
        (Response::new(404), Failure::Status { status: 404, retry_after: None }),
        (html, Failure::ContentType("text/html".into())),
    ] {
        let mut bench = Bench::new(ClientOptions::default());
        let connection = bench.connection.expect("a connection was asked for");
        bench.told();
        bench.signal(Signal::Responded(response));
        let told = [Output::Disconnect(connection), Output::Failed(failure.clone()), Output::StateChanged];
        assert_eq!(bench.told(), told);
        assert_eq!(*bench.client.state(), State::Closed(CloseReason::Refused(failure)));
    }
}

#[test]
fn c05_a_reconnect_goes_to_the_last_redirected_url() {
    let mut bench = Bench::new(ClientOptions::default());
    assert_eq!(bench.url(), None);
    for url in ["https://a/", "https://b/"] {
        bench.signal(from(url));
        bench.signal(Signal::Failed(Failure::Ended));
        bench.pass(60 * SECOND);
        assert_eq!(bench.url(), Some(url));
    }
    // A response that names no URL came from where the request went.
    bench.signal(Signal::Opened);
    bench.command(Command::Pause(PauseReason::PageHidden));
    bench.command(Command::Resume(PauseReason::PageHidden));
    assert_eq!(bench.url(), Some("https://b/"));
}

#[test]
fn c05_a_redirect_to_a_dead_node_does_not_hold_the_client() {
    for dead in [Signal::Failed(Failure::Network), status(503)] {
        let mut bench = Bench::new(ClientOptions::default());
        bench.signal(from("https://node-7/"));
        bench.signal(Signal::Failed(Failure::Ended));
        bench.pass(60 * SECOND);
        assert_eq!(bench.url(), Some("https://node-7/"));
        bench.signal(dead);
        bench.told();
        bench.pass(40 * SECOND);
        assert_eq!(bench.connects(), 1);
        assert_eq!(bench.url(), None, "asked anew where to go");
    }
}

#[test]
fn c05_what_a_redirect_leads_to_cannot_refuse_for_the_owners_url() {
    let html = Response::new(200).with_content_type(String::from("text/html"));
    for refused in [status(403), status(410), Signal::Responded(html)] {
        let mut bench = Bench::new(ClientOptions::default());
        bench.signal(from("https://node-7/stream?signature=old"));
        bench.signal(Signal::Failed(Failure::Ended));
        bench.pass(60 * SECOND);
        bench.signal(refused.clone());
        assert!(matches!(bench.client.state(), State::Waiting { .. }), "{refused:?}");
        bench.told();
        bench.pass(60 * SECOND);
        assert_eq!((bench.connects(), bench.url()), (1, None));
        bench.signal(refused.clone());
        assert!(matches!(bench.client.state(), State::Closed(CloseReason::Refused(_))), "{refused:?}");
    }
}

#[test]
fn c03_a_stream_that_is_over_is_over_where_a_redirect_leads_to_as_well() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.signal(from("https://node-7/"));
    bench.signal(Signal::Failed(Failure::Ended));
    bench.pass(60 * SECOND);
    bench.signal(status(204));
    assert!(matches!(bench.client.state(), State::Closed(CloseReason::Refused(_))));
}

#[test]
fn c05_what_the_owner_asks_for_starts_from_the_owners_url() {
    for commands in [&[Command::Reconnect][..], &[Command::Close, Command::Open]] {
        let mut bench = Bench::new(ClientOptions::default());
        bench.signal(from("https://node-7/"));
        bench.told();
        commands.iter().for_each(|&command| bench.command(command));
        assert_eq!(bench.connects(), 1);
        assert_eq!(bench.url(), None);
    }
}

#[test]
fn c06_open_is_told_when_the_state_is_open_and_never_after_close() {
    let mut bench = Bench::new(ClientOptions::default());
    let connection = bench.connection.expect("a connection was asked for");
    bench.told();
    bench.client.handle_signal(bench.now, connection, Signal::Opened);
    assert_eq!(*bench.client.state(), State::Open);
    assert_eq!(bench.client.poll_output(), Output::StateChanged);

    for opened in [Signal::Opened, from("https://a/")] {
        let mut bench = Bench::new(ClientOptions::default());
        bench.command(Command::Close);
        bench.told();
        bench.signal(opened);
        assert_eq!(bench.told(), []);
        assert_eq!(*bench.client.state(), State::Closed(CloseReason::Caller));
    }
}

#[test]
fn c06_an_event_is_never_delivered_before_open() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.told();
    assert_eq!(bench.event("message", "from a transport that forgot to say opened", ""), Verdict::Deliver);
    assert_eq!(bench.told(), [Output::StateChanged]);
    assert_eq!(*bench.client.state(), State::Open);
    bench.pass(1000 * SECOND);
    assert_eq!(bench.failures(), 0, "the response is not due any more");
}

#[test]
fn c08_a_client_that_waits_for_the_network_makes_no_attempt_and_goes_on_at_once() {
    let mut bench = Bench::open();
    bench.command(Command::Pause(PauseReason::Offline));
    bench.told();
    bench.pass(1000 * SECOND);
    bench.command(Command::RetryNow);
    assert_eq!(bench.told(), [], "being told twice that there is a network is once too early");
    bench.command(Command::Resume(PauseReason::Offline));
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 1 });
}

#[test]
fn c09_what_follows_a_close_in_the_same_chunk_is_stale() {
    let mut bench = Bench::open();
    assert_eq!(bench.event("message", "one", "1"), Verdict::Deliver);
    let connection = bench.connection.expect("open");
    // The handler of the first event closes, and the transport is in the middle of a loop.
    bench.client.handle_command(bench.now, Command::Close);
    assert_eq!(bench.client.handle_event(bench.now, connection, "message", "two", "2"), Verdict::Late);
    assert_eq!(bench.client.handle_event(bench.now, connection, "sse.reset", "{}", ""), Verdict::Late);
    bench.client.handle_signal(bench.now, connection, Signal::Failed(Failure::Ended));
    bench.told();
    bench.drain();
    assert_eq!(bench.told(), [Output::Disconnect(connection), Output::StateChanged]);
    assert_eq!(bench.client.last_event_id(), "1");
}

#[test]
fn c09_what_was_to_be_told_is_not_told_after_close() {
    let mut bench = Bench::open();
    bench.event("sse.open", r#"{"heartbeat_ms":1000}"#, "a.1");
    bench.pass(2 * SECOND);
    assert!(matches!(bench.client.state(), State::Stale { .. }));
    bench.told();
    let connection = bench.connection.expect("open");
    bench.client.handle_event(bench.now, connection, "sse.gap", "{}", "a.1");
    assert_eq!(bench.client.poll_output(), Output::StateChanged);
    // Whoever hears that it is open again closes it. The gap is still to be told.
    bench.command(Command::Close);
    assert_eq!(bench.told(), [Output::Disconnect(connection), Output::StateChanged]);
}

#[test]
fn closing_what_is_closed_keeps_the_reason() {
    for command in [Command::Close, Command::Finish] {
        let mut bench = Bench::new(ClientOptions::default());
        bench.signal(status(404));
        bench.told();
        bench.command(command);
        assert_eq!(bench.told(), []);
        assert!(matches!(bench.client.state(), State::Closed(CloseReason::Refused(_))));
    }
}

#[test]
fn a_stream_that_the_owner_knows_to_be_complete_has_ended() {
    let mut bench = Bench::open();
    let connection = bench.connection.expect("open");
    bench.event("message", "[DONE]", "");
    bench.told();
    bench.command(Command::Finish);
    assert_eq!(bench.told(), [Output::Disconnect(connection), Output::StateChanged]);
    assert_eq!(*bench.client.state(), State::Closed(CloseReason::Ended));
    bench.pass(100 * SECOND);
    assert_eq!(bench.told(), []);
}

#[test]
fn c15_what_the_native_object_says_while_it_reconnects_does_not_close() {
    let mut bench = Bench::open();
    let old = bench.connection.expect("open");
    // The object tells one loss several times over, and calls itself closed when it is let go.
    for failure in [Failure::Ended, Failure::Network, Failure::Rejected] {
        bench.client.handle_signal(bench.now, old, Signal::Failed(failure));
        bench.drain();
        assert!(matches!(bench.client.state(), State::Waiting { cause: Failure::Ended, .. }));
    }
    bench.pass(2 * SECOND);
    bench.client.handle_signal(bench.now, old, Signal::Failed(Failure::Rejected));
    bench.drain();
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 2 });
    assert_eq!(bench.failures(), 1);
}

#[test]
fn c17_leaving_the_page_and_coming_back_goes_on_at_once_and_is_no_failure() {
    let mut bench = Bench::open();
    bench.event("message", "a", "7");
    bench.told();
    bench.command(Command::Pause(PauseReason::PageHidden));
    assert_eq!(*bench.client.state(), State::Paused { why: PauseReason::PageHidden });
    // A browser that leaves a page reports its streams as failed.
    bench.signal(Signal::Failed(Failure::Ended));
    bench.pass(3600 * SECOND);
    bench.command(Command::Resume(PauseReason::PageHidden));
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 1 });
    assert_eq!((bench.failures(), bench.connects()), (0, 1));
    assert_eq!(bench.cursor_sent().as_deref(), Some("7"));
}

#[test]
fn c17_coming_back_cuts_a_wait_short() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.signal(Signal::Failed(Failure::Network));
    bench.command(Command::Pause(PauseReason::PageHidden));
    assert_eq!(bench.deadline, None);
    bench.command(Command::Resume(PauseReason::PageHidden));
    assert_eq!(*bench.client.state(), State::Connecting { attempt: 2 });
}

#[test]
fn a_pause_takes_back_a_request_that_was_not_handed_out() {
    let mut client = Client::new(ClientOptions::default(), 1);
    let now = Instant::default();
    client.handle_command(now, Command::Open);
    client.handle_command(now, Command::Pause(PauseReason::Caller));
    assert_eq!(client.poll_output(), Output::StateChanged);
    assert_eq!(client.poll_output(), Output::Wait(None));
    assert_eq!(*client.state(), State::Paused { why: PauseReason::Caller });
}

#[test]
fn a_reason_to_pause_that_comes_before_open_counts() {
    let mut client = Client::new(ClientOptions::default(), 1);
    let now = Instant::default();
    client.handle_command(now, Command::Pause(PauseReason::Background));
    assert_eq!(*client.state(), State::Idle);
    client.handle_command(now, Command::Open);
    assert_eq!(*client.state(), State::Paused { why: PauseReason::Background });
    client.handle_command(now, Command::Resume(PauseReason::Background));
    assert_eq!(*client.state(), State::Connecting { attempt: 1 });
}

#[test]
fn a_client_is_drained_until_there_is_something_new_to_do() {
    let options =
        ClientOptions { silence: Silence::After(Duration::from_secs(5)), ..ClientOptions::default() };
    let mut bench = Bench::new(options);
    let connection = bench.connection.expect("it connects");
    bench.client.handle_event(bench.now, connection, "message", "x", "");
    assert!(!bench.client.is_drained(), "it has opened, and watches for silence");
    bench.drain();
    bench.client.handle_event(bench.now, connection, "message", "x", "");
    assert!(bench.client.is_drained(), "an event changes nothing");
    bench.client.handle_timeout(bench.now + Duration::from_secs(5));
    assert!(!bench.client.is_drained(), "another deadline");
    bench.drain();
    bench.client.handle_signal(bench.now, connection, Signal::Failed(Failure::Ended));
    assert!(!bench.client.is_drained());
}
