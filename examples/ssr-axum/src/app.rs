//! The page: rendered on the server, taken over in the browser.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_eventsource::components::EventSourceInspector;
use leptos_eventsource::{
    EventSourceOptions, Gap, Snapshot, State, refetch_after_gap, use_event_source_with_options,
};

use crate::auction::{EVENTS, Lots};

/// The lots as they are, and the place in the stream from which a page goes on.
#[server(endpoint = "lots")]
async fn take_snapshot() -> Result<Snapshot<Lots>, ServerFnError> {
    Ok(expect_context::<crate::house::House>().snapshot())
}

/// Bids for a lot, and says why not if the bid is refused. Also the target of the form where there is no JavaScript.
#[server(endpoint = "bid")]
async fn place_bid(lot: usize, amount: u32) -> Result<Option<String>, ServerFnError> {
    let house = expect_context::<crate::house::House>();
    Ok(house.bid(crate::auction::Bid { lot, amount }).err().map(|refusal| refusal.to_string()))
}

/// The document around the app.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <title>"Auction"</title>
                <link rel="icon" href="data:,"/>
                <style>{include_str!("../style.css")}</style>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The app.
#[component]
pub fn App() -> impl IntoView {
    // Asked for on the server, and sent along in the page: the browser begins with what was rendered.
    let snapshot = Resource::new(|| (), |()| take_snapshot());
    let again = move || snapshot.refetch();
    let after_gap = refetch_after_gap(again);
    view! {
        <main>
            <h1>"Auction"</h1>
            <Transition fallback=|| view! { <p>"One moment..."</p> }>
                {move || Suspend::new(async move {
                    match snapshot.await {
                        Ok(snapshot) => Either::Left(view! { <Board snapshot after_gap/> }),
                        Err(error) => Either::Right(view! {
                            <p role="alert">
                                {error.to_string()} " "
                                <button on:click=move |_| again()>"Try again"</button>
                            </p>
                        }),
                    }
                })}
            </Transition>
            // For whoever works on the page. Erased, as a router does it with its pages: of all ways to build a component
            // this asks most of the compiler, and here it is built.
            {cfg!(debug_assertions).then(|| view! { <EventSourceInspector open=false/> }.into_any())}
        </main>
    }
}

/// The lots, live from a snapshot on; `after_gap` asks for another one.
#[component]
fn Board(snapshot: Snapshot<Lots>, after_gap: impl Fn(Gap) + 'static) -> impl IntoView {
    let options = EventSourceOptions::default().with_last_event_id(snapshot.last_event_id);
    let stream = use_event_source_with_options(EVENTS.to_owned(), options);
    // Bids were lost: this page was away for too long, or the server began anew. No fold can mend that.
    stream.on_gap(after_gap);
    let count = snapshot.value.0.len();
    let lots = stream.fold(snapshot.value, Lots::apply);

    let state = move || match stream.state().get() {
        State::Idle => "as it was when the page was made",
        State::Open => "live",
        _ => "connecting",
    };
    view! {
        <p class="state" data-testid="state">{state}</p>
        <ol>{(0..count).map(|number| view! { <Row lots number/> }).collect_view()}</ol>
    }
}

/// One lot.
#[component]
fn Row(lots: ReadSignal<Lots>, number: usize) -> impl IntoView {
    let bid = ServerAction::<PlaceBid>::new();
    let lot = Memo::new(move |_| lots.with(|lots| lots.0[number].clone()));
    let refusal = move || bid.value().get()?.unwrap_or_else(|error| Some(error.to_string()));
    view! {
        <li data-testid=format!("lot-{number}")>
            <h2>{move || lot.read().title.clone()}</h2>
            <p>
                <strong data-testid="highest">{move || lot.read().highest}</strong>
                " after "
                <span data-testid="bids">{move || lot.read().bids}</span>
                " bids"
            </p>
            <ActionForm action=bid>
                <input type="hidden" name="lot" value=number/>
                <button name="amount" value=move || lot.read().next_bid()>
                    "Bid " {move || lot.read().next_bid()}
                </button>
            </ActionForm>
            <p role="alert">{refusal}</p>
        </li>
    }
}
