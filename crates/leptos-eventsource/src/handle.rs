use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::rc::Rc;

use leptos::prelude::*;
use sse_events::EventSet;
use sse_proto::client::{CloseReason, Gap, State};

use crate::binding::{Binding, News};
use crate::connection_handle::ConnectionHandle;
use crate::error::Error;
use crate::view::{self, EventStream, Keyed, Log};

/// An event stream: its state, its views and its controls.
///
/// `Copy`, and fit for `provide_context`. Once its owner is disposed, the stream is closed, and the controls do nothing.
///
/// Views and signals are asked for where they are needed. Each lives at least as long as the owner that is current there
/// (outside of any, as long as the stream), and views see the events from then on. Where that outlives the stream, the
/// state becomes closed, the countdown ends, and the rest stays as it was.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{EventSourceHandle, Json, use_event_source};
///
/// #[component]
/// fn App() -> impl IntoView {
///     provide_context(use_event_source::<Json<u64>>("/api/visitors"));
///     view! { <Visitors /> }
/// }
///
/// #[component]
/// fn Visitors() -> impl IntoView {
///     let stream = expect_context::<EventSourceHandle<Json<u64>>>();
///     let (visitors, is_open) = (stream.latest(), stream.is_open());
///     view! {
///         <p class:stale=move || !is_open.get()>{move || visitors.get().map(|Json(count)| count)}</p>
///         <button on:click=move |_| stream.pause()>"Pause"</button>
///         <button on:click=move |_| stream.resume()>"Go on"</button>
///     }
/// }
/// ```
pub struct EventSourceHandle<E: 'static> {
    /// It without its event type.
    pub(crate) connection: ConnectionHandle,
    events: PhantomData<fn() -> E>,
}

impl<E> Clone for EventSourceHandle<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for EventSourceHandle<E> {}

impl<E> fmt::Debug for EventSourceHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSourceHandle").finish_non_exhaustive()
    }
}

impl<E: EventSet> EventSourceHandle<E> {
    pub(crate) fn new(connection: ConnectionHandle) -> Self {
        Self { connection, events: PhantomData }
    }

    /// What the connection is doing, as a person can be told it.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{State, Text, use_event_source};
    /// # fn component() {
    /// let stream = use_event_source::<Text>("/events");
    /// let state = stream.state();
    /// let words = move || match &*state.read() {
    ///     State::Open => "live",
    ///     State::Closed(_) => "ended",
    ///     _ => "one moment",
    /// };
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> Signal<State> {
        self.connection.state()
    }

    /// Whether events can arrive; changes only when that does. Made for the current owner, like a view.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() -> impl IntoView {
    /// let is_open = use_event_source::<Text>("/events").is_open();
    /// view! { <button disabled=move || !is_open.get()>"Send"</button> }
    /// # }
    /// ```
    #[must_use]
    pub fn is_open(&self) -> Signal<bool> {
        self.connection.is_open()
    }

    /// Whole seconds until the next attempt, while the connection is [`State::Waiting`]; counts down.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() {
    /// let retry_in = use_event_source::<Text>("/events").retry_in();
    /// let notice = move || retry_in.get().map(|seconds| format!("Trying again in {seconds} s"));
    /// # }
    /// ```
    #[must_use]
    pub fn retry_in(&self) -> Signal<Option<u64>> {
        self.connection.retry_in()
    }

    /// The last error since the connection was open, or `None`. For an example see [`Error`]. Every one of them:
    /// [`on_error`](Self::on_error).
    #[must_use]
    pub fn error(&self) -> Signal<Option<Error>> {
        self.connection.error()
    }

    /// The cursor from which a reconnect goes on: the id of the last event, before the first one what the options begin
    /// with, and also what the server has named without an event (`sse.open`). Empty if there is none.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() {
    /// let id = use_event_source::<Text>("/events").last_event_id();
    /// Effect::new(move || leptos::logging::log!("up to {}", id.get()));
    /// # }
    /// ```
    #[must_use]
    pub fn last_event_id(&self) -> Signal<String> {
        self.connection.last_event_id()
    }

