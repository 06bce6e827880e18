//! Whoever uses the keyboard stays where they are when the button that they have pressed goes.

use std::iter::successors;

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use web_sys::{Element, FocusOptions, HtmlElement};

/// For how many frames a button that was pressed may still go: some go only once the server has answered.
const FRAMES: u32 = 60;

/// Gives the focus of a button that goes when it is pressed, or can no longer be pressed, to what is around it.
/// Browsers give it to nobody, and a screen reader begins at the top of the page again.
pub(crate) fn keep_focus() {
    let on_click = Closure::<dyn Fn()>::new(|| {
        if let Some(pressed) = focused() {
            let around = |element: &Element| element.parent_element().filter(|it| !is_body(it));
            let around = successors(around(&pressed), around).filter_map(|it| it.dyn_into().ok()).collect();
            watch(pressed, around, FRAMES);
        }
    });
    // While it is on its way to the button: those who hear of it then may take the button away.
    let listener = on_click.as_ref().unchecked_ref();
    let _ = window().add_event_listener_with_callback_and_bool("click", listener, true);
    on_click.forget();
}

/// What has the focus, if anything has.
fn focused() -> Option<Element> {
    document().active_element().filter(|it| !is_body(it))
}

fn is_body(element: &Element) -> bool {
    element.tag_name() == "BODY"
}

fn watch(pressed: Element, around: Vec<HtmlElement>, frames: u32) {
    request_animation_frame(move || match focused() {
        // Somebody or something has put it elsewhere.
        Some(now) if now != pressed => {}
        None if !has_room(&pressed) || pressed.has_attribute("disabled") => give(&around),
        _ if frames > 0 => watch(pressed, around, frames - 1),
        _ => {}
    });
}

/// To the innermost that is still there, or to the page.
fn give(around: &[HtmlElement]) {
    let page = || document().get_element_by_id("main").and_then(|main| main.dyn_into().ok());
    let Some(heir) = around.iter().find(|it| has_room(it)).cloned().or_else(page) else { return };
    if !heir.has_attribute("tabindex") {
        heir.set_tab_index(-1);
    }
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = heir.focus_with_options(&options);
}

/// Whether it takes up room on the page. What has been taken out of it does not.
fn has_room(element: &Element) -> bool {
    element.client_height() > 0
}
