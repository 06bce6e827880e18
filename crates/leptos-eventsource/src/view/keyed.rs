use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::rc::{Rc, Weak};

use leptos::prelude::*;
use leptos::reactive::owner::WeakOwner;
use sse_events::EventSet;

use super::{folded, schedule};
use crate::IN_BROWSER;
use crate::binding::is_root_of;
use crate::handle::EventSourceHandle;
use crate::schedule::{Folded, Schedule};

/// The most keys that a [`Keyed`] holds. Events with further keys are counted and left out, until others are
/// [removed](Keyed::remove): a stream of strangers must not fill the page's memory.
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
    rendered: Option<StoredValue<Rendered<K, S>>>,
    keys: ReadSignal<Vec<K>>,
    left_out: ReadSignal<u64>,
}

/// The rows where no event changes them.
struct Rendered<K: 'static, S: 'static> {
    by_key: HashMap<K, ArcRwSignal<S>>,
    keys: ArcRwSignal<Vec<K>>,
}

struct Rows<K: 'static, S: 'static> {
    by_key: RefCell<HashMap<K, Rc<Row<S>>>>,
    keys: Folded<Vec<K>>,
    schedule: Rc<Schedule>,
    left_out: Folded<u64>,
    /// That of the view.
    owner: Option<WeakOwner>,
    /// Whether a row may have gone out of use since room was last looked for.
    may_have_room: Cell<bool>,
}

struct Row<S: 'static> {
    value: Folded<S>,
    /// Whether an event with this key has come; else its signal was only asked for.
    came: Cell<bool>,
    /// For those who live as long as the view.
    kept: OnceCell<ReadSignal<S>>,
}

/// Keeps a row from being given away while the owner lives that asked for its signal.
struct LookedAt<K: 'static, S: 'static> {
    _row: Rc<Row<S>>,
    rows: Weak<Rows<K, S>>,
}

impl<K, S> Drop for LookedAt<K, S> {
    fn drop(&mut self) {
        if let Some(rows) = self.rows.upgrade() {
            rows.may_have_room.set(true);
        }
    }
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
        let rows = Rc::new(Rows {
            by_key: RefCell::default(),
            keys: folded(handle, Vec::new()),
            schedule: schedule(handle),
            left_out: folded(handle, 0),
            owner: Owner::current().map(|owner| owner.downgrade()),
            may_have_room: Cell::new(false),
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
        let rendered = (!IN_BROWSER).then(|| StoredValue::new(rows.rendered()));
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
    /// A key that is asked for before it has come is not among [`keys`](Self::keys) until it does. But while the owner
    /// lives that asked, or outside of any the view, it takes one of the [`KEY_LIMIT`] places. A new key for which
    /// there is none gets a signal that stays at the default: ask again when others have been removed.
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
            self.with_rows(|rows| rows.signal(key)).flatten()
        } else {
            let signal = |rendered: &Rendered<K, S>| Some(rendered.by_key.get(key)?.read_only().into());
            self.rendered.and_then(|rendered| rendered.try_with_value(signal).flatten())
        };
        signal.unwrap_or_else(|| ArcRwSignal::new(S::default()).read_only().into())
    }

