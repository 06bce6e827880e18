use super::*;

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
fn a_cursor_of_another_epoch_that_was_handed_in_is_a_reset() {
    let mut bench = Bench::new(ClientOptions::default());
    bench.client = Client::new(ClientOptions::default(), 1).with_last_event_id("a.5");
    bench.command(Command::Open);
    assert_eq!(bench.cursor_sent().as_deref(), Some("a.5"));
    bench.signal(Signal::Opened);
    bench.event("sse.open", "{}", "b.0");
    bench.event("sse.reset", "{}", "b.0");
    assert_eq!(bench.gaps(), [Gap::Reset]);
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
fn an_event_without_an_id_is_as_new_as_the_one_before_it() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.3");
    assert_eq!(bench.event("note", "first after sse.open", "a.3"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "x", "a.4"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "without", "a.4"), Verdict::Deliver);
    bench.event("sse.heartbeat", "{}", "a.4");
    assert_eq!(bench.event("tick", "without", "a.4"), Verdict::Deliver);

    // Over a resume: the server goes on exactly from the cursor.
    bench.reconnect();
    bench.event("sse.open", "{}", "a.4");
    assert_eq!(bench.event("tick", "without", "a.4"), Verdict::Deliver);
    assert_eq!(bench.client.last_event_id(), "a.4");
}

#[test]
fn an_event_without_an_id_behind_a_repeated_one_is_repeated_with_it() {
    let mut bench = Bench::numbered();
    bench.reconnect();
    bench.event("sse.open", "{}", "a.1");
    assert_eq!(bench.event("tick", "without", "a.1"), Verdict::Duplicate, "it lies before the cursor");
    bench.event("sse.heartbeat", "{}", "a.1");
    assert_eq!(bench.event("tick", "without", "a.1"), Verdict::Duplicate);
    for id in ["a.2", "a.2", "a.3", "a.3"] {
        assert_eq!(bench.event("tick", "x", id), Verdict::Duplicate, "{id}");
    }
    for id in ["a.4", "a.4"] {
        assert_eq!(bench.event("tick", "x", id), Verdict::Deliver, "{id}");
    }
    // An event that was delivered comes again as a repetition once another has come between.
    assert_eq!(bench.event("tick", "x", "a.3"), Verdict::Duplicate);
    assert_eq!(bench.event("tick", "x", "a.4"), Verdict::Duplicate);
    assert_eq!(bench.client.last_event_id(), "a.4");
}

#[test]
fn a_server_that_opens_without_a_number_is_a_foreign_one() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "not-a-number");
    for id in ["2", "1", "1", "a.3", "a.2"] {
        assert_eq!(bench.event("message", "x", id), Verdict::Deliver, "{id}");
    }
}

#[test]
fn a_connection_that_begins_without_sse_open_begins_at_the_cursor() {
    let mut bench = Bench::numbered();
    bench.reconnect();
    assert_eq!(bench.event("tick", "without", "a.3"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "repeated", "a.2"), Verdict::Duplicate);
    assert_eq!(bench.event("tick", "x", "a.4"), Verdict::Deliver);
}

