// Stands between the pages and the server, counts the event streams that are open, and may cut the two off, or hold
// back what is asked for.
import { createServer, request } from "node:http";
import { once } from "node:events";

export class Counter {
  #server = null;
  #open = [];
  #isCut = false;
  #held = [];
  url = null;
  /** The path of each stream that was opened, with its query. */
  opened = [];

  static async start(target) {
    const counter = new Counter();
    const { hostname, port } = new URL(target);
    counter.#server = createServer(async (fromPage, toPage) => {
      const { method, url: path, headers } = fromPage;
      for (const { pattern, released } of counter.#held) if (pattern.test(path)) await released;
      // Its page may have gone meanwhile, and says so no more.
      if (toPage.destroyed) return;
      const toServer = request({ hostname, port, method, path, headers }, (fromServer) => {
        if (fromServer.headers["content-type"]?.startsWith("text/event-stream")) {
          const stream = { path };
          counter.#open.push(stream);
          counter.opened.push(path);
          toPage.on("close", () => counter.#open.splice(counter.#open.indexOf(stream), 1));
        }
        toPage.writeHead(fromServer.statusCode, fromServer.headers);
        fromServer.on("error", () => toPage.destroy());
        fromServer.pipe(toPage);
      });
      toServer.on("error", () => toPage.destroy());
      toPage.on("close", () => toServer.destroy());
      fromPage.pipe(toServer);
    });
    counter.#server.on("connection", (socket) => counter.#isCut && socket.destroy());
    counter.#server.listen(0, "127.0.0.1");
    await once(counter.#server, "listening");
    counter.url = `http://127.0.0.1:${counter.#server.address().port}`;
    return counter;
  }

  /** How many streams whose path begins so are open. */
  streams(path) {
    return this.#open.filter((stream) => stream.path.startsWith(path)).length;
  }

  /** Holds back whatever is asked for at such a path, until what is returned is called. */
  hold(pattern) {
    let release;
    const released = new Promise((resolve) => (release = resolve));
    this.#held.push({ pattern, released });
    return release;
  }

  /** Ends every connection, and every new one, until `mend`. */
  cut() {
    this.#isCut = true;
    this.#server.closeAllConnections();
  }

  mend() {
    this.#isCut = false;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
