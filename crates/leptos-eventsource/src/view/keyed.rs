use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;

use leptos::prelude::*;
use sse_events::EventSet;

use super::folded;
use crate::handle::{EventSourceHandle, IN_BROWSER};
use crate::schedule::{Folded, Schedule};

/// The most keys that a [`Keyed`] holds. Events with further keys are counted and left out: a stream of
/// strangers must not fill the page's memory.
pub const KEY_LIMIT: usize = 10_000;

/// One signal for each key of a stream, so that one event updates one row. `Copy`. Made by
/// [`EventSourceHandle::keyed`] and its sisters.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Json, use_event_source};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Quote {
///     symbol: String,
///     price: f64,
/// }
///
/// #[component]
/// fn Quotes() -> impl IntoView {
///     let quotes = use_event_source::<Json<Quote>>("/quotes").keyed(|Json(quote)| Some(quote.symbol.clone()));
///     let symbols = quotes.keys();
///     view! {
///         <table>
///             <tbody>
///                 <For each=move || symbols.get() key=|symbol| symbol.clone() let:symbol>
///                     {
///                         let quote = quotes.signal(&symbol);
///                         view! {
///                             <tr>
///                                 <td>{symbol}</td>
///                                 <td>{move || quote.get().map(|Json(quote)| quote.price)}</td>
///                             </tr>
///                         }
///                     }
///                 </For>
///             </tbody>
///         </table>
///     }
/// }
/// ```
pub struct Keyed<K: 'static, S: 'static> {
    /// `None` where an app is rendered on a server.
    rows: Option<StoredValue<Rc<Rows<K, S>>, LocalStorage>>,
    /// What it begins with, which on a server is all there is.
    rendered: Option<StoredValue<HashMap<K, ArcRwSignal<S>>>>,
    keys: ReadSignal<Vec<K>>,
    left_out: ReadSignal<u64>,
}

struct Rows<K: 'static, S: 'static> {
    by_key: RefCell<HashMap<K, Rc<Row<S>>>>,
    keys: Folded<Vec<K>>,
    schedule: Rc<Schedule>,
    left_out: Folded<u64>,
}

struct Row<S: 'static> {
    value: Folded<S>,
    /// Whether an event with this key has come; else its signal was only asked for.
    came: Cell<bool>,
}

impl<K, S> Keyed<K, S>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    S: Default + Send + Sync + 'static,
{
    pub(crate) fn new<E: EventSet>(
        handle: &EventSourceHandle<E>,
        init: impl IntoIterator<Item = (K, S)>,
        key: impl Fn(&E) -> Option<K> + 'static,
        f: impl Fn(&mut S, &E) + 'static,
    ) -> Self {
        let schedule = handle.with_binding(|binding| binding.schedule.clone());
        let rows = Rc::new(Rows {
            by_key: RefCell::default(),
            keys: folded(handle, Vec::new()),
            schedule: schedule.unwrap_or_else(|| Schedule::new(Default::default())),
            left_out: folded(handle, 0),
        });
        for (key, value) in init {
            rows.update(key, |row| *row = value);
        }
        let keys = rows.keys.signal().read_only().into();
        let left_out = rows.left_out.signal().read_only().into();
        handle.listen({
            let rows = rows.clone();
            move |event, _| {
                if let Some(key) = key(event) {
                    rows.update(key, |value| f(value, event));
                }
            }
        });
        let rendered = (!IN_BROWSER).then(|| StoredValue::new(rows.signals()));
        let rows = IN_BROWSER.then(|| StoredValue::new_local(rows));
        Self { rows, rendered, keys, left_out }
    }

    /// The keys, in the order in which they first came.
    #[must_use]
    pub fn keys(&self) -> ReadSignal<Vec<K>> {
        self.keys
    }

    /// The signal of `key`: the default value until an event with this key comes.
    ///
    /// A key that is asked for before it has come is not among [`keys`](Self::keys) until it does.
    ///
    /// Rows that are sorted by what they hold:
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Json, use_event_source};
    /// # fn component() {
    /// let prices = use_event_source::<Json<(String, f64)>>("/prices").keyed_fold(
    ///     |Json((symbol, _))| Some(symbol.clone()),
    ///     |price: &mut f64, Json((_, now))| *price = *now,
    /// );
    /// let symbols = prices.keys();
    /// // For the `each` of a `<For>`, which then moves rows and does not make them anew.
    /// let dearest_first = Memo::new(move |_| {
    ///     let mut rows: Vec<_> = symbols.get().into_iter().map(|key| (prices.signal(&key).get(), key)).collect();
    ///     rows.sort_by(|(one, _), (two, _)| two.total_cmp(one));
    ///     rows.into_iter().map(|(_, symbol)| symbol).collect::<Vec<_>>()
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn signal(&self, key: &K) -> ReadSignal<S> {
        let signal = if IN_BROWSER {
            let row = self.rows.and_then(|rows| rows.try_with_value(|rows| rows.row(key)).flatten());
            row.map(|row| row.value.signal().clone())
        } else {
            self.rendered.and_then(|rows| rows.try_with_value(|rows| rows.get(key).cloned()).flatten())
        };
        signal.unwrap_or_else(|| ArcRwSignal::new(S::default())).read_only().into()
    }

    /// How many events were left out because there were [`KEY_LIMIT`] keys already.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Json, KEY_LIMIT, use_event_source};
    /// # fn component() {
    /// let quotes = use_event_source::<Json<(String, f64)>>("/quotes").keyed(|Json((symbol, _))| Some(symbol.clone()));
    /// let left_out = quotes.left_out();
    /// let notice = move || (left_out.get() > 0).then(|| format!("Only the first {KEY_LIMIT} symbols are shown"));
    /// # }
    /// ```
    #[must_use]
    pub fn left_out(&self) -> Signal<u64> {
        self.left_out.into()
    }
}

impl<K, S> Rows<K, S>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    S: Default + Send + Sync + 'static,
{
    fn update(&self, key: K, f: impl FnOnce(&mut S)) {
        // Cloned out: an effect that runs at once may ask for another row.
        let Some(row) = self.row(&key) else {
            return self.left_out.update(|count| *count += 1);
        };
        row.value.update(f);
        if !row.came.replace(true) {
            self.keys.update(|keys| keys.push(key));
        }
    }

    fn signals(&self) -> HashMap<K, ArcRwSignal<S>> {
        let rows = self.by_key.borrow();
        rows.iter().map(|(key, row)| (key.clone(), row.value.signal().clone())).collect()
    }

    /// The row of `key`, a new one if need be; `None` at the limit.
    fn row(&self, key: &K) -> Option<Rc<Row<S>>> {
        let mut rows = self.by_key.borrow_mut();
        if let Some(row) = rows.get(key) {
            return Some(row.clone());
        }
        if rows.len() >= KEY_LIMIT {
            return None;
        }
        let row = Rc::new(Row { value: Folded::new(&self.schedule, S::default()), came: Cell::new(false) });
        rows.insert(key.clone(), row.clone());
        Some(row)
    }
}

impl<K, S> Clone for Keyed<K, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, S> Copy for Keyed<K, S> {}

impl<K, S> fmt::Debug for Keyed<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").finish_non_exhaustive()
    }
}