#[test]
fn behind_a_gap_that_reaches_past_the_cursor_nothing_is_repeated() {
    // The server goes on from before the cursor, but what it would repeat is gone.
    let mut bench = Bench::numbered();
    bench.reconnect();
    bench.event("sse.open", "{}", "a.0");
    bench.event("sse.gap", r#"{"trimmed":8}"#, "a.0");
    assert_eq!(bench.gaps(), [Gap::Trimmed { up_to: 8 }]);
    assert_eq!(bench.event("tick", "without", "a.0"), Verdict::Deliver);
    assert_eq!(bench.client.last_event_id(), "a.3", "the cursor does not go back");
    assert_eq!(bench.event("tick", "what is left of before", "a.7"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "x", "a.9"), Verdict::Deliver);

    // Here a part of it is gone, and the rest is repeated.
    let mut bench = Bench::numbered();
    bench.reconnect();
    bench.event("sse.open", "{}", "a.0");
    bench.event("sse.gap", r#"{"trimmed":1}"#, "a.0");
    assert_eq!(bench.event("tick", "without", "a.0"), Verdict::Duplicate);
    assert_eq!(bench.event("tick", "x", "a.2"), Verdict::Duplicate);
}

#[test]
fn a_gap_keeps_the_cursor_so_that_what_is_left_can_still_be_asked_for() {
    let mut bench = Bench::numbered();
    bench.event("sse.gap", r#"{"trimmed":8}"#, "a.3");
    assert_eq!(bench.client.last_event_id(), "a.3");
    // Unless the server names the cursor behind it.
    bench.event("sse.gap", r#"{"trimmed":9}"#, "a.9");
    assert_eq!(bench.client.last_event_id(), "a.9");
    assert_eq!(bench.event("tick", "x", "a.9"), Verdict::Deliver, "no id of its own");
}

#[test]
fn an_id_counts_on_whatever_event_it_comes() {
    let mut bench = Bench::numbered();
    bench.event("sse.heartbeat", "{}", "a.7");
    assert_eq!(bench.client.last_event_id(), "a.7");
    assert_eq!(bench.event("tick", "x", "a.5"), Verdict::Duplicate);
    let mut foreign = Bench::open();
    foreign.event("sse.heartbeat", "{}", "x");
    assert_eq!(foreign.client.last_event_id(), "x");
}

#[test]
fn going_on_from_after_the_cursor_is_a_gap() {
    // As when a proxy ate the cursor: the server takes the client for a new one and begins with what is live.
    let mut bench = Bench::numbered();
    bench.reconnect();
    bench.event("sse.open", "{}", "a.9");
    assert_eq!(bench.gaps(), [Gap::Trimmed { up_to: 9 }]);
    assert_eq!(bench.client.last_event_id(), "a.9");
    assert_eq!(bench.event("tick", "without", "a.9"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "x", "a.9"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "x", "a.10"), Verdict::Deliver);
}

#[test]
fn a_client_that_has_seen_nothing_misses_nothing() {
    let mut bench = Bench::open();
    bench.told();
    bench.event("sse.open", "{}", "a.9");
    assert_eq!(bench.gaps(), []);
    bench.reconnect();
    bench.event("sse.open", "{}", "a.9");
    assert_eq!(bench.gaps(), []);
}

#[test]
fn a_new_epoch_without_a_reset_is_one_all_the_same() {
    // Seen in `sse.open`.
    let mut bench = Bench::numbered();
    bench.reconnect();
    bench.event("sse.open", "{}", "b.7");
    assert_eq!(bench.gaps(), [Gap::Reset]);
    assert_eq!(bench.event("tick", "without", "b.7"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "x", "b.8"), Verdict::Deliver);

    // Also by a client that had seen no event yet: there may have been some while it was away.
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.0");
    bench.reconnect();
    bench.event("sse.open", "{}", "b.0");
    assert_eq!(bench.gaps(), [Gap::Reset]);

    // Seen in an event.
    let mut bench = Bench::numbered();
    bench.told();
    assert_eq!(bench.event("tick", "x", "b.1"), Verdict::Deliver);
    assert_eq!(bench.gaps(), [Gap::Reset]);
    assert_eq!(bench.event("tick", "without", "b.1"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "x", "b.1"), Verdict::Deliver);
    assert_eq!(bench.gaps(), []);
}

#[test]
fn a_reset_in_the_middle_of_a_stream_is_told_although_one_was_told_before() {
    let mut bench = Bench::numbered();
    bench.reconnect();
    bench.event("sse.open", "{}", "b.0");
    bench.event("sse.reset", "{}", "b.0");
    bench.event("tick", "x", "b.1");
    assert_eq!(bench.gaps(), [Gap::Reset]);
    bench.event("sse.reset", "{}", "b.1");
    assert_eq!(bench.gaps(), [Gap::Reset], "what was lost now is not what was lost then");
    assert_eq!(bench.client.last_event_id(), "b.1", "what follows comes after it");
    assert_eq!(bench.event("tick", "x", "b.2"), Verdict::Deliver);
}

#[test]
fn a_reset_that_names_a_cursor_begins_there() {
    let mut bench = Bench::numbered();
    bench.event("sse.reset", "{}", "b.4");
    assert_eq!(bench.client.last_event_id(), "b.4");
    assert_eq!(bench.event("tick", "without", "b.4"), Verdict::Deliver);
    assert_eq!(bench.event("tick", "x", "b.5"), Verdict::Deliver);
    bench.told();
    assert_eq!(bench.event("tick", "x", "b.5"), Verdict::Deliver);
    assert_eq!(bench.gaps(), []);
}

#[test]
fn a_reset_on_a_stream_that_named_no_cursor_voids_the_one_that_was_sent() {
    for opening in [None, Some("a.3")] {
        let mut bench = Bench::numbered();
        bench.reconnect();
        // Without an id of its own it repeats the cursor that came with the request.
        if let Some(opening) = opening {
            bench.event("sse.open", "{}", opening);
        }
        bench.event("sse.reset", "{}", "a.3");
        assert_eq!(bench.gaps(), [Gap::Reset]);
        assert_eq!(bench.client.last_event_id(), "");
        assert_eq!(bench.event("tick", "x", "a.1"), Verdict::Deliver);
        assert_eq!(bench.client.last_event_id(), "a.1");
    }
}

#[test]
fn p10_an_id_that_is_reset_is_no_cursor() {
    let mut bench = Bench::numbered();
    assert_eq!(bench.event("tick", "x", ""), Verdict::Deliver);
    bench.command(Command::Reconnect);
    assert_eq!(bench.cursor_sent().as_deref(), Some(""));
}

#[test]
fn control_events_of_a_later_protocol_are_no_data_where_the_server_speaks_it() {
    let mut bench = Bench::open();
    assert_eq!(bench.event("sse.price", "somebody else's", ""), Verdict::Deliver);
    bench.event("sse.open", "{}", "a.3");
    assert_eq!(bench.event("sse.later", "{}", "a.4"), Verdict::Control);
    assert_eq!(bench.client.last_event_id(), "a.4");
}

#[test]
fn the_reconnection_time_may_come_in_an_event() {
    let mut bench = Bench::open();
    bench.event("sse.open", "{}", "a.3");
    bench.event("sse.retry", r#"{"retry_ms":9000}"#, "a.3");
    bench.signal(Signal::Failed(Failure::Ended));
    assert!(bench.wait() >= 9 * SECOND);
    bench.pass(60 * SECOND);
    bench.signal(Signal::Opened);
    // As large as can be written.
    bench.event("sse.retry", &alloc::format!(r#"{{"retry_ms":{}}}"#, u64::MAX), "a.3");
    bench.signal(Signal::Failed(Failure::Ended));
    assert!(matches!(bench.client.state(), State::Waiting { .. }));
}

#[test]
fn p12_an_id_without_data_moves_the_cursor() {
    let mut bench = Bench::open();
    bench.event("message", "x", "41");
    let connection = bench.connection.expect("it is open");
    assert_eq!(bench.client.handle_id(connection, "42"), Verdict::Control);
    bench.command(Command::Reconnect);
    assert_eq!(bench.cursor_sent().as_deref(), Some("42"));
    assert_eq!(bench.client.handle_id(connection, "43"), Verdict::Late);
    assert_eq!(bench.client.last_event_id(), "42");
}

#[test]
fn p12_an_id_without_data_never_takes_a_numbered_cursor_back() {
    let mut bench = Bench::numbered();
    let connection = bench.connection.expect("it is open");
    bench.client.handle_id(connection, "a.2");
    assert_eq!(bench.client.last_event_id(), "a.3");
    bench.client.handle_id(connection, "a.5");
    assert_eq!(bench.client.last_event_id(), "a.5");
}

#[test]
fn an_id_that_nobody_had_to_read_may_be_said_later() {
    let mut bench = Bench::open();
    bench.event("message", "x", "41");
    assert!(!bench.client.reads_last_event_id("message"));
    assert!(bench.client.reads_last_event_id("sse.end"));
    let connection = bench.connection.expect("it is open");
    assert_eq!(bench.client.handle_unread_event(bench.now, connection), Verdict::Deliver);
    assert_eq!(bench.client.handle_unread_event(bench.now, connection), Verdict::Deliver);
    bench.client.handle_last_event_id(connection, "43");
    bench.command(Command::Reconnect);
    assert_eq!(bench.cursor_sent().as_deref(), Some("43"));
    // The connection before is nobody's any more.
    assert_eq!(bench.client.handle_unread_event(bench.now, connection), Verdict::Late);
    bench.client.handle_last_event_id(connection, "44");
    assert_eq!(bench.client.last_event_id(), "43");
}

#[test]
fn every_id_of_a_numbering_server_has_to_be_read() {
    let mut bench = Bench::numbered();
    assert!(bench.client.reads_last_event_id("tick"));
    bench.reconnect();
    assert!(bench.client.reads_last_event_id("tick"), "before it has said that it numbers them");
}

#[test]
fn a_reset_is_told_again_after_an_event_that_was_not_read() {
    let mut bench = Bench::open();
    bench.event("sse.reset", "{}", "");
    let connection = bench.connection.expect("it is open");
    bench.client.handle_unread_event(bench.now, connection);
    bench.told();
    bench.event("sse.reset", "{}", "");
    assert_eq!(bench.told(), [Output::Gap(Gap::Reset)]);
}

#[test]
fn a_snapshot_is_over_where_the_server_says_so() {
    let mut bench = Bench::open();
    let mut is_past = |event_type: &str, data: &str, id: &str| {
        bench.event(event_type, data, id);
        bench.client.is_past_snapshot()
    };
    assert!(!is_past("sse.open", r#"{"snapshot_through":3}"#, "a.0"));
    assert!(!is_past("tick", "x", "a.2"));
    assert!(is_past("tick", "x", "a.3"));
    assert!(is_past("tick", "x", "a.4"));
    assert!(!is_past("sse.gap", r#"{"trimmed":7,"snapshot_through":9}"#, "a.4"));
    assert!(!is_past("tick", "x", "a.8"));
    assert!(is_past("tick", "x", "a.9"));
    assert!(!is_past("sse.gap", r#"{"trimmed":12}"#, "a.9"), "it does not say");
    assert!(!is_past("tick", "x", "a.13"));
    bench.reconnect();
    assert!(!bench.client.is_past_snapshot(), "that was of another connection");
    bench.event("sse.open", r#"{"snapshot_through":0}"#, "a.13");
    assert!(bench.client.is_past_snapshot(), "there is none");
}

#[test]
fn a_server_that_does_not_number_its_events_cannot_say_where_its_snapshot_ends() {
    let mut bench = Bench::open();
    bench.event("sse.open", r#"{"snapshot_through":0}"#, "x");
    bench.event("tick", "x", "y");
    assert!(!bench.client.is_past_snapshot());
}
