//! A table of live prices: the market page of the demo without its chart.

use demo_contract::Market;
use leptos::prelude::*;
use leptos_eventsource::transport::Fetch;
use leptos_eventsource::{Delivery, EventSourceOptions, use_event_source_with_options};

fn main() {
    mount_to_body(Watchlist);
}

/// What a row shows of its company.
#[derive(Clone, Copy, Default)]
struct Quote {
    price: f64,
    open: f64,
    volume: u64,
    trades: u32,
}

impl Quote {
    fn apply(&mut self, event: &Market) {
        if let Market::Tick(tick) = event {
            let trades = self.trades + 1;
            *self = Self { price: tick.price, open: tick.open, volume: tick.volume, trades };
        }
    }

    fn change(&self) -> f64 {
        self.price - self.open
    }
}

#[component]
fn Watchlist() -> impl IntoView {
    let options = EventSourceOptions::default().with_delivery(Delivery::AnimationFrame);
    let options = match window().location().search().as_deref() {
        Ok("?fetch") => options.with_transport(Fetch::new()),
        _ => options,
    };
    let stream = use_event_source_with_options::<Market>("/market", options);
    let quotes = stream.keyed_fold(|event| Some(event.symbol().to_owned()), Quote::apply);
    let symbols = quotes.keys();
    view! {
        <table>
            <tbody>
                <For each=move || symbols.get() key=Clone::clone let:symbol>
                    <Row quote=quotes.signal(&symbol) symbol />
                </For>
            </tbody>
        </table>
    }
}

#[component]
fn Row(symbol: String, quote: ReadSignal<Quote>) -> impl IntoView {
    let direction = move || if quote.read().change() < 0.0 { "down" } else { "up" };
    view! {
        <tr data-direction=direction>
            <td>{symbol}</td>
            <td>{move || format!("{:.2}", quote.read().price)}</td>
            <td>{move || format!("{:+.2}", quote.read().change())}</td>
            <td>{move || format!("{:+.2}%", 100.0 * quote.read().change() / quote.read().open)}</td>
            <td>{move || quote.read().volume}</td>
            <td class="trades">{move || quote.read().trades}</td>
        </tr>
    }
}
