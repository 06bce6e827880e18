//! A disk that is full, has room again, and is full again: what is kept meanwhile, and who is told.

mod model;

use std::time::Duration;

use super::*;
use crate::history::Health;
use crate::history::redb::tests::disk::Faults;
use crate::options::{Replay, Superseded};

/// With a short ring, and no patience.
pub(super) fn options(durability: Durability) -> RedbOptions {
    let room_interval = Duration::from_millis(1);
    RedbOptions { durability, ring_events: 2, room_interval, ..RedbOptions::default() }
}

pub(super) fn fill(disk: &Disk) {
    disk.set(Faults { room: Some(0), ..Faults::default() });
}

pub(super) async fn until(history: &RedbHistory, wanted: impl Fn(&Health) -> bool) {
    let started = std::time::Instant::now();
    while !wanted(&history.health()) {
        assert!(started.elapsed() < Duration::from_secs(20), "it stays {:?}", history.health());
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
}

/// At the level async, too.
pub(super) async fn until_written(history: &RedbHistory) {
    let started = std::time::Instant::now();
    while history.counts().expect("it has a disk").waiting > 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "it is not written");
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
}

pub(super) async fn make_room(disk: &Disk, history: &RedbHistory) {
    disk.set(Faults::default());
    until(history, |health| *health == Health::Whole).await;
}

/// Publishes one event after the other, and says how the last one was answered.
pub(super) async fn publish_all(
    history: &RedbHistory,
    of: TopicId,
    bodies: &[&str],
) -> Result<(), HistoryError> {
    let mut answered = Ok(());
    for body in bodies {
        let seq = publish(history, of, body).expect("taken");
        answered = committed(history, seq).await;
    }
    answered
}

pub(super) fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<(u64, String)> {
    numbers.into_iter().map(|number| (number, number.to_string())).collect()
}

