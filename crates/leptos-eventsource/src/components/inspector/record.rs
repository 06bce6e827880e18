use std::collections::VecDeque;
use std::sync::Arc;

use sse_proto::EventRef;
use sse_proto::client::{Gap, State};

use crate::error::Error;
use crate::registry::Told;

/// The most bytes of an event's data that are kept.
const DATA_LIMIT: usize = 2_000;

/// What is known of one stream.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) counts: Counts,
    /// The last lines, oldest first.
    pub(super) lines: VecDeque<Arc<LogLine>>,
    /// Numbers them.
    next: u64,
    /// The count of events when the last second began.
    events_before: u64,
}

/// What is counted of a stream, from when the panel was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Requests.
    pub(super) attempts: u64,
    /// Those of them that followed a failure.
    pub(super) retries: u64,
    pub(super) events: u64,
    /// Events in the last second.
    pub(super) per_second: u64,
    /// The bytes of the data of all events.
    pub(super) bytes: u64,
    pub(super) gaps: u64,
    pub(super) failures: u64,
}

/// Something that happened on a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LogLine {
    /// Counts the lines of a stream from 0.
    pub(super) serial: u64,
    /// Milliseconds since the Unix epoch.
    pub(super) at: f64,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Event {
        event_type: String,
        id: String,
        /// As much of it as is kept.
        data: String,
        /// How many bytes were left out.
        left_out: usize,
    },
    State(State),
    Error(Error),
    Gap(Gap),
}

impl Record {
    /// Notes what was told at a time, and keeps the last `kept` lines.
    pub(super) fn note(&mut self, told: Told<'_>, at: f64, kept: usize) {
        let content = match told {
            Told::Event(event) => {
                self.counts.events += 1;
                self.counts.bytes += event.data.len() as u64;
                Content::event(event)
            }
            Told::State(state) => {
                if let State::Connecting { attempt } = state {
                    self.counts.attempts += 1;
                    self.counts.retries += u64::from(*attempt > 1);
                }
                Content::State(state.clone())
            }
            Told::Error(error) => {
                self.counts.failures += 1;
                Content::Error(error.clone())
            }
            Told::Gap(gap) => {
                self.counts.gaps += 1;
                Content::Gap(gap)
            }
        };
        if kept == 0 {
            return;
        }
        if self.lines.len() == kept {
            self.lines.pop_front();
        }
        self.lines.push_back(Arc::new(LogLine { serial: self.next, at, content }));
        self.next += 1;
    }

    /// Says that `millis` have passed since this was last said.
    pub(super) fn tick(&mut self, millis: f64) {
        let events = (self.counts.events - self.events_before) as f64;
        self.events_before = self.counts.events;
        self.counts.per_second = (events * 1000.0 / millis.max(1.0)).round() as u64;
    }
}

impl Content {
    fn event(event: EventRef<'_>) -> Self {
        let kept = event.data.floor_char_boundary(DATA_LIMIT);
        Self::Event {
            event_type: event.event_type.to_owned(),
            id: event.last_event_id.to_owned(),
            data: event.data[..kept].to_owned(),
            left_out: event.data.len() - kept,
        }
    }
}

/// The name of a type without the paths in it: `Native` for `sse_web::transport::Native`.
pub(super) fn without_paths(type_name: &str) -> String {
    let mut short = String::new();
    for part in type_name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        short.push_str(part.rsplit_once("::").map_or(part, |(_, name)| name));
    }
    short
}

#[cfg(test)]
mod tests {
    use sse_proto::client::Failure;

    use super::*;

    fn event(data: &str) -> Told<'_> {
        Told::Event(EventRef { event_type: "tick", data, last_event_id: "7" })
    }

    #[test]
    fn the_last_lines_are_kept_and_all_are_counted() {
        let mut record = Record::default();
        for data in ["a", "bb", "ccc"] {
            record.note(event(data), 0.0, 2);
        }
        assert_eq!((record.counts.events, record.counts.bytes), (3, 6));
        let kept: Vec<_> = record.lines.iter().map(|line| line.serial).collect();
        assert_eq!(kept, [1, 2]);
    }

    #[test]
    fn data_is_cut_between_characters() {
        let mut record = Record::default();
        let data = "é".repeat(DATA_LIMIT);
        record.note(event(&format!("x{data}")), 0.0, 1);
        let Content::Event { data: kept, left_out, .. } = &record.lines[0].content else {
            panic!("an event")
        };
        assert_eq!((kept.len(), *left_out), (DATA_LIMIT - 1, DATA_LIMIT + 2));
        assert_eq!(record.counts.bytes, 2 * DATA_LIMIT as u64 + 1, "all of it is counted");
    }

    #[test]
    fn attempts_after_a_failure_are_retries() {
        let mut record = Record::default();
        let failure = Failure::Network.into();
        for told in [
            Told::State(&State::Connecting { attempt: 1 }),
            Told::Error(&failure),
            Told::State(&State::Connecting { attempt: 2 }),
            Told::State(&State::Open),
            Told::Gap(Gap::Reset),
        ] {
            record.note(told, 0.0, 10);
        }
        let Counts { attempts, retries, failures, gaps, .. } = record.counts;
        assert_eq!((attempts, retries, failures, gaps), (2, 1, 1, 1));
        assert_eq!(record.lines.len(), 5);
    }

    #[test]
    fn the_rate_is_that_of_the_time_since_it_was_last_asked_for() {
        let mut record = Record::default();
        for _ in 0..30 {
            record.note(event(""), 0.0, 1);
        }
        record.tick(2_000.0);
        assert_eq!(record.counts.per_second, 15);
        record.tick(1_000.0);
        assert_eq!(record.counts.per_second, 0);
    }

    #[test]
    fn a_type_is_named_without_paths() {
        let cases = [
            ("sse_web::transport::native::Native", "Native"),
            ("a::Shared<b::c::Fetch, d::Other>", "Shared<Fetch, Other>"),
            ("Plain", "Plain"),
        ];
        for (name, short) in cases {
            assert_eq!(without_paths(name), short);
        }
    }
}
