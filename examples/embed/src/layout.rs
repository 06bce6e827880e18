use leptos::prelude::*;
use leptos_eventsource::components::ComponentStyle;
use leptos_router::components::{A, Route, Router, Routes};
use leptos_router::path;

use crate::live::{Activity, Live};
use crate::orders::Orders;
use crate::stock::Stocks;
use crate::updates::Updates;

/// The frame around the pages. The stream is opened here, above the router: it belongs to the app, not to a page.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_context(Updates::open());
    view! {
        <ComponentStyle />
        <Router>
            <header>
                <strong>"Back office"</strong>
                <nav>
                    <A href="/">"Orders"</A>
                    <A href="/stock">"Stock"</A>
                </nav>
                <Live />
            </header>
            <main>
                <Routes fallback=|| view! { <p>"There is no such page."</p> }>
                    <Route path=path!("/") view=Orders />
                    <Route path=path!("/stock") view=Stocks />
                </Routes>
                <Activity />
            </main>
        </Router>
    }
}
