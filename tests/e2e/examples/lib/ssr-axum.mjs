// The server of `examples/ssr-axum` as a child process that can be killed and started again, and pages that may not
// say anything on the console: an unoptimised build warns there of whatever was rendered in two ways.
import { test as base, expect } from "@playwright/test";
import { fileURLToPath } from "node:url";
import { withPages } from "../../lib/console.mjs";
import { ServerProcess } from "../../lib/process.mjs";

export { expect };

const target = fileURLToPath(new URL("../../../../target", import.meta.url));
const binary = process.env.SSR_AXUM_BIN ?? `${target}/debug/ssr-axum`;
const site = process.env.SSR_AXUM_SITE ?? `${target}/site/ssr-axum`;

class Server extends ServerProcess {
  /** Starts it, on the port that it had before if there was one. */
  async start() {
    await this.spawn(binary, [], { LEPTOS_SITE_ROOT: site, LEPTOS_SITE_ADDR: await this.address });
  }
}

export const test = base.extend({
  server: async ({}, use) => {
    const server = new Server();
    await server.start();
    await use(server);
    await server.kill();
  },

  /** Somebody else bids, past every page. */
  bid: async ({ server, request }, use) => {
    await use(async (lot, amount) => {
      const answer = await request.post(`${server.url}/api/bid`, { form: { lot, amount } });
      expect(await answer.text(), "why it was refused").toBe("null");
    });
  },

  /** Opens the auction as another person would. `prepare` gets the page before it is loaded. */
  visit: async ({ browser, server }, use) =>
    withPages(browser, (open) =>
      use((options) => open(server.url, { isSilent: true, waitUntil: "domcontentloaded", ...options })),
    ),
});

/** Holds back what a page asks for at `pattern`, until `release` is called. */
export function hold(pattern) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  return { release, prepare: (page) => page.route(pattern, (route) => released.then(() => route.continue())) };
}
