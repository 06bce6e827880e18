use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use gloo_render::{AnimationFrame, request_animation_frame};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;
use leptos::tachys::view::keyed::keyed;
use sse_events::EventSet;

use super::fill::fill;
use crate::IN_BROWSER;
use crate::handle::EventSourceHandle;
use crate::view::Entry;

/// How near to its newest row a list counts as being there, in pixels: positions are rounded when a page is zoomed.
const NEAR: i32 = 4;

/// The last events of a stream as a live list.
///
/// A new event adds a row and leaves the others alone. Whoever reads is not disturbed: while the list is scrolled away
/// from its newest row, or paused by its button, it stands still and counts what comes.
///
/// A row shows the event's type, id and data. For markup of your own give it a `row`:
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::components::{EventLog, Newest, Row};
/// use leptos_eventsource::{Entry, Text, use_event_source};
///
/// #[component]
/// fn News() -> impl IntoView {
///     let news = use_event_source::<Text>("/api/news");
///     let row = Row::new(|Entry { event: Text(text), .. }| view! { <b>{text}</b> });
///     view! { <EventLog stream=news capacity=20 newest=Newest::First row /> }
/// }
/// ```
///
/// # Markup
///
/// ```html
/// <section class="sse-log" data-newest="last" data-following="true">
///   <div class="sse-log-bar">
///     <span class="sse-log-dropped">Earlier events no longer shown: 7</span>
///     <button class="sse-log-pause" type="button" aria-pressed="false">Pause</button>
///   </div>
///   <div class="sse-log-scroll" role="log" aria-label="Events" tabindex="0">
///     <ol class="sse-log-rows">
///       <li class="sse-log-row"><!-- the row; by default: -->
///         <span class="sse-log-type">tick</span>
///         <span class="sse-log-id">e1.17</span>
///         <code class="sse-log-data">{"price":12}</code>
///       </li>
///     </ol>
///   </div>
///   <button class="sse-log-newer" type="button">New events: 3</button>
/// </section>
/// ```
///
/// Give `sse-log-scroll` a height, `overflow: auto` and `overflow-anchor: none` for a list that scrolls.
#[component]
pub fn EventLog<E: EventSet + Clone + Send + Sync>(
    /// The stream.
    stream: EventSourceHandle<E>,
    /// The most events that are kept and shown. Default: 100.
    #[prop(default = 100)]
    capacity: usize,
    /// At which end the newest event is. Default: the last.
    #[prop(optional)]
    newest: Newest,
    /// What is in a row. Default: type, id and data.
    #[prop(optional)]
    row: Row<E>,
    /// Whether a screen reader reads new events aloud. Turn it off for a stream that is faster than a voice. Default:
    /// yes.
    #[prop(default = true)]
    announce: bool,
    /// Its words. Default: English.
    #[prop(into, default = Signal::stored(EventLogTexts::ENGLISH))]
    texts: Signal<EventLogTexts>,
) -> impl IntoView {
    let log = stream.log(capacity);
    let (entries, dropped) = (log.entries(), log.dropped());
    let follow = Follow::new(newest);
    let Follow { is_paused, is_following, .. } = follow;
    // Serials and not entries: with each event only the new row's entry is cloned.
    let shown = Memo::new(move |before: Option<&Vec<u64>>| match before {
        Some(before) if !is_following.get() => before.clone(),
        _ => {
            let mut serials: Vec<_> = entries.read().iter().map(|entry| entry.serial).collect();
            if newest == Newest::First {
                serials.reverse();
            }
            serials
        }
    });
    let newer = move || {
        if is_following.get() {
            return 0;
        }
        let shown = shown.read().iter().max().map_or(0, |serial| serial + 1);
        entries.read().back().map_or(0, |entry| (entry.serial + 1).saturating_sub(shown))
    };

    follow.stay_at_newest(shown);

    let owners = RowOwners::new();
    let children = move |_, serial: u64| {
        let owner = owners.make();
        let view = owner.with(|| {
            let entry = entries.with_untracked(|entries| entry(entries, serial).cloned());
            entry.map(|entry| view! { <li class="sse-log-row">{row.render(entry)}</li> })
        });
        (drop, OwnedView::new_with_owner(view, owner))
    };
    let rows = move || keyed(shown.get(), |serial| *serial, children.clone());

    view! {
        <section class="sse-log" data-newest=newest.name() data-following=move || is_following.get().to_string()>
            <div class="sse-log-bar">
                <span class="sse-log-dropped">
                    {move || {
                        let dropped = dropped.get();
                        (dropped > 0).then(|| texts.with(|texts| fill(&texts.dropped, "{count}", dropped)))
                    }}
                </span>
                <button
                    type="button"
                    class="sse-log-pause"
                    aria-pressed=move || is_paused.get().to_string()
                    on:click=move |_| is_paused.update(|paused| *paused = !*paused)
                >
                    {move || texts.with(|texts| texts.pause.clone())}
                </button>
            </div>
            <div
                class="sse-log-scroll"
                role="log"
                aria-live=(!announce).then_some("off")
                aria-label=move || texts.with(|texts| texts.label.clone())
                tabindex="0"
                node_ref=follow.scroll
                on:scroll=move |_| follow.handle_scroll()
            >
                <ol class="sse-log-rows">
                    {rows}
                </ol>
            </div>
            {move || {
                let count = newer();
                (count > 0)
                    .then(|| {
                        let text = texts.with(|texts| fill(&texts.newer, "{count}", count));
                        view! {
                            <button type="button" class="sse-log-newer" on:click=move |_| follow.resume()>
                                {text}
                            </button>
                        }
                    })
            }}
        </section>
    }
    // Its type is deep, and where a page is hydrated the compiler has a limit for all that is around it as well.
    .into_any()
}

