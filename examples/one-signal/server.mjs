// A price a second as an event stream. Any server in any language can send this.
import { createServer } from "node:http";

const PORT = process.env.PORT ?? 3000;
const EVERY_MS = Number(process.env.EVERY_MS ?? 1000);

const server = createServer((request, response) => {
  if (request.url.split("?")[0] !== "/price") {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = () => response.write(`data: ${price()}\n\n`);
  send();
  const timer = setInterval(send, EVERY_MS);
  response.on("close", () => clearInterval(timer));
});

server.listen(PORT, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));

/** One price for all who watch: it follows the clock. */
function price() {
  const minutes = Date.now() / 60_000;
  return (104 + 3 * Math.sin(minutes) + Math.sin(17 * minutes)).toFixed(2);
}
