use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::web_sys::{Element, Event};
use sse_proto::client::{Gap, PauseReason, State};

use super::record::{Content, LogLine, without_paths};
use super::recorder::{Listed, Recorder, StreamView};
use super::texts::InspectorTexts;
use crate::IN_BROWSER;
use crate::components::badge_texts::{failure, state_name};
use crate::components::clock::to_the_millisecond;
use crate::components::fill::fill;
use crate::connection_handle::ConnectionHandle;
use crate::registry::{self, Serial};

/// A panel for developers: every event stream of the page, what it is doing, what came last, and its controls.
///
/// Put it anywhere, once; streams come and go by themselves. It counts from when it was mounted. What happens is noted
/// at once and drawn once for each animation frame, and not at all while the panel is folded, so that it can stay open
/// at ten thousand events a second. Without it in the page, its code is not in the program, and an event costs a look
/// at a flag.
///
/// Control events of the server (`sse.heartbeat` and the like) and duplicates after a resume are not shown.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::components::EventSourceInspector;
///
/// #[component]
/// fn App() -> impl IntoView {
///     view! {
///         <p>"the app"</p>
///         {cfg!(debug_assertions).then(|| view! { <EventSourceInspector frames=30 /> })}
///     }
/// }
/// ```
///
/// # Markup
///
/// A `details` of the class `sse-inspector`. In it, for each stream, a `details` of the class `sse-inspector-stream`
/// with its `data-state`, in which are a list of facts (`sse-inspector-facts`), the buttons (`sse-inspector-controls`)
/// and a table of the last frames, newest first (`sse-inspector-frames`), whose rows have the `data-kind` `event`,
/// `state`, `failure` or `gap`.
#[component]
pub fn EventSourceInspector(
    /// The most frames that are kept and shown of each stream. Default: 50.
    #[prop(default = 50)]
    frames: usize,
    /// Whether it is unfolded at first. Default: yes.
    #[prop(default = true)]
    open: bool,
    /// Its words. Default: English.
    #[prop(into, default = Signal::stored(InspectorTexts::ENGLISH))]
    texts: Signal<InspectorTexts>,
) -> impl IntoView {
    let list = RwSignal::new(Vec::new());
    let recorder = IN_BROWSER.then(|| {
        let recorder = Recorder::new(list, frames, open);
        let at = registry::observe(recorder.clone());
        on_cleanup(move || registry::stop_observing(at));
        StoredValue::new_local(recorder)
    });
    let set_shown = move |is_shown| {
        let recorder = recorder.and_then(|recorder| recorder.try_with_value(Rc::clone));
        if let Some(recorder) = recorder {
            recorder.set_shown(is_shown);
        }
    };

    view! {
        <details class="sse-inspector" open=open on:toggle=move |event| set_shown(is_open(&event))>
            <summary class="sse-inspector-title">
                {move || texts.with(|texts| fill(&texts.title, "{count}", list.read().len()))}
            </summary>
            <Show when=move || list.read().is_empty()>
                <p class="sse-inspector-empty">{text(texts, |t| &t.empty)}</p>
            </Show>
            // A key must be one that can be serialised: with the islands router it is written into the page.
            <For each=move || list.get() key=|listed| listed.serial.0 let:listed>
                <Stream listed texts />
            </For>
        </details>
    }
    // As is that of each stream: the types of such views, one in the other, are too deep for the compiler where a page is
    // hydrated.
    .into_any()
}

/// Picks a text.
type Pick = fn(&InspectorTexts) -> &Cow<'static, str>;

/// Writes something about a stream.
type Show = fn(&StreamView, &InspectorTexts) -> String;

/// What is told of a stream: the value of `data-fact`, what it is called, and what it is.
const FACTS: [(&str, Pick, Show); 8] = [
    ("state", |t| &t.state, state_in_full),
    ("transport", |t| &t.transport, |it, _| without_paths(it.about.transport)),
    ("cursor", |t| &t.cursor, |it, _| it.about.last_event_id.clone()),
    ("attempts", |t| &t.attempts, attempts),
    ("events", |t| &t.events, |it, _| it.counts.events.to_string()),
    ("bytes", |t| &t.bytes, |it, _| it.counts.bytes.to_string()),
    ("gaps", |t| &t.gaps, |it, _| it.counts.gaps.to_string()),
    ("failures", |t| &t.failures, |it, _| it.counts.failures.to_string()),
];

