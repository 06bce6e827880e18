import { mergeTests } from "@playwright/test";
import { test as example } from "../examples/lib/ssr-axum.mjs";
import { Counter } from "../lib/counter.mjs";
import { expect, test as engine } from "../lib/engine.mjs";

const test = mergeTests(example, engine).extend({
  /** What lies between a page and the server. */
  network: async ({ server }, use) => {
    const network = await Counter.start(server.url);
    await use(network);
    network.stop();
  },
});

const state = (tab) => tab.text("[data-testid=state]");
const lot = (tab, name, number = 0) => tab.text(`[data-testid=lot-${number}] [data-testid=${name}]`);

/** Waits for the highest bid, and then there must have been so many: events come in order, and a fold forgets none. */
async function expectLot(tab, amount, count, number = 0) {
  await expect.poll(() => lot(tab, "highest", number)).toBe(`${amount}`);
  expect(await lot(tab, "bids", number)).toBe(`${count}`);
}

test("bids between the page and its stream are shown, each once", async ({ openPage, server, network, bid }) => {
  await bid(0, 125);
  const release = network.hold(/\.wasm$/);
  const tab = await openPage(network.url);
  const page = await tab.evaluate(() => document.documentElement.outerHTML);
  const rendered = page.match(/last_event_id\\":\\"([0-9a-f]+\.\d+)/)[1];
  await expect.poll(() => lot(tab, "bids")).toBe("1");
  for (const amount of [130, 135, 140]) await bid(0, amount);
  await bid(3, 20);
  expect(await lot(tab, "bids"), "the page does not live yet").toBe("1");

  release();
  await expect.poll(() => state(tab)).toBe("live");
  await expectLot(tab, 140, 4);
  await expectLot(tab, 20, 1, 3);
  const cursors = network.opened.map((path) => new URL(path, server.url).searchParams.get("last_event_id"));
  expect(cursors).toEqual([rendered]);

  // From here on it is live. A page of the server's own making has the same numbers.
  await tab.click("Bid 145");
  await expectLot(tab, 145, 5);
  const fresh = await (await fetch(server.url)).text();
  expect(fresh.match(/data-testid="bids">(\d+)/)[1]).toBe("5");
});

test("over a restart of the server the page shows the new server's auction, live", async ({
  openPage,
  server,
  bid,
}) => {
  await bid(0, 125);
  const tab = await openPage(server.url);
  await expect.poll(() => state(tab)).toBe("live");
  await bid(0, 130);
  await expectLot(tab, 130, 2);
  await server.kill();
  await expect.poll(() => state(tab)).toBe("connecting");
  expect(await lot(tab, "bids"), "what was shown stays").toBe("2");

  await server.start();
  // This house keeps its lots in memory: nobody has bid for them.
  await expectLot(tab, 120, 0);
  await expect.poll(() => state(tab)).toBe("live");
  await bid(0, 125);
  await expectLot(tab, 125, 1);
});
