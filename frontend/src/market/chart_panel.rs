//! The chart of the selected symbol, and what is there when it is not.

use demo_contract::market::BAR_SECONDS;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_eventsource::Keyed;

use super::bars::{Bars, Candle};
use super::chart::Chart;
use crate::i18n::use_locale;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Loading,
    Ready,
    Failed,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// The chart of the selected symbol.
#[component]
pub(super) fn ChartPanel(
    /// The selected symbol.
    symbol: Memo<Option<String>>,
    /// The bars of all symbols.
    bars: Keyed<String, Bars>,
    /// Whether the server is there.
    is_live: Signal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let container = NodeRef::<Div>::new();
    let stage = RwSignal::new(Stage::Loading);
    let attempt = RwSignal::new(0_u32);
    let hovered = RwSignal::new(None::<Candle>);
    // Dropped with this component, and with it everything that the library holds.
    let chart = StoredValue::new_local(None::<Chart>);

    Effect::new(move || {
        let attempt = attempt.get();
        let Some(container) = container.get() else { return };
        stage.set(Stage::Loading);
        spawn_local(async move {
            let loaded = Chart::load(container.into(), attempt, move |bar| {
                hovered.try_set(bar);
            })
            .await;
            let reached = if loaded.is_some() { Stage::Ready } else { Stage::Failed };
            // Both do nothing if the page was left in the meantime; the chart is dropped then.
            let _ = chart.try_update_value(|chart| *chart = loaded);
            stage.try_set(reached);
        });
    });

    // What kept the library from being loaded may be over with the outage.
    Effect::new(move |was_live: Option<bool>| {
        let is_live = is_live.get();
        if is_live && was_live == Some(false) && stage.get_untracked() == Stage::Failed {
            attempt.update(|attempt| *attempt += 1);
        }
        is_live
    });

    // Runs once for all events that came in one go: effects wait for the end of the current task.
    Effect::new(move || {
        if stage.get() != Stage::Ready {
            return;
        }
        let Some(symbol) = symbol.get() else { return };
        bars.signal(&symbol).with(|bars| {
            chart.update_value(|chart| {
                if let Some(chart) = chart {
                    chart.draw(&symbol, bars);
                }
            });
        });
    });

    let label = move || symbol.read().as_deref().map(|symbol| (locale.texts().market.chart)(symbol));
    view! {
        <div class="chart" data-stage=move || stage.get().as_str()>
            <Legend bar=hovered />
            <div class="chart-canvas" data-testid="chart" role="group" aria-label=label node_ref=container></div>
            <Show when=move || stage.get() == Stage::Loading>
                <p class="chart-note" role="status">{locale.text(|t| t.market.chart_loading)}</p>
            </Show>
            <Show when=move || stage.get() == Stage::Failed>
                <div class="chart-note" role="alert">
                    <p>{locale.text(|t| t.market.chart_failed)}</p>
                    <button type="button" class="button" on:click=move |_| attempt.update(|n| *n += 1)>
                        {locale.text(|t| t.market.try_again)}
                    </button>
                </div>
            </Show>
        </div>
    }
}

/// The numbers of the bar under the pointer.
#[component]
fn Legend(bar: RwSignal<Option<Candle>>) -> impl IntoView {
    let locale = use_locale();
    let text = move || {
        let texts = &locale.texts().market;
        let Some(bar) = bar.get() else { return (texts.bar_length)(BAR_SECONDS) };
        let numbers = [
            locale.lang().price(bar.open),
            locale.lang().price(bar.high),
            locale.lang().price(bar.low),
            locale.lang().price(bar.close),
            locale.lang().compact(bar.volume),
        ];
        let named = texts.bar.iter().zip(numbers).map(|(name, number)| format!("{name}\u{a0}{number}  "));
        named.collect::<String>()
    };
    view! {
        <p class="legend num" aria-hidden="true">
            {text}
        </p>
    }
}
