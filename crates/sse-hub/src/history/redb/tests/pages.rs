//! Pages that are read from the disk.

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
