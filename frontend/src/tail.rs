//! A list that stays at its end while its reader is there, and leaves the reader alone otherwise.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::text_prop::TextProp;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::ResizeObserver;

use crate::icons;

/// Who comes this close to the end, in pixels, is at the end.
const AT_END: i32 = 48;

/// How far positions are off when a page is zoomed, in pixels.
const ROUNDED: i32 = 4;

/// Where the reader of a list is. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// The element that scrolls.
    scroller: NodeRef<Div>,
    is_at_end: RwSignal<bool>,
    /// Where the list was scrolled to.
    top: StoredValue<i32>,
    /// How many items there were when the reader left the end.
    seen: RwSignal<u64>,
    /// How many items there ever were.
    count: Memo<u64>,
}

impl Tail {
    /// Follows the end of a list to which `count` items were ever added.
    pub(crate) fn new(count: Memo<u64>) -> Self {
        let tail = Self {
            scroller: NodeRef::new(),
            is_at_end: RwSignal::new(true),
            top: StoredValue::new(0),
            seen: RwSignal::new(0),
            count,
        };
        // A keyboard that slides in takes its space from the list; a text that grows, or a badge that says more, too.
        let resized = Closure::<dyn FnMut()>::new(move || tail.follow());
        if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            let kept = StoredValue::new_local((observer, resized));
            tail.scroller
                .on_load(move |scroller| kept.with_value(|(observer, _)| observer.observe(&scroller)));
            on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
        }
        tail
    }

    /// Whether the reader is at the end.
    pub(crate) fn is_at_end(self) -> bool {
        self.is_at_end.get()
    }

    /// How many items came while the reader was elsewhere.
    pub(crate) fn unseen(self) -> u64 {
        if self.is_at_end.get() { 0 } else { self.count.get().saturating_sub(self.seen.get()) }
    }

    /// The list has grown: stays at the end, if the reader is there.
    pub(crate) fn follow(self) {
        if self.is_at_end.try_get_untracked().unwrap_or(false) {
            self.go_to_end();
        }
    }

    /// Takes the reader to the end.
    pub(crate) fn go_to_end(self) {
        // From now on, and not from when it is scrolled: what comes in between would leave the reader behind.
        if self.is_at_end.try_get_untracked() == Some(false) {
            self.is_at_end.set(true);
        }
        // After the new items have been laid out.
        request_animation_frame(move || {
            if let Some(scroller) = self.scroller.try_get_untracked().flatten() {
                scroller.set_scroll_top(scroller.scroll_height());
            }
        });
    }

    /// The reader has scrolled.
    fn handle_scroll(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let top = scroller.scroll_top();
        let below = scroller.scroll_height() - scroller.client_height() - top;
        let before = self.top.try_update_value(|before| std::mem::replace(before, top)).unwrap_or(top);
        let is_at_end = stays_at_end(self.is_at_end.get_untracked(), before, top, below);
        if self.is_at_end.get_untracked() != is_at_end {
            self.seen.set(self.count.get_untracked());
            self.is_at_end.set(is_at_end);
        }
    }
}

/// A list with a tail, and a button by which its reader gets to the end.
#[component]
pub(crate) fn TailedList(
    /// Where its reader is.
    tail: Tail,
    /// `log`, or `region` if nothing of it is ever read aloud.
    role: &'static str,
    /// Whether what comes to a log is read aloud.
    #[prop(into)]
    is_spoken: Signal<bool>,
    /// What it is a list of, for ears.
    #[prop(into)]
    label: TextProp,
    /// By which the tests find it.
    testid: &'static str,
    /// What the button says; without it there is no button.
    more: Signal<Option<String>>,
    /// What scrolls.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="messages">
            <div
                class="messages-scroll"
                node_ref=tail.scroller
                on:scroll=move |_| tail.handle_scroll()
                tabindex="0"
                role=role
                aria-live=move || (!is_spoken.get()).then_some("off")
                aria-label=label
                data-testid=testid
            >
                {children()}
            </div>
            <Show when=move || more.read().is_some()>
                <button type="button" class="pill" data-testid="to-end" on:click=move |_| tail.go_to_end()>
                    {icons::down()}
                    {move || more.get()}
                </button>
            </Show>
        </div>
    }
}

/// Whether a list that was scrolled from `before` to `top`, with `below` pixels under what is seen, is at its end. Only a
/// person moves it up: what grows meanwhile leaves it behind, but where it is. However little somebody moves it up, it
/// is not pulled back.
fn stays_at_end(was_at_end: bool, before: i32, top: i32, below: i32) -> bool {
    below <= ROUNDED || (top >= before && (was_at_end || below <= AT_END))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_person_leaves_the_end() {
        assert!(stays_at_end(true, 500, 500, 300), "it has grown");
        assert!(!stays_at_end(true, 500, 490, 10), "somebody moved it up a little");
        assert!(!stays_at_end(false, 490, 495, 300), "on the way back");
        assert!(stays_at_end(false, 490, 520, 40), "nearly there");
        assert!(stays_at_end(true, 500, 300, 0), "it has shrunk");
    }
}
