use sse_events::EventSet;
use sse_web::transport::ScriptedStream;

/// Typed events over a [scripted](sse_web::transport::Scripted) stream, so that a test speaks of the same enum as the page.
///
/// ```
/// use leptos_eventsource::EventSet;
/// use leptos_eventsource::transport::{Scripted, ScriptedExt};
///
/// #[derive(Clone, EventSet)]
/// enum Market {
///     Tick(f64),
///     Closed,
/// }
///
/// // In a `#[wasm_bindgen_test]`, after the component was mounted:
/// async fn the_market_opens_and_closes(server: Scripted) {
///     let market = server.accept_at("/api/market").await;
///     market.open();
///     market.send(&Market::Tick(12.5), "1");
///     market.send(&Market::Closed, "2");
/// }
/// ```
pub trait ScriptedExt {
    /// Brings this event. One whose `id` is empty has none, and the last one stays.
    ///
    /// # Panics
    /// If the event's codec refuses it.
    #[track_caller]
    fn send<E: EventSet>(&self, event: &E, id: &str);
}

impl ScriptedExt for ScriptedStream {
    #[track_caller]
    fn send<E: EventSet>(&self, event: &E, id: &str) {
        let data = event.encode().unwrap_or_else(|error| panic!("{error}"));
        self.event(event.event_type(), &data, id);
    }
}
