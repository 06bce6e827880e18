//! What is kept beside the events.

use super::*;

async fn publish_all(history: &RedbHistory, of: TopicId, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let seq = publish(history, of, &number.to_string()).expect("taken");
        committed(history, seq).await.expect("committed");
    }
}

fn short(history: &RedbHistory, name: &str) -> TopicId {
    let retention = Retention { events: 1, ..Retention::default() };
    let options = TopicOptions { retention, ..TopicOptions::default() };
    history.open(&TopicName::new(name).expect("a name"), &options, Notifier::new(|| {})).expect("opened")
}

#[tokio::test]
async fn as_many_notes_are_kept_as_the_options_say_whatever_is_kept_of_the_events() {
    let disk = Disk::default();
    let options = RedbOptions { notes: 3, ..RedbOptions::default() };
    let history = open(&disk, options.clone()).expect("opened");
    let [one, other] = ["one", "other"].map(|name| short(&history, name));
    publish_all(&history, one, 1..=2).await;
    publish_all(&history, other, 1..=1).await;
    assert_eq!(notes(&history, one).await, ["1", "2"]);
    publish_all(&history, one, 3..=10).await;
    let seq = history.append(one, Record { key: None, body: b"none", note: None }).expect("taken");
    committed(&history, seq).await.expect("committed");
    assert_eq!(notes(&history, one).await, ["8", "9", "10"]);
    answer(history.close()).await.expect("closed");
    drop(history);

    let history = open(&disk, options).expect("opened");
    let [one, other] = ["one", "other"].map(|name| short(&history, name));
    assert_eq!(notes(&history, one).await, ["8", "9", "10"]);
    publish_all(&history, one, 11..=11).await;
    assert_eq!(notes(&history, one).await, ["9", "10", "11"]);
    history.remove(one);
    publish_all(&history, other, 2..=2).await;
    assert_eq!(notes(&history, one).await, [""; 0]);
    assert_eq!(notes(&history, other).await, ["1", "2"]);
}
