use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::web_sys::HtmlElement;
use wasm_bindgen::JsCast;

/// A component in the page, until this is dropped.
pub struct Mounted {
    parent: HtmlElement,
    /// Unmounts when it is dropped; its type names that of the view.
    unmount: Option<Box<dyn Any>>,
}

/// Puts a component into the page.
#[must_use]
pub fn mount_view<V: IntoView + 'static>(component: impl FnOnce() -> V + 'static) -> Mounted {
    let parent = document().create_element("div").expect("a div can be made").unchecked_into::<HtmlElement>();
    document().body().expect("the page has a body").append_child(&parent).expect("it takes a div");
    let unmount = leptos::mount::mount_to(parent.clone(), component);
    Mounted { parent, unmount: Some(Box::new(unmount)) }
}

/// Runs `setup` as a component without a view, and returns what it returned.
#[must_use]
pub fn mount<T: 'static>(setup: impl FnOnce() -> T + 'static) -> (Mounted, T) {
    let result = Rc::new(RefCell::new(None));
    let mounted = mount_view({
        let result = result.clone();
        move || drop(result.replace(Some(setup())))
    });
    let result = result.take().expect("a component runs when it is mounted");
    (mounted, result)
}

impl Mounted {
    /// The text that a person sees.
    #[must_use]
    pub fn text(&self) -> String {
        self.parent.text_content().unwrap_or_default()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(self.unmount.take());
        self.parent.remove();
    }
}

impl fmt::Debug for Mounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mounted").field("parent", &self.parent).finish_non_exhaustive()
    }
}
