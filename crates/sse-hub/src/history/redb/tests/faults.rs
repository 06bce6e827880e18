//! What each fault leaves of the history, and who is told.

use super::*;
use crate::history::Health;
use crate::history::redb::tests::disk::Faults;

/// A history with three events on the disk.
async fn three_events(disk: &Disk, options: RedbOptions) -> (RedbHistory, TopicId) {
    let history = open(disk, options).expect("opened");
    let of = topic(&history);
    for body in ["1", "2", "3"] {
        let seq = publish(&history, of, body).expect("taken");
        committed(&history, seq).await.expect("committed");
    }
    (history, of)
}

async fn bodies(history: &RedbHistory, of: TopicId, after: u64) -> Vec<String> {
    read_all(history, of, after).await.0.into_iter().map(|(_, body)| body).collect()
}

#[tokio::test]
async fn nobody_sees_an_event_that_is_not_on_the_disk_yet() {
    for durability in [Durability::Group, Durability::Strict] {
        let disk = Disk::default();
        let (history, of) = three_events(&disk, at(durability)).await;
        let stalled = disk.stall();
        let seq = publish(&history, of, "4").expect("taken");
        history.end(of).expect("taken");
        assert!(matches!(history.committed(seq), Reply::Later(_)));
        assert_eq!((history.last_seq(), history.status(of).expect("a status").ended), (3, false));
        assert_eq!(bodies(&history, of, 0).await, ["1", "2", "3"]);

        drop(stalled);
        committed(&history, seq).await.expect("committed");
        assert_eq!(history.last_seq(), 4);
        assert_eq!(bodies(&history, of, 0).await, ["1", "2", "3", "4"]);
        answer(history.close()).await.expect("closed");
        assert!(history.status(of).expect("a status").ended);
    }
}

#[tokio::test]
async fn at_async_everybody_sees_an_event_at_once() {
    let disk = Disk::default();
    let (history, of) = three_events(&disk, at(Durability::Async)).await;
    let stalled = disk.stall();
    let seq = publish(&history, of, "4").expect("taken");
    assert!(matches!(history.committed(seq), Reply::Now(Ok(()))));
    assert_eq!(bodies(&history, of, 0).await, ["1", "2", "3", "4"]);
    drop(stalled);
}

#[tokio::test]
async fn publishers_that_are_faster_than_the_disk_are_told_and_not_queued_without_end() {
    let disk = Disk::default();
    let options = RedbOptions { queue_events: 8, ..RedbOptions::default() };
    let (history, of) = three_events(&disk, options).await;
    let stalled = disk.stall();
    let (mut last, mut error) = (0, None);
    for _ in 0..100 {
        match publish(&history, of, "more") {
            Ok(seq) => last = seq,
            Err(refused) => error = Some(refused),
        }
    }
    assert_eq!((error, last), (Some(HistoryError::Busy { limit: 8 }), 3 + 8));
    drop(stalled);
    committed(&history, last).await.expect("committed");
    publish(&history, of, "again").expect("there is room again");
}

#[tokio::test]
async fn the_queue_is_bounded_in_bytes_too() {
    let disk = Disk::default();
    let options = RedbOptions { queue_bytes: 1_000, ..RedbOptions::default() };
    let (history, of) = three_events(&disk, options).await;
    let stalled = disk.stall();
    publish(&history, of, &"x".repeat(1_000)).expect("one may pass it");
    assert_eq!(publish(&history, of, "x"), Err(HistoryError::Busy { limit: 16_384 }));
    drop(stalled);
}

#[tokio::test]
async fn a_disk_that_fails_to_synchronise_takes_nothing_more_and_what_it_has_can_be_read() {
    let disk = Disk::default();
    let (history, of) = three_events(&disk, RedbOptions::default()).await;
    let epoch = history.epoch();
    disk.set(Faults { failing_sync: true, ..Faults::default() });
    let seq = publish(&history, of, "4").expect("it is not known yet");
    let error = committed(&history, seq).await.expect_err("not on the disk");
    assert!(matches!(&error, HistoryError::ReadOnly(reason) if reason.contains("on fire")), "{error}");
    assert!(matches!(history.health(), Health::ReadOnly(_)));
    assert_eq!(publish(&history, of, "5"), Err(error.clone()));
    assert_eq!(history.end(of), Err(error.clone()));
    assert_eq!(bodies(&history, of, 0).await, ["1", "2", "3"], "nobody saw what may not be there");
    assert_eq!(topic(&history), of, "it can still be opened to be read");
    assert_eq!(answer(history.close()).await, Err(error));

    disk.crash(|| 0);
    let history = open(&disk, RedbOptions::default()).expect("opened");
    assert_eq!(history.epoch(), epoch, "nothing that anybody saw was lost");
    let of = topic(&history);
    assert_eq!(bodies(&history, of, 0).await, ["1", "2", "3"]);
    assert!(publish(&history, of, "5").expect("taken") > seq, "a number is not used for two events");
}

