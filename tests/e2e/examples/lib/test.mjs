// What every test of an example gets: the example's server, its built page, and a console that stays clean.
import { test as base, expect } from "@playwright/test";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { withPages } from "../../lib/console.mjs";
import { ServerProcess } from "../../lib/process.mjs";
import { Site } from "./site.mjs";

export { expect };

const folder = fileURLToPath(new URL("../../../../examples/", import.meta.url));
const built = new URL("../../../../target/xtask/examples", import.meta.url);
const dists = process.env.EXAMPLES_DIR ?? fileURLToPath(built);

class ExampleServer extends ServerProcess {
  #script;
  #env;

  /** `env` is what the example's README says its server reads. */
  constructor(name, env) {
    super();
    this.#script = `${folder}${name}/server.mjs`;
    this.#env = env;
  }

  /** Starts it, on the port that it had before if there was one. */
  async start() {
    const PORT = (await this.address).split(":")[1];
    await this.spawn(process.execPath, [this.#script], { ...this.#env, PORT });
  }
}

/**
 * The tests of one example. `env` is for its server, also as a function of Playwright's `testInfo`; `gone` is what a
 * proxy says without it (see site.mjs).
 */
export function example(name, { env = {}, gone } = {}) {
  return base.extend({
    env: [({}, use, info) => use(typeof env === "function" ? env(info) : env), { option: true }],

    server: async ({ env }, use) => {
      const server = new ExampleServer(name, env);
      await server.start();
      await use(server);
      await server.kill();
    },

    site: async ({ server }, use) => {
      const site = await Site.start(`${dists}/${name}`, () => server.url, gone);
      await use(site);
      site.close();
    },

    /** Opens a path of the site in a page of its own, where `script` runs before all others. */
    visit: async ({ browser, site }, use) =>
      withPages(browser, (open) =>
        use((path = "/", script = () => {}) =>
          open(site.url + path, { prepare: (page) => page.addInitScript(script), isRefused: true }),
        ),
      ),
  });
}

/** Posts half a body and says no more; resolves when the server has given it up. */
export async function breakOff(url, headers) {
  const { hostname, port, pathname } = new URL(url);
  const lines = [`POST ${pathname} HTTP/1.1`, "host: localhost", "content-length: 100"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const socket = connect(port, hostname);
  socket.end(`${lines.join("\r\n")}\r\n\r\nhalf`);
  socket.resume();
  await once(socket, "close");
}
