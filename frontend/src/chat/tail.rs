//! A list that stays at its end while its reader is there, and leaves the reader alone otherwise.

use leptos::ev::resize;
use leptos::html::Div;
use leptos::prelude::*;

/// Who is this close to the end, in pixels, is at the end.
const AT_END: i32 = 48;

/// Where the reader of a list is. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// The element that scrolls.
    pub(super) scroller: NodeRef<Div>,
    is_at_end: RwSignal<bool>,
    /// How many items there were when the reader left the end.
    seen: RwSignal<u64>,
    /// How many items there ever were.
    count: Memo<u64>,
}

impl Tail {
    /// Follows the end of a list to which `count` items were ever added.
    pub(super) fn new(count: Memo<u64>) -> Self {
        let tail =
            Self { scroller: NodeRef::new(), is_at_end: RwSignal::new(true), seen: RwSignal::new(0), count };
        // A keyboard that slides in takes its space from the list.
        let resized = window_event_listener(resize, move |_| tail.follow());
        on_cleanup(move || resized.remove());
        tail
    }

    /// How many items came while the reader was elsewhere.
    pub(super) fn unseen(self) -> u64 {
        if self.is_at_end.get() { 0 } else { self.count.get().saturating_sub(self.seen.get()) }
    }

    /// The list has grown: stays at the end, if the reader is there.
    pub(super) fn follow(self) {
        if self.is_at_end.try_get_untracked().unwrap_or(false) {
            self.go_to_end();
        }
    }

    /// Takes the reader to the end.
    pub(super) fn go_to_end(self) {
        // After the new items have been laid out.
        request_animation_frame(move || {
            if let Some(scroller) = self.scroller.try_get_untracked().flatten() {
                scroller.set_scroll_top(scroller.scroll_height());
            }
        });
    }

    /// The reader has scrolled.
    pub(super) fn handle_scroll(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let below = scroller.scroll_height() - scroller.client_height() - scroller.scroll_top();
        let is_at_end = below <= AT_END;
        if self.is_at_end.get_untracked() != is_at_end {
            self.seen.set(self.count.get_untracked());
            self.is_at_end.set(is_at_end);
        }
    }
}