/// Whether a list stays at its newest row.
#[derive(Clone, Copy)]
struct Follow {
    newest: Newest,
    scroll: NodeRef<Div>,
    /// Where the list was scrolled to.
    last_top: StoredValue<i32>,
    is_away: RwSignal<bool>,
    is_paused: RwSignal<bool>,
    is_following: Memo<bool>,
}

impl Follow {
    fn new(newest: Newest) -> Self {
        let (is_away, is_paused) = (RwSignal::new(false), RwSignal::new(false));
        let is_following = Memo::new(move |_| !is_paused.get() && !is_away.get());
        let (scroll, last_top) = (NodeRef::new(), StoredValue::new(0));
        Self { newest, scroll, last_top, is_away, is_paused, is_following }
    }

    /// Takes the list to its newest row whenever other rows are `shown`, while it follows.
    fn stay_at_newest(self, shown: Memo<Vec<u64>>) {
        if IN_BROWSER {
            let frame = StoredValue::new_local(None::<AnimationFrame>);
            Effect::new(move || {
                shown.track();
                if self.is_following.get() {
                    // The rows are there when the frame begins.
                    frame.set_value(Some(request_animation_frame(move |_| self.go_to_newest())));
                }
            });
        }
    }

    fn go_to_newest(self) {
        if let Some(scroll) = self.scroll.get_untracked() {
            scroll.set_scroll_top(if self.newest == Newest::First { 0 } else { scroll.scroll_height() });
            self.last_top.set_value(scroll.scroll_top());
        }
    }

    fn handle_scroll(self) {
        let Some(scroll) = self.scroll.get_untracked() else { return };
        let (before, top) = (self.last_top.get_value(), scroll.scroll_top());
        self.last_top.set_value(top);
        // Rows that came since the list was last put at its end leave it behind; only a person moves it away.
        let (left, is_moved) = match self.newest {
            Newest::First => (top, top > before),
            Newest::Last => (scroll.scroll_height() - scroll.client_height() - top, top < before),
        };
        let was_away = self.is_away.get_untracked();
        let is_away = left > NEAR && (was_away || is_moved);
        if is_away != was_away {
            self.is_away.set(is_away);
        }
    }

    fn resume(self) {
        self.is_paused.set(false);
        self.is_away.set(false);
        // The button goes, and must not take the focus with it.
        if let Some(scroll) = self.scroll.get_untracked() {
            let _ = scroll.focus();
        }
    }
}

