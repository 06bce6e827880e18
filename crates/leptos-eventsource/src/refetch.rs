//! Another snapshot after a gap.

use std::time::Duration;

use gloo_timers::callback::Timeout;
use js_sys::Math;
use leptos::prelude::{GetValue, SetValue, StoredValue, WithValue};
use sse_proto::client::Gap;
use sse_web::now;

use crate::IN_BROWSER;

/// A gap so soon after a snapshot was asked for is the next of a row.
const ROW: Duration = Duration::from_secs(30);

/// The shortest pause before the next snapshot of a row; the longest is twice that.
const PAUSE_MILLIS: f64 = 5_000.0;

/// What to do after a gap, for [`EventSourceHandle::on_gap`][on_gap]: ask for another [`Snapshot`][crate::Snapshot], by
/// `refetch`, as no fold can mend what it has missed.
///
/// At once, if it is the first. Within half a minute of the last time it waits for 5 to 10 s, drawn anew each time, and
/// gaps that come meanwhile are one with it: while a new version of a server takes the place of the old one, snapshots
/// may be of the one and streams of the other, and then every snapshot ends in a gap at once. Without a pause a page
/// would ask twenty times a second, and all pages together. A gap that comes while a snapshot is on its way, such as that
/// of another stream that began with the same one, asks for one more after a pause.
///
/// It belongs to the current owner, and does nothing once that is disposed. So make it beside the resource, and not beside
/// the stream, which goes with each snapshot:
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{EventSourceOptions, Json, Snapshot, refetch_after_gap, use_event_source_with_options};
///
/// #[component]
/// fn Sum() -> impl IntoView {
///     let snapshot = Resource::new(|| (), |()| async { Snapshot::new(3_u64, "5f3a.1207") });
///     let after_gap = refetch_after_gap(move || snapshot.refetch());
///     let live = move |at: Snapshot<u64>| {
///         let options = EventSourceOptions::default().with_last_event_id(at.last_event_id);
///         let stream = use_event_source_with_options::<Json<u64>>("/counts", options);
///         stream.on_gap(after_gap);
///         stream.fold(at.value, |sum, Json(count)| *sum += count)
///     };
///     view! { <Transition>{move || Suspend::new(async move { live(snapshot.await) })}</Transition> }
/// }
/// ```
///
/// [on_gap]: crate::EventSourceHandle::on_gap
pub fn refetch_after_gap(
    refetch: impl Fn() + Send + Sync + 'static,
) -> impl Fn(Gap) + Copy + Send + Sync + 'static {
    let refetch = StoredValue::new(refetch);
    let last = StoredValue::new(None);
    // Goes with the owner. On a server, where nothing is told, that may go on another thread than it came.
    let waiting = IN_BROWSER.then(|| StoredValue::new_local(None::<Timeout>));
    move |_| {
        let Some(waiting) = waiting else { return };
        if waiting.try_with_value(Option::is_some) != Some(false) {
            return;
        }
        let is_next = |at| now().saturating_duration_since(at) < ROW;
        let pause =
            if last.get_value().is_some_and(is_next) { PAUSE_MILLIS * (1.0 + Math::random()) } else { 0.0 };
        // Also without a pause it is called later, as `refetch` may dispose the stream that tells of the gap.
        let timeout = Timeout::new(pause as u32, move || {
            waiting.try_set_value(None);
            last.try_set_value(Some(now()));
            let _ = refetch.try_with_value(|refetch| refetch());
        });
        waiting.set_value(Some(timeout));
    }
}
