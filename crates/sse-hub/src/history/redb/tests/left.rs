//! Since when a topic is left.

use std::sync::Arc;
use std::time::Duration;

use ::redb::{Builder, Database};

use super::{Disk, Durability, answer, at, open, publish, topic};
use crate::history::History;
use crate::history::redb::backend::Watched;
use crate::history::redb::place::Place;
use crate::history::redb::{left, load};

/// A start at `now`, in milliseconds. Returns whether the topic is still there.
fn start(database: &Database, forget_after: Option<Duration>, now: u64) -> bool {
    let mut loaded = load::load(database, true).expect("loaded");
    let transaction = database.begin_write().expect("begun");
    left::sweep(&transaction, &mut loaded, forget_after, now).expect("swept");
    transaction.commit().expect("committed");
    // What is in the file is what was loaded.
    assert_eq!(load::load(database, true).expect("loaded").topics.len(), loaded.topics.len());
    !loaded.topics.is_empty()
}

#[tokio::test]
async fn the_time_runs_from_the_first_start_that_finds_a_topic_left() {
    let disk = Disk::default();
    let history = open(&disk, at(Durability::Group)).expect("opened");
    let topic = topic(&history);
    publish(&history, topic, "data: a\n\n").expect("published");
    answer(history.close()).await.expect("closed");
    drop(history);

    let storage = Watched::new(disk.machine().create().expect("a disk"), Arc::default());
    let database = Builder::new().create_with_backend(storage).expect("opened");
    let after = Some(Duration::from_millis(1_000));
    assert!(start(&database, after, 50_000), "however long nobody looked");
    assert!(start(&database, after, 50_600));
    // A clock that was put back is no reason to forget anything.
    assert!(start(&database, after, 10_000));
    assert!(start(&database, after, 50_999));
    assert!(start(&database, None, 60_000));
    assert!(!start(&database, after, 51_000), "not since the last start, but since the first");
}
