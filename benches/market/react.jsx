// The same table in React. As its documentation teaches to write it; with "?by-frame", as somebody writes it who has
// seen that too slow: events are collected, and become a state once per animation frame.
import { memo, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { measure } from "./measure.mjs";

const isByFrame = location.search === "?by-frame";

const after = (quote, { price, open, volume }) => ({ price, open, volume, trades: (quote?.trades ?? 0) + 1 });

function Watchlist() {
  const [quotes, setQuotes] = useState({});
  useEffect(() => {
    const source = new EventSource("/market");
    let collected = {};
    let frame = 0;
    const draw = () => {
      frame = 0;
      setQuotes({ ...collected });
    };
    source.addEventListener("tick", (event) => {
      const tick = JSON.parse(event.data);
      if (isByFrame) {
        collected[tick.symbol] = after(collected[tick.symbol], tick);
        frame ||= requestAnimationFrame(draw);
      } else {
        setQuotes((quotes) => ({ ...quotes, [tick.symbol]: after(quotes[tick.symbol], tick) }));
      }
    });
    return () => {
      source.close();
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
      <td>{signed((100 * change) / quote.open)}%</td>
      <td>{quote.volume}</td>
      <td className="trades">{quote.trades}</td>
    </tr>
  );
});

createRoot(document.getElementById("root")).render(<Watchlist />);
measure(() => 0);
