//! Publishers, clients and an unsteady disk, all at once. What everybody was told is compared with what they get.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::disk::Faults;
use super::*;
use crate::history::Health;
use crate::options::Replay;
use crate::reader::{Reader, Start, Step};

/// How often each level of durability has its turn, and for how long.
const ROUNDS: u64 = 5;
const ROUND: Duration = Duration::from_millis(150);

/// Longer than anything takes.
const TOO_LONG: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    async fn rest(&mut self, most: u64) {
        sleep(Duration::from_micros(self.throw(most))).await;
    }

    fn options(&mut self, durability: Durability) -> RedbOptions {
        RedbOptions {
            durability,
            interval: Duration::from_millis(1),
            room_interval: Duration::from_millis(1),
            ring_events: 1 + self.throw(6) as usize,
            queue_events: 64,
            // Without a cache readers go to the disk each time.
            cache_bytes: [0, 1024 * 1024][self.throw(2) as usize],
            ..RedbOptions::default()
        }
    }

    /// A disk that has room, or has not, or not for everything.
    fn faults(&mut self, disk: &Disk) -> Faults {
        let full_marker = self.throw(3) == 0;
        match self.throw(4) {
            0 => Faults::default(),
            1 => Faults { full_marker, ..Faults::default() },
            _ => {
                let room = Some(disk.len() / 4 * self.throw(5) as usize);
                Faults { room, seems_free: self.throw(2) == 0, full_marker, ..Faults::default() }
            }
        }
    }
}

/// What everybody was told.
#[derive(Debug, Default)]
struct Record {
    taken: BTreeMap<u64, String>,
    acknowledged: BTreeSet<u64>,
    /// What some client was given.
    seen: BTreeSet<u64>,
    /// The process is gone: what it says now nobody hears.
    is_dead: bool,
}

#[derive(Debug)]
struct Scene {
    history: Arc<RedbHistory>,
    of: TopicId,
    record: Mutex<Record>,
    is_over: AtomicBool,
}

impl Scene {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("no panic")
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// While the record is locked, so that nobody finds an event that is not in there.
    fn publish(&self, body: String) -> Result<u64, HistoryError> {
        let mut record = self.record();
        let seq = publish(&self.history, self.of, &body)?;
        record.taken.insert(seq, body);
        Ok(seq)
    }

    async fn publish_all(self: Arc<Self>, mut dice: Dice) {
        while !self.is_over() {
            // Some are larger than a page of some clients.
            let body = format!("{dice:?}{}", "x".repeat(dice.throw(400) as usize));
            match self.publish(body) {
                Ok(seq) if dice.throw(6) == 0 => {
                    let answered = timeout(TOO_LONG, committed(&self.history, seq)).await.expect("an answer");
                    let mut record = self.record();
                    if answered.is_ok() && !record.is_dead {
                        record.acknowledged.insert(seq);
                    }
                }
                Ok(_) | Err(HistoryError::Busy { .. }) => dice.rest(100).await,
                Err(error) => {
                    assert!(self.record().is_dead, "{error}");
                    return;
                }
            }
        }
    }

    /// A topic comes and goes, so that the numbers of the other one have holes.
    async fn open_and_remove(self: Arc<Self>, mut dice: Dice) {
        let name = TopicName::new("another").expect("a name");
        while !self.is_over() {
            if let Ok(another) = self.history.open(&name, &TopicOptions::default(), Notifier::new(|| {})) {
                let _ = publish(&self.history, another, "another");
                dice.rest(2_000).await;
                self.history.remove(another);
            }
            dice.rest(1_000).await;
        }
    }

    /// Clients that come from anywhere, one after the other, and stay for a while.
    async fn read_all(self: Arc<Self>, mut dice: Dice) {
        while !self.is_over() {
            // One that has seen nothing has no claim to what is gone by then, and only the reader knows what that was.
            let start = Start::Resume(1 + dice.throw(self.history.last_seq() + 1));
            let limits = (1 + dice.throw(20) as usize, 300 * (1 + dice.throw(10) as usize));
            let history = Arc::clone(&self.history) as Arc<dyn History>;
            let reader = Reader::new(history, &[(self.of, Replay::All)], start, limits).expect("a topic");
            self.read(reader, &mut dice).await;
        }
    }