#[tokio::test]
async fn a_full_disk_leaves_a_history_that_is_live_only_and_says_so() {
    let disk = Disk::default();
    let options = RedbOptions { ring_events: 2, ..RedbOptions::default() };
    let (history, of) = three_events(&disk, options.clone()).await;
    let epoch = history.epoch();
    disk.set(Faults { room: Some(0), ..Faults::default() });
    let seq = publish(&history, of, "4").expect("it is not known yet");
    let error = committed(&history, seq).await.expect_err("not on the disk");
    assert!(matches!(&error, HistoryError::LiveOnly(reason) if reason.contains("full")), "{error}");
    assert!(matches!(history.health(), Health::LiveOnly(_)));

    // It went to those who listen, and so do those that follow, as far as memory goes.
    assert_eq!(bodies(&history, of, 3).await, ["4"]);
    publish(&history, of, "5").expect("live");
    publish(&history, of, "6").expect("live");
    let (found, gap) = read_all(&history, of, 3).await;
    assert!(gap, "the fourth is gone");
    assert_eq!(found, [(5, "5".into()), (6, "6".into())]);
    assert_eq!(history.status(of).expect("a status").trimmed, 4);
    assert_eq!(answer(history.close()).await, Err(error));
    drop(history);

    disk.set(Faults::default());
    let history = open(&disk, options).expect("opened");
    assert_ne!(history.epoch(), epoch, "events were seen that are lost");
    assert_eq!(bodies(&history, topic(&history), 0).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn where_even_a_loss_cannot_be_noted_nothing_is_shown_that_could_be_lost() {
    let disk = Disk::default();
    let (history, of) = three_events(&disk, RedbOptions::default()).await;
    disk.set(Faults { room: Some(0), failing_marker: true, ..Faults::default() });
    let seq = publish(&history, of, "4").expect("it is not known yet");
    committed(&history, seq).await.expect_err("not on the disk");
    assert!(matches!(history.health(), Health::ReadOnly(_)));
    assert_eq!(bodies(&history, of, 0).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn what_was_dropped_is_known_exactly_and_survives() {
    let disk = Disk::default();
    let name = TopicName::new("short").expect("a name");
    let options = |retention| TopicOptions { retention, ..TopicOptions::default() };
    let by_count = options(Retention { events: 4, ..Retention::default() });
    let history = open(&disk, RedbOptions::default()).expect("opened");
    let of = history.open(&name, &by_count, Notifier::new(|| {})).expect("opened");
    for number in 1..=10 {
        let seq = publish(&history, of, &number.to_string()).expect("taken");
        committed(&history, seq).await.expect("committed");
        assert_eq!(history.status(of).expect("a status").trimmed, seq.saturating_sub(4));
    }
    assert!(read_all(&history, of, 5).await.1, "6 is gone");
    assert_eq!(read_all(&history, of, 6).await, ((7..=10).map(|n| (n, n.to_string())).collect(), false));
    answer(history.close()).await.expect("closed");
    drop(history);

    let history = open(&disk, RedbOptions::default()).expect("opened");
    let by_bytes = options(Retention { bytes: 5, ..Retention::default() });
    let of = history.open(&name, &by_bytes, Notifier::new(|| {})).expect("opened");
    assert_eq!(history.status(of).expect("a status").trimmed, 6);
    assert!(read_all(&history, of, 5).await.1);
    assert!(!read_all(&history, of, 6).await.1);
    // "9", "10" and "11" have five bytes.
    let seq = publish(&history, of, "11").expect("taken");
    committed(&history, seq).await.expect("committed");
    assert_eq!(history.status(of).expect("a status").trimmed, 8);
    assert_eq!(bodies(&history, of, 8).await, ["9", "10", "11"]);
}

#[tokio::test]
async fn readers_are_told_what_the_disk_drops_before_it_does() {
    let disk = Disk::default();
    let history = open(&disk, RedbOptions::default()).expect("opened");
    let retention = Retention { events: 2, ..Retention::default() };
    let options = TopicOptions { retention, ..TopicOptions::default() };
    let name = TopicName::new("short").expect("a name");
    let of = history.open(&name, &options, Notifier::new(|| {})).expect("opened");
    for body in ["1", "2"] {
        let seq = publish(&history, of, body).expect("taken");
        committed(&history, seq).await.expect("committed");
    }
    let stalled = disk.stall();
    let seq = publish(&history, of, "3").expect("taken");
    let started = std::time::Instant::now();
    while history.status(of).expect("a status").trimmed == 0 {
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "nothing is dropped");
        std::thread::yield_now();
    }
    assert_eq!(history.last_seq(), 2, "and what takes its place is not to be seen yet");
    assert!(read_all(&history, of, 0).await.1);
    drop(stalled);
    committed(&history, seq).await.expect("committed");
}

#[tokio::test]
async fn an_event_that_is_too_old_is_dropped_with_the_next_commit() {
    let disk = Disk::default();
    let history = open(&disk, RedbOptions::default()).expect("opened");
    let age = Some(std::time::Duration::from_millis(20));
    let options =
        TopicOptions { retention: Retention { age, ..Retention::default() }, ..TopicOptions::default() };
    let name = TopicName::new("fresh").expect("a name");
    let of = history.open(&name, &options, Notifier::new(|| {})).expect("opened");
    let started = std::time::Instant::now();
    let first = publish(&history, of, "old").expect("taken");
    while history.status(of).expect("a status").trimmed < first {
        let seq = publish(&history, of, "new").expect("taken");
        committed(&history, seq).await.expect("committed");
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "it never grows old");
    }
    assert!(started.elapsed() >= std::time::Duration::from_millis(20));
}

#[tokio::test]
async fn starts_that_are_cut_short_before_the_marker_is_theirs_begin_no_epoch() {
    let disk = Disk::default();
    let (history, _) = three_events(&disk, RedbOptions::default()).await;
    let epoch = history.epoch();
    drop(history);
    disk.set(Faults { full_marker: true, ..Faults::default() });
    for _ in 0..2 {
        open(&disk, RedbOptions::default()).expect_err("no room for the marker");
    }
    disk.set(Faults::default());
    let history = open(&disk, RedbOptions::default()).expect("opened");
    assert_eq!(history.epoch(), epoch, "nobody has seen anything that is not there");
}

#[test]
fn a_damaged_file_is_an_error_that_says_what_to_do_and_never_a_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let damaged = |damage: &dyn Fn(&mut Vec<u8>)| {
        let disk = Disk::default();
        let (history, _) = runtime.block_on(three_events(&disk, RedbOptions::default()));
        drop(history);
        disk.damage(damage);
        open(&disk, RedbOptions::default())
    };
    damaged(&|_| {}).expect("it is the damage that is refused");
    for (what, damage) in [
        (
            "another file",
            &(|file: &mut Vec<u8>| *file = b"not a database at all".repeat(1_000)) as &dyn Fn(&mut _),
        ),
        ("a short file", &|file: &mut Vec<u8>| file.truncate(100)),
        ("a file that was cut off", &|file: &mut Vec<u8>| file.truncate(file.len() / 2)),
        ("a header of zeros", &|file: &mut Vec<u8>| file[..512].fill(0)),
    ] {
        let error = damaged(damage).expect_err(what);
        assert!(matches!(error, OpenError::Damaged { .. }), "{what}: {error}");
        assert!(error.to_string().contains("move the file away"), "{what}: {error}");
    }

    // Damage in any one place is found, or harmless.
    let len = {
        let disk = Disk::default();
        drop(runtime.block_on(three_events(&disk, RedbOptions::default())));
        disk.len()
    };
    for place in (0..len.min(64 * 1024)).step_by(257) {
        if let Ok(history) = damaged(&|file| file[place] ^= 0xff) {
            let of = topic(&history);
            let lanes = [Lane { topic: of, snapshot_through: 0, known_lost_through: 0 }];
            let read = Read { lanes: &lanes, after: 0, max_events: 10, max_bytes: 1_000 };
            let _ = runtime.block_on(async { answer(history.read(read)).await });
        }
    }
}
