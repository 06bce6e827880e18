//! A file that readers can no longer read, at the worst of moments.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ::redb::{Database, Error};

use super::disk::{Faults, Stalled};
use super::room::{fill, make_room, numbered, options, publish_all, until, until_written};
use super::*;
use crate::history::Health;
use crate::history::redb::error::Trouble;
use crate::history::redb::tables::META;

/// Asks for an event that only the disk has.
async fn read_stored(history: &RedbHistory, of: TopicId) -> Result<Page, HistoryError> {
    let lanes = [Lane { topic: of, snapshot_through: 0, known_lost_through: 0 }];
    let read = Read { lanes: &lanes, after: 0, max_events: 1, max_bytes: 1_000 };
    assert!(!history.shared.logs().holds(read).expect("a topic"), "it is in memory");
    answer(history.read(read)).await
}

/// Whoever reads from anywhere gets what was shown, or is told that something of it is gone.
async fn check_nothing_is_missing_in_silence(history: &RedbHistory, of: TopicId) {
    let last = history.last_seq();
    for after in 0..=last {
        let (found, gap) = read_all(history, of, after).await;
        assert!(gap || found == numbered(after + 1..=last), "after {after} of {last}: {found:?}");
    }
}

fn file_of(history: &RedbHistory) -> Weak<Database> {
    Arc::downgrade(history.shared.database().as_ref().expect("it is open"))
}

async fn join(history: &RedbHistory) {
    let writer = history.writer.lock().expect("no panic").take().expect("one writer");
    tokio::task::spawn_blocking(|| writer.join().expect("no panic")).await.expect("no panic");
}

/// A history whose writer waits for a disk that stands still, with seven events, of which three are on it.
async fn stalled(disk: &Disk, durability: Durability) -> (RedbHistory, TopicId, Stalled<'_>) {
    let history = open(disk, RedbOptions { cache_bytes: 0, ..options(durability) }).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1", "2", "3"]).await.expect("kept");
    until_written(&history).await;
    let stalled = disk.stall();
    for body in ["4", "5", "6", "7"] {
        publish(&history, of, body).expect("taken");
    }
    disk.wait_for_stalled();
    (history, of, stalled)
}

#[tokio::test]
async fn memory_forgets_nothing_for_a_commit_that_comes_when_a_reader_has_given_the_file_up() {
    for durability in [Durability::Async, Durability::Group, Durability::Strict] {
        let disk = Disk::default();
        let (history, of, stalled) = stalled(&disk, durability).await;
        history.shared.handle_unreadable(&file_of(&history), "it is damaged".into());
        assert!(matches!(history.health(), Health::ReadOnly(_)));
        drop(stalled);
        join(&history).await;
        assert!(history.last_seq() > 3, "the commit went well, and what is in it can be seen");
        check_nothing_is_missing_in_silence(&history, of).await;
    }
}

#[tokio::test]
async fn a_commit_that_fails_when_a_reader_has_given_the_file_up_waits_no_more() {
    let disk = Disk::default();
    let (history, of, _stalled) = stalled(&disk, Durability::Group).await;
    disk.set(Faults { stalled: true, failing_read: true, ..Faults::default() });
    let error = read_stored(&history, of).await.expect_err("it cannot be read");
    assert!(matches!(&error, HistoryError::Engine(reason) if reason.contains("cannot be read")), "{error}");
    assert!(matches!(history.health(), Health::ReadOnly(_)));
    disk.set(Faults { failing_sync: true, ..Faults::default() });
    join(&history).await;
    assert_eq!((history.last_seq(), history.counts().expect("it has a disk").waiting), (3, 0));
    check_nothing_is_missing_in_silence(&history, of).await;
}

