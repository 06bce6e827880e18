// What every test of an example gets: the example's server, its built page, and a console that stays clean.
import { test as base, expect } from "@playwright/test";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { ExampleServer } from "./example.mjs";
import { Site } from "./site.mjs";

export { expect };

const built = new URL("../../../../target/xtask/examples", import.meta.url);
const dists = process.env.EXAMPLES_DIR ?? fileURLToPath(built);

/**
 * The tests of one example. `env` is for its server, also as a function of Playwright's `testInfo`; `gone` is what a
 * proxy says without it (see site.mjs).
 */
export function example(name, { env = {}, gone } = {}) {
  return base.extend({
    env: [({}, use, info) => use(typeof env === "function" ? env(info) : env), { option: true }],

    server: async ({ env }, use) => {
      const server = await ExampleServer.start(name, env);
      await use(server);
      await server.kill();
    },

    site: async ({ server }, use) => {
      const site = await Site.start(`${dists}/${name}`, () => server.url, gone);
      await use(site);
      site.close();
    },

    /**
     * Opens a path of the site in a page of its own, where `script` runs before all others. Whatever the page reports
     * as an error fails the test at its end, but for the failed requests that a test asks for.
     */
    visit: async ({ browser, site }, use) => {
      const contexts = [];
      const errors = [];
      await use(async (path = "/", script = () => {}) => {
        const context = await browser.newContext();
        contexts.push(context);
        const page = await context.newPage();
        await page.addInitScript(script);
        page.on("pageerror", (error) => errors.push(`${error}`));
        page.on("console", (message) => {
          const failedRequest = message.text().startsWith("Failed to load resource:");
          if (message.type() === "error" && !failedRequest) errors.push(message.text());
        });
        await page.goto(site.url + path);
        return page;
      });
      for (const context of contexts) await context.close();
      expect(errors, "errors on the console").toEqual([]);
    },
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
