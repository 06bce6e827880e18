//! What an earlier life of the server has left.

use sse_events::EventSet;
use sse_hub::{EventId, Hub, SnapshotError};

/// The events that a topic keeps, but for those of another version of the server, of which the log says how many.
pub(crate) async fn known_events<E: EventSet>(
    hub: &Hub,
    topic: &str,
) -> Result<Vec<(EventId, E)>, SnapshotError> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (id, event) in hub.kept_events(topic).await? {
        match event {
            Ok(event) => known.push((id, event)),
            Err(error) => unknown.push(error),
        }
    }
    if let Some(error) = unknown.first() {
        tracing::warn!(%error, topic, events = unknown.len(), "events that this version does not know are left out");
    }
    Ok(known)
}