/// Makes the owners of rows. Leptos keeps something of an owner for as long as the one above it is there, so between those
/// of the rows and that of the list stand others, which go with the last of their rows: a `<For>` on a stream grows by ninety
/// bytes for each row that there ever was.
#[derive(Clone)]
struct RowOwners {
    list: Owner,
    /// That of the next rows, and how many of these there are.
    rows: StoredValue<(Owner, u32)>,
}

impl RowOwners {
    fn new() -> Self {
        let list = Owner::current().unwrap_or_default();
        let rows = StoredValue::new((list.with(Owner::new), 0));
        Self { list, rows }
    }

    fn make(&self) -> Owner {
        let rows = self.rows.try_update_value(|(rows, made)| {
            *made += 1;
            if *made > 256 {
                (*rows, *made) = (self.list.with(Owner::new), 1);
            }
            rows.clone()
        });
        let rows = rows.unwrap_or_default();
        let row = rows.with(Owner::new);
        row.with(|| on_cleanup(move || drop(rows)));
        row
    }
}

/// The entry with this serial. Serials count up by one, so its place is known.
fn entry<E>(entries: &VecDeque<Entry<E>>, serial: u64) -> Option<&Entry<E>> {
    let first = entries.front()?.serial;
    entries.get(usize::try_from(serial.checked_sub(first)?).ok()?)
}

/// At which end of an [`EventLog`] the newest event is. The example there puts it first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newest {
    /// At the top.
    First,
    /// At the bottom, as in a chat.
    #[default]
    Last,
}

impl Newest {
    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

/// What is in a row of an [`EventLog`]: a function from an [`Entry`] to a view.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::components::Row;
/// use leptos_eventsource::{Entry, Text};
///
/// let row = Row::new(|entry: Entry<Text>| view! { <p title=entry.last_event_id>{entry.event.0}</p> });
/// ```
pub struct Row<E>(Arc<dyn Fn(Entry<E>) -> AnyView + Send + Sync>);

impl<E> Row<E> {
    /// A row with this in it. It is made once for each event.
    pub fn new<V: IntoView + 'static>(row: impl Fn(Entry<E>) -> V + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |entry| row(entry).into_any()))
    }

    fn render(&self, entry: Entry<E>) -> AnyView {
        (self.0)(entry)
    }
}

/// Type, id and data.
impl<E: EventSet> Default for Row<E> {
    fn default() -> Self {
        Self::new(|Entry { event, last_event_id, .. }| {
            // What has been decoded can be encoded; if a codec thinks otherwise, there is nothing to show.
            let data = event.encode().unwrap_or_default();
            view! {
                <span class="sse-log-type">{event.event_type()}</span>
                " "
                <span class="sse-log-id">{last_event_id}</span>
                " "
                <code class="sse-log-data">{data}</code>
            }
        })
    }
}

impl<E> Clone for Row<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E> fmt::Debug for Row<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").finish_non_exhaustive()
    }
}

/// The words of an [`EventLog`]. What is in braces is filled in.
///
/// ```
/// use leptos_eventsource::components::EventLogTexts;
///
/// let texts = EventLogTexts { label: "Prices".into(), ..EventLogTexts::ENGLISH };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLogTexts {
    /// What the list is, for a screen reader.
    pub label: Cow<'static, str>,
    /// So many events, `{count}`, had to go to make room.
    pub dropped: Cow<'static, str>,
    /// The button that stops the list, and lets it go on.
    pub pause: Cow<'static, str>,
    /// The button that shows the `{count}` events that have come meanwhile.
    pub newer: Cow<'static, str>,
}

impl EventLogTexts {
    /// The default.
    pub const ENGLISH: Self = Self {
        label: Cow::Borrowed("Events"),
        dropped: Cow::Borrowed("Earlier events no longer shown: {count}"),
        pause: Cow::Borrowed("Pause"),
        newer: Cow::Borrowed("New events: {count}"),
    };
}

impl Default for EventLogTexts {
    fn default() -> Self {
        Self::ENGLISH
    }
}
