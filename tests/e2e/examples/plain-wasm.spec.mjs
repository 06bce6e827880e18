import { example, expect } from "./lib/test.mjs";

const test = example("plain-wasm", { env: { EVERY_MS: "100" } });

const items = (page) => page.locator("#events > li");

/** The numbers of the events on the page, oldest first. */
async function numbers(page) {
  const shown = await items(page).evaluateAll((all) => all.map((item) => Number(item.dataset.id)));
  return shown.reverse();
}

/** Each number once, in order, and none left out. */
async function expectUnbroken(page) {
  const shown = await numbers(page);
  expect(shown).toEqual(shown.map((_, at) => shown[0] + at));
}

async function expectMore(page, count = 5) {
  const before = (await numbers(page)).at(-1) ?? 0;
  await expect.poll(async () => (await numbers(page)).at(-1) ?? 0).toBeGreaterThanOrEqual(before + count);
}

test("events of both types come into the list, as text", async ({ visit }) => {
  const page = await visit();
  await expect(page.locator("#state")).toHaveText("live");
  await expectMore(page, 10);
  await expectUnbroken(page);
  await expect(page.locator("li.departure").first()).toHaveText(/^Train \d+ has left platform \d$/);
  await expect(page.locator("li.notice").first()).toHaveText(/^Train \d+ will leave from platform \d$/);
});

test("over a server that ends and comes back, nothing is lost and nothing comes twice", async ({ visit, server }) => {
  const page = await visit();
  await expectMore(page);
  await server.kill();
  await expect(page.locator("#state")).toHaveText(/next attempt in/);
  await server.start();
  await expect(page.locator("#state")).toHaveText("live");
  expect(server.log.at(-1)).toMatch(/^a client came, after \d+$/);
  await expectMore(page);
  await expectUnbroken(page);
});

test("closing frees the connection and all that belonged to it, and opening goes on from there", async ({
  visit,
  server,
}) => {
  const page = await visit("/", countWhatIsHeld);
  // In a task behind that which reads the events of a moment ago: until then nothing listens for the next batch.
  const held = () =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve(globalThis.held());
          port2.postMessage(null);
        }),
    );
  await expect(page.locator("#state")).toHaveText("live");
  await expectMore(page);
  const open = await held();
  expect(open.sources).toBe(1);
  expect(open.listeners).toBeGreaterThan(0);

  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.locator("#state")).toHaveText("closed");
  await expect.poll(() => server.count(/^a client left$/)).toBe(1);
  expect(await held()).toEqual({ sources: 0, listeners: 0, timers: 0 });
  const shown = await numbers(page);

  await page.getByRole("button", { name: "Open" }).click();
  await expect(page.locator("#state")).toHaveText("live");
  expect(server.log.at(-1)).toBe(`a client came, after ${shown.at(-1)}`);
  await expectMore(page);
  await expectUnbroken(page);
  await expect.poll(held).toEqual(open);
});

test("the server outlives a path that is none", async ({ server }) => {
  for (const path of ["//", "/other"]) expect((await fetch(server.url + path)).status, path).toBe(404);
});

test.describe("many events", () => {
  test.use({ env: { EVERY_MS: "10" } });

  test("the list does not grow for ever", async ({ visit }) => {
    const page = await visit();
    await expect(items(page)).toHaveCount(200);
    const first = (await numbers(page))[0];
    await expect.poll(async () => (await numbers(page))[0]).toBeGreaterThan(first + 10);
    expect(await items(page).count()).toBe(200);
    await expectUnbroken(page);
  });
});

/** Runs in the page before its own code: counts what JavaScript holds for a stream. */
function countWhatIsHeld() {
  const sources = new Set();
  const timers = new Set();
  let listeners = 0;
  // The tests themselves listen on the window too, for other things.
  const isOurs = (target, type) =>
    target instanceof EventSource || (target === window && ["online", "pagehide", "pageshow"].includes(type));
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (...args) {
    listeners += isOurs(this, args[0]);
    return addEventListener.apply(this, args);
  };
  EventTarget.prototype.removeEventListener = function (...args) {
    listeners -= isOurs(this, args[0]);
    return removeEventListener.apply(this, args);
  };
  globalThis.EventSource = class extends EventSource {
    constructor(...args) {
      super(...args);
      sources.add(this);
    }
    close() {
      sources.delete(this);
      super.close();
    }
  };
  const { setTimeout, clearTimeout } = globalThis;
  globalThis.setTimeout = (f, ...args) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      f();
    }, ...args);
    timers.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    timers.delete(timer);
    clearTimeout(timer);
  };
  globalThis.held = () => ({ sources: sources.size, listeners, timers: timers.size });
}
