//! The log as a list.

use std::sync::Arc;

use demo_contract::Logs;
use demo_contract::logs::{Level, ROUTE};
use leptos::prelude::*;
use leptos::tachys::view::keyed::keyed;
use leptos_eventsource::{CloseReason, EventSourceHandle, EventSourceOptions, Failure, Sharing, State};

use super::journal::{Entry, Filter, Journal, Row};
use super::{Access, Refused, Way};
use crate::badge::Badge;
use crate::i18n::{Lang, use_locale};
use crate::icons;
use crate::pause::PauseButton;
use crate::stream::{self, use_stream, while_seen};
use crate::tail::{Tail, TailedList};

/// The log, once the server shows it.
#[component]
pub(super) fn LogView(access: Access, way: Way) -> impl IntoView {
    let locale = use_locale();
    let detail = StoredValue::new(String::new());
    let options = EventSourceOptions::default();
    let options = match way {
        Way::Shared => options.with_sharing(Sharing::browser()),
        Way::Own { fetch, cursor } => {
            let fetch = fetch.with_refusal(move |said| {
                detail.try_set_value(stream::detail(&said.body));
            });
            options.with_transport(fetch).with_last_event_id(cursor)
        }
    };
    let stream = use_stream::<Logs>(ROUTE, while_seen(options));
    let journal = access.journal;
    stream.on_event(move |event| journal.update(|journal| journal.handle_event(event)));
    stream.on_gap(move |_| journal.update(Journal::mark_gap));

    let (state, cursor) = (stream.state(), stream.last_event_id());
    Effect::new(move || match &*state.read() {
        State::Closed(CloseReason::Refused(Failure::Status { status, .. })) => {
            access.refusal.set(Some(Refused { status: *status, detail: detail.get_value() }));
        }
        State::Closed(CloseReason::Refused(Failure::Rejected)) => access.ask_why(cursor.get_untracked()),
        _ => {}
    });

    let is_open = stream.is_open();
    let was_open = Memo::new(move |before| before == Some(&true) || is_open.get());
    let filter = RwSignal::new(Filter { level: Level::Trace, text: String::new() });
    let rows = Memo::new(move |_| journal.read().filtered(&filter.read()));
    view! {
        <Show when=move || access.refusal.read().is_none()>
            <header class="page-head logs-head">
                <div>
                    <h1>{locale.text(|t| t.logs.title)}</h1>
                    <p class="lead">{locale.text(|t| t.logs.lead)}</p>
                </div>
                <Badge stream />
            </header>
            <Controls access stream journal filter />
            <Rows journal rows filter was_open />
        </Show>
    }
}

#[component]
fn Controls(
    access: Access,
    stream: EventSourceHandle<Logs>,
    journal: RwSignal<Journal>,
    filter: RwSignal<Filter>,
) -> impl IntoView {
    let locale = use_locale();
    let pick = move |value: String| {
        let level = match value.as_str() {
            "error" => Level::Error,
            "warn" => Level::Warn,
            _ => Level::Trace,
        };
        filter.update(|filter| filter.level = level);
    };
    view! {
        <div class="logs-bar">
            <select
                class="field logs-level"
                data-testid="log-level"
                aria-label=locale.text(|t| t.logs.level)
                on:change:target=move |event| pick(event.target().value())
            >
                <option value="all">{locale.text(|t| t.logs.all)}</option>
                <option value="warn">{locale.text(|t| t.logs.warnings)}</option>
                <option value="error">{locale.text(|t| t.logs.errors)}</option>
            </select>
            <input
                class="field logs-filter"
                data-testid="log-filter"
                type="search"
                autocomplete="off"
                spellcheck="false"
                placeholder=locale.text(|t| t.logs.filter)
                aria-label=locale.text(|t| t.logs.filter)
                on:input:target=move |event| filter.update(|filter| filter.text = event.target().value())
            />
            <PauseButton stream testid="log-pause" />
            <button
                type="button"
                class="button button-quiet"
                data-testid="log-clear"
                on:click=move |_| journal.update(Journal::clear)
            >
                {locale.text(|t| t.logs.clear)}
            </button>
            <Show when=move || !access.token.read().is_empty()>
                <button
                    type="button"
                    class="button button-quiet"
                    data-testid="token-forget"
                    on:click=move |_| access.try_token("")
                >
                    {icons::lock()}
                    {locale.text(|t| t.logs.forget_token)}
                </button>
            </Show>
        </div>
    }
}

