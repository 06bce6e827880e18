// The same table without a framework: the least that such a page costs. What has come is drawn once per animation frame,
// by setting the texts that have changed. With "?fetch", the stream is read by a parser that knows this server's events
// and no others.
import { measure } from "./measure.mjs";

const table = document.createElement("table");
const body = table.appendChild(document.createElement("tbody"));
document.getElementById("root").append(table);

const rows = new Map();
const changed = new Set();
let frame = 0;

function apply({ symbol, price, open, volume }) {
  let row = rows.get(symbol);
  if (!row) rows.set(symbol, (row = new Row(symbol)));
  Object.assign(row, { price, open, volume });
  row.trades += 1;
  changed.add(row);
  frame ||= requestAnimationFrame(draw);
}

function draw() {
  frame = 0;
  for (const row of changed) row.draw();
  changed.clear();
}

const signed = (number) => (number < 0 ? "" : "+") + number.toFixed(2);

class Row {
  trades = 0;
  shown = [];
  element = body.appendChild(document.createElement("tr"));

  constructor(symbol) {
    this.cell(symbol);
    this.texts = Array.from({ length: 5 }, () => this.cell(""));
    this.element.lastChild.className = "trades";
  }

  /** Returns its text. */
  cell(text) {
    const cell = this.element.appendChild(document.createElement("td"));
    return cell.appendChild(document.createTextNode(text));
  }

  draw() {
    const { price, open, volume, trades, element } = this;
    const change = price - open;
    const direction = change < 0 ? "down" : "up";
    if (direction !== this.direction) element.dataset.direction = this.direction = direction;
    const percent = `${signed((100 * change) / open)}%`;
    this.show([price.toFixed(2), signed(change), percent, String(volume), String(trades)]);
  }

  show(shown) {
    shown.forEach((data, at) => {
      if (data !== this.shown[at]) this.texts[at].data = data;
    });
    this.shown = shown;
  }
}

async function read(url) {
  const reader = (await fetch(url)).body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = events.pop();
    for (const event of events) apply(JSON.parse(event.slice(event.indexOf("data: ") + 6)));
  }
}

if (location.search === "?fetch") {
  read("/market");
} else {
  new EventSource("/market").addEventListener("tick", (event) => apply(JSON.parse(event.data)));
}
measure(() => 0);