    /// The last event, or `None` before the first.
    ///
    /// Like every view, it is asked for once, where the component is made: one that is made in the closure of a `view!` is
    /// made anew, and empty, with each event.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Json, use_event_source};
    /// # fn component() {
    /// let price = use_event_source::<Json<f64>>("/price").latest();
    /// let shown = move || price.get().map(|Json(price)| format!("{price:.2}"));
    /// # }
    /// ```
    #[must_use]
    pub fn latest(&self) -> ReadSignal<Option<E>>
    where
        E: Clone + Send + Sync,
    {
        self.fold(None, |latest, event| *latest = Some(event.clone()))
    }

    /// A value into which every event is folded.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Json, use_event_source};
    /// # fn component() {
    /// let stream = use_event_source::<Json<u64>>("/counts");
    /// let sum = stream.fold(0, |sum, Json(count)| *sum += count);
    /// # }
    /// ```
    pub fn fold<S: Send + Sync + 'static>(&self, init: S, f: impl Fn(&mut S, &E) + 'static) -> ReadSignal<S> {
        view::fold(self, init, move |value, event, _| f(value, event))
    }

    /// [`Self::fold`] into a signal of yours: one that is emptied now and then, that has a beginning which comes later, or
    /// that outlives the stream. Events are folded until the current owner is disposed, and whoever follows the signal is
    /// told when the [`Delivery`](crate::Delivery) says so.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{EventSourceOptions, Text, use_event_source_with_options};
    /// # fn component(options: EventSourceOptions) -> impl IntoView {
    /// let answer = RwSignal::new(String::new());
    /// let stream = use_event_source_with_options::<Text>("/api/ask", options);
    /// stream.fold_into(answer, |text, Text(more)| text.push_str(more));
    /// // Asked again, it is another answer.
    /// stream.on_open(move || answer.write().clear());
    /// view! { <p>{answer}</p> <button on:click=move |_| stream.reconnect()>"Ask again"</button> }
    /// # }
    /// ```
    pub fn fold_into<S: Send + Sync + 'static>(
        &self,
        signal: impl Into<ArcRwSignal<S>>,
        f: impl Fn(&mut S, &E) + 'static,
    ) {
        view::fold_into(self, signal.into(), f);
    }

    /// [`Self::fold`] with the last event id at each event, which is empty if there is none; an event without an id of its
    /// own has that of the event before. For who counts events apart by their ids, or links to them.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() {
    /// // A server that repeats itself after each reconnect: an id that is known already is the same event.
    /// let notes = use_event_source::<Text>("/notes").fold_with_id(BTreeMap::new(), |notes, Text(text), id| {
    ///     notes.insert(id.to_owned(), text.clone());
    /// });
    /// # }
    /// ```
    pub fn fold_with_id<S: Send + Sync + 'static>(
        &self,
        init: S,
        f: impl Fn(&mut S, &E, &str) + 'static,
    ) -> ReadSignal<S> {
        self.read_last_event_id();
        view::fold(self, init, f)
    }

    /// The last `capacity` events, oldest first; counts what it had to drop.
    ///
    /// ```
    /// use leptos::prelude::*;
    /// use leptos_eventsource::{Text, use_event_source};
    ///
    /// #[component]
    /// fn News() -> impl IntoView {
    ///     let log = use_event_source::<Text>("/api/news").log(50);
    ///     let (entries, dropped) = (log.entries(), log.dropped());
    ///     view! {
    ///         <p>{move || dropped.get()} " earlier ones"</p>
    ///         <ul>
    ///             <For each=move || entries.get() key=|entry| entry.serial let:entry>
    ///                 <li>{entry.event.0}</li>
    ///             </For>
    ///         </ul>
    ///     }
    /// }
    /// ```
    ///
    /// With a pause button, and rows that stand still while somebody reads:
    /// [`components::EventLog`](crate::components::EventLog).
    #[must_use]
    pub fn log(&self, capacity: usize) -> Log<E>
    where
        E: Clone + Send + Sync,
    {
        Log::new(self, capacity)
    }

    /// One signal for each key, which holds the last event with that key. Events without a key are left out. For an
    /// example see [`Keyed`].
    #[must_use]
    pub fn keyed<K>(&self, key: impl Fn(&E) -> Option<K> + 'static) -> Keyed<K, Option<E>>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        E: Clone + Send + Sync,
    {
        self.keyed_fold(key, |latest, event| *latest = Some(event.clone()))
    }

    /// One signal for each key, into which the events with that key are folded. It begins with the default.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Json, use_event_source};
    /// # fn component() {
    /// let votes = use_event_source::<Json<(String, u64)>>("/votes").keyed_fold(
    ///     |Json((name, _))| Some(name.clone()),
    ///     |votes: &mut u64, Json((_, more))| *votes += more,
    /// );
    /// let of_ada = votes.signal(&"Ada".to_owned());
    /// # }
    /// ```
    #[must_use]
    pub fn keyed_fold<K, S>(
        &self,
        key: impl Fn(&E) -> Option<K> + 'static,
        f: impl Fn(&mut S, &E) + 'static,
    ) -> Keyed<K, S>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        S: Default + Send + Sync + 'static,
    {
        self.keyed_fold_from([], key, f)
    }

    /// [`Self::keyed_fold`] that begins with these keys and values, as of a [`Snapshot`](crate::Snapshot). A server
    /// renders them too.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{EventSourceOptions, Json, Snapshot, use_event_source_with_options};
    /// # fn component(snapshot: Snapshot<Vec<(String, u64)>>) {
    /// let options = EventSourceOptions::default().with_last_event_id(snapshot.last_event_id);
    /// let stream = use_event_source_with_options::<Json<(String, u64)>>("/votes", options);
    /// let votes = stream.keyed_fold_from(
    ///     snapshot.value,
    ///     |Json((name, _))| Some(name.clone()),
    ///     |votes, Json((_, more))| *votes += more,
    /// );
    /// # }
    /// ```
    #[must_use]
    pub fn keyed_fold_from<K, S>(
        &self,
        init: impl IntoIterator<Item = (K, S)>,
        key: impl Fn(&E) -> Option<K> + 'static,
        f: impl Fn(&mut S, &E) + 'static,
    ) -> Keyed<K, S>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        S: Default + Send + Sync + 'static,
    {
        Keyed::new(self, init, key, f)
    }

    /// Calls `f` with every event, until the current owner is disposed.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() {
    /// use_event_source::<Text>("/alarms").on_event(|Text(alarm)| leptos::logging::warn!("{alarm}"));
    /// # }
    /// ```
    pub fn on_event(&self, f: impl Fn(&E) + 'static) {
        self.listen(move |event, _| f(event));
    }

    /// [`Self::on_event`] with the last event id at each event, which is empty if there is none; an event without an id of
    /// its own has that of the event before.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{EventSourceOptions, Json, use_event_source_with_options};
    /// # fn show(_: &u64) {}
    /// # mod storage {
    /// #     pub fn load(_: &str) -> String { String::new() }
    /// #     pub fn save(_: &str, _: &str) {}
    /// # }
    /// # fn component() {
    /// // After a reload of the page it goes on where it was.
    /// let options = EventSourceOptions::default().with_last_event_id(storage::load("cursor"));
    /// use_event_source_with_options::<Json<u64>>("/orders", options).on_event_with_id(|Json(order), id| {
    ///     show(order);
    ///     storage::save("cursor", id);
    /// });
    /// # }
    /// ```
    ///
    /// The last id alone, as a signal: [`last_event_id`](Self::last_event_id). Each event of a list with its id:
    /// [`log`](Self::log).
    pub fn on_event_with_id(&self, f: impl Fn(&E, &str) + 'static) {
        self.read_last_event_id();
        self.listen(f);
    }

    /// The events as a `futures` stream, for `async` code. It holds up to `capacity` events that nobody has taken yet.
    /// For an example see [`EventStream`].
    #[must_use]
    pub fn stream(&self, capacity: usize) -> EventStream<E>
    where
        E: Clone,
    {
        EventStream::new(self, capacity, |event, _| event.clone())
    }

    /// [`Self::stream`] with the last event id at each event, which is empty if there is none; an event without an id of
    /// its own has that of the event before.
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use leptos::prelude::*;
    /// use leptos::task::spawn_local;
    /// use leptos_eventsource::{Text, use_event_source};
    ///
    /// # async fn save(_: &str, _: &str) {}
    /// # fn component() {
    /// let stream = use_event_source::<Text>("/notes");
    /// Effect::new(move |_| {
    ///     let mut notes = stream.stream_with_id(100);
    ///     spawn_local(async move {
    ///         while let Some((Text(note), id)) = notes.next().await {
    ///             save(&note, &id).await;
    ///         }
    ///     });
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn stream_with_id(&self, capacity: usize) -> EventStream<(E, String)>
    where
        E: Clone,
    {
        self.read_last_event_id();
        EventStream::new(self, capacity, |event, id| (event.clone(), id.to_owned()))
    }

    /// Calls `f` when events were lost: the server no longer had them, or began anew.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Json, use_event_source};
    /// # fn component(orders: LocalResource<Vec<u64>>) {
    /// // What was folded is no longer the whole truth, so the list is loaded anew.
    /// use_event_source::<Json<u64>>("/orders").on_gap(move |_| orders.refetch());
    /// # }
    /// ```
    pub fn on_gap(&self, f: impl Fn(Gap) + 'static) {
        self.on_news(move |news| {
            if let News::Gap(gap) = news {
                f(gap);
            }
        });
    }

    /// Calls `f` with every error: each event that does not decode, each failure of the connection, each URL that
    /// cannot be used.
    ///
    /// [`error`](Self::error) is the last one, and an effect that looks at it sees one of several that come at once.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Error, Json, use_event_source};
    /// # fn component() {
    /// let misread = RwSignal::new(0);
    /// use_event_source::<Json<u64>>("/orders").on_error(move |error| {
    ///     if let Error::Decode(error) = error {
    ///         leptos::logging::warn!("{error}");
    ///         *misread.write() += 1;
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_error(&self, f: impl Fn(&Error) + 'static) {
        self.on_news(move |news| {
            if let News::Error(error) = news {
                f(error);
            }
        });
    }

    /// Calls `f` each time the connection opens, before its first event. A tab that [shares](crate::Sharing::browser) the
    /// connection of another and has missed something may hear of that first.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() {
    /// // A server without ids that sends the whole list whenever somebody connects.
    /// let names = RwSignal::new(Vec::new());
    /// let stream = use_event_source::<Text>("/names");
    /// stream.on_open(move || names.write().clear());
    /// stream.on_event(move |Text(name)| names.write().push(name.clone()));
    /// # }
    /// ```
    pub fn on_open(&self, f: impl Fn() + 'static) {
        self.on_news(move |news| {
            if let News::Open = news {
                f();
            }
        });
    }

    /// Calls `f` each time the stream is closed, with the reason; not when its owner is disposed.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{CloseReason, Text, use_event_source};
    /// # fn save(_: &str) {}
    /// # fn component() {
    /// let stream = use_event_source::<Text>("/answer");
    /// let text = stream.fold(String::new(), |text, Text(more)| text.push_str(more));
    /// stream.on_close(move |reason| {
    ///     if let CloseReason::Ended = reason {
    ///         save(&text.read_untracked());
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_close(&self, f: impl Fn(&CloseReason) + 'static) {
        self.on_news(move |news| {
            if let News::Closed(reason) = news {
                f(reason);
            }
        });
    }

    fn on_news(&self, f: impl Fn(News<'_>) + 'static) {
        if let Some(at) = self.with_binding(|binding| binding.on_news.add(Rc::new(f))) {
            let handle = *self;
            on_cleanup(move || {
                handle.with_binding(|binding| binding.on_news.remove(at));
            });
        }
    }

    /// Closes the stream, until [`reconnect`](Self::reconnect). Nothing is delivered afterwards. A URL that changes
    /// does not open it again.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() -> impl IntoView {
    /// let stream = use_event_source::<Text>("/events");
    /// view! {
    ///     <button on:click=move |_| stream.close()>"Stop"</button>
    ///     <button on:click=move |_| stream.reconnect()>"Start"</button>
    /// }
    /// # }
    /// ```
    pub fn close(&self) {
        self.connection.close();
    }

    /// Closes the stream as [`Ended`](crate::CloseReason::Ended), for a server that says in the data that it is complete.
    /// One that sends `sse.end` needs no such word. Another URL is opened all the same.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component() {
    /// let stream = use_event_source::<Text>("/api/answer");
    /// let text = RwSignal::new(String::new());
    /// stream.on_event(move |Text(more)| match more.as_str() {
    ///     "[DONE]" => stream.finish(),
    ///     more => text.write().push_str(more),
    /// });
    /// # }
    /// ```
    pub fn finish(&self) {
        self.connection.finish();
    }

    /// Connects anew, at once, from the cursor; also after [`close`](Self::close) and [`pause`](Self::pause).
    ///
    /// It drops a connection that is open, sends a POST again, does not wait until a `Retry-After` is over, and asks
    /// the stream's own URL and not where that has redirected to. It does not end a pause of a page that is in the
    /// background or offline. On a [shared](crate::Sharing) stream it connects anew for all who share it. Views keep what
    /// they hold: what is to begin anew is [emptied](Self::fold_into) in [`on_open`](Self::on_open).
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{State, Text, use_event_source};
    /// # fn component() -> impl IntoView {
    /// let stream = use_event_source::<Text>("/events");
    /// let state = stream.state();
    /// let has_given_up = move || matches!(&*state.read(), State::Closed(_));
    /// view! { <button hidden=move || !has_given_up() on:click=move |_| stream.reconnect()>"Try again"</button> }
    /// # }
    /// ```
    pub fn reconnect(&self) {
        self.connection.reconnect();
    }

    /// Closes the stream until [`resume`](Self::resume). Does nothing to one that is closed. A URL that changes does
    /// not open it again.
    ///
    /// A request that must not be sent again, like a POST, cannot be paused: once it is sent, a pause ends the stream
    /// as [`Interrupted`](crate::CloseReason::Interrupted). Then [`resume`](Self::resume) does nothing, and only
    /// [`reconnect`](Self::reconnect) sends it again. The same goes for the pauses of [`Background`](crate::Background)
    /// and [`Offline`](crate::Offline), of a frozen tab and of the back/forward cache.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Text, use_event_source};
    /// # fn component(is_shown: Signal<bool>) {
    /// let stream = use_event_source::<Text>("/events");
    /// Effect::new(move || if is_shown.get() { stream.resume() } else { stream.pause() });
    /// # }
    /// ```
    pub fn pause(&self) {
        self.connection.pause();
    }

    /// Goes on from the cursor after [`pause`](Self::pause), where there is an example.
    pub fn resume(&self) {
        self.connection.resume();
    }

    /// Who listens from now on looks at the last event id.
    fn read_last_event_id(&self) {
        self.with_binding(|binding| binding.reads_last_event_id.set(true));
    }

    /// Calls `f` with every event until the current owner is disposed, or until [`Self::forget`]. The text is the last
    /// event id for those only who have said that they look at it. Returns the listener's number; `None` on a stream that
    /// is gone.
    pub(crate) fn listen(&self, f: impl Fn(&E, &str) + 'static) -> Option<usize> {
        let listeners = self.with_binding(|binding| binding.on_event::<E>()).flatten()?;
        let listener = listeners.add(Rc::new(f));
        let handle = *self;
        on_cleanup(move || handle.forget(listener));
        Some(listener)
    }

    /// Calls this listener no more.
    pub(crate) fn forget(&self, listener: usize) {
        self.with_binding(|binding| binding.on_event.remove(listener));
    }

    /// `None` once the owner is disposed.
    pub(crate) fn with_binding<R>(&self, f: impl FnOnce(&Rc<Binding>) -> R) -> Option<R> {
        self.connection.with_binding(f)
    }
}
