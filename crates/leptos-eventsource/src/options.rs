/// How a stream behaves. Start from the default and change what you need.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EventSourceOptions {
    /// When views tell the page that they have changed.
    pub delivery: Delivery,
    /// Everything below the signals: backoff, limits, timeouts, transport, cursor. Its event types are set from
    /// the [`EventSet`](crate::EventSet).
    pub connection: sse_web::Options,
}

impl EventSourceOptions {
    /// Sets when views tell the page that they have changed.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Sets the options of the connection.
    #[must_use]
    pub fn with_connection(mut self, connection: sse_web::Options) -> Self {
        self.connection = connection;
        self
    }
}

/// When views tell the page that they have changed. Every event is folded either way; none is skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// With every event.
    #[default]
    Immediate,
    /// Once for each animation frame, so that ten thousand events a second cost sixty renderings. While the
    /// page is in a background tab, browsers draw no frames, so nothing is told until it is seen again.
    AnimationFrame,
}
