import { mergeTests } from "@playwright/test";
import { order, stock } from "../examples/lib/embed.mjs";
import { example } from "../examples/lib/test.mjs";
import { expect, test as engine } from "../lib/engine.mjs";

// A history of its own, and a shop that is silent.
const env = (info) => ({ EVERY_MS: "0", HISTORY: info.outputPath("hub.ndjson") });
const test = mergeTests(example("embed", { env }), engine);

const rows = (tab) =>
  tab.evaluate(() =>
    [...document.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent).join(" ")),
  );
const state = (tab) => tab.attributes(".sse-badge", "data-state").then(([state]) => state);

/** The ids of the updates that came, oldest first. */
const ids = (tab) => tab.attributes("aside [data-id]", "data-id").then((ids) => ids.reverse());

test("a page gets what the hub still has, and several topics over one connection from page to page", async ({
  openPage,
  site,
  server,
}) => {
  await order(server, 1, "lamp", "received");
  await order(server, 1, "lamp", "packed");
  const tab = await openPage(site.url);
  await expect.poll(() => rows(tab)).toEqual(["1 lamp packed"]);
  await order(server, 2, "chair", "sent");
  await stock(server, "kettle", 3);
  await expect.poll(() => rows(tab)).toEqual(["1 lamp packed", "2 chair sent"]);
  await tab.click("Stock");
  await expect.poll(() => rows(tab)).toEqual(["kettle 3"]);
  await tab.click("Orders");
  await expect.poll(() => rows(tab)).toEqual(["1 lamp packed", "2 chair sent"]);
  expect(server.count(/^a subscriber came/)).toBe(1);
  expect(server.count(/^a subscriber left/)).toBe(0);
});

test("over a hub that ends and comes back behind its proxy, nothing is lost and nothing comes twice", async ({
  openPage,
  site,
  server,
}) => {
  const tab = await openPage(site.url);
  await expect.poll(() => state(tab)).toBe("open");
  const sent = [await order(server, 1, "lamp", "received")];
  await expect.poll(() => ids(tab)).toEqual(sent);
  await server.kill();
  await expect.poll(() => tab.text(".sse-badge")).toMatch(/retry in \d+ s/);
  await server.start();
  sent.push(await order(server, 1, "lamp", "sent"));
  await expect.poll(() => state(tab)).toBe("open");
  sent.push(await stock(server, "lamp", 9));
  await expect.poll(() => ids(tab)).toEqual(sent);
  await expect.poll(() => rows(tab)).toEqual(["1 lamp sent"]);
});
