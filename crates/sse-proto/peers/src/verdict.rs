//! What a crate did with a hard case, in a word.

use serde::Deserialize;

use crate::sink::{Decoded, Event};

/// What a stream means: the `.json` beside each `.sse` of `tests/conformance/vectors`.
///
/// Comments are in there too. Most crates drop them, and nobody is judged on them.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Meaning {
    /// Type, data and last event id of each event.
    pub events: Vec<Event>,
    /// The reconnection times, in milliseconds.
    #[serde(default)]
    pub retries: Vec<u64>,
    /// The last event id at the end of the body.
    pub last_event_id: String,
}

/// When a crate tells a reconnection time, as far as it promises to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retries {
    /// When its line has been read.
    AtOnce,
    /// As a part of the event, or of the block of fields, that the line is in: the last one only, and none if there is
    /// no event.
    WithTheEvent,
}

/// The larger ones are all the same to a timer, and ours says so (WHATWG HTML knows no largest one).
const MAX_RETRY_MILLIS: u64 = (1 << 31) - 1;

/// What is wrong with what a crate said, if anything; in a word or two, for a cell of a table.
#[must_use]
pub fn fault(said: &Decoded, meaning: &Meaning, retries: Retries) -> Option<&'static str> {
    if said.error.is_some() {
        return Some("error");
    }
    if said.events.len() < meaning.events.len() {
        return Some("lost");
    }
    if said.events.len() > meaning.events.len() {
        return Some("extra event");
    }
    for (said, meant) in said.events.iter().zip(&meaning.events) {
        let parts = [
            ("wrong type", said.0 != meant.0),
            ("wrong data", said.1 != meant.1),
            ("wrong id", said.2 != meant.2),
        ];
        if let Some((word, _)) = parts.into_iter().find(|(_, differs)| *differs) {
            return Some(word);
        }
    }
    if said.last_event_id.as_ref().is_some_and(|id| *id != meaning.last_event_id) {
        return Some("stale id");
    }
    retry_fault(&said.retries, &meaning.retries, retries)
}

fn retry_fault(said: &[u64], meant: &[u64], retries: Retries) -> Option<&'static str> {
    // Whatever was said must have been meant, in that order. What was left out is for `retries` to excuse.
    let mut rest = meant.iter();
    let all_meant = said.iter().all(|said| rest.any(|meant| *meant == (*said).min(MAX_RETRY_MILLIS)));
    match retries {
        _ if !all_meant => Some("wrong retry"),
        Retries::AtOnce if said.len() < meant.len() => Some("lost retry"),
        Retries::AtOnce | Retries::WithTheEvent => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event_type: &str, data: &str, id: &str) -> Event {
        (event_type.to_owned(), data.to_owned(), id.to_owned())
    }

    fn said(events: &[Event]) -> Decoded {
        Decoded { events: events.to_vec(), ..Decoded::default() }
    }

    #[test]
    fn the_first_difference_names_the_fault() {
        let meaning =
            Meaning { events: vec![event("a", "1", ""), event("b", "2", "7")], ..Meaning::default() };
        let fault = |events: &[Event]| fault(&said(events), &meaning, Retries::WithTheEvent);
        let (first, second) = (event("a", "1", ""), event("b", "2", "7"));
        assert_eq!(fault(&[first.clone(), second.clone()]), None);
        assert_eq!(fault(std::slice::from_ref(&first)), Some("lost"));
        assert_eq!(fault(&[first.clone(), second.clone(), second.clone()]), Some("extra event"));
        assert_eq!(fault(&[event("message", "1", ""), second.clone()]), Some("wrong type"));
        assert_eq!(fault(&[event("a", "", ""), second]), Some("wrong data"));
        assert_eq!(fault(&[first, event("b", "2", "8")]), Some("wrong id"));
    }

    #[test]
    fn a_crate_is_judged_on_the_reconnection_times_that_it_promises() {
        let fault = |said: &[u64], retries| retry_fault(said, &[10, 2500, MAX_RETRY_MILLIS], retries);
        assert_eq!(fault(&[10, 2500, u64::MAX], Retries::AtOnce), None);
        assert_eq!(fault(&[10], Retries::AtOnce), Some("lost retry"));
        assert_eq!(fault(&[2500], Retries::WithTheEvent), None);
        assert_eq!(fault(&[], Retries::WithTheEvent), None);
        assert_eq!(fault(&[5], Retries::WithTheEvent), Some("wrong retry"));
        assert_eq!(fault(&[2500, 10], Retries::WithTheEvent), Some("wrong retry"));
    }

    #[test]
    fn the_last_event_id_counts_where_a_crate_tells_it() {
        let meaning = Meaning { last_event_id: "8".to_owned(), ..Meaning::default() };
        let told = |id: Option<&str>| Decoded { last_event_id: id.map(str::to_owned), ..Decoded::default() };
        assert_eq!(fault(&told(None), &meaning, Retries::AtOnce), None);
        assert_eq!(fault(&told(Some("8")), &meaning, Retries::AtOnce), None);
        assert_eq!(fault(&told(Some("7")), &meaning, Retries::AtOnce), Some("stale id"));
    }
}