/// The columns of the table of lines.
const COLUMNS: [Pick; 4] = [|t| &t.time, |t| &t.event_type, |t| &t.id, |t| &t.data];

/// A button.
#[derive(Clone, Copy)]
struct Control {
    act: fn(&ConnectionHandle),
    label: Pick,
    /// Whether it would do nothing.
    is_useless: fn(&State) -> bool,
}

const CONTROLS: [Control; 4] = [
    Control {
        act: ConnectionHandle::pause,
        label: |t| &t.pause,
        is_useless: |state| is_closed(state) || is_paused(state),
    },
    Control { act: ConnectionHandle::resume, label: |t| &t.resume, is_useless: |state| !is_paused(state) },
    Control { act: ConnectionHandle::reconnect, label: |t| &t.reconnect, is_useless: |_| false },
    Control { act: ConnectionHandle::close, label: |t| &t.close, is_useless: is_closed },
];

fn is_closed(state: &State) -> bool {
    matches!(state, State::Closed(_))
}

/// For another reason it is resumed by what made it, and the owner can pause it besides.
fn is_paused(state: &State) -> bool {
    matches!(state, State::Paused { why: PauseReason::Caller })
}

/// A text, for a view. Whatever text it is, the type is the same, so that a view's code for it is compiled once.
fn text(texts: Signal<InspectorTexts>, pick: Pick) -> impl Fn() -> Cow<'static, str> + Copy + Send + Sync {
    move || texts.with(|texts| pick(texts).clone())
}

/// Whether the `details` of a `toggle` event is unfolded now.
fn is_open(event: &Event) -> bool {
    event_target::<Element>(event).has_attribute("open")
}

