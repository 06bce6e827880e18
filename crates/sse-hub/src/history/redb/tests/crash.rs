//! Whatever happens to the power, an event that was acknowledged is there afterwards, and so is every event before it.

use proptest::prelude::*;
use tokio::runtime::Builder;

use super::*;
use crate::history::redb::tests::disk::Faults;

#[derive(Clone, Debug)]
enum Step {
    Publish {
        acknowledged: bool,
    },
    /// The power fails while these are written, after so many writes and synchronisations.
    Crash {
        events: u8,
        power_for: u32,
        seed: u64,
        next: Level,
    },
    Reopen {
        next: Level,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Async,
    Group,
    Strict,
}

impl Level {
    fn options(self) -> RedbOptions {
        let durability = match self {
            Self::Async => Durability::Async,
            Self::Group => Durability::Group,
            Self::Strict => Durability::Strict,
        };
        // A short ring, so that most is read from the disk; a short queue, so that few numbers are left out.
        let interval = std::time::Duration::from_millis(1);
        RedbOptions { durability, interval, ring_events: 2, queue_events: 64, ..RedbOptions::default() }
    }
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![1 => Just(Level::Async), 2 => Just(Level::Group), 1 => Just(Level::Strict)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<bool>().prop_map(|acknowledged| Step::Publish { acknowledged }),
        2 => (0..6u8, 0..24u32, any::<u64>(), level())
            .prop_map(|(events, power_for, seed, next)| Step::Crash { events, power_for, seed, next }),
        1 => level().prop_map(|next| Step::Reopen { next }),
    ]
}

/// What was published under the current epoch and may still be there.
#[derive(Debug, Default)]
struct Published {
    events: Vec<(u64, String)>,
    /// How many of them must be there: they were acknowledged, or somebody could have seen them.
    owed: usize,
    /// The highest number that anybody was given.
    highest: u64,
}

impl Published {
    fn publish(&mut self, history: &RedbHistory, topic: TopicId) -> u64 {
        let body = format!("data: {}\n\n", self.highest);
        let seq = publish(history, topic, &body).expect("taken");
        assert!(seq > self.highest, "{seq} was given before");
        self.highest = seq;
        self.events.push((seq, body));
        seq
    }

    /// Everything up to `seq` is owed from now on.
    fn owe(&mut self, seq: u64) {
        self.owed = self.owed.max(self.events.partition_point(|(number, _)| *number <= seq));
    }

    /// Compares with what is there after a crash or a restart, and goes on with that.
    fn handle_found(&mut self, found: Vec<(u64, String)>) -> Result<(), TestCaseError> {
        prop_assert!(found.len() >= self.owed, "{found:?} is less than the first {} of {self:?}", self.owed);
        prop_assert!(self.events.starts_with(&found), "{found:?} is not how {self:?} begins");
        self.owed = found.len();
        self.events = found;
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_or_seen_outlives_the_power(
        steps in proptest::collection::vec(step(), 1..24),
        first in level(),
    ) {
        let runtime = Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(follow(steps, first))?;
    }
}

async fn follow(steps: Vec<Step>, first: Level) -> Result<(), TestCaseError> {
    let disk = Disk::default();
    let mut level = first;
    let mut history = open(&disk, level.options()).expect("opened");
    let mut of = topic(&history);
    let mut published = Published::default();
    for step in steps {
        let epoch = history.epoch();
        match step {
            Step::Publish { acknowledged } => {
                let seq = published.publish(&history, of);
                if acknowledged {
                    committed(&history, seq).await.expect("committed");
                    prop_assert!(history.last_seq() >= seq, "an event that is acknowledged can be read");
                    published.owe(seq);
                }
                continue;
            }
            Step::Reopen { next } => {
                answer(history.close()).await.expect("closed");
                published.owe(published.highest);
                drop(history);
                level = next;
                history = open(&disk, level.options()).expect("opened");
                prop_assert_eq!(history.epoch(), epoch, "nothing was lost");
            }
            Step::Crash { events, power_for, seed, next } => {
                disk.set(Faults { power_for: Some(power_for), ..Faults::default() });
                let mut last = 0;
                for _ in 0..events {
                    // It may have noticed by now.
                    if history.health() == crate::history::Health::Whole {
                        last = published.publish(&history, of);
                    }
                }
                if committed(&history, last).await.is_ok() {
                    published.owe(last);
                }
                let lossy = level == Level::Async;
                if !lossy {
                    published.owe(history.last_seq());
                }
                let mut state = seed | 1;
                disk.crash(|| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    state >> 33
                });
                drop(history);
                if lossy {
                    // Nothing was promised.
                    published.owed = 0;
                }
                level = next;
                history = open(&disk, level.options()).expect("opened");
                prop_assert_eq!(history.epoch() == epoch, !lossy);
            }
        }
        of = topic(&history);
        let (found, gap) = read_all(&history, of, 0).await;
        prop_assert!(!gap);
        let bodies: Vec<_> = found.iter().map(|(_, body)| body.clone()).collect();
        prop_assert_eq!(notes(&history, of).await, bodies, "a note is there if its event is");
        published.handle_found(found)?;
        if history.epoch() != epoch {
            published.highest = published.events.last().map_or(0, |(seq, _)| *seq);
        }
    }
    Ok(())
}
