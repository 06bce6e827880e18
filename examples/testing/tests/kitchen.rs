//! The tests of a component that lives on an event stream. The test is the server: no network, no port, no waiting.
#![cfg(target_arch = "wasm32")]

use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use leptos::web_sys::js_sys::{Function, Reflect};
use leptos_eventsource::transport::{Scripted, ScriptedExt};
use leptos_eventsource::{EventSourceOptions, Failure, Json};
use testing::{Guests, Kitchen, Order, Orders};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Options with which a component talks to the test.
fn options(server: &Scripted) -> EventSourceOptions {
    EventSourceOptions::from(server.options())
}

fn order(number: u32, dish: &str) -> Kitchen {
    Kitchen::Ordered(Order { number, dish: dish.to_owned() })
}

#[wasm_bindgen_test]
async fn an_order_is_shown_until_it_is_served() {
    let server = Scripted::new();
    let page = Page::mount({
        let options = options(&server);
        || view! { <Orders options /> }
    });

    let kitchen = server.accept_at("/api/kitchen").await;
    assert_eq!(page.status().await, "one moment");
    kitchen.open();
    assert_eq!(page.status().await, "ready");

    kitchen.send(&order(1, "soup"), "");
    kitchen.send(&order(2, "fish"), "");
    assert_eq!(page.dishes().await, ["soup", "fish"]);
    kitchen.send(&Kitchen::Served(1), "");
    assert_eq!(page.dishes().await, ["fish"]);
}

#[wasm_bindgen_test]
async fn after_a_power_cut_nothing_is_cooked_twice_or_forgotten() {
    let server = Scripted::new();
    let page = Page::mount({
        let options = options(&server);
        || view! { <Orders options /> }
    });

    let before = server.accept().await;
    before.event("sse.open", "{}", "a.0");
    before.send(&order(1, "soup"), "a.1");
    before.fail(Failure::Network);
    assert_eq!(page.status().await, "the restaurant cannot be reached");

    // The component comes back by itself, and says where it stopped.
    let after = server.accept().await;
    assert_eq!(after.last_event_id(), "a.1");
    // A server that repeats itself does no harm, because its ids say so.
    after.event("sse.open", "{}", "a.0");
    after.send(&order(1, "soup"), "a.1");
    after.send(&order(2, "fish"), "a.2");
    assert_eq!(page.dishes().await, ["soup", "fish"]);
    assert_eq!(page.status().await, "ready");
}

#[wasm_bindgen_test]
async fn who_is_not_logged_in_is_told_so() {
    let server = Scripted::new();
    let page = Page::mount({
        let options = options(&server);
        || view! { <Orders options /> }
    });
    server.accept().await.refuse(503);
    assert_eq!(page.status().await, "the restaurant cannot be reached");
    server.accept().await.refuse(401);
    // It does not try again by itself: in a wait for that, the page would say what it says above.
    assert_eq!(page.status().await, "please log in");
}

/// `Scripted` tells more than the browser's own `EventSource` does. So this one is about the page that people see: the
/// component with the transport of the app, and a browser whose `fetch` is answered by this test.
#[wasm_bindgen_test]
async fn the_app_hears_of_the_401_that_its_component_speaks_of() {
    let window = window();
    let fetch = Reflect::get(&window, &"fetch".into()).expect("a window has properties");
    let refusal = "return Promise.resolve(new Response(null, { status: 401 }))";
    Reflect::set(&window, &"fetch".into(), &Function::new_no_args(refusal)).expect("it can be replaced");
    let page = Page::mount(|| view! { <Orders /> });
    // What there is to wait for comes in microtasks, of which a tick lets one pass.
    for _ in 0..100 {
        leptos::task::tick().await;
    }
    Reflect::set(&window, &"fetch".into(), &fetch).expect("it can be put back");
    assert_eq!(page.status().await, "please log in");
}

#[wasm_bindgen_test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Scripted::new();
    let mut options = options(&server);
    options.connection.client.connect_timeout = Some(Duration::from_millis(20));
    options.connection.client.max_retries = Some(0);
    let page = Page::mount(|| view! { <Orders options /> });
    let silent = server.accept().await;
    silent.closed().await;
    assert_eq!(page.status().await, "closed");
}

#[wasm_bindgen_test]
async fn a_page_with_two_streams_opens_two_and_leaves_none() {
    let server = Scripted::new();
    let page = Page::mount({
        let (orders, guests) = (options(&server), options(&server));
        || {
            view! {
                <Orders options=orders />
                <Guests options=guests />
            }
        }
    });
    let guests = server.accept_at("/api/guests").await;
    let kitchen = server.accept_at("/api/kitchen").await;
    guests.send(&Json(12), "");
    kitchen.send(&order(1, "soup"), "");
    assert_eq!(page.dishes().await, ["soup"]);
    assert_eq!(page.texts("guests").await, ["12"]);
    drop(page);
    guests.closed().await;
    kitchen.closed().await;
    assert_eq!(server.active(), 0);
}

/// Something in the page, until this is dropped.
struct Page {
    parent: HtmlElement,
    /// Unmounts when it is dropped; its type names that of the view.
    _unmount: Box<dyn std::any::Any>,
}

impl Page {
    fn mount<V: IntoView + 'static>(component: impl FnOnce() -> V + 'static) -> Self {
        let parent: HtmlElement =
            document().create_element("div").expect("a div can be made").unchecked_into();
        document().body().expect("the page has a body").append_child(&parent).expect("it takes a div");
        let unmount = Box::new(leptos::mount::mount_to(parent.clone(), component));
        Self { parent, _unmount: unmount }
    }

    /// The texts of all elements of this class, after the page has been drawn.
    async fn texts(&self, class: &str) -> Vec<String> {
        // An event has changed the signals when it was sent. Leptos draws a little later.
        leptos::task::tick().await;
        let elements = self.parent.get_elements_by_class_name(class);
        (0..elements.length()).filter_map(|at| elements.item(at)?.text_content()).collect()
    }

    async fn status(&self) -> String {
        self.texts("status").await.concat()
    }

    async fn dishes(&self) -> Vec<String> {
        self.texts("dish").await
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.parent.remove();
    }
}
