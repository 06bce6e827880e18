// What every test gets: a server of its own, and pages that may not say anything on the console.
import { test as base, expect } from "@playwright/test";
import { withPages } from "./console.mjs";
import { Counter } from "./counter.mjs";
import { holdPort } from "./port.mjs";
import { Server } from "./server.mjs";

export { expect };

export const test = base.extend({
  /** What the server gets on its command line. */
  serverArgs: [[], { option: true }],

  /** The same for one whose model is not there: every question is a line in the log. */
  noModel: async ({}, use) => {
    const held = await holdPort();
    await use(["--assistant-url", `http://127.0.0.1:${held.port}/v1`, "--assistant-model", "none"]);
    held.release();
  },

  server: async ({ serverArgs }, use) => {
    const server = await Server.start(...serverArgs);
    await use(server);
    await server.kill();
  },

  /** What may stand between the pages and the server. */
  counter: async ({ server }, use) => {
    const counter = await Counter.start(server.url);
    await use(counter);
    counter.stop();
  },

  /**
   * Opens a path of the server in a page of its own, as another person would. `route` is a page that stands in for
   * one of the server's: a pattern and its HTML. `clock` is by how many milliseconds the page's clock is wrong. With
   * `isRefused`, the server may refuse what the page asks for.
   */
  visit: async ({ browser, server }, use) =>
    withPages(browser, (open) =>
      use((path, { route, clock = 0, ...options } = {}) => {
        const prepare = async (page) => {
          if (clock) await page.addInitScript(runClockAt, clock);
          if (route) await page.route(route[0], (request) => request.fulfill({ contentType: "text/html", body: route[1] }));
        };
        return open(server.url + path, { prepare, locale: "en-GB", ...options });
      }),
    ),
});

/** In the page: its clock is wrong by so many milliseconds from now on. */
function runClockAt(off) {
  const RightDate = Date;
  globalThis.Date = class extends RightDate {
    constructor(...parts) {
      super(...(parts.length ? parts : [RightDate.now() + off]));
    }

    static now() {
      return RightDate.now() + off;
    }
  };
}

/** The badge tells this state. */
export async function expectState(page, ...states) {
  await expect(page.getByTestId("badge")).toHaveAttribute("data-state", new RegExp(`^(${states.join("|")})$`));
}

/** What notifications come from now on are news to the page, and shown in passing. */
export async function expectLive(page) {
  await expect(page.getByTestId("toasts")).toHaveAttribute("data-live", "true");
}

/** Publishes a notification, as a feed does. The server must have been started with PUBLISH. */
export async function notify(server, title, more = {}) {
  const answer = await fetch(`${server.url}/api/publish/notifications`, {
    method: "POST",
    headers: { authorization: `Bearer ${PUBLISH[1]}`, "content-type": "application/json" },
    body: JSON.stringify({ event: "notification", data: { title, ...more } }),
  });
  expect(answer.status).toBe(201);
}

/** Arguments of a server to which feeds may publish. */
export const PUBLISH = ["--publish-token", "a-feed-of-the-tests"];

/** Says something in the chat room that is open. */
export async function say(page, text) {
  await page.getByTestId("chat-input").fill(text);
  await page.getByTestId("chat-send").click();
}

/** The texts of all messages on the page, in order. */
export async function texts(page) {
  return page.getByTestId("message-text").allTextContents();
}