#[component]
fn Rows(
    journal: RwSignal<Journal>,
    rows: Memo<Vec<Arc<Row>>>,
    filter: RwSignal<Filter>,
    /// Nobody knows before whether there is anything.
    was_open: Memo<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let appended = Memo::new(move |_| journal.read().appended());
    let kept = Memo::new(move |_| journal.read().len());
    let dropped = Memo::new(move |_| journal.read().dropped());
    let tail = Tail::new(appended);
    Effect::new(move || {
        rows.track();
        tail.follow();
    });
    // Whoever looks for something begins at its newest.
    Effect::new(move || {
        filter.track();
        tail.go_to_end();
    });
    let nothing = move || {
        let texts = &locale.texts().logs;
        match kept.get() {
            0 if !was_open.get() => texts.connecting,
            0 => texts.empty,
            _ => texts.no_match,
        }
    };

    // Not a `<For>`: Leptos keeps something of the owner of each of its rows for as long as the list is there. These need
    // none, as nothing in them changes.
    let shown = move || {
        let lang = locale.lang();
        keyed(rows.get(), move |row| (row.serial, lang), move |_, row| (|_| (), row_view(&row, lang)))
    };
    let more = Signal::derive(move || {
        let unseen = tail.unseen();
        (unseen > 0).then(|| (locale.texts().logs.new_lines)(unseen))
    });

    view! {
        // Lines come faster than a voice.
        <TailedList tail role="log" is_spoken=false label=locale.text(|t| t.logs.title) testid="log" more>
            <Show when=move || { dropped.get() > 0 }>
                <p class="notice num" data-testid="log-dropped">
                    {move || (locale.texts().logs.dropped)(dropped.get())}
                </p>
            </Show>
            <ol class="log-rows" data-testid="log-rows">
                {shown}
            </ol>
            <Show when=move || rows.read().is_empty()>
                <p class="empty" data-testid="log-empty">{nothing}</p>
            </Show>
        </TailedList>
        <p class="logs-foot num" data-testid="log-count">
            {move || {
                let is_known = was_open.get() || kept.get() > 0;
                is_known.then(|| (locale.texts().logs.shown)(rows.read().len(), kept.get()))
            }}
        </p>
    }
}

fn row_view(row: &Row, lang: Lang) -> AnyView {
    let line = match row.entry.clone() {
        Entry::Line(line) => line,
        Entry::Skipped(lines) => {
            return view! {
                <li class="log-notice" data-testid="log-skipped">
                    {(lang.texts().logs.skipped)(lines)}
                </li>
            }
            .into_any();
        }
        Entry::Gap => {
            return view! {
                <li class="log-notice" data-testid="log-gap">{lang.texts().logs.gap}</li>
            }
            .into_any();
        }
    };
    let level = name(line.level);
    view! {
        <li class="log-row" data-testid="log-row" data-level=level>
            <time class="log-time num" title=lang.date_time(line.time)>
                {lang.time_of_day(line.time)}
            </time>
            " "
            <span class="log-level" lang="en">{level}</span>
            " "
            <span class="log-text" lang="en">
                <span class="log-target">{line.target}</span>
                " "
                <span class="log-message">{line.message}</span>
                {line.request.map(|request| view! { " " <span class="log-request">{request}</span> })}
            </span>
        </li>
    }
    .into_any()
}

/// As a log writes it, in every language.
fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}
