use std::borrow::Cow;

use crate::components::BadgeTexts;

/// The words of an [`EventSourceInspector`](super::EventSourceInspector). What is in braces is filled in.
///
/// ```
/// use leptos_eventsource::components::InspectorTexts;
///
/// let texts = InspectorTexts { title: "Streams of this page: {count}".into(), ..InspectorTexts::ENGLISH };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectorTexts {
    /// The heading, with the number `{count}` of streams.
    pub title: Cow<'static, str>,
    /// There is no stream.
    pub empty: Cow<'static, str>,
    /// Events in the last second: `{count}`.
    pub per_second: Cow<'static, str>,
    /// What carries it.
    pub transport: Cow<'static, str>,
    /// What it is doing.
    pub state: Cow<'static, str>,
    /// Requests since the panel was opened.
    pub attempts: Cow<'static, str>,
    /// Those of them that followed a failure: `{count}`.
    pub retries: Cow<'static, str>,
    /// The id of the last event.
    pub cursor: Cow<'static, str>,
    /// Events since the panel was opened.
    pub events: Cow<'static, str>,
    /// The bytes of their data.
    pub bytes: Cow<'static, str>,
    /// Gaps since the panel was opened.
    pub gaps: Cow<'static, str>,
    /// Failures since the panel was opened.
    pub failures: Cow<'static, str>,
    /// The button that pauses the stream.
    pub pause: Cow<'static, str>,
    /// The button that lets it go on.
    pub resume: Cow<'static, str>,
    /// The button that connects it anew.
    pub reconnect: Cow<'static, str>,
    /// The button that closes it.
    pub close: Cow<'static, str>,
    /// The heading of the list of what happened last.
    pub frames: Cow<'static, str>,
    /// Column: the time of day.
    pub time: Cow<'static, str>,
    /// Column: the event type.
    pub event_type: Cow<'static, str>,
    /// Column: the event id.
    pub id: Cow<'static, str>,
    /// Column: the data.
    pub data: Cow<'static, str>,
    /// In place of an event type: events were lost.
    pub gap: Cow<'static, str>,
    /// In place of an event type: something failed.
    pub failure: Cow<'static, str>,
    /// After data that is too long to be shown: `{count}` bytes are left out.
    pub cut: Cow<'static, str>,
    /// A gap: the server began anew.
    pub reset: Cow<'static, str>,
    /// A gap: history is incomplete up to the number `{up_to}`.
    pub trimmed: Cow<'static, str>,
    /// The words for states.
    pub states: BadgeTexts,
}

impl InspectorTexts {
    /// The default.
    pub const ENGLISH: Self = Self {
        title: Cow::Borrowed("Event streams: {count}"),
        empty: Cow::Borrowed("This page has no event stream."),
        per_second: Cow::Borrowed("{count}/s"),
        transport: Cow::Borrowed("Transport"),
        state: Cow::Borrowed("State"),
        attempts: Cow::Borrowed("Requests since this panel was opened"),
        retries: Cow::Borrowed("{count} after a failure"),
        cursor: Cow::Borrowed("Last event id"),
        events: Cow::Borrowed("Events"),
        bytes: Cow::Borrowed("Bytes of data"),
        gaps: Cow::Borrowed("Gaps"),
        failures: Cow::Borrowed("Failures"),
        pause: Cow::Borrowed("Pause"),
        resume: Cow::Borrowed("Resume"),
        reconnect: Cow::Borrowed("Reconnect"),
        close: Cow::Borrowed("Close"),
        frames: Cow::Borrowed("Last frames"),
        time: Cow::Borrowed("Time"),
        event_type: Cow::Borrowed("Type"),
        id: Cow::Borrowed("Id"),
        data: Cow::Borrowed("Data"),
        gap: Cow::Borrowed("gap"),
        failure: Cow::Borrowed("failure"),
        cut: Cow::Borrowed("… and {count} bytes"),
        reset: Cow::Borrowed("The server began anew."),
        trimmed: Cow::Borrowed("The server no longer has every event up to {up_to}."),
        states: BadgeTexts::ENGLISH,
    };
}

impl Default for InspectorTexts {
    fn default() -> Self {
        Self::ENGLISH
    }
}
