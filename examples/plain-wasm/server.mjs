// The departures of a station as an event stream: two event types, an id for each event, and whoever comes back with a
// `last_event_id` gets what it missed.
//
// Each event follows from its number, and the number from the clock. So there is nothing to remember, and a server that
// is started again goes on where it was.
import { createServer } from "node:http";

const PORT = process.env.PORT ?? 3000;
const EVERY_MS = Number(process.env.EVERY_MS ?? 1000);
/** What a client may have missed at most. */
const HISTORY = 500;

const server = createServer((request, response) => {
  // Not by `URL`: there are paths of which it makes none.
  const [path] = request.url.split("?");
  if (path !== "/departures") {
    response.writeHead(404).end();
    return;
  }
  // A header where the browser reconnects by itself or a client uses fetch; else the query.
  const query = new URLSearchParams(request.url.slice(path.length));
  const cursor = Number(request.headers["last-event-id"] ?? query.get("last_event_id") ?? NaN);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  console.log(`a client came, after ${cursor}`);

  let sent = Number.isInteger(cursor) ? Math.max(cursor, now() - HISTORY) : now() - 3;
  const send = () => {
    while (sent < now()) response.write(event(++sent));
  };
  send();
  const timer = setInterval(send, EVERY_MS / 2);
  response.on("close", () => {
    clearInterval(timer);
    console.log("a client left");
  });
});

server.listen(PORT, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));

/** The number of the last event. */
function now() {
  return Math.floor(Date.now() / EVERY_MS);
}

function event(number) {
  const train = `Train ${100 + (number % 700)}`;
  const platform = 1 + (number % 9);
  const [type, data] =
    number % 5 === 0
      ? ["notice", `${train} will leave from platform ${platform}`]
      : ["departure", `${train} has left platform ${platform}`];
  return `event: ${type}\nid: ${number}\ndata: ${data}\n\n`;
}
