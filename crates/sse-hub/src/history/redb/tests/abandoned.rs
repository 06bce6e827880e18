//! Since when a topic is abandoned.

use std::sync::Arc;
use std::time::Duration;

use ::redb::{Builder, Database};

use super::disk::Faults;
use super::{Disk, Durability, RedbHistory, RedbOptions, answer, at, committed, open, publish, topic};
use crate::history::redb::backend::Watched;
use crate::history::redb::storage::Storage;
use crate::history::redb::store::now_ms;
use crate::history::redb::{abandoned, load};
use crate::history::{Health, History, Notifier, Record, TopicId};
use crate::options::{Abandoned, Superseded, TopicOptions};
use crate::topic_name::TopicName;

/// What is on the disk, for a start at a time of the test's own.
fn file(disk: &Disk) -> Database {
    let backend = Watched::new(disk.machine().create().expect("a disk"), Arc::default(), false);
    Builder::new().create_with_backend(backend).expect("opened")
}

/// A start at `now`, in milliseconds. Returns whether the topic is still there.
fn start(database: &Database, forget_after: Option<Duration>, now: u64) -> bool {
    let mut loaded = load::load(database, None).expect("loaded");
    let transaction = database.begin_write().expect("begun");
    abandoned::sweep(&transaction, &mut loaded, forget_after, now).expect("swept");
    transaction.commit().expect("committed");
    // What is in the file is what was loaded.
    assert_eq!(load::load(database, None).expect("loaded").topics.len(), loaded.topics.len());
    !loaded.topics.is_empty()
}

#[tokio::test]
async fn the_time_runs_from_the_first_start_that_finds_a_topic_abandoned() {
    let disk = Disk::default();
    let history = open(&disk, at(Durability::Group)).expect("opened");
    let topic = topic(&history);
    publish(&history, topic, "data: a\n\n").expect("published");
    answer(history.close()).await.expect("closed");
    drop(history);

    let (database, after) = (file(&disk), Some(Duration::from_millis(1_000)));
    let begun = now_ms();
    assert!(start(&database, after, begun), "however long nobody looked");
    assert!(start(&database, after, begun + 600));
    // A clock that was put back is no reason to forget anything.
    assert!(start(&database, after, begun - 40_000));
    assert!(start(&database, after, begun + 999));
    assert!(start(&database, None, begun + 10_000));
    assert!(!start(&database, after, begun + 1_000), "not since the last start, but since the first");
}

#[tokio::test]
async fn a_clock_that_was_wrong_at_one_start_makes_nothing_look_old() {
    let disk = Disk::default();
    let history = open(&disk, at(Durability::Group)).expect("opened");
    let topic = topic(&history);
    publish(&history, topic, "data: a\n\n").expect("published");
    answer(history.close()).await.expect("closed");
    drop(history);

    let (database, after) = (file(&disk), Some(Duration::from_millis(1_000)));
    let begun = now_ms();
    assert!(start(&database, after, begun - 365 * 86_400_000), "the clock was a year behind");
    assert!(start(&database, after, begun), "nothing was abandoned before it was written");
    assert!(start(&database, after, begun + 999));
    assert!(!start(&database, after, begun + 1_000), "the time runs since the clock was right");
}

#[tokio::test]
async fn a_topic_whose_log_is_empty_is_not_old_because_a_clock_was_wrong() {
    let disk = Disk::default();
    let history = open(&disk, at(Durability::Group)).expect("opened");
    let dropping = TopicOptions { superseded: Superseded::Drop, ..TopicOptions::default() };
    let topic = history.open(&TopicName::new("t").expect("a name"), &dropping, Notifier::new(|| {}));
    let record = Record { key: Some("k"), body: b"data: a\n\n", note: None };
    history.append(topic.expect("opened"), record).expect("published");
    answer(history.close()).await.expect("closed");
    drop(history);

    let (database, after) = (file(&disk), Some(Duration::from_millis(1_000)));
    let begun = now_ms();
    assert!(start(&database, after, 5), "a machine without a clock begins in 1970");
    assert!(start(&database, after, begun), "nobody was there in 1970");
    assert!(start(&database, after, begun + 999));
    assert!(!start(&database, after, begun + 1_000), "the time runs since the clock was right");
}

#[tokio::test]
async fn a_topic_whose_newest_event_is_dated_ahead_is_forgotten_all_the_same() {
    let disk = Disk::default();
    let history = open(&disk, at(Durability::Group)).expect("opened");
    let topic = topic(&history);
    publish(&history, topic, "data: a\n\n").expect("published");
    answer(history.close()).await.expect("closed");
    drop(history);

    let (database, after) = (file(&disk), Some(Duration::from_millis(1_000)));
    // It was written while the clock ran an hour ahead.
    let begun = now_ms() - 3_600_000;
    assert!(start(&database, after, begun));
    assert!(start(&database, after, begun + 999));
    assert!(!start(&database, after, begun + 1_000));
}

#[tokio::test]
async fn a_disk_that_was_full_is_told_afterwards_which_topics_were_used() {
    let room = |history: &RedbHistory, name: &str| -> TopicId {
        let options = TopicOptions { abandoned: Abandoned::Unused, ..TopicOptions::default() };
        history.open(&TopicName::new(name).expect("a name"), &options, Notifier::new(|| {})).expect("opened")
    };
    let disk = Disk::default();
    let forgetting = RedbOptions {
        forget_after: Some(Duration::ZERO),
        room_interval: Duration::from_millis(1),
        ..RedbOptions::default()
    };
    for _ in 0..2 {
        let history = open(&disk, forgetting.clone()).expect("opened");
        let [_, used] = ["abandoned", "used"].map(|name| room(&history, name));
        let written = publish(&history, used, "data: a\n\n").expect("taken");
        committed(&history, written).await.expect("kept");
        // The first life has made them, the second finds them.
        if history.topics().len() == 2 && written > 1 {
            disk.set(Faults { room: Some(0), ..Faults::default() });
            let live = publish(&history, used, "data: b\n\n").expect("taken");
            committed(&history, live).await.expect_err("the disk is full");
            history.touch(used);
            disk.set(Faults::default());
            super::room::until(&history, |health| *health == Health::Whole).await;
        }
        answer(history.close()).await.expect("closed");
    }
    let history = open(&disk, forgetting).expect("opened");
    assert_eq!(history.topics(), [TopicName::new("used").expect("a name")]);
}
