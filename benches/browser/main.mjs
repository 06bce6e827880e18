// Runs every contender on every stream, round by round, and tells the server how long each took.
//
// The clock starts before the connection is made and stops with the last event folded. A contender is a function of
// the stream, the number of its events and a function to call with the last of them; it returns how to read the
// checksum and how to close.
import { createParser } from "eventsource-parser";
import init, { Contender, start, Stream } from "browser-page";

/** As much as leptos-eventsource asks for at a time. */
const BUFFER = 256 << 10;

const streams = {
  ticks: {
    type: "tick",
    rust: Stream.Ticks,
    folded: () => ({ count: 0, ofBtc: 0, cents: 0, thousandths: 0, newest: 0 }),
    fold(totals, tick) {
      totals.count += 1;
      if (tick.s === "BTC") totals.ofBtc += 1;
      totals.cents += Math.round(tick.p * 100);
      totals.thousandths += Math.round(tick.q * 1000);
      totals.newest = Math.max(totals.newest, tick.t);
      return totals.count;
    },
    checksum: ({ count, ofBtc, cents, thousandths, newest }) => `${count} ${ofBtc} ${cents} ${thousandths} ${newest}`,
  },
  tokens: {
    type: "message",
    rust: Stream.Tokens,
    folded: () => ({ count: 0, text: "" }),
    fold(answer, chunk) {
      answer.count += 1;
      answer.text += chunk.choices[0]?.delta.content ?? "";
      return answer.count;
    },
    // FNV-1a of the text.
    checksum({ count, text }) {
      let hash = 2166136261;
      for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 16777619);
      return `${count} ${hash >>> 0}`;
    },
  },
};

// An answer in plain English is folded like any other.
streams.tokens_ascii = streams.tokens;

const contenders = {
  "EventSource + JSON.parse": (url, stream, events, finished) => {
    const folded = stream.folded();
    const source = new EventSource(url);
    source.addEventListener(stream.type, (event) => {
      if (stream.fold(folded, JSON.parse(event.data)) === events) finished();
    });
    return { checksum: () => stream.checksum(folded), close: () => source.close() };
  },

  "fetch + eventsource-parser + JSON.parse": eventsourceParser(async (body, onChunk) => {
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onChunk(value);
    }
  }),

  // One buffer that goes to and fro, as large as that of leptos-eventsource.
  "fetch (BYOB) + eventsource-parser + JSON.parse": eventsourceParser(async (body, onChunk) => {
    const reader = body.getReader({ mode: "byob" });
    let buffer = new ArrayBuffer(BUFFER);
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      onChunk(value);
      buffer = value.buffer;
    }
  }),

  "leptos-use": rust(Contender.LeptosUse),
  "leptos-use, on_event": rust(Contender.LeptosUseOnEvent),
  "leptos-eventsource, native": rust(Contender.Native),
  "leptos-eventsource, fetch": rust(Contender.Fetch),
};

/** `read` hands each chunk of a body to a function. */
function eventsourceParser(read) {
  return (url, stream, events, finished) => {
    const folded = stream.folded();
    const abort = new AbortController();
    const decoder = new TextDecoder();
    const parser = createParser({
      onEvent(event) {
        if ((event.event ?? "message") !== stream.type) return;
        if (stream.fold(folded, JSON.parse(event.data)) === events) finished();
      },
    });
    const onChunk = (chunk) => parser.feed(decoder.decode(chunk, { stream: true }));
    const run = async () => read((await fetch(url, { signal: abort.signal })).body, onChunk);
    // Closing is how every run ends.
    run().catch(() => {});
    return { checksum: () => stream.checksum(folded), close: () => abort.abort() };
  };
}

function rust(contender) {
  return (url, stream, events, finished) => {
    const running = start(contender, stream.rust, url, events, finished);
    return { checksum: () => running.checksum(), close: () => running.free() };
  };
}

/** Nanoseconds for which the main thread of this page has run until now; null where the server cannot tell. */
const cpu = async () => (await fetch("/cpu")).json();

async function measure(contender, { name, events }) {
  const stream = streams[name];
  // What one contender leaves behind is not to be swept up on another's time.
  globalThis.gc?.();
  const cpuBefore = await cpu();
  const begin = performance.now();
  let running;
  const end = await new Promise((resolve) => {
    running = contender(`/${name}`, stream, events, () => resolve(performance.now()));
  });
  const cpuAfter = await cpu();
  const checksum = running.checksum();
  running.close();
  return { millis: end - begin, cpu_nanos: cpuBefore === null ? null : cpuAfter - cpuBefore, checksum };
}

const tell = (path, body) =>
  fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

try {
  await init();
  const plan = await (await fetch("/plan")).json();
  const names = Object.keys(contenders);
  // Round 0 warms up: code is compiled for speed only once it has run for a while.
  for (let round = 0; round <= plan.rounds; round++) {
    for (const load of plan.loads) {
      for (let turn = 0; turn < names.length; turn++) {
        // Another one goes first in each round.
        const name = names[(turn + round) % names.length];
        const measured = await measure(contenders[name], load);
        await tell("/measured", { round, load: load.name, contender: name, ...measured });
      }
    }
  }
  await tell("/done", null);
} catch (error) {
  await tell("/failed", String(error?.stack ?? error));
}
