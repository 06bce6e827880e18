// A small hub that speaks the Mercure protocol (https://mercure.rocks/spec), version 1.0, as far as this example needs
// it, with a shop that publishes to it. It knows nothing of the page or of its client.
//
//   GET  /.well-known/mercure?match=…&match_urlpattern=…[&last_event_id=…]    subscribe
//   POST /.well-known/mercure  topic=…&data=…[&id=…][&type=…][&retry=…]       publish, with `Authorization: Bearer …`
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const PORT = process.env.PORT ?? 3000;
/** Where the history is kept, so that a hub that is started again knows what its subscribers have. */
const HISTORY = process.env.HISTORY ?? fileURLToPath(new URL("hub.ndjson", import.meta.url));
/** How often the shop publishes; 0 for never. */
const EVERY_MS = Number(process.env.EVERY_MS ?? 1500);
/** A real hub wants a JWT here, signed with its key. */
const PUBLISHER_KEY = process.env.PUBLISHER_KEY ?? "publisher";
const KEPT = 1000;
const HEARTBEAT_MS = 15_000;

const history = existsSync(HISTORY) ? readFileSync(HISTORY, "utf8").split("\n").flatMap(parsed) : [];
history.splice(0, history.length - KEPT);
const subscribers = new Set();

const server = createServer((request, response) => {
  // One request that cannot be answered, or breaks off, ends itself and not the hub.
  answer(request, response).catch(() => response.destroy());
});

server.listen(PORT, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));

async function answer(request, response) {
  // Not by `URL`: there are paths of which it makes none.
  const [path] = request.url.split("?");
  if (path !== "/.well-known/mercure") return refuse(response, 404, "this is a hub and nothing else");
  const query = new URLSearchParams(request.url.slice(path.length));
  if (request.method === "GET") return subscribe(request, response, query);
  if (request.method !== "POST") return refuse(response, 405, "GET or POST");
  if (request.headers.authorization !== `Bearer ${PUBLISHER_KEY}`) return refuse(response, 401, "not a publisher");
  const form = new URLSearchParams(await text(request));
  if (form.getAll("topic").length !== 1) return refuse(response, 400, 'one "topic", no more and no less');
  response.end(publish(form.get("topic"), Object.fromEntries(form)));
}

function subscribe(request, response, query) {
  const asked = [...query].filter(([name]) => /^match/i.test(name));
  const topics = asked.map(([name, value]) => MATCHERS[name]?.(value));
  if (topics.length === 0 || topics.includes(undefined)) return refuse(response, 400, "no match of a known type");
  const cursor = request.headers["last-event-id"] || query.get("last_event_id");
  console.log(`a subscriber came, after ${cursor}`);

  // An id that the hub does not know counts as "earliest"; none at all means: from now on.
  const known = history.findIndex((update) => update.id === cursor);
  if (cursor) response.setHeader("mercure-last-event-id", known >= 0 ? cursor : "earliest");
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(":\n\n");
  const send = (update) => {
    if (topics.some((matches) => matches(update.topic))) response.write(wire(update));
  };
  if (cursor) history.slice(known + 1).forEach(send);
  subscribers.add(send);
  const heartbeat = setInterval(() => response.write(":\n\n"), HEARTBEAT_MS);
  response.on("close", () => {
    subscribers.delete(send);
    clearInterval(heartbeat);
    console.log("a subscriber left");
  });
}

/** Returns the id of the update, which says nothing about its place. */
function publish(topic, { data = "", id = `urn:uuid:${randomUUID()}`, type, retry }) {
  const update = { id, topic, data, type, retry };
  // The break comes first: the line before may have been cut short.
  appendFileSync(HISTORY, `\n${JSON.stringify(update)}`);
  history.push(update);
  if (history.length > KEPT) history.shift();
  for (const send of subscribers) send(update);
  return id;
}

/** The update in a line of the history; none where a kill has cut the line short, or where it is empty. */
function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

/** Whether a topic is one that was asked for, by the parameter that asks; `*` is all. */
const MATCHERS = { __proto__: null, match: exactly, match_exact: exactly, match_urlpattern: byPattern };

function exactly(value) {
  return (topic) => value === "*" || topic === value;
}

/** Of URL patterns, only `:name` is known, which is a segment of the path. */
function byPattern(value) {
  const parts = value.split(/:[a-z_]\w*/i).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`^${parts.join("[^/]+")}$`);
  return (topic) => value === "*" || pattern.test(topic);
}

function wire({ id, data, type, retry }) {
  const lines = [type && `event: ${type}`, retry && `retry: ${retry}`, `id: ${id}`];
  return [...lines.filter(Boolean), ...data.split(/\r\n|\r|\n/).map((line) => `data: ${line}`), "", ""].join("\n");
}

function refuse(response, status, message) {
  response.writeHead(status, { "content-type": "text/plain" }).end(message);
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// The shop: orders go from one status to the next, and articles come and go.
const ARTICLES = ["lamp", "chair", "kettle", "clock"];
const STATUSES = ["received", "packed", "sent", "delivered"];
const ordersTopic = "https://shop.example/orders/";
let lastOrder = new Set(history.map(({ topic }) => topic).filter((topic) => topic.startsWith(ordersTopic))).size;

function trade() {
  if (Math.random() < 0.3) {
    const article = ARTICLES[Math.floor(Math.random() * ARTICLES.length)];
    const stock = { "@type": "Stock", article, left: Math.floor(Math.random() * 50) };
    publish("https://shop.example/stock", { data: JSON.stringify(stock) });
    return;
  }
  const old = 1 + Math.floor(Math.random() * lastOrder);
  const step = history.filter(({ topic }) => topic === ordersTopic + old).length;
  const [id, status] = step in STATUSES && lastOrder > 3 ? [old, STATUSES[step]] : [++lastOrder, STATUSES[0]];
  const order = { "@type": "Order", id, article: ARTICLES[id % ARTICLES.length], status };
  publish(ordersTopic + id, { data: JSON.stringify(order), retry: 500 });
}

if (EVERY_MS > 0) setInterval(trade, EVERY_MS);
