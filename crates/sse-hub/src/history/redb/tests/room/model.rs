//! Full, room, full again, with kills in between.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tokio::runtime::Builder;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Publish {
        topic: usize,
        is_keyed: bool,
    },
    /// Only so many quarters of the file can be written to, and perhaps not the marker beside it.
    Fill {
        quarters: usize,
        seems_free: bool,
        full_marker: bool,
    },
    MakeRoom,
    /// Somebody comes back who was here last at the end of the step before this one is next.
    ComeBack,
    /// The power fails, if there is a way back from a full disk after so many writes and synchronisations on it.
    Kill {
        power_for: u32,
        seed: u64,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..2usize, any::<bool>()).prop_map(|(topic, is_keyed)| Step::Publish { topic, is_keyed }),
        3 => (0..5usize, any::<bool>(), any::<bool>())
            .prop_map(|(quarters, seems_free, full_marker)| Step::Fill { quarters, seems_free, full_marker }),
        3 => Just(Step::MakeRoom),
        2 => Just(Step::ComeBack),
        1 => (0..32u32, any::<u64>()).prop_map(|(power_for, seed)| Step::Kill { power_for, seed }),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_stays_who_listens_misses_nothing_and_who_missed_something_is_told(
        steps in proptest::collection::vec(step(), 1..48),
        is_strict in any::<bool>(),
    ) {
        let runtime = Builder::new_current_thread().enable_time().build();
        let options = options(if is_strict { Durability::Strict } else { Durability::Group });
        runtime.expect("a runtime").block_on(Model::follow(steps, options))?;
    }
}

/// What was published and shown under the current epoch, by topic, and what somebody was promised of it.
#[derive(Debug, Default)]
struct Model {
    shown: [Vec<(u64, String)>; 2],
    acknowledged: [Vec<(u64, String)>; 2],
    /// Those with a key.
    keyed: [BTreeSet<u64>; 2],
    /// What an earlier epoch has lost. Nobody has a claim to it any more, and is told of it all the same.
    lost_before: [u64; 2],
    /// Where the one who comes back now and then was last.
    away_since: u64,
    /// What the process found when it began.
    began_at: u64,
    published: u64,
}

