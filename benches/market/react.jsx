// The same table in React. As its documentation teaches to write it; with "?by-frame", as somebody writes it who has
// seen that too slow: events are collected, and become a state once per animation frame. With "?fetch" that, and the
// stream is read by eventsource-parser.
import { createParser } from "eventsource-parser";
import { memo, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { measure } from "./measure.mjs";

const isOverFetch = location.search === "?fetch";
const isByFrame = isOverFetch || location.search === "?by-frame";

const after = (quote, { price, open, volume }) => ({ price, open, volume, trades: (quote?.trades ?? 0) + 1 });

/** Calls `onData` with the data of every tick, and returns how to close. */
const listen = (onData) => (isOverFetch ? listenOverFetch(onData) : listenNatively(onData));

function listenNatively(onData) {
  const source = new EventSource("/market");
  source.addEventListener("tick", (event) => onData(event.data));
  return () => source.close();
}

function listenOverFetch(onData) {
  const abort = new AbortController();
  const parser = createParser({
    onEvent(event) {
      if (event.event === "tick") onData(event.data);
    },
  });
  const read = async () => {
    const reader = (await fetch("/market", { signal: abort.signal })).body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  };
  // Closing is how it ends.
  read().catch(() => {});
  return () => abort.abort();
}

function Watchlist() {
  const [quotes, setQuotes] = useState({});
  useEffect(() => {
    let collected = {};
    let frame = 0;
    const draw = () => {
      frame = 0;
      setQuotes({ ...collected });
    };
    const close = listen((data) => {
      const tick = JSON.parse(data);
      if (isByFrame) {
        collected[tick.symbol] = after(collected[tick.symbol], tick);
        frame ||= requestAnimationFrame(draw);
      } else {
        setQuotes((quotes) => ({ ...quotes, [tick.symbol]: after(quotes[tick.symbol], tick) }));
      }
    });
    return () => {
      close();
      cancelAnimationFrame(frame);
    };
  }, []);
  return (
    <table>
      <tbody>
        {Object.entries(quotes).map(([symbol, quote]) => (
          <Row key={symbol} symbol={symbol} quote={quote} />
        ))}
      </tbody>
    </table>
  );
}

const signed = (number) => (number < 0 ? "" : "+") + number.toFixed(2);

const Row = memo(function Row({ symbol, quote }) {
  const change = quote.price - quote.open;
  return (
    <tr data-direction={change < 0 ? "down" : "up"}>
      <td>{symbol}</td>
      <td>{quote.price.toFixed(2)}</td>
      <td>{signed(change)}</td>
      <td>{`${signed((100 * change) / quote.open)}%`}</td>
      <td>{quote.volume}</td>
      <td className="trades">{quote.trades}</td>
    </tr>
  );
});

createRoot(document.getElementById("root")).render(<Watchlist />);
measure(() => 0);
