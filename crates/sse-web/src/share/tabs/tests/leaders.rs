//! What a leader leaves to the next one, and who is one.

use super::*;

#[test]
fn a_leader_that_dies_before_its_first_event_hands_over_the_cursor_of_its_opening() {
    let (mut leader, mut next) = (Tab::leading(1), Tab::entered(2));
    leader.admit(&mut next);
    leader.bring_entry(cursor("5.100"));
    leader.peer.flush(&leader.log);
    next.hear(leader.posts()).actions();
    next.peer.handle_granted(NOW, WALL, &next.log);
    assert!(next.actions().contains(&connect("5.100")));
    // Who comes after that gets it with the answer.
    let mut late = Tab::entered(3);
    leader.admit(&mut late);
    late.peer.handle_granted(NOW, WALL, &late.log);
    assert!(late.actions().contains(&connect("5.100")));
}

fn waiting(until: Instant, cause: Failure) -> State {
    State::Waiting { attempt: 4, until, cause }
}

fn busy() -> Failure {
    Failure::Status { status: 503, retry_after: Some(Duration::from_secs(60)) }
}

#[test]
fn the_next_leader_leaves_a_server_alone_for_as_long_as_this_one_was_asked_to() {
    let (mut leader, mut next) = (Tab::leading(1), Tab::entered(2));
    let state = waiting(at(61_000), busy());
    leader.peer.handle_state(state.clone(), &leader.log);
    leader.admit(&mut next);
    next.peer.handle_granted(at(20_000), WALL, &next.log);
    let standing = Standing { state: state.clone(), reconnection_time: Duration::ZERO, sure_from: 0 };
    let here = Message::Leader { term: next.peer.latest, said: Said::Here { next: 0, standing } };
    assert_eq!(next.actions(), [Action::Post(here), Action::State(state)]);
    assert_eq!(next.peer.deadline(), Some(at(61_000)));
    next.timeout(at(60_999));
    assert_eq!(next.actions(), []);
    next.timeout(at(61_000));
    assert_eq!(next.actions(), [connect("")]);
    assert_eq!(next.peer.deadline(), None);
}

#[test]
fn the_reconnection_time_that_a_server_said_is_one_for_the_next_leader_too() {
    let said = Duration::from_secs(9);
    for (state, hold) in [
        // Its own backoff would have been longer, and is its own affair.
        (waiting(at(90_000), Failure::Network), Some(at(29_000))),
        (waiting(at(22_000), Failure::Network), Some(at(22_000))),
        (waiting(at(20_000), Failure::Network), None),
        (State::Open, None),
    ] {
        let (mut leader, mut next) = (Tab::leading(1), Tab::entered(2));
        leader.admit(&mut next);
        leader.peer.handle_reconnection_time(said, &leader.log);
        leader.peer.handle_state(state, &leader.log);
        next.hear(leader.posts()).actions();
        next.peer.handle_granted(at(20_000), WALL, &next.log);
        assert_eq!(next.peer.deadline(), hold);
        next.timeout(at(60_000));
        let connect = Action::Connect { last_event_id: String::new(), reconnection_time: said };
        assert!(next.actions().contains(&connect));
    }
}

#[test]
fn who_wants_a_new_connection_expressly_does_not_wait_for_what_was_asked_of_another_tab() {
    let follow_and_lead = |tab: &mut Tab| {
        let mut leader = Tab::leading(1);
        leader.peer.handle_state(waiting(at(61_000), busy()), &leader.log);
        leader.admit(tab);
        tab.peer.handle_granted(NOW, WALL, &tab.log);
        tab.actions();
        assert!(tab.peer.deadline().is_some());
    };
    let mut tab = Tab::entered(2);
    follow_and_lead(&mut tab);
    tab.peer.reconnect(&tab.log);
    assert_eq!(tab.actions(), [connect("")]);

    let mut asked_by_another = Tab::entered(2);
    follow_and_lead(&mut asked_by_another);
    assert_eq!(asked_by_another.hear([Message::Reconnect]).actions(), [connect("")]);

    let mut away = Tab::entered(2);
    follow_and_lead(&mut away);
    away.peer.leave(&away.log);
    away.peer.reconnect(&away.log);
    away.peer.enter(NOW, &away.log);
    away.peer.handle_granted(NOW, WALL, &away.log);
    assert!(away.actions().contains(&connect("")));
}