impl Model {
    async fn follow(steps: Vec<Step>, options: RedbOptions) -> Result<(), TestCaseError> {
        let disk = Disk::default();
        let mut history = open(&disk, options.clone()).expect("opened");
        let mut topics = Self::topics(&history);
        // On a topic that is new to the disk, the latest of a key may be kept while the log before it is gone.
        until_written(&history).await;
        let mut model = Self::default();
        for step in steps.into_iter().chain([Step::MakeRoom, Step::Kill { power_for: 0, seed: 7 }]) {
            match step {
                Step::Publish { topic, is_keyed } => {
                    model.publish(&history, topics, topic, is_keyed).await?;
                }
                Step::Fill { quarters, seems_free, full_marker } => {
                    let room = Some(disk.len() / 4 * quarters);
                    disk.set(Faults { room, seems_free, full_marker, ..Faults::default() });
                }
                Step::MakeRoom => {
                    make_room(&disk, &history).await;
                    model.check_what_is_kept(&history, topics).await?;
                }
                Step::ComeBack => model.come_back(&history, topics).await?,
                Step::Kill { power_for, seed } => {
                    if history.health() != Health::Whole {
                        disk.set(Faults { power_for: Some(power_for), ..Faults::default() });
                        until(&history, |health| !matches!(health, Health::LiveOnly(_)) || disk.is_off())
                            .await;
                    }
                    let (epoch, is_whole) = (history.epoch(), history.health() == Health::Whole);
                    let mut state = seed | 1;
                    disk.crash(|| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        state >> 33
                    });
                    // What it says until it is gone nobody hears.
                    drop(history);
                    history = open(&disk, options.clone()).expect("opened");
                    topics = Self::topics(&history);
                    prop_assert_eq!(history.epoch() == epoch, is_whole);
                    model.handle_new_life(&history, topics, epoch).await?;
                }
                Step::Reopen => {
                    let epoch = history.epoch();
                    let closed = answer(history.close()).await;
                    drop(history);
                    disk.set(Faults::default());
                    history = open(&disk, options.clone()).expect("opened");
                    topics = Self::topics(&history);
                    // Whoever was told that something is missing may have asked just before there was room.
                    prop_assert!(history.epoch() == epoch || closed.is_err(), "nothing was missing");
                    model.handle_new_life(&history, topics, epoch).await?;
                }
            }
        }
        Ok(())
    }

    fn topics(history: &RedbHistory) -> [TopicId; 2] {
        let retention = Retention { events: usize::MAX, bytes: usize::MAX, ..Retention::default() };
        let options = TopicOptions { retention, ..TopicOptions::default() };
        ["a", "b"].map(|name| {
            let name = TopicName::new(name).expect("a name");
            history.open(&name, &options, Notifier::new(|| {})).expect("opened")
        })
    }

    /// Publishes, and looks whether somebody who listens gets it at once, and once.
    async fn publish(
        &mut self,
        history: &RedbHistory,
        topics: [TopicId; 2],
        topic: usize,
        is_keyed: bool,
    ) -> Result<(), TestCaseError> {
        self.published += 1;
        let body = format!("data: {}\n\n", self.published);
        let key = is_keyed.then_some("key");
        let record = Record { key, body: body.as_bytes(), note: Some(&body) };
        let before = history.last_seq();
        let seq = history.append(topics[topic], record).expect("taken");
        prop_assert!(seq > before, "{} was shown before", seq);
        let answered = committed(history, seq).await;
        let last = self.shown[topic].last().map_or(0, |(seq, _)| *seq).max(self.lost_before[topic]);
        let heard = read_all(history, topics[topic], last).await;
        prop_assert_eq!(heard, (vec![(seq, body.clone())], false), "{:?}", &answered);
        self.shown[topic].push((seq, body.clone()));
        if is_keyed {
            self.keyed[topic].insert(seq);
        }
        match answered {
            Ok(()) => self.acknowledged[topic].push((seq, body)),
            Err(error) => prop_assert!(matches!(error, HistoryError::LiveOnly(_)), "{}", error),
        }
        Ok(())
    }

    /// Whoever comes back gets what was shown meanwhile, or is told that it does not.
    async fn come_back(&mut self, history: &RedbHistory, topics: [TopicId; 2]) -> Result<(), TestCaseError> {
        for (topic, of) in topics.into_iter().enumerate() {
            let (found, gap) = read_all(history, of, self.away_since).await;
            let shown = self.shown[topic].iter().filter(|(seq, _)| *seq > self.away_since);
            let missed: Vec<_> = shown.filter(|shown| !found.contains(shown)).collect();
            prop_assert!(gap || missed.is_empty(), "{:?} are missing in silence", missed);
        }
        self.away_since = history.last_seq();
        Ok(())
    }

    /// Where all is well, what was acknowledged is there, and a gap is one.
    async fn check_what_is_kept(
        &mut self,
        history: &RedbHistory,
        topics: [TopicId; 2],
    ) -> Result<(), TestCaseError> {
        for (topic, of) in topics.into_iter().enumerate() {
            let (found, _) = read_all(history, of, 0).await;
            prop_assert!(found.is_sorted(), "{:?}", found);
            for event in &self.acknowledged[topic] {
                prop_assert!(found.contains(event), "{:?} was acknowledged: {:?}", event, found);
            }
            prop_assert!(found.iter().all(|event| self.shown[topic].contains(event)), "{:?}", found);
            let lost = self.shown[topic].iter().filter(|shown| !found.contains(shown)).map(|(seq, _)| *seq);
            let (lost, trimmed) = (lost.max().unwrap_or(0), history.status(of).expect("a status").trimmed);
            let is_known = trimmed == self.lost_before[topic] || self.keyed[topic].contains(&trimmed);
            prop_assert!(trimmed == lost || trimmed > lost && is_known, "{} for {}", trimmed, lost);
            for after in [trimmed.saturating_sub(1), trimmed] {
                let (_, gap) = read_all(history, of, after).await;
                prop_assert_eq!(gap, trimmed > after, "after {} of {}", after, trimmed);
            }
            // Of the latest of a key, only the place in the log may be lost. Then it goes with the next one, so it is not
            // acknowledged, and has no note.
            let noted = notes(history, of).await;
            let (stays, passes): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|(_, body)| noted.contains(body));
            prop_assert_eq!(&stays.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>(), &noted);
            prop_assert!(passes.iter().all(|(seq, _)| self.keyed[topic].contains(seq)), "{:?}", passes);
            // A process does not know what an earlier one has lost, and is not asked for it.
            for (seq, body) in self.shown[topic].iter().filter(|(seq, _)| *seq > self.began_at) {
                let answered = committed(history, *seq).await;
                let expected = if noted.contains(body) { Ok(()) } else { Err(HistoryError::Lost) };
                prop_assert_eq!(answered, expected, "{} of {:?}", body, &noted);
            }
            let still = |event: &&(u64, String)| !stays.contains(event);
            let gone: Vec<_> = self.acknowledged[topic].iter().filter(still).collect();
            prop_assert!(gone.is_empty(), "{:?} were acknowledged", gone);
            self.acknowledged[topic] = stays;
        }
        Ok(())
    }

    /// Another process has the file now. In another epoch nobody has seen anything yet.
    async fn handle_new_life(
        &mut self,
        history: &RedbHistory,
        topics: [TopicId; 2],
        before: sse_proto::Epoch,
    ) -> Result<(), TestCaseError> {
        self.began_at = history.last_seq();
        for (topic, of) in topics.into_iter().enumerate() {
            let (found, _) = read_all(history, of, 0).await;
            if history.epoch() != before {
                self.shown[topic].retain(|event| found.contains(event));
                self.away_since = 0;
                self.lost_before[topic] = history.status(of).expect("a status").trimmed;
            }
            // What it lost by then is lost, and nobody asks for it any more.
            let lost: Vec<_> = self.shown[topic].iter().filter(|shown| !found.contains(shown)).collect();
            let trimmed = history.status(of).expect("a status").trimmed;
            prop_assert!(lost.iter().all(|(seq, _)| *seq <= trimmed), "{:?} above {}", lost, trimmed);
        }
        self.come_back(history, topics).await?;
        for (topic, of) in topics.into_iter().enumerate() {
            let (found, _) = read_all(history, of, 0).await;
            for event in &self.acknowledged[topic] {
                prop_assert!(found.contains(event), "{:?} was acknowledged: {:?}", event, found);
            }
        }
        Ok(())
    }
}
