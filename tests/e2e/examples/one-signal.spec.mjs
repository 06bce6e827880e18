import { example, expect } from "./lib/test.mjs";

// The server serves the page too, so nobody answers for it while it is away.
const test = example("one-signal", { env: { EVERY_MS: "100" }, gone: "reset" });

/** Waits for a price that is not `before`, and returns it. */
async function nextPrice(page, before) {
  const price = page.locator("p");
  await expect(price).toHaveText(/^1\d\d(\.\d+)?$/);
  await expect(price).not.toHaveText(before);
  return price.textContent();
}

test("the price is shown, and changes", async ({ visit }) => {
  const page = await visit();
  const first = await nextPrice(page, "");
  await nextPrice(page, first);
});

test("the last price stays while the server is away, and the next comes by itself", async ({ visit, server }) => {
  const page = await visit();
  await nextPrice(page, "");
  await server.kill();
  // A request is listed when it is over, so then the page knows.
  const ended = () => page.evaluate(() => performance.getEntriesByName(`${origin}/price`).length);
  await expect.poll(ended).toBeGreaterThan(0);
  const last = await page.locator("p").textContent();
  expect(last).toMatch(/^1\d\d(\.\d+)?$/);
  await server.start();
  await nextPrice(page, last);
});

test("what the page does not ask for is not linked: sharing, fetch, frames", async ({ visit }) => {
  const page = await visit();
  await nextPrice(page, "");
  const glue = await page.evaluate(async () => {
    const scripts = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"));
    return (await Promise.all(scripts.map(async ({ name }) => (await fetch(name)).text()))).join();
  });
  expect(glue).toContain("EventSource");
  // What a module calls of the browser, it names.
  for (const name of ["BroadcastChannel", "AbortController", "getReader", "requestAnimationFrame"]) {
    expect(glue, name).not.toContain(name);
  }
});