#[test]
fn two_that_do_not_understand_one_another_do_not_rob_each_other_for_ever() {
    let mut tab = Tab::entered(0);
    let mut waits = Vec::new();
    let mut now = NOW;
    let detached = loop {
        let until = tab.peer.deadline().expect("it has asked");
        waits.push(until.saturating_duration_since(now).as_secs());
        now = until;
        tab.timeout(now);
        let actions = tab.actions();
        if actions != [Action::StealLock] {
            break actions;
        }
        tab.peer.handle_granted(now, WALL, &tab.log);
        // The other one takes it back, and says nothing that means anything here.
        tab.peer.handle_lost(now, &tab.log);
        tab.actions();
    };
    assert_eq!(waits, [5, 10, 20, 40]);
    assert_eq!(detached.first(), Some(&Action::Detach));
    assert_eq!(detached.last(), Some(&connect("")));
    assert_eq!(tab.peer.deadline(), None);
    // It asks for company again when it is wanted again.
    tab.peer.leave(&tab.log);
    tab.peer.enter(now, &tab.log);
    assert!(tab.actions().contains(&Action::RequestLock));
}

#[test]
fn a_leader_that_is_heard_was_not_robbed_in_vain() {
    let (mut leader, mut tab) = (Tab::leading(1), Tab::entered(0));
    for _ in 0..STEALS * 2 {
        tab.timeout(tab.peer.deadline().expect("it has asked"));
        assert_eq!(tab.actions(), [Action::StealLock]);
        leader.admit(&mut tab);
        tab.timeout(tab.peer.deadline().expect("it listens"));
        assert_eq!(tab.posts(), [Message::Ping]);
    }
}

#[test]
fn a_term_from_the_future_is_nobodys() {
    let mut leader = Tab::leading(1);
    let here = |since| here(term(since, 9), State::Open);
    leader.hear([here(u64::MAX), here(WALL + FUTURE + 1)]);
    assert_eq!(leader.actions(), []);
    assert!(matches!(leader.peer.role, Role::Leader(_)));
    // The clock was set back: what was heard before is void, and need not be outbid.
    let mut tab = Tab::entered(2);
    tab.hear([here(WALL + FUTURE)]).actions();
    tab.peer.handle_message(NOW, WALL - 1, Message::Ping, &mut tab.log);
    tab.peer.handle_granted(NOW, 50, &tab.log);
    assert_eq!(tab.peer.latest, term(50, 2));
}

#[test]
fn who_slept_through_being_granted_the_lock_does_not_depose_the_thief() {
    let (mut slept, mut thief, mut other) = (Tab::entered(1), Tab::entered(2), Tab::entered(3));
    let (asked, stolen) = (100, 200);
    thief.peer.handle_granted(NOW, stolen, &thief.log);
    thief.admit(&mut other);
    slept.peer.handle_granted(NOW, asked, &slept.log);
    let stale = slept.posts();
    assert_eq!(thief.hear(stale.clone()).actions(), []);
    assert_eq!(other.hear(stale).actions(), []);
}

#[test]
fn what_was_asked_of_its_own_connection_a_tab_leaves_to_that() {
    let mut tab = Tab::leading(1);
    tab.peer.handle_state(waiting(at(61_000), busy()), &tab.log);
    tab.peer.leave(&tab.log);
    tab.peer.enter(NOW, &tab.log);
    tab.actions();
    tab.peer.handle_granted(NOW, WALL, &tab.log);
    assert!(tab.actions().contains(&connect("")));
}
