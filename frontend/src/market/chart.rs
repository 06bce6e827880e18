//! The chart library behind one safe type that frees everything when it is dropped.

use std::fmt;

use js_sys::Float64Array;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use super::bars::{Bars, Candle, Drawn, Redraw};
use crate::module;

const LIBRARY: &str = "lightweight-charts.standalone.production.mjs";

/// A bar is six numbers in a row; see `chart.js`.
const NUMBERS: usize = 6;

#[wasm_bindgen(module = "/src/market/chart.js")]
extern "C" {
    type PriceChart;

    #[wasm_bindgen(catch, js_name = createChart)]
    async fn create_chart(
        container: &HtmlElement,
        library_url: &str,
        on_hover: &JsValue,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = setBars)]
    fn set_bars(this: &PriceChart, numbers: &[f64]);

    #[wasm_bindgen(method, js_name = updateBars)]
    fn update_bars(this: &PriceChart, numbers: &[f64]);

    #[wasm_bindgen(method)]
    fn destroy(this: &PriceChart);
}

/// A candle chart with the volume under it.
pub(super) struct Chart {
    chart: PriceChart,
    /// What is on it: whose bars, and how far.
    drawn: Option<(String, Drawn)>,
    /// Called by the chart for as long as it lives.
    _on_hover: Closure<dyn Fn(Option<Float64Array>)>,
}

impl Chart {
    /// Loads the library unless it is here already, and puts a chart into `container`. `on_hover` is called with the
    /// bar under the pointer. `None` if it could not be loaded, or refused to work: the console says what was wrong.
    pub(super) async fn load(
        container: HtmlElement,
        attempt: u32,
        on_hover: impl Fn(Option<Candle>) + 'static,
    ) -> Option<Self> {
        let library = module::address(LIBRARY, attempt);
        let on_hover = Closure::<dyn Fn(Option<Float64Array>)>::new(move |numbers: Option<Float64Array>| {
            on_hover(numbers.and_then(|numbers| candle(&numbers.to_vec())));
        });
        let chart = create_chart(&container, &library, on_hover.as_ref()).await.ok()?;
        Some(Self { chart: chart.unchecked_into(), drawn: None, _on_hover: on_hover })
    }

    /// Shows the bars of `symbol`: only what changed, if they are on the chart already.
    pub(super) fn draw(&mut self, symbol: &str, bars: &Bars) {
        let drawn = self.drawn.as_ref().filter(|(drawn, _)| drawn == symbol).map(|(_, drawn)| *drawn);
        let (redraw, drawn) = bars.redraw(drawn);
        match redraw {
            Redraw::All => self.chart.set_bars(&numbers(bars, 0)),
            Redraw::From(first) => self.chart.update_bars(&numbers(bars, first)),
        }
        self.drawn = drawn.map(|drawn| (symbol.to_owned(), drawn));
    }
}

impl Drop for Chart {
    fn drop(&mut self) {
        self.chart.destroy();
    }
}

impl fmt::Debug for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chart").field("drawn", &self.drawn).finish_non_exhaustive()
    }
}

fn numbers(bars: &Bars, first: usize) -> Vec<f64> {
    let row = |candle: &Candle| {
        let Candle { time, open, high, low, close, volume } = *candle;
        [time as f64, open, high, low, close, volume as f64]
    };
    bars.iter().skip(first).flat_map(row).collect()
}

fn candle(numbers: &[f64]) -> Option<Candle> {
    let [time, open, high, low, close, volume]: [f64; NUMBERS] = numbers.try_into().ok()?;
    Some(Candle { time: time as u64, open, high, low, close, volume: volume as u64 })
}

#[cfg(test)]
mod tests {
    use demo_contract::Market;
    use demo_contract::market::Bar;

    use super::*;

    #[test]
    fn a_bar_comes_back_from_the_chart_as_it_went() {
        let mut bars = Bars::default();
        bars.apply(&Market::Bar(Bar {
            symbol: "ACME".into(),
            time: 1_800_000_000,
            open: 1.0,
            high: 4.0,
            low: 0.5,
            close: 2.0,
            volume: 77,
        }));
        assert_eq!(candle(&numbers(&bars, 0)).as_ref(), bars.iter().next());
        assert_eq!(candle(&[1.0]), None);
    }
}
