//! The hub against a model that keeps everything and reasons about it naively, over each engine.

mod common;

use std::time::Duration;

use common::{Client, Engine, News};
use proptest::prelude::*;
use sse_hub::{Hub, HubOptions, Limits, Replay, Retention, Subscribe, Superseded, Topic, TopicOptions};

#[derive(Clone, Debug)]
enum Step {
    /// Publish on one of two topics, with one of three keys or none.
    Publish { topic: usize, key: Option<u8> },
    /// Let the client read so many events.
    Read(usize),
    /// Cut the client, which comes back with its cursor.
    Reconnect,
    /// Close the hub and open what it kept, if it kept anything. The client comes back with its cursor.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..2usize, proptest::option::of(0..3u8)).prop_map(|(topic, key)| Step::Publish { topic, key }),
        6 => (1..6usize).prop_map(Step::Read),
        2 => Just(Step::Reconnect),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Clone, Copy, Debug)]
struct Published {
    topic: usize,
    key: Option<u8>,
}

#[derive(Clone, Debug)]
struct Case {
    steps: Vec<Step>,
    retained: [usize; 2],
    drops: [bool; 2],
    page_events: usize,
}

fn case() -> impl Strategy<Value = Case> {
    let steps = proptest::collection::vec(step(), 1..120);
    let case = (steps, [1..12usize, 1..12usize], any::<[bool; 2]>(), 1..5usize);
    case.prop_map(|(steps, retained, drops, page_events)| Case { steps, retained, drops, page_events })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(400))]

    /// Ids ascend, so nothing comes twice; and an event after the client's cursor that it did not get is excused.
    #[test]
    fn nothing_is_lost_in_silence_and_nothing_comes_twice(case in case()) {
        check(&case, &Engine::Memory)?;
    }
}

#[cfg(feature = "redb")]
proptest! {
    #![proptest_config(config(48))]

    /// The same over a file, most of it not in memory, that is closed and opened between any two steps.
    #[test]
    fn nothing_is_lost_in_silence_and_nothing_comes_twice_over_a_file(case in case(), ring_events in 0..4usize) {
        use sse_hub::history::redb::RedbOptions;

        let options = RedbOptions { ring_events, ..RedbOptions::default() };
        check(&case, &Engine::file(options))?;
    }
}

fn check(case: &Case, engine: &Engine) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(follow(case, engine))
}

const NAMES: [&str; 2] = ["a", "b"];

fn open(engine: &Engine, case: &Case) -> (Hub, [Topic<News>; 2]) {
    let limits = Limits { page_events: case.page_events, ..Limits::default() };
    let hub = engine.hub(HubOptions { limits, heartbeat: None, ..HubOptions::default() });
    let topics = [0, 1].map(|topic| {
        let options = TopicOptions {
            replay: Replay::All,
            superseded: if case.drops[topic] { Superseded::Drop } else { Superseded::Keep },
            retention: Retention { events: case.retained[topic], ..Retention::default() },
            ..TopicOptions::default()
        };
        hub.topic_with::<News>(NAMES[topic], options).expect("opened")
    });
    (hub, topics)
}

