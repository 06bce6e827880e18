//! The list of all symbols. A tick changes the texts of one row and nothing else.

use demo_contract::market::COMPANIES;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos_eventsource::Keyed;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::bars::Bars;
use super::quote::{Day, Quote};
use super::{companies, spark};
use crate::i18n::{Locale, use_locale};

/// How many bars a spark line shows.
const SPARK_BARS: usize = 60;

/// The list of all symbols.
#[component]
pub(super) fn Watchlist(
    /// The symbols, in the order of the list.
    symbols: Memo<Vec<String>>,
    /// Their quotes.
    quotes: Keyed<String, Quote>,
    /// Their bars.
    bars: Keyed<String, Bars>,
    /// The selected symbol.
    selected: Memo<Option<String>>,
    /// Called with the symbol that somebody selects.
    select: Callback<String>,
) -> impl IntoView {
    let locale = use_locale();
    let is_empty = Memo::new(move |_| symbols.read().is_empty());

    view! {
        <section class="panel watchlist" aria-label=locale.text(|t| t.market.watchlist)>
            <div class="watchlist-head" aria-hidden="true">
                <span>{locale.text(|t| t.market.symbol)}</span>
                <span>{locale.text(|t| t.market.trend)}</span>
                <span class="end">{locale.text(|t| t.market.price)}</span>
                <span class="end">{locale.text(|t| t.market.change)}</span>
                <span class="end">{locale.text(|t| t.market.volume)}</span>
            </div>
            <Show when=move || is_empty.get()>
                <p class="sr-only" role="status">{locale.text(|t| t.market.no_prices)}</p>
                <ul class="rows" aria-hidden="true">
                    {COMPANIES.map(|_| view! { <li class="row row-empty"></li> }).collect_view()}
                </ul>
            </Show>
            <ul class="rows" data-testid="watchlist" on:keydown=move_focus>
                <For each=move || symbols.get() key=Clone::clone let:symbol>
                    <li>
                        <Row quote=quotes.signal(&symbol) bars=bars.signal(&symbol) symbol selected select />
                    </li>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Row(
    symbol: String,
    quote: ReadSignal<Quote>,
    bars: ReadSignal<Bars>,
    selected: Memo<Option<String>>,
    select: Callback<String>,
) -> impl IntoView {
    let locale = use_locale();
    let day = Memo::new(move |_| quote.read().day);
    let show = move |number: fn(Locale, &Day) -> String| {
        move || day.get().map_or_else(String::new, |day| number(locale, &day))
    };
    let direction = move || day.get().map(|day| day.direction().as_str());
    let flash = move || quote.read().flash.as_str();
    let halted = Memo::new(move |_| quote.read().halted);
    let line = Memo::new(move |_| {
        let bars = bars.read();
        let newest = bars.iter().len().saturating_sub(SPARK_BARS);
        spark::path(bars.iter().skip(newest).map(|candle| candle.close))
    });
    let is_selected = {
        let symbol = symbol.clone();
        Memo::new(move |_| selected.read().as_deref() == Some(symbol.as_str()))
    };
    let company = {
        let symbol = symbol.clone();
        move || companies::name(&symbol, locale.lang())
    };

    view! {
        // The button is as large as the row, and its name is what does not change: a screen reader that is on it would
        // read every price aloud.
        <div class="row" data-direction=direction title=company>
            <button
                type="button"
                class="row-pick"
                data-testid=format!("row-{symbol}")
                aria-pressed=move || is_selected.get().to_string()
                on:click={
                    let symbol = symbol.clone();
                    move |_| select.run(symbol.clone())
                }
            >
                <span class="row-symbol">
                    {symbol.clone()}
                    <Show when=move || halted.get()>
                        " " <span class="halted">{locale.text(|t| t.market.halted)}</span>
                    </Show>
                </span>
                " "
                <span class="row-company">{company.clone()}</span>
            </button>
            <svg
                class="spark"
                viewBox=format!("0 0 {}0 {}0", spark::WIDTH, spark::HEIGHT)
                preserveAspectRatio="none"
                aria-hidden="true"
            >
                <path d=line />
            </svg>
            <span class="row-price num" data-flash=flash data-testid=format!("price-{symbol}")>
                {show(|locale, day| locale.lang().price(day.price))}
            </span>
            <span class="row-change num">
                <span>{show(|locale, day| locale.lang().change(day.change()))}</span>
                <span class="row-percent">{show(|locale, day| locale.lang().percent(day.change_ratio()))}</span>
            </span>
            <span class="row-volume num">
                <span class="sr-only">{locale.text(|t| t.market.volume)} " "</span>
                {show(|locale, day| locale.lang().compact(day.volume))}
            </span>
        </div>
    }
}

/// Arrow keys go from row to row, as in every list of this kind.
fn move_focus(event: KeyboardEvent) {
    let Some(button) = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    let Some(item) = button.closest("li").ok().flatten() else { return };
    let next = match event.key().as_str() {
        "ArrowDown" => item.next_element_sibling(),
        "ArrowUp" => item.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    let button = next.and_then(|item| item.query_selector("button").ok()?);
    if let Some(next) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        let _ = next.focus();
    }
}
