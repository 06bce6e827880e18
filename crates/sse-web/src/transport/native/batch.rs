use std::cell::OnceCell;
use std::rc::{Rc, Weak};

use js_sys::{Array, Function};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::EventSource;

use super::TextEvent;
use crate::listen::Callback;
use crate::task::Task;

#[wasm_bindgen]
extern "C" {
    /// An `Array` of [`TextEvent`]s.
    #[wasm_bindgen(extends = Array)]
    type Events;

    /// A function that appends to `events` what it is called with.
    #[wasm_bindgen(js_namespace = ["Array", "prototype", "push"], js_name = bind)]
    fn appender(events: &Events) -> Function;

    /// Removes those from `start` on, and returns them.
    #[wasm_bindgen(method)]
    fn splice(this: &Events, start: u32) -> Events;

    #[wasm_bindgen(method)]
    fn map(this: &Events, field: &Function) -> Texts;

    /// An `Array` of strings.
    type Texts;

    #[wasm_bindgen(method, indexing_getter)]
    fn text(this: &Texts, index: u32) -> String;

    /// The getter of a property, that of `Event` included.
    #[wasm_bindgen(js_namespace = ["MessageEvent", "prototype"], js_name = __lookupGetter__)]
    fn getter(property: &str) -> Function;

    /// A function that calls `method` on what it is called with.
    #[wasm_bindgen(js_namespace = ["Function", "prototype", "call"], js_name = bind)]
    fn caller(method: &Function) -> Function;
}

/// Collects the events of a stream, so that WebAssembly is called once for all of those that arrive together.
///
/// What comes in one piece from the network, the browser hands out event by event. A listener in WebAssembly takes
/// longer to be called with each of them, and to ask each for its data, than for all that is done with a small one. So
/// the listener is an array's own `push`, and the array's `map` asks for the data. The first event of a batch calls for
/// a task, which comes right after the one that hands out the rest.
pub(super) struct Batch {
    source: EventSource,
    event_types: Vec<&'static str>,
    collected: Events,
    /// Appends to them.
    append: Function,
    /// Hears the first one: listens only while there is none.
    wake: Callback,
    /// Takes them.
    task: Task,
    fields: Rc<Fields>,
}

/// Functions that return a field of the event they are called with.
struct Fields {
    event_type: Function,
    data: Function,
    last_event_id: Function,
}

impl Batch {
    /// Collects the events of these types. `begun` is called with the first one of a batch, and `take` when that is to be
    /// taken.
    pub(super) fn collect(
        source: &EventSource,
        event_types: Vec<&'static str>,
        begun: impl Fn() + 'static,
        take: impl Fn() + 'static,
    ) -> Rc<Self> {
        let collected = Array::new().unchecked_into::<Events>();
        let field = |property| caller(&getter(property));
        let batch = Rc::new_cyclic(|this: &Weak<Self>| Self {
            source: source.clone(),
            event_types,
            append: appender(&collected),
            collected,
            wake: {
                let this = this.clone();
                Callback::new(move |_: &JsValue| {
                    let Some(batch) = this.upgrade() else { return };
                    batch.ignore(batch.wake.as_ref().unchecked_ref());
                    batch.task.ask();
                    // Last, as whoever is told may close the stream.
                    begun();
                })
            },
            task: Task::new(take),
            fields: Rc::new(Fields {
                event_type: field("type"),
                data: field("data"),
                last_event_id: field("lastEventId"),
            }),
        });
        batch.hear(&batch.append);
        batch.hear(batch.wake.as_ref().unchecked_ref());
        batch
    }

    /// Takes what has come, if anything has.
    pub(super) fn take(&self) -> Option<Rc<Taken>> {
        let count = self.collected.length();
        if count == 0 {
            return None;
        }
        self.hear(self.wake.as_ref().unchecked_ref());
        let events = self.collected.splice(0);
        let event_types = (self.event_types.len() > 1).then(|| events.map(&self.fields.event_type));
        let data = events.map(&self.fields.data);
        let last_event_ids = OnceCell::new();
        Some(Rc::new(Taken { count, events, event_types, data, last_event_ids, fields: self.fields.clone() }))
    }

    /// Of which of its types an event of a batch is.
    pub(super) fn event_type(&self, taken: &Taken, index: u32) -> &'static str {
        let event_type = taken.event_types.as_ref().map(|event_types| event_types.text(index));
        let is_it = |it: &&&str| event_type.as_ref().is_none_or(|event_type| event_type == **it);
        // One that was not listened for is not there.
        self.event_types.iter().find(is_it).copied().unwrap_or_default()
    }

    /// Has `function` called with every event. Neither this nor its opposite throws.
    fn hear(&self, function: &Function) {
        for event_type in &self.event_types {
            let _ = self.source.add_event_listener_with_callback(event_type, function);
        }
    }

    fn ignore(&self, function: &Function) {
        for event_type in &self.event_types {
            let _ = self.source.remove_event_listener_with_callback(event_type, function);
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.ignore(&self.append);
        if self.collected.length() == 0 {
            self.ignore(self.wake.as_ref().unchecked_ref());
        }
    }
}

/// A batch, in the order of its coming.
pub(super) struct Taken {
    pub(super) count: u32,
    events: Events,
    /// Only where there can be more than one.
    event_types: Option<Texts>,
    data: Texts,
    last_event_ids: OnceCell<Texts>,
    fields: Rc<Fields>,
}

impl Taken {
    pub(super) fn data(&self, index: u32) -> String {
        self.data.text(index)
    }

    /// The last event id at an event. The browser makes a string for each of the others as well.
    pub(super) fn last_event_id(&self, index: u32) -> String {
        self.last_event_ids.get_or_init(|| self.events.map(&self.fields.last_event_id)).text(index)
    }

    /// The last event id at an event, and nothing for the others.
    pub(super) fn one_last_event_id(&self, index: u32) -> String {
        self.events.get_unchecked(index).unchecked_into::<TextEvent>().last_event_id()
    }
}
