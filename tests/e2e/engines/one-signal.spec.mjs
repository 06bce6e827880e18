import { mergeTests } from "@playwright/test";
import { example } from "../examples/lib/test.mjs";
import { expect, test as engine } from "../lib/engine.mjs";

// The server serves the page too, so nobody answers for it while it is away.
const test = mergeTests(example("one-signal", { env: { EVERY_MS: "100" }, gone: "reset" }), engine);

/** Waits for a price that is not `before`, and returns it. */
async function nextPrice(tab, before) {
  const price = () => tab.text("p");
  const isNext = async () => /^1\d\d(\.\d+)?$/.test(await price()) && (await price()) !== before;
  await expect.poll(isNext).toBe(true);
  return price();
}

test("the price is shown, changes, and comes by itself when the server is there again", async ({
  openPage,
  site,
  server,
}) => {
  const tab = await openPage(site.url);
  await nextPrice(tab, await nextPrice(tab, ""));
  await server.kill();
  // A request is listed when it is over, so then the page knows.
  const ended = () => tab.evaluate(() => performance.getEntriesByName(`${origin}/price`).length);
  await expect.poll(ended).toBeGreaterThan(0);
  const last = await tab.text("p");
  expect(last, "the last price stays").toMatch(/^1\d\d(\.\d+)?$/);
  await server.start();
  await nextPrice(tab, last);
});