async fn follow(case: &Case, engine: &Engine) -> Result<(), TestCaseError> {
    let (mut hub, mut topics) = open(engine, case);
    let subscribe = |hub: &Hub, cursor: &Option<String>| {
        Client::new(hub.subscribe(Subscribe::to(NAMES).after(cursor.clone())).expect("subscribed"))
    };
    let Case { retained, drops, .. } = *case;
    let mut model = Model { published: Vec::new(), retained, drops, unowed: [0; 2], snapshot: [0; 2] };
    let mut client = subscribe(&hub, &None);
    let (mut cursor, mut position) = (None, 0);
    let mut published = None;
    for step in case.steps.iter().cloned().chain([Step::Read(usize::MAX)]) {
        match step {
            Step::Publish { topic, key } => {
                model.published.push(Published { topic, key });
                let event = News::Count(model.published.len() as u64);
                let id = match key {
                    Some(key) => topics[topic].publish_keyed(&key.to_string(), &event),
                    None => topics[topic].publish(&event),
                };
                published = Some(id.expect("published"));
            }
            Step::Reconnect => {
                client = subscribe(&hub, &cursor);
                model.handle_connect(cursor.is_none());
            }
            Step::Reopen if engine.outlives_the_hub() => {
                drop(client);
                hub.close().await.expect("closed");
                let epoch = hub.epoch();
                (hub, topics) = open(engine, case);
                prop_assert_eq!(hub.epoch(), epoch);
                client = subscribe(&hub, &cursor);
                model.handle_connect(cursor.is_none());
            }
            Step::Reopen => {}
            Step::Read(count) => {
                if let Some(id) = &published {
                    hub.committed(id).await.expect("committed");
                }
                for _ in 0..count {
                    let next = tokio::time::timeout(Duration::from_millis(1), client.next());
                    let Ok(Some(event)) = next.await else { break };
                    match event.event_type.as_str() {
                        // Who is cut before the first event comes back with this.
                        "sse.open" => cursor = Some(event.last_event_id),
                        "sse.gap" => prop_assert!(model.handle_gap(position), "no gap at {position}"),
                        _ => {
                            let seq: u64 = event.data.parse().expect("a number");
                            prop_assert_eq!(&event.last_event_id, &format!("{}.{seq}", hub.epoch()));
                            prop_assert!(seq > position, "{seq} after {position}");
                            for missed in position + 1..seq {
                                prop_assert!(
                                    model.excuses(missed),
                                    "{missed} was lost in silence: {model:?}"
                                );
                            }
                            position = seq;
                            cursor = Some(event.last_event_id);
                        }
                    }
                }
            }
        }
    }
    for missed in position + 1..=model.published.len() as u64 {
        prop_assert!(model.excuses(missed), "{missed} never came: {model:?}");
    }
    Ok(())
}

/// Everything that was published, and what one client may do without.
#[derive(Debug)]
struct Model {
    published: Vec<Published>,
    retained: [usize; 2],
    drops: [bool; 2],
    /// Of each topic: events without a key up to here were gone before the client came, or announced as a gap.
    unowed: [u64; 2],
    /// Of each topic: up to here the client is owed only the latest of each key.
    snapshot: [u64; 2],
}

impl Model {
    /// The highest number that a topic's log has dropped.
    fn gone(&self, topic: usize) -> u64 {
        let logged = (1..)
            .zip(&self.published)
            .filter(|(_, event)| event.topic == topic && (event.key.is_none() || !self.drops[topic]));
        let logged: Vec<u64> = logged.map(|(seq, _)| seq).collect();
        logged.iter().rev().nth(self.retained[topic]).copied().unwrap_or(0)
    }

    fn handle_connect(&mut self, is_new: bool) {
        self.snapshot = if is_new { [self.published.len() as u64; 2] } else { [0; 2] };
        self.unowed = if is_new { [self.gone(0), self.gone(1)] } else { [0; 2] };
    }

    /// Whether a client at `position` has lost something.
    fn handle_gap(&mut self, position: u64) -> bool {
        let lost = [0, 1].map(|topic| self.gone(topic) > position);
        for topic in (0..2).filter(|&topic| lost[topic]) {
            self.unowed[topic] = self.gone(topic);
            self.snapshot[topic] = self.published.len() as u64;
        }
        lost.contains(&true)
    }

    fn excuses(&self, seq: u64) -> bool {
        let (event, later) = (self.published[seq as usize - 1], &self.published[seq as usize..]);
        match event.key {
            None => seq <= self.unowed[event.topic],
            Some(key) => {
                let superseded =
                    later.iter().any(|later| later.topic == event.topic && later.key == Some(key));
                superseded && (self.drops[event.topic] || seq <= self.snapshot[event.topic])
            }
        }
    }
}