    /// Takes `key` out of [`keys`](Self::keys), and sets its signal to the default. If it comes again, it is the last of
    /// them.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{EventSet, use_event_source};
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Clone, Serialize, Deserialize)]
    /// struct Order {
    ///     number: u64,
    ///     text: String,
    /// }
    ///
    /// #[derive(Clone, EventSet)]
    /// enum Kitchen {
    ///     Ordered(Order),
    ///     Served(u64),
    /// }
    ///
    /// # fn component() {
    /// let kitchen = use_event_source::<Kitchen>("/kitchen");
    /// let orders = kitchen.keyed(|event| match event {
    ///     Kitchen::Ordered(order) => Some(order.number),
    ///     Kitchen::Served(_) => None,
    /// });
    /// kitchen.on_event(move |event| {
    ///     if let Kitchen::Served(number) = event {
    ///         orders.remove(number);
    ///     }
    /// });
    /// # }
    /// ```
    pub fn remove(&self, key: &K) {
        if IN_BROWSER {
            self.with_rows(|rows| rows.remove(key));
        } else {
            self.remove_rendered(|it| it == key);
        }
    }

    /// [`Self::remove`] for all keys: where a server sends everything anew, and names only what there still is.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// # use leptos_eventsource::{Json, use_event_source};
    /// # fn component() {
    /// let stream = use_event_source::<Json<(String, u64)>>("/votes");
    /// let votes = stream.keyed(|Json((name, _))| Some(name.clone()));
    /// stream.on_open(move || votes.clear());
    /// # }
    /// ```
    pub fn clear(&self) {
        if IN_BROWSER {
            self.with_rows(|rows| rows.clear());
        } else {
            self.remove_rendered(|_| true);
        }
    }

    /// `None` where an app is rendered on a server, and once the owner is disposed.
    fn with_rows<R>(&self, f: impl FnOnce(&Rc<Rows<K, S>>) -> R) -> Option<R> {
        // Cloned out: who is told may ask for another row, or dispose the owner.
        let rows = self.rows?.try_with_value(Rc::clone)?;
        Some(f(&rows))
    }

    /// Takes rows out where an app is rendered on a server, which must render what the browser does.
    fn remove_rendered(&self, is_gone: impl Fn(&K) -> bool) {
        let Some(rendered) = self.rendered else { return };
        let taken = rendered.try_update_value(|Rendered { by_key, keys }| {
            (by_key.extract_if(|key, _| is_gone(key)).collect::<Vec<_>>(), keys.clone())
        });
        // Only now, when nothing is locked: who is told may ask for another row.
        if let Some((gone, keys)) = taken {
            keys.update(|keys| keys.retain(|key| !is_gone(key)));
            gone.iter().for_each(|(_, value)| value.set(S::default()));
        }
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

    fn remove(&self, key: &K) {
        let row = self.by_key.borrow().get(key).cloned();
        if let Some(row) = row
            && row.came.replace(false)
        {
            self.may_have_room.set(true);
            self.keys.update(|keys| keys.retain(|it| it != key));
            row.value.update(|value| *value = S::default());
        }
    }

    fn clear(&self) {
        let rows: Vec<_> = self.by_key.borrow().values().cloned().collect();
        self.may_have_room.set(true);
        self.keys.update(Vec::clear);
        for row in rows.into_iter().filter(|row| row.came.replace(false)) {
            row.value.update(|value| *value = S::default());
        }
    }

    /// Whoever asks from no owner, or from the view's, shares one: who asks with every event must not fill the memory.
    fn signal(self: &Rc<Self>, key: &K) -> Option<ReadSignal<S>> {
        let row = self.row(key)?;
        let look_at = || {
            StoredValue::new_local(LookedAt { _row: row.clone(), rows: Rc::downgrade(self) });
            row.value.signal().read_only().into()
        };
        let is_of_view = |owner: &Owner| {
            Owner::current().is_none_or(|current| current == *owner || is_root_of(&current, owner))
        };
        match self.owner.as_ref().and_then(WeakOwner::upgrade).filter(is_of_view) {
            Some(owner) => Some(*row.kept.get_or_init(|| owner.with(look_at))),
            None => Some(look_at()),
        }
    }

    fn rendered(&self) -> Rendered<K, S> {
        let rows = self.by_key.borrow();
        let by_key = rows.iter().map(|(key, row)| (key.clone(), row.value.signal().clone())).collect();
        Rendered { by_key, keys: self.keys.signal().clone() }
    }

    /// The row of `key`, a new one if need be; `None` at the limit.
    fn row(&self, key: &K) -> Option<Rc<Row<S>>> {
        let row = self.by_key.borrow().get(key).cloned();
        if row.is_some() {
            return row;
        }
        if self.by_key.borrow().len() >= KEY_LIMIT && !self.make_room() {
            return None;
        }
        let row = Rc::new(Row {
            value: Folded::new(&self.schedule, S::default()),
            came: Cell::new(false),
            kept: OnceCell::new(),
        });
        self.by_key.borrow_mut().insert(key.clone(), row.clone());
        Some(row)
    }

    /// Gives up the rows that are not among the keys and at which nobody looks. Returns whether there were any.
    fn make_room(&self) -> bool {
        if !self.may_have_room.replace(false) {
            return false;
        }
        let is_unused = |_: &K, row: &mut Rc<Row<S>>| !row.came.get() && Rc::strong_count(row) == 1;
        // Taken out first: what is dropped may call back.
        let unused: Vec<_> = self.by_key.borrow_mut().extract_if(is_unused).collect();
        !unused.is_empty()
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
