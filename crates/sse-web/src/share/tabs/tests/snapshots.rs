//! Who goes on where a server may be giving a snapshot.

use sse_proto::client::Gap;

use super::*;

#[test]
fn who_knows_an_id_is_not_taken_into_a_snapshot_that_still_comes() {
    let mut leader = Tab::entered(1);
    leader.peer.handle_granted(NOW, 1, &leader.log);
    leader.bring(&["12", "60"]);
    let mut late = Tab::at_cursor(2, "60");
    leader.admit(&mut late);
    leader.bring(&["95"]);
    leader.peer.flush(&leader.log);
    late.hear(leader.posts());
    assert_eq!(late.ids(), ["95"]);
    assert_eq!(late.log.join(&Mark::at_cursor("60")), None, "the server owes it 61");
    assert_eq!(late.log.join(&Mark::at_cursor("95")), None, "and 96");
    leader.log.settle();
    leader.peer.handle_settled(&leader.log);
    late.hear(leader.posts());
    assert_eq!(late.log.join(&Mark::at_cursor("95")), Some(late.log.end()), "from here on it is the same");
}

#[test]
fn who_has_more_than_a_new_leader_does_not_go_on_in_its_snapshot() {
    let (mut first, mut second) = (Tab::leading(1), Tab::entered(2));
    first.bring(&["55", "56", "57"]);
    first.admit(&mut second);
    // It has taken the lock before it had heard anything.
    let mut thief = Tab::entered(3);
    thief.peer.handle_granted(NOW, 9, &thief.log);
    thief.bring(&["12", "55"]);
    thief.admit(&mut second);
    assert_eq!(second.ids(), [""; 0], "its members catch up by themselves: 58 may be left out");
}

#[test]
fn behind_a_gap_there_may_be_a_snapshot() {
    let (mut leader, mut late) = (Tab::leading(1), Tab::entered(2));
    leader.bring(&["a"]);
    leader.admit(&mut late);
    assert!(late.log.is_settled());
    leader.bring_entry(Entry { what: What::Gap(Gap::Trimmed { up_to: 9 }), last_event_id: "a".into() });
    leader.bring(&["k"]);
    leader.peer.flush(&leader.log);
    late.hear(leader.posts());
    assert!(!late.log.is_settled());
    assert_eq!(late.log.join(&Mark::at_cursor("k")), None);
    let mut later = Tab::entered(3);
    leader.admit(&mut later);
    assert!(!later.log.is_settled());
    leader.log.settle();
    leader.peer.handle_settled(&leader.log);
    let here = leader.posts();
    for tab in [&mut late, &mut later] {
        tab.hear(here.clone());
        assert_eq!(tab.log.join(&Mark::at_cursor("k")), Some(3));
    }
}