#[component]
fn Stream(listed: Listed, texts: Signal<InspectorTexts>) -> impl IntoView {
    let Listed { serial, stream_view } = listed;
    let stream_view = RwSignal::from(stream_view);
    let is_unfolded = RwSignal::new(false);
    let shown = move |show: Show| {
        move || stream_view.with(|it| it.as_ref().map(|it| texts.with(|texts| show(it, texts))))
    };
    let state = Memo::new(move |_| stream_view.with(|it| it.as_ref().map(|it| it.about.state.clone())));
    let lines = move || {
        if !is_unfolded.get() {
            return Vec::new();
        }
        stream_view
            .with(|it| it.as_ref().map(|it| it.lines.iter().rev().cloned().collect()).unwrap_or_default())
    };

    view! {
        <details
            class="sse-inspector-stream"
            data-state=move || state.read().as_ref().map(state_name)
            on:toggle=move |event| is_unfolded.set(is_open(&event))
        >
            <summary class="sse-inspector-summary">
                <span class="sse-inspector-dot" aria-hidden="true"></span>
                <span class="sse-inspector-url">{shown(|it, _| it.about.url.clone())}</span>
                " "
                <span class="sse-inspector-state">{shown(|it, texts| texts.states.label(&it.about.state))}</span>
                " "
                // It changes all the time, and what is in a summary is the name of a button.
                <span class="sse-inspector-rate" aria-hidden="true">
                    {shown(|it, texts| fill(&texts.per_second, "{count}", it.counts.per_second))}
                </span>
            </summary>
            <dl class="sse-inspector-facts">
                {FACTS
                    .map(|(name, label, value)| {
                        view! {
                            <div class="sse-inspector-fact" data-fact=name>
                                <dt>{text(texts, label)}</dt>
                                <dd>{shown(value)}</dd>
                            </div>
                        }
                    })
                    .into_iter()
                    .collect_view()}
            </dl>
            <Controls serial state texts />
            // It scrolls, by the keyboard too.
            <table class="sse-inspector-frames" tabindex="0">
                <caption>{text(texts, |t| &t.frames)}</caption>
                <thead>
                    <tr>
                        {COLUMNS
                            .map(|label| view! { <th scope="col">{text(texts, label)}</th> })
                            .into_iter()
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=lines
                        key=|line| line.serial
                        children=move |line| texts.with_untracked(|texts| line_row(&line, texts))
                    />
                </tbody>
            </table>
        </details>
    }
    .into_any()
}

/// The state, why, and what happens next. Why, in the client's own words: they are for developers.
fn state_in_full(it: &StreamView, texts: &InspectorTexts) -> String {
    let state = &it.about.state;
    let retry_in = match state {
        State::Waiting { until, .. } => {
            let left = until.saturating_duration_since(sse_web::now()).as_millis().div_ceil(1_000);
            u64::try_from(left).ok()
        }
        _ => None,
    };
    let parts = [failure(state).map(ToString::to_string), texts.states.progress(state, retry_in)];
    let mut full = texts.states.label(state);
    for part in parts.into_iter().flatten() {
        full.push_str(" · ");
        full.push_str(&part);
    }
    full
}

fn attempts(it: &StreamView, texts: &InspectorTexts) -> String {
    let retries = fill(&texts.retries, "{count}", it.counts.retries);
    format!("{} ({retries})", it.counts.attempts)
}

#[component]
fn Controls(serial: Serial, state: Memo<Option<State>>, texts: Signal<InspectorTexts>) -> impl IntoView {
    let stream = ConnectionHandle::new(Some(serial));
    let button = move |Control { act, label, is_useless }: Control| {
        let is_useless = Memo::new(move |_| is_useless(state.read().as_ref().unwrap_or(&State::Idle)));
        let on_click = move |_| {
            if !is_useless.get_untracked() {
                act(&stream);
            }
        };
        // Not `disabled`: a button that becomes useless when it is pressed would lose the focus.
        view! {
            <button
                type="button"
                class="sse-inspector-button"
                aria-disabled=move || is_useless.get().to_string()
                on:click=on_click
            >
                {text(texts, label)}
            </button>
        }
    };
    view! {
        <div class="sse-inspector-controls">
            {CONTROLS.map(button).into_iter().collect_view()}
        </div>
    }
}

fn line_row(line: &Arc<LogLine>, texts: &InspectorTexts) -> impl IntoView + use<> {
    let (kind, name, id, text) = match &line.content {
        Content::Event { event_type, id, data, left_out } => {
            let mut text = data.clone();
            if *left_out > 0 {
                text.push_str(&fill(&texts.cut, "{count}", left_out));
            }
            ("event", event_type.clone(), id.clone(), text)
        }
        Content::State(state) => {
            let text = [Some(texts.states.label(state)), texts.states.reason(state)];
            let text = text.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            ("state", state_name(state).to_owned(), String::new(), text)
        }
        Content::Error(error) => ("failure", texts.failure.to_string(), String::new(), error.to_string()),
        Content::Gap(gap) => {
            let text = match gap {
                Gap::Trimmed { up_to } => fill(&texts.trimmed, "{up_to}", up_to),
                _ => texts.reset.to_string(),
            };
            ("gap", texts.gap.to_string(), String::new(), text)
        }
    };
    view! {
        <tr data-kind=kind>
            <td class="sse-inspector-time">{to_the_millisecond(line.at)}</td>
            <td>{name}</td>
            <td>{id}</td>
            <td class="sse-inspector-data">{text}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use sse_proto::client::{CloseReason, Failure};

    use super::super::record::Counts;
    use super::*;
    use crate::registry::About;

    #[test]
    fn c19_the_state_says_to_developers_all_that_is_known_of_a_failure() {
        let reason = CloseReason::GaveUp { failures: 3, last: Failure::ConnectTimeout };
        let about = About {
            url: "/stream".to_owned(),
            transport: "Native",
            state: State::Closed(reason),
            last_event_id: String::new(),
        };
        let stream_view = StreamView { about, counts: Counts::default(), lines: Vec::new() };
        let state = state_in_full(&stream_view, &InspectorTexts::ENGLISH);
        assert_eq!(state, format!("Gave up; failed attempts: 3 · {}", Failure::ConnectTimeout));
    }
}
