//! A process that publishes is killed, again and again: what it was told is on the disk is there, in order and whole.

mod common;

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use common::{Client, News};
use sse_hub::history::redb::{Durability, RedbHistory, RedbOptions};
use sse_hub::{Hub, HubOptions, Retention, Subscribe, Topic, TopicOptions};

const ROUNDS: usize = 100;
/// So many times a history is killed before another one begins.
const ROUNDS_OF_ONE: usize = 10;
const PUBLISHERS: usize = 4;
const FOLDER: &str = "SSE_HUB_KILL_FOLDER";
const STRICT: &str = "SSE_HUB_KILL_STRICT";

/// This test starts itself: with a folder in the environment it is the process that is killed.
#[test]
fn whatever_was_acknowledged_outlives_a_hundred_kills() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let runtime = runtime.expect("a runtime");
    if let Some(folder) = env::var_os(FOLDER) {
        return runtime.block_on(publish_until_killed(Path::new(&folder)));
    }
    for history in 0..ROUNDS / ROUNDS_OF_ONE {
        let folder = tempfile::tempdir().expect("a folder");
        let durability = if history % 2 == 0 { Durability::Group } else { Durability::Strict };
        let mut acknowledged = Vec::new();
        let mut epoch = None;
        for round in 0..ROUNDS_OF_ONE {
            acknowledged.extend(kill_once(folder.path(), durability, round + 1));
            // Every other time the next process finds the history as the kill has left it.
            if round % 2 == 1 {
                let hub = open(folder.path(), durability);
                assert_eq!(*epoch.get_or_insert(hub.epoch()), hub.epoch(), "nothing was lost");
                runtime.block_on(verify(&hub, &acknowledged));
                runtime.block_on(hub.close()).expect("closed");
            }
        }
    }
}

/// An event that a process was told is on the disk.
#[derive(Debug)]
struct Acknowledged {
    publisher: usize,
    number: u64,
    id: String,
}

fn open(folder: &Path, durability: Durability) -> Hub {
    let options = RedbOptions { durability, ring_events: 16, ..RedbOptions::default() };
    Hub::with_history(HubOptions::default(), RedbHistory::open(folder, options).expect("opened"))
}

/// A topic that keeps everything, and one that keeps next to nothing.
fn topics(hub: &Hub) -> [Topic<News>; 2] {
    [("kept", usize::MAX), ("short", 10)].map(|(name, events)| {
        let retention = Retention { events, bytes: usize::MAX, ..Retention::default() };
        hub.topic_with(name, TopicOptions { retention, ..TopicOptions::default() }).expect("opened")
    })
}

async fn publish_until_killed(folder: &Path) {
    let strict = env::var_os(STRICT).is_some();
    let hub = open(folder, if strict { Durability::Strict } else { Durability::Group });
    let [kept, short] = topics(&hub);
    let found = hub.snapshot::<News>(["kept"]).await.expect("read").value;
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|publisher| {
            let next = found.iter().filter(|event| said(event).0 == publisher).count() as u64;
            let (kept, short) = (kept.clone(), short.clone());
            tokio::spawn(async move {
                for number in next.. {
                    let event = News::Note(format!("{publisher} {number}"));
                    short.publish(&event).expect("published");
                    // Every third is not waited for: it is there if a later one is.
                    if number % 3 == 0 {
                        kept.publish(&event).expect("published");
                        continue;
                    }
                    let id = kept.publish_durably(&event).await.expect("on the disk");
                    let line = format!("{publisher} {number} {id}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).expect("somebody listens");
                }
            })
        })
        .collect();
    for publisher in publishers {
        publisher.await.expect("never ends");
    }
}

/// Starts the process, lets it publish until that many events are on the disk and for a moment more, and kills it.
/// Returns what it was told is there.
fn kill_once(folder: &Path, durability: Durability, least: usize) -> Vec<Acknowledged> {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", "whatever_was_acknowledged_outlives_a_hundred_kills", "--nocapture"]);
    command.env(FOLDER, folder).stdout(Stdio::piped()).stdin(Stdio::null());
    if durability == Durability::Strict {
        command.env(STRICT, "1");
    }
    let mut process = command.spawn().expect("started");
    let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
    let (lines, told) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut line = String::new();
        // A line that the kill has cut short tells nothing.
        while output.read_line(&mut line).is_ok_and(|_| line.ends_with('\n')) {
            let _ = lines.send(std::mem::take(&mut line));
        }
    });
    let parse = |line: String| {
        let mut words = line.split_whitespace();
        let (publisher, number) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Acknowledged { publisher, number, id: words.next()?.to_owned() })
    };
    let mut acknowledged = Vec::new();
    while acknowledged.len() < least {
        let line = told.recv_timeout(Duration::from_secs(60)).expect("it publishes");
        acknowledged.extend(parse(line));
    }
    std::thread::sleep(Duration::from_micros(random() % 40_000));
    process.kill().expect("killed");
    process.wait().expect("gone");
    reader.join().expect("read to the end");
    acknowledged.extend(told.try_iter().filter_map(parse));
    acknowledged
}

fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

async fn verify(hub: &Hub, acknowledged: &[Acknowledged]) {
    topics(hub);
    let count = hub.snapshot::<News>(["kept"]).await.expect("read").value.len();
    let mut client = Client::new(hub.subscribe(Subscribe::to(["kept"])).expect("subscribed"));
    assert_eq!(client.next().await.expect("open").event_type, "sse.open");
    let (mut ids, mut last) = (HashMap::new(), 0);
    let mut next = [0; PUBLISHERS];
    for _ in 0..count {
        let seen = client.next().await.expect("goes on");
        let (publisher, number) = said(&decode(&seen.data));
        assert_eq!(number, next[publisher], "of {publisher}");
        next[publisher] += 1;
        let (epoch, seq) = seen.last_event_id.split_once('.').expect("an id");
        assert_eq!(epoch, hub.epoch().to_string());
        let seq: u64 = seq.parse().expect("a number");
        assert!(seq > last, "{seq} after {last}");
        last = seq;
        ids.insert((publisher, number), seen.last_event_id);
    }
    for Acknowledged { publisher, number, id } in acknowledged {
        assert_eq!(ids.get(&(*publisher, *number)), Some(id), "{publisher} {number} was acknowledged");
    }

    // What little is kept of the other topic is its end, without a hole. A number that was published there, and a
    // kill came before the first topic had it, was published again.
    let short = hub.snapshot::<News>(["short"]).await.expect("read").value;
    let mut next = [None; PUBLISHERS];
    for event in &short {
        let (publisher, number) = said(event);
        let expected = *next[publisher].get_or_insert(number);
        assert!(number == expected || number + 1 == expected, "{number} for {expected} of {publisher}");
        next[publisher] = Some(number + 1);
    }
    assert!(!short.is_empty());
}

/// The publisher and the number that an event names.
fn said(event: &News) -> (usize, u64) {
    let News::Note(note) = event else { panic!("{event:?} was not published") };
    let (publisher, number) = note.split_once(' ').expect("two numbers");
    (publisher.parse().expect("a number"), number.parse().expect("a number"))
}

/// The data as a client reads it.
fn decode(data: &str) -> News {
    use sse_events::EventSet;
    News::decode("note", data).expect("a note")
}