#[test]
fn a_first_start_that_breaks_off_leaves_nothing_that_the_next_one_refuses() {
    let disk = Disk::default();
    fill(&disk);
    assert!(matches!(open(&disk, RedbOptions::default()), Err(OpenError::Io { .. })), "no room to begin in");
    disk.set(Faults::default());
    drop(open(&disk, RedbOptions::default()).expect("there is room now"));

    // All that was written may be there by then, or only some of it.
    for chance in 0..3 {
        for power_for in 0.. {
            let disk = Disk::default();
            disk.set(Faults { power_for: Some(power_for), ..Faults::default() });
            let opened = open(&disk, RedbOptions::default()).map(drop);
            disk.crash(|| chance);
            let again = open(&disk, RedbOptions::default()).map(drop);
            assert_eq!(again, Ok(()), "after {power_for} writes and synchronisations");
            if opened.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn a_file_that_was_whole_and_holds_nothing_is_damaged_and_not_begun_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || RedbHistory::open(&folder, RedbOptions::default()).map(drop);
    open().expect("begun");
    let file = folder.path().join("history.redb");
    let len = usize::try_from(std::fs::metadata(&file).expect("is there").len()).expect("is small");
    std::fs::write(&file, vec![0; len]).expect("can be written");
    assert!(matches!(open(), Err(OpenError::Damaged { .. })), "a marker lies beside it");
    std::fs::remove_file(folder.path().join("history.whole")).expect("is there");
    open().expect("begun again");
}

#[tokio::test]
async fn when_there_is_room_again_what_is_in_memory_is_kept_and_so_is_all_that_comes() {
    for durability in [Durability::Async, Durability::Group, Durability::Strict] {
        let disk = Disk::default();
        let history = open(&disk, options(durability)).expect("opened");
        let (of, epoch) = (topic(&history), history.epoch());
        publish_all(&history, of, &["1", "2", "3"]).await.expect("kept");
        for (round, two) in [["4", "5"], ["6", "7"]].iter().enumerate() {
            until_written(&history).await;
            fill(&disk);
            let answered = publish_all(&history, of, &two[..1]).await;
            until(&history, |health| matches!(health, Health::LiveOnly(_))).await;
            let unread = answer(history.notes(of)).await;
            assert!(matches!(unread, Err(HistoryError::LiveOnly(_))), "it is not closed: {unread:?}");
            let told =
                matches!(&answered, Err(HistoryError::LiveOnly(reason)) if reason.contains("by itself"));
            assert!(durability == Durability::Async || told, "{answered:?}");
            let _ = publish_all(&history, of, &two[1..]).await;
            let first = 4 + 2 * round as u64;
            assert_eq!(read_all(&history, of, first - 1).await, (numbered([first, first + 1]), false));

            make_room(&disk, &history).await;
            let counts = history.counts().expect("it has a disk");
            assert_eq!((counts.outages, counts.recoveries), (round as u64 + 1, round as u64 + 1));
            for seq in 1..=first + 1 {
                committed(&history, seq).await.expect("it is kept after all");
            }
            assert_eq!(read_all(&history, of, 0).await, (numbered(1..=first + 1), false));
        }
        publish_all(&history, of, &["8"]).await.expect("kept");
        let held = history.shared.logs().log(of).expect("a topic").held_above(0).count();
        assert_eq!(held, 2, "memory forgets again what the disk has");
        answer(history.close()).await.expect("closed");
        drop(history);

        let history = open(&disk, options(durability)).expect("opened");
        assert_eq!(history.epoch(), epoch, "nothing is missing");
        let of = topic(&history);
        assert_eq!(read_all(&history, of, 0).await, (numbered(1..=8), false));
        assert_eq!(notes(&history, of).await, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    }
}

#[tokio::test]
async fn who_reads_across_what_memory_dropped_is_told_and_so_is_who_asks_for_it() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let (of, epoch) = (topic(&history), history.epoch());
    publish_all(&history, of, &["1", "2", "3"]).await.expect("kept");
    fill(&disk);
    publish_all(&history, of, &["4", "5", "6", "7", "8", "9"]).await.expect_err("not on the disk");
    make_room(&disk, &history).await;
    publish_all(&history, of, &["10"]).await.expect("kept");

    for seq in 1..=10 {
        let is_lost = (4..=7).contains(&seq);
        let answered = committed(&history, seq).await;
        assert_eq!(answered == Err(HistoryError::Lost), is_lost, "{seq}: {answered:?}");
    }
    let check = async |history: &RedbHistory, of| {
        assert_eq!(history.status(of).expect("a status").trimmed, 7);
        for after in 0..=10 {
            let left = numbered((1..=3).chain(8..=10).filter(|seq| *seq > after));
            assert_eq!(read_all(history, of, after).await, (left, after < 7), "after {after}");
        }
        assert_eq!(notes(history, of).await, ["1", "2", "3", "8", "9", "10"]);
    };
    check(&history, of).await;
    disk.crash(|| 0);
    drop(history);
    let history = open(&disk, options(Durability::Group)).expect("opened");
    assert_eq!(history.epoch(), epoch, "what is missing is missing with a trace");
    check(&history, topic(&history)).await;
}

#[tokio::test]
async fn what_was_lost_stays_lost_when_the_first_way_back_fails_at_its_end() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1", "2", "3"]).await.expect("kept");
    fill(&disk);
    publish_all(&history, of, &["4", "5", "6", "7"]).await.expect_err("not on the disk");
    // All is written, but that all is there cannot be noted.
    let opened = disk.opened();
    disk.set(Faults { full_marker: true, ..Faults::default() });
    let started = std::time::Instant::now();
    while disk.opened() < opened + 2 {
        assert!(started.elapsed() < Duration::from_secs(20), "it is not tried again");
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    make_room(&disk, &history).await;
    for seq in 1..=7 {
        let answered = committed(&history, seq).await;
        assert_eq!(answered == Err(HistoryError::Lost), (4..=5).contains(&seq), "{seq}: {answered:?}");
    }
    let left = numbered((1..=3).chain(6..=7));
    assert_eq!(read_all(&history, of, 0).await, (left, true));
}

#[tokio::test]
async fn a_new_client_gets_what_is_on_both_sides_of_what_was_lost() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1", "2"]).await.expect("kept");
    fill(&disk);
    publish_all(&history, of, &["3", "4", "5"]).await.expect_err("not on the disk");
    make_room(&disk, &history).await;

    let known_lost_through = history.status(of).expect("a status").trimmed;
    let lanes = [Lane { topic: of, snapshot_through: history.last_seq(), known_lost_through }];
    let page = answer(history.read(Read { lanes: &lanes, after: 0, max_events: 10, max_bytes: 1_000 })).await;
    let page = page.expect("a page");
    let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((seqs, page.gap), (vec![1, 2, 4, 5], false));
}

#[tokio::test]
async fn topics_that_come_go_or_end_while_the_disk_is_full_do_so_on_the_disk_too() {
    let name = |name: &str| TopicName::new(name).expect("a name");
    let open_topic = |history: &RedbHistory, topic: &str, superseded| {
        let options = TopicOptions { superseded, replay: Replay::Latest, ..TopicOptions::default() };
        history.open(&name(topic), &options, Notifier::new(|| {})).expect("opened")
    };
    let keyed = |history: &RedbHistory, of, key, body: &str| {
        history.append(of, Record { key: Some(key), body: body.as_bytes(), note: None }).expect("taken")
    };
    let latest = async |history: &RedbHistory, of| {
        let lanes = [Lane { topic: of, snapshot_through: history.last_seq(), known_lost_through: u64::MAX }];
        let read = Read { lanes: &lanes, after: 0, max_events: 10, max_bytes: 1_000 };
        let page: Page = answer(history.read(read)).await.expect("a page");
        page.entries.iter().map(|entry| body(&entry.frame)).collect::<Vec<_>>()
    };
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let [ends, goes, prices] =
        ["ends", "goes", "prices"].map(|topic| open_topic(&history, topic, Superseded::Drop));
    publish_all(&history, goes, &["1"]).await.expect("kept");
    publish_all(&history, ends, &["2"]).await.expect("kept");
    let seq = keyed(&history, prices, "a", "old");
    committed(&history, seq).await.expect("kept");

    fill(&disk);
    publish_all(&history, ends, &["4"]).await.expect_err("not on the disk");
    let new = open_topic(&history, "new", Superseded::Keep);
    publish_all(&history, new, &["5"]).await.expect_err("not on the disk");
    history.end(ends).expect("live");
    history.remove(goes);
    for body in ["6", "7", "8"] {
        keyed(&history, new, "b", body);
        keyed(&history, prices, "a", body);
    }
    make_room(&disk, &history).await;
    disk.crash(|| 0);
    drop(history);

    let history = open(&disk, options(Durability::Group)).expect("opened");
    let mut topics = history.topics();
    topics.sort();
    assert_eq!(topics, ["ends", "new", "prices"].map(name));
    let [ends, prices] = ["ends", "prices"].map(|topic| open_topic(&history, topic, Superseded::Drop));
    let new = open_topic(&history, "new", Superseded::Keep);
    assert!(history.status(ends).expect("a status").ended);
    assert_eq!(latest(&history, prices).await, ["8"]);
    assert_eq!(latest(&history, new).await, ["8"]);
    // "5" and "6" fell off memory, "7" was superseded and is in the log all the same.
    let (found, gap) = read_all(&history, new, 0).await;
    assert_eq!(found.into_iter().map(|(_, body)| body).collect::<Vec<_>>(), ["7", "8"]);
    assert!(gap);
    assert_eq!(history.last_seq(), history.status(prices).expect("a status").last + 16_384);
}

#[tokio::test]
async fn a_disk_that_is_full_when_it_synchronises_is_not_tried_again() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1"]).await.expect("kept");
    disk.set(Faults { full_sync: true, ..Faults::default() });
    let error = publish_all(&history, of, &["2"]).await.expect_err("not on the disk");
    let told =
        |reason: &str| reason.contains("failed to synchronise") && reason.contains("restart the machine");
    assert!(matches!(&error, HistoryError::ReadOnly(reason) if told(reason)), "{error}");
    disk.set(Faults::default());
    // The writer has ended: nobody is left to try.
    let writer = history.writer.lock().expect("no panic").take().expect("one writer");
    tokio::task::spawn_blocking(|| writer.join().expect("no panic")).await.expect("no panic");
    assert_eq!(
        (disk.looked(), history.health()),
        (
            0,
            Health::ReadOnly(match error {
                HistoryError::ReadOnly(reason) => reason,
                other => panic!("{other}"),
            })
        )
    );
}

