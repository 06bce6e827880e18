import { mergeTests } from "@playwright/test";
import { example } from "../examples/lib/test.mjs";
import { expect, test as engine } from "../lib/engine.mjs";

const test = mergeTests(example("plain-wasm", { env: { EVERY_MS: "100" } }), engine);

const state = (tab) => tab.text("#state");

/** The numbers of the events on the page, oldest first. */
async function numbers(tab) {
  return (await tab.attributes("#events > li", "data-id")).map(Number).reverse();
}

/** Five more come; and each is there once, in order, and none is left out. */
async function expectMore(tab) {
  const last = async () => (await numbers(tab)).at(-1) ?? 0;
  const before = await last();
  await expect.poll(last).toBeGreaterThanOrEqual(before + 5);
  const shown = await numbers(tab);
  expect(shown).toEqual(shown.map((_, at) => shown[0] + at));
}

test("over a server that ends and comes back, nothing is lost and nothing comes twice", async ({
  openPage,
  site,
  server,
}) => {
  const tab = await openPage(site.url);
  await expectMore(tab);
  await server.kill();
  await expect.poll(() => state(tab)).toMatch(/next attempt in/);
  await server.start();
  await expect.poll(() => state(tab)).toBe("live");
  expect(server.log.at(-1)).toMatch(/^a client came, after \d+$/);
  await expectMore(tab);
});

test("closing frees the connection, and opening goes on from there", async ({ openPage, site, server }) => {
  const tab = await openPage(site.url);
  await expectMore(tab);
  await tab.click("Close");
  await expect.poll(() => state(tab)).toBe("closed");
  await expect.poll(() => server.count(/^a client left$/)).toBe(1);
  const last = (await numbers(tab)).at(-1);
  await tab.click("Open");
  await expect.poll(() => state(tab)).toBe("live");
  expect(server.log.at(-1)).toBe(`a client came, after ${last}`);
  await expectMore(tab);
});
