//! What the topics keep, for a page that is rendered here.

use std::sync::Arc;

use sse_events::{DecodeError, EventSet, Snapshot};
use sse_proto::{Cursor, Decoder, EventId, Frame, Limits};

use crate::error::SnapshotError;
use crate::history::{Entry, HistoryError};
use crate::hub::Shared;
use crate::reader::{Reader, Start, Step};

/// What is kept, oldest first.
type Kept<E> = Vec<(EventId, Result<E, DecodeError>)>;

/// The events that a new client of `topics` would be sent up to now, and the cursor behind the last of them.
///
/// It is read by the reader of a subscription, so a page that goes on from the cursor sees what it would have seen if
/// it had been that client: nothing can fall between the two, or come twice. What is no event of the set is left out of
/// what a client folds, so it is left out here.
pub(crate) async fn take<E: EventSet>(
    hub: &Shared,
    topics: impl IntoIterator<Item = impl Into<String>>,
) -> Result<Snapshot<Vec<E>>, SnapshotError> {
    let (entries, seq) = read(hub, topics).await?;
    let cursor = Cursor { epoch: hub.history.epoch(), seq };
    let events = decode(&entries)?.into_iter().filter_map(|(_, event)| event.ok()).collect();
    Ok(Snapshot::new(events, EventId::from(cursor).into_string()))
}

/// What a topic keeps: events, each with its id, and what is none of the set.
pub(crate) async fn take_with_ids<E: EventSet>(hub: &Shared, topic: &str) -> Result<Kept<E>, SnapshotError> {
    let (entries, _) = read(hub, [topic]).await?;
    Ok(decode(&entries)?)
}

/// The notes that were published with events of a topic.
pub(crate) async fn notes(hub: &Shared, topic: &str) -> Result<Vec<(EventId, String)>, SnapshotError> {
    let known = hub.topics().get(topic).map(|topic| topic.id);
    let topic = known.ok_or_else(|| SnapshotError::UnknownTopic(topic.to_owned()))?;
    let notes = hub.history.notes(topic).answer().await?;
    let epoch = hub.history.epoch();
    Ok(notes.into_iter().map(|(seq, note)| (Cursor { epoch, seq }.into(), note)).collect())
}

/// What a new client of `topics` would be sent up to now, and the number behind it.
async fn read(
    hub: &Shared,
    topics: impl IntoIterator<Item = impl Into<String>>,
) -> Result<(Vec<Entry>, u64), SnapshotError> {
    let lanes = {
        let mut names: Vec<String> = topics.into_iter().map(Into::into).collect();
        names.sort_unstable();
        names.dedup();
        let known = hub.topics();
        let lane = |name: String| match known.get(name.as_str()) {
            Some(topic) => Ok((topic.id, topic.options.replay)),
            None => Err(SnapshotError::UnknownTopic(name)),
        };
        names.into_iter().map(lane).collect::<Result<Vec<_>, _>>()?
    };
    loop {
        // As much at a time as the history gives: all of it is wanted, and retention bounds it.
        let reader = Reader::new(Arc::clone(&hub.history), &lanes, Start::New, (usize::MAX, usize::MAX))?;
        // What is left of a page that retention overtook has a hole: another reading, for as long as that happens.
        if let Some(read) = read_all(reader).await? {
            return Ok(read);
        }
        // A history in memory answers at once: beside a publisher that never rests, this would keep the thread.
        tokio::task::yield_now().await;
    }
}

/// All that `reader` has to hand out, and its position behind that; `None` if some of it was dropped meanwhile.
async fn read_all(mut reader: Reader) -> Result<Option<(Vec<Entry>, u64)>, HistoryError> {
    let mut all = Vec::new();
    loop {
        let page = reader.read().answer().await?;
        match reader.handle_page(page)? {
            Step::More(entries) => all.extend(entries),
            Step::All(entries) => {
                all.extend(entries);
                return Ok(Some((all, reader.position())));
            }
            Step::End => return Ok(Some((all, reader.position()))),
            Step::Gap { .. } => return Ok(None),
        }
    }
}

/// The events, read from their frames as every client reads them.
fn decode<E: EventSet>(entries: &[Entry]) -> Result<Kept<E>, HistoryError> {
    // Their size was looked at when they were published.
    let limits = Limits::default().with_line(usize::MAX).with_event(usize::MAX);
    let mut decoder = Decoder::new(limits);
    let mut events = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut frames = decoder.decode(&entry.frame);
        while let Some(frame) = frames.next().map_err(|error| HistoryError::Engine(error.to_string()))? {
            if let Frame::Event(event) = frame {
                let decoded = E::decode(event.event_type, event.data);
                let decoded = decoded.map_err(|error| error.at(event.last_event_id));
                let id = EventId::new(event.last_event_id);
                let id = id.map_err(|error| HistoryError::Engine(error.to_string()))?;
                events.push((id, decoded));
            }
        }
    }
    Ok(events)
}
