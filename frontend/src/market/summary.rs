//! The selected symbol in numbers.

use leptos::prelude::*;

use super::bars::Bars;
use super::companies;
use super::quote::{Day, Quote};
use crate::i18n::{Locale, use_locale};

/// Stands where there is no number yet.
const NOTHING: &str = "–";

/// The selected symbol in numbers.
#[component]
pub(super) fn Summary(
    /// The symbol.
    symbol: String,
    /// Its quote.
    quote: ReadSignal<Quote>,
    /// Its bars.
    bars: ReadSignal<Bars>,
) -> impl IntoView {
    let locale = use_locale();
    let day = Memo::new(move |_| quote.read().day);
    let range = Memo::new(move |_| bars.read().range());
    let show_range = move |end: fn((f64, f64)) -> f64| {
        move || range.get().map_or_else(|| NOTHING.to_owned(), |range| locale.lang().price(end(range)))
    };
    let show = move |number: fn(Locale, &Day) -> String| {
        move || day.get().map_or_else(|| NOTHING.to_owned(), |day| number(locale, &day))
    };
    let direction = move || day.get().map(|day| day.direction().as_str());
    let halted = Memo::new(move |_| quote.read().halted);
    let company = {
        let symbol = symbol.clone();
        move || companies::name(&symbol, locale.lang())
    };

    view! {
        <header class="summary" data-testid="summary">
            <div class="summary-name">
                <h2>{symbol}</h2>
                <span class="summary-company">{company}</span>
                <Show when=move || halted.get()>
                    <span class="halted">{locale.text(|t| t.market.halted)}</span>
                </Show>
            </div>
            <p class="summary-last" data-direction=direction>
                <span class="summary-price num" data-testid="summary-price">
                    {show(|locale, day| locale.lang().price(day.price))}
                </span>
                <span class="summary-change num">
                    {show(|locale, day| {
                        format!("{} ({})", locale.lang().change(day.change()), locale.lang().percent(day.change_ratio()))
                    })}
                </span>
            </p>
            <dl class="stats">
                <Stat name=locale.text(|t| t.market.open) value=show(|locale, day| locale.lang().price(day.open)) />
                <Stat name=locale.text(|t| t.market.high) value=show_range(|(high, _)| high) />
                <Stat name=locale.text(|t| t.market.low) value=show_range(|(_, low)| low) />
                <Stat name=locale.text(|t| t.market.volume) value=show(|locale, day| locale.lang().compact(day.volume)) />
            </dl>
        </header>
    }
}

#[component]
fn Stat(
    name: impl Fn() -> &'static str + Send + 'static,
    value: impl Fn() -> String + Send + 'static,
) -> impl IntoView {
    view! {
        <div class="stat">
            <dt>{name}</dt>
            <dd class="num">{value}</dd>
        </div>
    }
}
