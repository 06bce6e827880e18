//! The market page.

mod bars;
mod chart;
mod chart_panel;
mod companies;
mod quote;
mod spark;
mod summary;
mod watchlist;

use demo_contract::{Market, market};
use leptos::html;
use leptos::prelude::*;
use leptos_eventsource::{Delivery, Gap};
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use web_sys::HtmlElement;

use self::bars::Bars;
use self::chart_panel::ChartPanel;
use self::quote::Quote;
use self::summary::Summary;
use self::watchlist::Watchlist;
use crate::badge::Badge;
use crate::i18n::use_locale;
use crate::pause::PauseButton;
use crate::stream::{stream_options, use_stream, while_seen};
use crate::title::use_title;

/// The query parameter of the selected symbol.
const SYMBOL: &str = "symbol";

/// The watchlist, and the selected symbol in detail.
#[component]
pub(crate) fn MarketPage() -> impl IntoView {
    let locale = use_locale();
    use_title(locale.text(|t| t.market.title));

    // Ten thousand ticks a second are folded all the same, and drawn sixty times.
    let options = while_seen(stream_options()).with_delivery(Delivery::AnimationFrame);
    let stream = use_stream::<Market>(market::ROUTE, options);
    let symbol_of = |event: &Market| Some(event.symbol().to_owned());
    let quotes = stream.keyed_fold(symbol_of, Quote::apply);
    let bars = stream.keyed_fold(symbol_of, Bars::apply);
    // The stream brings them in the order in which they happen to trade.
    let symbols = Memo::new(move |_| {
        let mut symbols = quotes.keys().get();
        symbols.sort_unstable();
        symbols
    });
    let is_live = stream.is_open();
    let has_begun_anew = RwSignal::new(false);
    stream.on_gap(move |gap| {
        if gap == Gap::Reset {
            has_begun_anew.set(true);
        }
    });

    // Kept in the address, so that a reload and a link to a friend show the same symbol.
    let chosen = RwSignal::new(use_query_map().read_untracked().get(SYMBOL));
    let selected = Memo::new(move |_| {
        let symbols = symbols.read();
        let known = chosen.get().filter(|chosen| symbols.contains(chosen));
        known.or_else(|| symbols.first().cloned())
    });
    let detail = NodeRef::<html::Section>::new();
    let (navigate, path) = (use_navigate(), use_location().pathname);
    let select = Callback::new(move |symbol: String| {
        let address = format!("{}?{SYMBOL}={symbol}", path.get_untracked());
        chosen.set(Some(symbol));
        navigate(&address, NavigateOptions { replace: true, scroll: false, ..Default::default() });
        if let Some(detail) = detail.get_untracked() {
            show(&detail);
        }
    });

    view! {
        <div class="market" data-live=move || is_live.get().to_string()>
            <header class="page-head">
                <div>
                    <h1>{locale.text(|t| t.market.title)}</h1>
                    <p class="lead">{locale.text(|t| t.market.lead)}</p>
                    <p class="lead" role="status" data-testid="begun-anew">
                        {move || has_begun_anew.get().then(|| locale.texts().market.begun_anew)}
                    </p>
                </div>
                <PauseButton stream testid="market-pause" />
                <Badge stream />
            </header>
            <section class="panel detail" node_ref=detail>
                // Also before the first price, or it would push down what is below.
                {move || {
                    let symbol = selected.get().unwrap_or_default();
                    let (quote, bars) = (quotes.signal(&symbol), bars.signal(&symbol));
                    view! { <Summary quote bars symbol /> }
                }}
                <ChartPanel symbol=selected bars is_live />
            </section>
            <Watchlist symbols quotes bars selected select />
        </div>
    }
}

/// Scrolls to what was asked for, where more than half of it is above the screen: on a phone it stands over the list.
fn show(detail: &HtmlElement) {
    let middle = f64::from(detail.offset_top() + detail.offset_height() / 2);
    if window().scroll_y().is_ok_and(|top| middle < top) {
        detail.scroll_into_view();
    }
}
