// The candle chart: TradingView Lightweight Charts™ (https://www.tradingview.com/), Apache License 2.0,
// Copyright (c) TradingView, Inc. Its attribution logo stays on the chart, as its licence asks.
//
// Colours come from the stylesheet, language from <html lang>: this follows both by itself, so that chart.rs
// hands over bars and nothing else.

/** A bar is six numbers in a row: time (s), open, high, low, close, volume. See chart.rs. */
const BAR = 6;

/** The part of the height that the volume takes. */
const VOLUME_PART = 0.18;

/** The width of a bar and the space after it, in pixels, until somebody zooms. */
const barSpacing = (width) => (width < 500 ? 6 : 8);

/** How many bars are kept before the older half is dropped: the library keeps whatever it is given. */
const BARS_KEPT = 720;

/**
 * Loads the library and puts a chart into `container`.
 * `onHover` is called with the numbers of the bar under the pointer, or with nothing.
 */
export async function createChart(container, libraryUrl, onHover) {
  const library = await import(libraryUrl);
  return new PriceChart(library, container, onHover);
}

export class PriceChart {
  #chart;
  #candles;
  #volumes;
  #container;
  #colors;
  /** What is drawn, for the change of colours: every bar of the volume carries its own. */
  #bars = [];
  #formats = {};
  #undo = [];

  constructor(library, container, onHover) {
    this.#container = container;
    this.#chart = library.createChart(container, {
      autoSize: true,
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.1, bottom: VOLUME_PART + 0.08 } },
      timeScale: {
        borderVisible: false,
        timeVisible: true,
        secondsVisible: true,
        rightOffset: 3,
        barSpacing: barSpacing(container.clientWidth),
        minBarSpacing: 2,
        tickMarkFormatter: (time) => this.#formats.time.format(time * 1000),
      },
      localization: {
        priceFormatter: (price) => this.#formats.price.format(price),
        timeFormatter: (time) => this.#formats.time.format(time * 1000),
      },
      crosshair: { mode: library.CrosshairMode.Normal },
      // On a phone a finger that moves up or down scrolls the page.
      handleScroll: { vertTouchDrag: false },
    });
    // A rising candle is hollow: the two are told apart without their colours, too.
    this.#candles = this.#chart.addSeries(library.CandlestickSeries, { upColor: "transparent" });
    this.#volumes = this.#chart.addSeries(library.HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart
      .priceScale("volume")
      .applyOptions({ scaleMargins: { top: 1 - VOLUME_PART, bottom: 0 }, visible: false });
    this.#chart.subscribeCrosshairMove(({ logical }) => {
      const bar = logical === undefined ? undefined : this.#bars[logical];
      onHover(bar ? Float64Array.from(bar) : undefined);
    });
    this.#followPage();
    this.#restyle();
  }

  /** Draws `numbers` from an empty chart. */
  setBars(numbers) {
    this.#bars = split(numbers);
    this.#drawAll();
    this.#chart.timeScale().resetTimeScale();
  }

  /** Replaces the last bar, or goes on after it. */
  updateBars(numbers) {
    for (const bar of split(numbers)) {
      const last = this.#bars.length - 1;
      const isSame = last >= 0 && this.#bars[last][0] === bar[0];
      this.#bars[isSame ? last : last + 1] = bar;
      this.#candles.update(candle(bar));
      this.#volumes.update(this.#volume(bar));
    }
    if (this.#bars.length > BARS_KEPT) this.#dropOlderHalf();
  }

  /** Frees everything. */
  destroy() {
    for (const undo of this.#undo) undo();
    this.#chart.remove();
  }

  #drawAll() {
    this.#candles.setData(this.#bars.map(candle));
    this.#volumes.setData(this.#bars.map((bar) => this.#volume(bar)));
  }

  #dropOlderHalf() {
    const timeScale = this.#chart.timeScale();
    const range = timeScale.getVisibleLogicalRange();
    const dropped = this.#bars.length - BARS_KEPT / 2;
    this.#bars = this.#bars.slice(dropped);
    this.#drawAll();
    if (range) timeScale.setVisibleLogicalRange({ from: range.from - dropped, to: range.to - dropped });
  }

  #volume(bar) {
    const [time, open, , , close, value] = bar;
    return { time, value, color: close < open ? this.#colors.volumeDown : this.#colors.volumeUp };
  }

  #followPage() {
    const restyle = () => this.#restyle();
    const observer = new MutationObserver(restyle);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme", "lang"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", restyle);
    this.#undo.push(
      () => observer.disconnect(),
      () => dark.removeEventListener("change", restyle),
    );
  }

  #restyle() {
    const style = getComputedStyle(this.#container);
    const color = (name) => style.getPropertyValue(`--chart-${name}`).trim();
    const [up, down, grid, text, line] = ["up", "down", "grid", "text", "line"].map(color);
    this.#colors = { volumeUp: color("volume-up"), volumeDown: color("volume-down") };

    const lang = document.documentElement.lang || undefined;
    const twoDigits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    this.#formats = {
      price: new Intl.NumberFormat(lang, twoDigits),
      time: new Intl.DateTimeFormat(lang, clock),
    };

    this.#chart.applyOptions({
      layout: {
        background: { color: "transparent" },
        textColor: text,
        fontFamily: style.fontFamily,
        fontSize: 12,
      },
      grid: { vertLines: { visible: false }, horzLines: { color: grid } },
      crosshair: {
        vertLine: { color: line, labelBackgroundColor: line },
        horzLine: { color: line, labelBackgroundColor: line },
      },
      localization: { locale: lang },
    });
    this.#candles.applyOptions({
      downColor: down,
      borderUpColor: up,
      borderDownColor: down,
      wickUpColor: up,
      wickDownColor: down,
      // The label of the last price would be in the colour with which its candle is filled.
      priceLineColor: line,
    });
    this.#volumes.setData(this.#bars.map((bar) => this.#volume(bar)));
  }
}

function split(numbers) {
  const bars = [];
  for (let at = 0; at < numbers.length; at += BAR) bars.push(numbers.slice(at, at + BAR));
  return bars;
}

function candle([time, open, high, low, close]) {
  return { time, open, high, low, close };
}
