// The server of `examples/ssr-axum` as a child process that can be killed and started again, and pages that may not
// say anything on the console: an unoptimised build warns there of whatever was rendered in two ways.
import { test as base, expect } from "@playwright/test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export { expect };

const target = fileURLToPath(new URL("../../../../target", import.meta.url));
const binary = process.env.SSR_AXUM_BIN ?? `${target}/debug/ssr-axum`;
const site = process.env.SSR_AXUM_SITE ?? `${target}/site/ssr-axum`;

class Server {
  #child = null;
  /** Where it listens, without a slash at the end. */
  url = null;

  /** Starts it, on the port that it had before if there was one. */
  async start() {
    const address = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const child = spawn(binary, {
      env: { ...process.env, LEPTOS_SITE_ROOT: site, LEPTOS_SITE_ADDR: address },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    this.url = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const url = /^listening on (http:\S+)$/.exec(line)?.[1];
        if (url) resolve(url);
      });
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
  }

  /** Ends it as a power cut would. */
  async kill() {
    return this.#end("SIGKILL");
  }

  /** Ends it as Ctrl-C would; resolves to its exit code. */
  async stop() {
    return this.#end("SIGINT");
  }

  async #end(signal) {
    const child = this.#child;
    if (!child) return null;
    this.#child = null;
    if (child.exitCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = await once(child, "exit");
    return code;
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
  visit: async ({ browser, server }, use) => {
    const contexts = [];
    const said = [];
    await use(async ({ prepare = () => {}, ...options } = {}) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      const page = await context.newPage();
      page.on("pageerror", (error) => said.push(`${error}`));
      page.on("console", (message) => {
        const text = message.text();
        // What the tests ask for: a server that is gone, a program that is held back or not wanted.
        const expected = text.startsWith("Failed to load resource: net::ERR_") || text.includes("preloaded using link");
        if (!expected) said.push(`${message.type()}: ${text}`);
      });
      await prepare(page);
      await page.goto(server.url, { waitUntil: "domcontentloaded" });
      return page;
    });
    for (const context of contexts) await context.close();
    expect(said, "said on the console").toEqual([]);
  },
});

/** Holds back what a page asks for at `pattern`, until `release` is called. */
export function hold(pattern) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  return { release, prepare: (page) => page.route(pattern, (route) => released.then(() => route.continue())) };
}
