//! Requests that must not be sent again by themselves (c18).

use super::*;

fn once() -> ClientOptions {
    ClientOptions { resend: false, ..ClientOptions::default() }
}

fn interrupted(cause: Option<Failure>) -> State {
    State::Closed(CloseReason::Interrupted { cause })
}

#[test]
fn c18_a_drop_after_the_request_was_sent_is_an_interruption_told_once() {
    for opened in [false, true] {
        let lost =
            [Failure::Network, Failure::Ended, Failure::Cut, Failure::Silence, Failure::ConnectTimeout];
        for failure in lost {
            let mut bench = Bench::new(once());
            if opened {
                bench.signal(Signal::Opened);
            }
            bench.told();
            bench.signal(Signal::Failed(failure.clone()));
            assert_eq!(*bench.client.state(), interrupted(Some(failure)));
            bench.command(Command::RetryNow);
            bench.command(Command::Resume(PauseReason::PageHidden));
            bench.pass(1000 * SECOND);
            assert_eq!((bench.failures(), bench.connects()), (1, 0));
        }
    }
}

#[test]
fn c18_a_response_that_does_not_come_is_an_interruption() {
    let mut bench = Bench::new(once());
    bench.pass(60 * SECOND);
    assert_eq!(*bench.client.state(), interrupted(Some(Failure::ConnectTimeout)));
}

#[test]
fn c18_a_status_is_a_refusal_also_one_that_is_otherwise_tried_again() {
    let mut bench = Bench::new(once());
    bench.signal(status(503));
    let refused = CloseReason::Refused(Failure::Status { status: 503, retry_after: None });
    assert_eq!(*bench.client.state(), State::Closed(refused));
}

#[test]
fn c18_a_pause_interrupts_what_cannot_be_resumed_and_is_no_failure() {
    let mut bench = Bench::new(once());
    bench.signal(Signal::Opened);
    bench.told();
    bench.command(Command::Pause(PauseReason::PageHidden));
    assert_eq!(*bench.client.state(), interrupted(None));
    bench.command(Command::Resume(PauseReason::PageHidden));
    assert_eq!((bench.failures(), bench.connects()), (0, 0));
}

#[test]
fn c18_a_request_that_was_not_sent_yet_can_wait() {
    let mut client = Client::new(once(), 1);
    let now = Instant::default();
    client.handle_command(now, Command::Open);
    client.handle_command(now, Command::Pause(PauseReason::Background));
    assert_eq!(*client.state(), State::Paused { why: PauseReason::Background });
    client.handle_command(now, Command::Resume(PauseReason::Background));
    assert_eq!(*client.state(), State::Connecting { attempt: 1 });
}

#[test]
fn c18_the_owner_may_send_it_again() {
    for command in [Command::Reconnect, Command::Open] {
        let mut bench = Bench::new(once());
        bench.signal(Signal::Failed(Failure::Ended));
        bench.told();
        bench.command(command);
        assert_eq!(bench.connects(), 1);
        assert_eq!(*bench.client.state(), State::Connecting { attempt: 1 });
    }
    let mut bench = Bench::new(once());
    bench.signal(Signal::Opened);
    bench.told();
    bench.command(Command::Reconnect);
    assert_eq!((bench.connects(), bench.failures()), (1, 0));
}

#[test]
fn c18_it_is_sent_again_when_the_caller_allows_it() {
    let mut bench = Bench::new(ClientOptions { resend: true, ..ClientOptions::default() });
    bench.signal(Signal::Failed(Failure::Ended));
    assert!(matches!(bench.client.state(), State::Waiting { .. }));
}

#[test]
fn c18_the_end_that_the_server_announces_is_no_interruption() {
    let mut bench = Bench::new(once());
    bench.signal(Signal::Opened);
    bench.event("sse.end", "{}", "");
    assert_eq!(*bench.client.state(), State::Closed(CloseReason::Ended));
}

#[test]
fn c18_a_request_for_which_there_is_no_token_is_made_again_only_if_it_may_be() {
    let no_token = Failure::Token("log in again".into());
    let mut bench = Bench::new(once());
    bench.signal(Signal::Failed(no_token.clone()));
    assert_eq!(*bench.client.state(), State::Closed(CloseReason::Refused(no_token.clone())));
    bench.pass(60 * SECOND);
    assert_eq!(bench.connects(), 1);

    let mut bench = Bench::new(ClientOptions::default());
    bench.signal(Signal::Failed(no_token));
    assert!(matches!(bench.client.state(), State::Waiting { attempt: 2, cause: Failure::Token(_), .. }));
    bench.pass(60 * SECOND);
    assert_eq!(bench.connects(), 2);
}