#[tokio::test]
async fn a_disk_that_stays_full_is_looked_at_and_not_opened() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1"]).await.expect("kept");
    fill(&disk);
    // Before it finds the disk full, which begins the first rest.
    let started = std::time::Instant::now();
    publish_all(&history, of, &["2"]).await.expect_err("not on the disk");
    let opened = disk.opened();
    while disk.looked() < 4 {
        assert!(started.elapsed() < Duration::from_secs(20), "nobody looks");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(started.elapsed() >= Duration::from_millis(1 + 2 + 4), "each rest is longer than the one before");
    assert_eq!(disk.opened(), opened);
    let closed = answer(history.close()).await;
    assert!(matches!(closed, Err(HistoryError::LiveOnly(_))), "{closed:?}");
}

#[tokio::test]
async fn a_file_that_was_replaced_meanwhile_is_left_alone() {
    let disk = Disk::default();
    let history = open(&disk, options(Durability::Group)).expect("opened");
    let of = topic(&history);
    publish_all(&history, of, &["1"]).await.expect("kept");
    fill(&disk);
    publish_all(&history, of, &["2"]).await.expect_err("not on the disk");

    let another = Disk::default();
    let other = open(&another, options(Durability::Group)).expect("opened");
    publish_all(&other, topic(&other), &["another"]).await.expect("kept");
    answer(other.close()).await.expect("closed");
    disk.replace(&another);
    disk.set(Faults::default());
    let is_told =
        |health: &Health| matches!(health, Health::LiveOnly(reason) if reason.contains("another one"));
    until(&history, is_told).await;
    publish_all(&history, of, &["3"]).await.expect_err("not on the disk");
    assert_eq!(read_all(&history, of, 1).await.0, numbered([2, 3]), "it goes on for those who listen");
    drop(history);
    let other = open(&disk, options(Durability::Group)).expect("opened");
    let (found, _) = read_all(&other, topic(&other), 0).await;
    assert_eq!(found, [(1, "another".to_owned())], "nothing was written over");
}
