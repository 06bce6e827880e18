//! An engine that answers later, as a disk or another machine does, makes no difference to what is delivered.

mod common;

use std::time::Duration;

use common::{Client, News, told};
use sse_hub::history::{HistoryError, Lane, News as Tell, Page, Read, Record, Reply, Status, TopicId};
use sse_hub::{History, Hub, HubOptions, MemoryHistory, Retention, Subscribe, TopicName, TopicOptions};
use sse_proto::Epoch;

/// Memory that takes a moment to remember.
#[derive(Debug)]
struct Slow(std::sync::Arc<MemoryHistory>);

impl History for Slow {
    fn epoch(&self) -> Epoch {
        self.0.epoch()
    }

    fn last_seq(&self) -> u64 {
        self.0.last_seq()
    }

    fn open(&self, topic: &TopicName, options: &TopicOptions, news: Tell) -> Result<TopicId, HistoryError> {
        self.0.open(topic, options, news)
    }

    fn remove(&self, topic: TopicId) {
        self.0.remove(topic);
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        self.0.append(topic, record)
    }

    fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        self.0.end(topic)
    }

    fn status(&self, topic: TopicId) -> Result<Status, HistoryError> {
        self.0.status(topic)
    }

    fn read(&self, read: Read<'_>) -> Reply<Result<Page, HistoryError>> {
        let (memory, lanes): (_, Vec<Lane>) = (std::sync::Arc::clone(&self.0), read.lanes.to_vec());
        let Read { after, max_events, max_bytes, .. } = read;
        Reply::Later(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            match memory.read(Read { lanes: &lanes, after, max_events, max_bytes }) {
                Reply::Now(page) => page,
                Reply::Later(page) => page.await,
            }
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_later_delivers_the_same() {
    let slow = Slow(std::sync::Arc::new(MemoryHistory::with_epoch(Epoch::new(0xe))));
    let hub = Hub::with_history(HubOptions::default(), slow);
    let options = TopicOptions {
        retention: Retention { events: 4, ..Retention::default() },
        ..TopicOptions::default()
    };
    let topic = hub.topic_with::<News>("news", options).expect("opened");
    for count in 1..=6 {
        topic.publish(&News::Count(count)).expect("published");
    }
    let mut client =
        Client::new(hub.subscribe(Subscribe::to(["news"]).after("e.1".to_owned())).expect("subscribed"));
    assert_eq!(
        client.take(6).await[1..],
        ["sse.gap:{\"trimmed\":2,\"snapshot_through\":6}", "count:3", "count:4", "count:5", "count:6"]
    );
    topic.publish(&News::Count(7)).expect("published");
    topic.end().expect("ended");
    assert_eq!(client.take(2).await, ["count:7", "sse.end:{}"]);
    assert_eq!(told(&client.drain().await), [""; 0]);
}

/// A memory that says once that something is gone, and finds it again.
#[derive(Debug)]
struct Absent(MemoryHistory, std::sync::atomic::AtomicBool);

impl History for Absent {
    fn epoch(&self) -> Epoch {
        self.0.epoch()
    }

    fn last_seq(&self) -> u64 {
        self.0.last_seq()
    }

    fn open(&self, topic: &TopicName, options: &TopicOptions, news: Tell) -> Result<TopicId, HistoryError> {
        self.0.open(topic, options, news)
    }

    fn remove(&self, topic: TopicId) {
        self.0.remove(topic);
    }

    fn append(&self, topic: TopicId, record: Record<'_>) -> Result<u64, HistoryError> {
        self.0.append(topic, record)
    }

    fn end(&self, topic: TopicId) -> Result<(), HistoryError> {
        self.0.end(topic)
    }

    fn status(&self, topic: TopicId) -> Result<Status, HistoryError> {
        self.0.status(topic)
    }

    fn read(&self, read: Read<'_>) -> Reply<Result<Page, HistoryError>> {
        match self.1.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Reply::Now(Ok(Page { covered: read.after, gap: true, ..Page::default() })),
            false => self.0.read(read),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_gone_for_a_moment_is_no_gap() {
    let absent = Absent(MemoryHistory::with_epoch(Epoch::new(0xe)), true.into());
    let hub = Hub::with_history(HubOptions::default(), absent);
    let topic = hub.topic::<News>("news").expect("opened");
    topic.publish(&News::Count(1)).expect("published");
    let mut client = Client::new(hub.subscribe(Subscribe::to(["news"])).expect("subscribed"));
    assert_eq!(client.take(2).await[1..], ["count:1"]);
    assert_eq!(told(&client.drain().await), [""; 0]);
}