#[tokio::test]
async fn memory_says_what_is_gone_before_the_file_is() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1", "2", "3"]).await.expect("kept");
    std::thread::scope(|scope| {
        // A reader is at work, and the file cannot be closed yet.
        let reading = history.shared.database();
        scope.spawn(|| history.shared.halt(Trouble::Final("it is damaged".into()), &[]));
        let started = Instant::now();
        while history.status(of).expect("a status").trimmed == 0
            && started.elapsed() < Duration::from_secs(20)
        {
            std::thread::yield_now();
        }
        drop(reading);
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "a reader would find neither the file nor a gap"
        );
    });
    check_nothing_is_missing_in_silence(&history, of).await;
}

#[tokio::test]
async fn memory_forgets_nothing_while_it_is_written_after_an_outage() {
    let disk = Disk::default();
    // The writer rests, and what it would do is done here.
    let room_interval = Duration::from_secs(3_600);
    let options = RedbOptions { room_interval, ..options(Durability::Async) };
    let history = open(&disk, options).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1", "2", "3"]).await.expect("shown");
    until_written(&history).await;
    fill(&disk);
    publish(&history, of, "4").expect("taken");
    until(&history, |health| matches!(health, Health::LiveOnly(_))).await;

    let _ = history.shared.begin_to_catch_up(&BTreeMap::new(), 3);
    for body in ["5", "6", "7"] {
        publish(&history, of, body).expect("taken");
        check_nothing_is_missing_in_silence(&history, of).await;
    }
}

/// Fills the disk in the midst of a write, as the writer would find it.
fn write_beyond_the_room(disk: &Disk, history: &RedbHistory) -> Error {
    let database = history.shared.database();
    let transaction = database.as_ref().expect("it is open").begin_write().expect("begun");
    transaction.open_table(META).expect("there").insert("more", 1).expect("in memory");
    fill(disk);
    transaction.commit().expect_err("there is no room").into()
}

#[tokio::test]
async fn a_disk_that_is_full_is_not_taken_for_a_broken_one_because_a_reader_comes_first() {
    let disk = Disk::default();
    let options = RedbOptions { cache_bytes: 0, ..options(Durability::Group) };
    let history = open(&disk, options).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1", "2", "3"]).await.expect("kept");
    let error = write_beyond_the_room(&disk, &history);

    // What the writer has not told yet, a reader finds out, and so does who asks for notes.
    read_stored(&history, of).await.expect_err("it cannot be read any more");
    answer(history.notes(of)).await.expect_err("nor can they");
    history.shared.halt(Trouble::of(&error, &history.shared.meter), &[]);
    assert!(matches!(history.health(), Health::LiveOnly(_)), "{:?}", history.health());
    check_nothing_is_missing_in_silence(&history, of).await;
}

#[tokio::test]
async fn a_reader_that_tells_of_a_file_too_late_does_no_harm_to_the_one_that_is_open_now() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1"]).await.expect("kept");
    let before = file_of(&history);
    fill(&disk);
    publish_all(&history, of, &["2"]).await.expect_err("not on the disk");
    make_room(&disk, &history).await;
    history.shared.handle_unreadable(&before, "it is damaged".into());
    publish_all(&history, of, &["3"]).await.expect("kept");

    let after = file_of(&history);
    answer(history.close()).await.expect("closed");
    history.shared.handle_unreadable(&after, "it is damaged".into());
    assert_eq!(history.health(), Health::Whole, "nothing is written or read any more");
    drop(history);
    let history = open(&disk, options(Durability::Group)).expect("opened");
    assert_eq!(read_all(&history, topic(&history), 0).await, (numbered(1..=3), false));
}

#[tokio::test]
async fn notes_that_cannot_be_read_are_told_like_events_that_cannot() {
    let disk = Disk::default();
    let options = RedbOptions { cache_bytes: 0, ..options(Durability::Group) };
    let history = open(&disk, options).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1", "2", "3"]).await.expect("kept");
    disk.set(Faults { failing_read: true, ..Faults::default() });
    answer(history.notes(of)).await.expect_err("they cannot be read");
    let told = |reason: &String| reason.contains("cannot be read");
    assert!(matches!(history.health(), Health::ReadOnly(reason) if told(&reason)));
    check_nothing_is_missing_in_silence(&history, of).await;
}
