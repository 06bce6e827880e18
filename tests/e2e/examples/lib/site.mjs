// A built page and the server behind it on one origin, as `trunk serve` and most proxies put them.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

export class Site {
  #server;
  url;

  /**
   * Serves the files in `folder`, and hands what is not among them on to `backend()`, a URL. Where nobody listens
   * there, the answer is a 502 as from a proxy; or, with `gone: "reset"`, none, as where the backend serves the page
   * itself.
   */
  static async start(folder, backend, gone = "502") {
    const site = new Site();
    site.#server = createServer(async (request, response) => {
      const file = await fileFor(folder, request);
      if (file) {
        response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
        createReadStream(file).pipe(response);
      } else {
        pass(request, response, backend(), gone);
      }
    });
    site.#server.listen(0, "127.0.0.1");
    await once(site.#server, "listening");
    site.url = `http://127.0.0.1:${site.#server.address().port}`;
    return site;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** The file that is asked for; the page itself for whatever a person may have typed into the address bar. */
async function fileFor(folder, request) {
  if (request.method !== "GET") return null;
  const path = join(folder, normalize(new URL(request.url, "http://localhost").pathname));
  const isFile = await stat(path).then((it) => it.isFile(), () => false);
  if (isFile) return path;
  return request.headers.accept?.includes("text/html") ? join(folder, "index.html") : null;
}

function pass(request, response, backend, gone) {
  const { method, headers } = request;
  const onward = ask(backend + request.url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    // Bytes as they come. What ends here without being complete is cut there too.
    answer.on("data", (chunk) => response.write(chunk));
    answer.on("end", () => response.end());
    answer.on("error", () => response.destroy());
  });
  onward.on("error", () => {
    if (response.headersSent || gone === "reset") response.destroy();
    else response.writeHead(502).end();
  });
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