    /// Whatever a client was not given it was told to be gone.
    async fn read(&self, mut reader: Reader, dice: &mut Dice) {
        let mut gone = 0;
        for _ in 0..dice.throw(60) {
            let before = reader.position();
            let page = timeout(TOO_LONG, answer(reader.read())).await.expect("an answer");
            match page.and_then(|page| reader.handle_page(page)) {
                Ok(Step::Gap { trimmed }) => gone = gone.max(trimmed),
                Ok(Step::End) => panic!("it has not ended"),
                Ok(Step::More(entries) | Step::All(entries)) => {
                    let given: Vec<_> = entries.iter().map(|entry| (entry.seq, body(&entry.frame))).collect();
                    let (mut record, through) = (self.record(), reader.position());
                    let owed = record.taken.range((Excluded(before), Included(through)));
                    let mut missing =
                        owed.filter(|(seq, _)| **seq > gone && !given.iter().any(|(given, _)| given == *seq));
                    assert_eq!(missing.next(), None, "after {before}, through {through}, {gone} is gone");
                    assert!(given.is_sorted() && given.iter().all(|(seq, body)| record.taken[seq] == *body));
                    if !record.is_dead {
                        record.seen.extend(given.into_iter().map(|(seq, _)| seq));
                    }
                }
                // It was reading when the disk failed somebody, and comes back.
                Err(HistoryError::Engine(_)) => return,
                Err(error) => panic!("{error}, while it is {:?}", self.history.health()),
            }
            dice.rest(500).await;
        }
    }
}

/// Everything at once, for a while. Then the disk has room for ever, or the power fails.
fn live(disk: &Disk, options: &RedbOptions, dice: &mut Dice) -> (Record, sse_proto::Epoch) {
    let runtime = Builder::new_multi_thread().worker_threads(3).enable_time().build().expect("a runtime");
    let history = Arc::new(open(disk, options.clone()).expect("opened"));
    let (of, epoch, is_over) = (topic(&history), history.epoch(), AtomicBool::new(false));
    let scene = Arc::new(Scene { history, of, record: Mutex::default(), is_over });
    let mut seed = || Dice(dice.throw(u64::MAX));
    let mut tasks: Vec<JoinHandle<()>> = vec![runtime.spawn(Arc::clone(&scene).open_and_remove(seed()))];
    for _ in 0..2 {
        tasks.push(runtime.spawn(Arc::clone(&scene).publish_all(seed())));
        tasks.push(runtime.spawn(Arc::clone(&scene).read_all(seed())));
        tasks.push(runtime.spawn(Arc::clone(&scene).read_all(seed())));
    }

    let is_steady = dice.throw(3) == 0;
    let began = Instant::now();
    while began.elapsed() < ROUND && !tasks.iter().any(JoinHandle::is_finished) {
        disk.set(if is_steady { Faults::default() } else { dice.faults(disk) });
        runtime.block_on(dice.rest(8_000));
        assert!(!matches!(scene.history.health(), Health::ReadOnly(_)), "{:?}", scene.history.health());
    }
    let fails = dice.throw(2) == 0;
    if fails {
        scene.record().is_dead = true;
        disk.crash(|| dice.throw(1 << 30));
    }
    scene.is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        runtime.block_on(task).expect("no panic");
    }
    if !fails {
        runtime.block_on(super::room::make_room(disk, &scene.history));
        runtime.block_on(check_answers(&scene));
        runtime.block_on(answer(scene.history.close())).expect("closed");
    }
    let Scene { record, .. } = Arc::into_inner(scene).expect("nobody else has it");
    (record.into_inner().expect("no panic"), epoch)
}

/// Where all is well again, what is said to be kept is there, and what is said to be lost is not.
async fn check_answers(scene: &Scene) {
    let Scene { history, of, .. } = scene;
    let taken: Vec<u64> = scene.record().taken.keys().copied().collect();
    if history.shared.shows_at_once() {
        return;
    }
    let mut lost = BTreeSet::new();
    for seq in taken.iter().copied() {
        match timeout(TOO_LONG, committed(history, seq)).await.expect("an answer") {
            Ok(()) => {}
            Err(HistoryError::Lost) => _ = lost.insert(seq),
            Err(error) => panic!("{seq}: {error}"),
        }
    }
    let (found, _) = read_all(history, *of, 0).await;
    let found: Vec<_> = found.into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(found, taken.into_iter().filter(|seq| !lost.contains(seq)).collect::<Vec<_>>());
}

#[test]
fn whatever_the_disk_does_nobody_misses_in_silence_what_they_were_promised() {
    let mut dice = Dice(0);
    for _ in 0..ROUNDS {
        for durability in [Durability::Async, Durability::Group, Durability::Strict] {
            let disk = Disk::default();
            let options = dice.options(durability);
            let (record, epoch) = live(&disk, &options, &mut dice);

            let runtime = Builder::new_current_thread().build().expect("a runtime");
            let history = open(&disk, options).expect("opened");
            let of = topic(&history);
            let trimmed = history.status(of).expect("a topic").trimmed;
            let (found, _) = runtime.block_on(read_all(&history, of, 0));
            let found: BTreeMap<_, _> = found.into_iter().collect();
            assert!(found.iter().all(|event| record.taken.get(event.0) == Some(event.1)));
            if durability != Durability::Async {
                assert!(record.acknowledged.iter().all(|seq| found.contains_key(seq)), "acknowledged");
                let is_there = |seq: &u64| found.contains_key(seq) || *seq <= trimmed;
                assert!(history.epoch() != epoch || record.seen.iter().all(is_there), "seen");
            }
        }
    }
}
