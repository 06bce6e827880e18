use serde::{Deserialize, Serialize};

/// A value, and the place in the stream at which it was true: what a server hands to a page that it renders, so that
/// the page goes on from there.
///
/// The page folds the events after [`last_event_id`](Self::last_event_id) into [`value`](Self::value). So a snapshot
/// is right if the value holds every event up to that id, and none after it. There are three ways to take one:
///
/// | the value is | take it by |
/// |---|---|
/// | what the topics keep | `Hub::snapshot` of `sse-hub`: the events and their cursor, from one reading |
/// | a state of your own, in this process | publishing, and reading `Hub::last_event_id`, under the state's own lock |
/// | elsewhere, as in a database | reading `Hub::last_event_id` *first*, and then the value |
///
/// The value of the last row may hold the first events after the id as well, so its fold must bear to see them again:
/// put what has become of it into the event, or a version by which it is known.
///
/// The other way round, value first and id second, loses what was published in between.
///
/// ```
/// use sse_events::Snapshot;
///
/// let ticks = Snapshot::new(vec![("ACME", 12), ("ACME", 13)], "5f3a.1207");
/// let price = ticks.map(|ticks| ticks.last().map(|tick| tick.1));
/// assert_eq!((price.value, price.last_event_id.as_str()), (Some(13), "5f3a.1207"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot<T> {
    /// What the events up to `last_event_id` made.
    pub value: T,
    /// The id of the last event that is in the value; empty if there is none, and then the stream is that of a new
    /// client.
    pub last_event_id: String,
}

impl<T> Snapshot<T> {
    /// `value` at `last_event_id`.
    pub fn new(value: T, last_event_id: impl Into<String>) -> Self {
        Self { value, last_event_id: last_event_id.into() }
    }

    /// Another value, made of this one, at the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Snapshot<U> {
        Snapshot { value: f(self.value), last_event_id: self.last_event_id }
    }
}
