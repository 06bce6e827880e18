//! The notifications of the page: one stream for all pages and, shared, for all tabs.

use std::collections::VecDeque;

use demo_contract::Notifications as Event;
use demo_contract::notifications::{Notification, ROUTE, Severity};
use gloo_timers::future::TimeoutFuture;
use leptos::ev::storage;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_eventsource::Entry;

use super::inbox::{CAPACITY, Marks, Standing};
use crate::storage::{self as store, Keep};
use crate::stream::{is_news, stream_options, use_stream};

const KEY: &str = "notifications";

/// For how long one is shown in passing.
const SHOWN_MILLIS: u32 = 7_000;

/// The most that are shown in passing at a time.
const MOST_SHOWN: usize = 3;

/// The notifications of the page. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Center {
    entries: ReadSignal<VecDeque<Entry<Event>>>,
    marks: RwSignal<Marks>,
    /// Whether what comes is news, and not what was there before, which is in the list and not shown in passing.
    pub(super) is_live: ReadSignal<bool>,
    /// Those that are shown in passing.
    pub(super) toasts: RwSignal<Vec<Item>>,
    /// Whether somebody points at those.
    pub(super) is_pointed_at: RwSignal<bool>,
}

/// A notification in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// A key for a list.
    pub(super) serial: u64,
    /// Its event id.
    pub(super) id: String,
    /// Whether it was not read yet.
    pub(super) is_new: bool,
    /// What it says.
    pub(super) notification: Notification,
}

/// Provides a [`Center`] to everything below.
pub(crate) fn provide_notifications() {
    let stream = use_stream::<Event>(ROUTE, stream_options());
    let center = Center {
        entries: stream.log(CAPACITY).entries(),
        marks: RwSignal::new(store::load_json(Keep::Always, KEY)),
        is_live: is_news(stream.is_open()),
        toasts: RwSignal::new(Vec::new()),
        is_pointed_at: RwSignal::new(false),
    };
    provide_context(center);
    // What is read in one tab is read in all.
    let changed = window_event_listener(storage, move |event| {
        if event.key().as_deref() == Some(KEY) {
            center.marks.set(store::load_json(Keep::Always, KEY));
        }
    });
    on_cleanup(move || changed.remove());

    Effect::new(move |next: Option<u64>| {
        let next = next.unwrap_or(0);
        let items = center.items();
        // The newest is the first.
        let new: Vec<_> = items.iter().take_while(|item| item.serial >= next).collect();
        let after = new.first().map_or(next, |newest| newest.serial + 1);
        if center.is_live.get_untracked() {
            let shown: Vec<_> = new.into_iter().filter(|item| item.is_new).take(MOST_SHOWN).collect();
            shown.into_iter().rev().cloned().for_each(|item| center.show(item));
        }
        after
    });
}

/// The notifications that [`provide_notifications`] provides.
pub(super) fn use_notifications() -> Center {
    expect_context()
}

impl Center {
    /// Those that were not dismissed, the newest first. Tracks.
    pub(super) fn items(self) -> Vec<Item> {
        let entries = self.entries.read();
        let standings = self.marks.read().standings(&ids(&entries));
        let shown =
            entries.iter().zip(standings).rev().filter(|(_, standing)| *standing != Standing::Dismissed);
        let item = |(entry, standing): (&Entry<Event>, _)| {
            let Event::Notification(notification) = &entry.event;
            Item {
                serial: entry.serial,
                id: entry.last_event_id.clone(),
                is_new: standing == Standing::New,
                notification: notification.clone(),
            }
        };
        shown.map(item).collect()
    }

    /// All were read.
    pub(super) fn read_all(self) {
        self.mark(|marks, ids| marks.read(ids));
        self.toasts.set(Vec::new());
    }

    /// All are cleared away.
    pub(super) fn clear(self) {
        self.mark(Marks::clear);
        self.toasts.set(Vec::new());
    }

    /// One is dismissed.
    pub(super) fn dismiss(self, item: &Item) {
        self.mark(|marks, ids| marks.dismiss(&item.id, ids));
        self.hide(item.serial);
    }

    fn mark(self, change: impl FnOnce(&mut Marks, &[&str])) {
        let mut marks = self.marks.get_untracked();
        change(&mut marks, &ids(&self.entries.read_untracked()));
        store::save_json(Keep::Always, KEY, &marks);
        self.marks.set(marks);
    }

    /// Shows one in passing. What broke stays until somebody has seen it.
    fn show(self, item: Item) {
        let (serial, severity) = (item.serial, item.notification.severity);
        self.toasts.update(|toasts| {
            toasts.push(item);
            if toasts.len() > MOST_SHOWN {
                toasts.remove(0);
            }
        });
        if severity == Severity::Error {
            return;
        }
        spawn_local(async move {
            loop {
                TimeoutFuture::new(SHOWN_MILLIS).await;
                if !self.is_held() {
                    return self.hide(serial);
                }
            }
        });
    }

    /// Whether somebody points at those that are shown in passing, or is among them with the keyboard: then they stay.
    fn is_held(self) -> bool {
        // Asked for and not heard of: with the button of one that is dismissed goes its focus, of which Firefox tells
        // nobody.
        let has_focus = || document().query_selector(".toast:focus-within").is_ok_and(|it| it.is_some());
        self.is_pointed_at.try_get_untracked().unwrap_or(false) || has_focus()
    }

    fn hide(self, serial: u64) {
        self.toasts.try_update(|toasts| toasts.retain(|toast| toast.serial != serial));
    }
}

fn ids(entries: &VecDeque<Entry<Event>>) -> Vec<&str> {
    entries.iter().map(|entry| entry.last_event_id.as_str()).collect()
}
