//! The engine over a disk that loses, tears, fills up, stalls and fails.

mod abandoned;
mod crash;
mod disk;
mod faults;
mod format;
mod notes;
mod pages;
mod room;
mod together;
mod unreadable;

use std::path::Path;

use bytes::Bytes;

use super::{Durability, OpenError, RedbHistory, RedbOptions};
use crate::history::{History, HistoryError, Lane, Notifier, Page, Read, Record, Reply, TopicId};
use crate::options::{Retention, TopicOptions};
use crate::topic_name::TopicName;
use disk::Disk;

fn open(disk: &Disk, options: RedbOptions) -> Result<RedbHistory, OpenError> {
    RedbHistory::start(Path::new("a disk"), options, Box::new(disk.machine()))
}

fn at(durability: Durability) -> RedbOptions {
    RedbOptions { durability, ..RedbOptions::default() }
}

/// A topic that keeps everything.
fn topic(history: &RedbHistory) -> TopicId {
    let retention = Retention { events: usize::MAX, bytes: usize::MAX, ..Retention::default() };
    let options = TopicOptions { retention, ..TopicOptions::default() };
    let name = TopicName::new("topic").expect("a name");
    history.open(&name, &options, Notifier::new(|| {})).expect("opened")
}

/// Publishes an event with its body as a note.
fn publish(history: &RedbHistory, topic: TopicId, body: &str) -> Result<u64, HistoryError> {
    history.append(topic, Record { key: None, body: body.as_bytes(), note: Some(body) })
}

async fn notes(history: &RedbHistory, of: TopicId) -> Vec<String> {
    let notes = answer(history.notes(of)).await.expect("notes");
    notes.into_iter().map(|(_, note)| note).collect()
}

async fn answer<T>(reply: Reply<T>) -> T {
    reply.answer().await
}

async fn committed(history: &RedbHistory, seq: u64) -> Result<(), HistoryError> {
    answer(history.committed(seq)).await
}

/// What a client behind `after` gets of the topic, without the `id` lines, and whether it was told of a gap.
async fn read_all(history: &RedbHistory, topic: TopicId, mut after: u64) -> (Vec<(u64, String)>, bool) {
    let lanes = [Lane { topic, snapshot_through: 0, known_lost_through: 0 }];
    let (mut all, mut gap) = (Vec::new(), false);
    loop {
        let read = Read { lanes: &lanes, after, max_events: 7, max_bytes: 200 };
        let page: Page = answer(history.read(read)).await.expect("a page");
        gap |= page.gap;
        all.extend(page.entries.iter().map(|entry| (entry.seq, body(&entry.frame))));
        after = page.covered;
        if page.drained {
            return (all, gap);
        }
    }
}

fn body(frame: &Bytes) -> String {
    let text = std::str::from_utf8(frame).expect("UTF-8");
    let (id, body) = text.split_once('\n').expect("an id line");
    assert!(id.starts_with("id: "), "{text}");
    body.to_owned()
}
