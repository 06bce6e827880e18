//! Pages that are read from the disk.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn an_event_that_is_larger_than_a_page_hides_none_of_those_behind_it() {
    let has_key: [fn(usize) -> bool; 3] = [|_| false, |_| true, |number| number % 3 == 0];
    for has_key in has_key {
        let disk = Disk::default();
        let history = open(&disk, RedbOptions { ring_events: 1, ..RedbOptions::default() }).expect("opened");
        let of = topic(&history);
        let (mut published, mut last) = (Vec::new(), 0);
        // A page has 200 bytes.
        for (number, size) in [1, 500, 1, 500, 500, 1, 1].into_iter().enumerate() {
            let body = number.to_string().repeat(size);
            let key = has_key(number).then_some("key");
            last = history.append(of, Record { key, body: body.as_bytes(), note: None }).expect("taken");
            published.push((last, body));
        }
        committed(&history, last).await.expect("committed");
        for after in 0..=published.len() {
            let left = published[after..].to_vec();
            assert_eq!(read_all(&history, of, after as u64).await, (left, false), "after {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_begins_gets_nothing_that_has_become_too_old_since_something_was_published() {
    let disk = Disk::default();
    let history = open(&disk, RedbOptions::default()).expect("opened");
    let retention = Retention { age: Some(Duration::from_secs(60)), ..Retention::default() };
    let options = TopicOptions { retention, ..TopicOptions::default() };
    let name = TopicName::new("topic").expect("a name");
    let of = history.open(&name, &options, Notifier::new(|| {})).expect("opened");
    for body in ["1", "2", "3"] {
        let seq = publish(&history, of, body).expect("taken");
        committed(&history, seq).await.expect("committed");
    }
    assert_eq!(history.status(of).expect("a status").trimmed, 0);
    tokio::time::advance(Duration::from_secs(120)).await;
    assert_eq!(history.status(of).expect("a status").trimmed, 2);
    // Who had a claim to them is told, though they are on the disk.
    assert_eq!(read_all(&history, of, 1).await, (vec![(3, "3".into())], true));
    assert_eq!(read_all(&history, of, 2).await, (vec![(3, "3".into())], false));
}
