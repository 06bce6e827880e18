use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::web_sys::HtmlElement;
use wasm_bindgen::JsCast;
use web_sys::Element;

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

    /// The elements that a CSS selector names, in their order.
    #[must_use]
    pub fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.parent.query_selector_all(selector).expect("the selector is well-formed");
        (0..found.length()).filter_map(|at| found.item(at)).map(JsCast::unchecked_into).collect()
    }

    /// The first of them.
    #[must_use]
    pub fn find(&self, selector: &str) -> Option<Element> {
        self.parent.query_selector(selector).expect("the selector is well-formed")
    }

    /// The texts of all of them.
    #[must_use]
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.all(selector).iter().map(|element| element.text_content().unwrap_or_default()).collect()
    }

    /// An attribute of the first of them.
    #[must_use]
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.find(selector)?.get_attribute(name)
    }

    /// Clicks the first of them.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let Some(element) = self.find(selector) else { panic!("nothing is {selector}") };
        element.unchecked_into::<HtmlElement>().click();
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
