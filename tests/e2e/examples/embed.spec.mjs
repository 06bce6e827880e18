import { appendFile } from "node:fs/promises";
import { order, publish, SHOP, stock } from "./lib/embed.mjs";
import { breakOff, example, expect } from "./lib/test.mjs";

/** Where the hub keeps what was published. */
const history = (info) => info.outputPath("hub.ndjson");

// A history of its own, and a shop that is silent.
const test = example("embed", { env: (info) => ({ EVERY_MS: "0", HISTORY: history(info) }) });

/** The texts of the table's rows, their cells joined by a space. */
async function rows(page) {
  const cells = (row) => row.locator("td").allTextContents();
  const all = await Promise.all((await page.locator("tbody tr").all()).map(cells));
  return all.map((texts) => texts.join(" "));
}

/** The ids of the updates that came, oldest first. */
async function ids(page) {
  return (await page.locator("aside [data-id]").evaluateAll((all) => all.map((item) => item.dataset.id))).reverse();
}

const badge = (page) => page.locator(".sse-badge");

test("a new page gets what the hub still has, and then what comes", async ({ visit, server }) => {
  await order(server, 1, "lamp", "received");
  await order(server, 2, "chair", "received");
  await order(server, 1, "lamp", "packed");
  const page = await visit();
  await expect.poll(() => rows(page)).toEqual(["1 lamp packed", "2 chair received"]);
  await order(server, 2, "chair", "sent");
  await order(server, 3, "clock", "received");
  await expect.poll(() => rows(page)).toEqual(["1 lamp packed", "2 chair sent", "3 clock received"]);
  await expect(badge(page)).toHaveAttribute("data-state", "open");
});

test("several topics come over one connection, which stays while one goes from page to page", async ({
  visit,
  server,
}) => {
  const page = await visit("/stock");
  await expect(badge(page)).toHaveAttribute("data-state", "open");
  await stock(server, "kettle", 4);
  await order(server, 1, "kettle", "received");
  await publish(server, `${SHOP}/salaries`, { "@type": "Stock", article: "secret", left: 1 });
  await stock(server, "kettle", 3);
  await expect.poll(() => rows(page)).toEqual(["kettle 3"]);
  await page.getByRole("link", { name: "Orders" }).click();
  await expect.poll(() => rows(page)).toEqual(["1 kettle received"]);
  await page.getByRole("link", { name: "Stock" }).click();
  await expect.poll(() => rows(page)).toEqual(["kettle 3"]);
  expect(server.count(/^a subscriber came/)).toBe(1);
  expect(server.count(/^a subscriber left/)).toBe(0);
});

test("a page that was cut off goes on behind the last opaque id", async ({ visit, server }) => {
  const page = await visit();
  await expect(badge(page)).toHaveAttribute("data-state", "open");
  const sent = [await order(server, 1, "lamp", "received"), await order(server, 2, "lamp", "received")];
  await expect.poll(() => ids(page)).toEqual(sent);
  // The page's life cycle pauses the stream, as the back/forward cache does; the hub stays up meanwhile.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
  await expect(badge(page)).toHaveAttribute("data-state", "paused");
  await expect.poll(() => server.count(/^a subscriber left/)).toBe(1);
  for (const status of ["packed", "sent", "delivered"]) sent.push(await order(server, 1, "lamp", status));
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await expect.poll(() => ids(page)).toEqual(sent);
  await expect.poll(() => rows(page)).toEqual(["1 lamp delivered", "2 lamp received"]);
  expect(sent[1]).toMatch(/^urn:uuid:/);
  expect(server.log.at(-1)).toBe(`a subscriber came, after ${sent[1]}`);
});

test("over a hub that ends and comes back behind its proxy, nothing is lost and nothing comes twice", async ({
  visit,
  server,
}) => {
  const page = await visit();
  await expect(badge(page)).toHaveAttribute("data-state", "open");
  const sent = [await order(server, 1, "lamp", "received")];
  await expect.poll(() => ids(page)).toEqual(sent);
  for (const status of ["packed", "sent"]) {
    await server.kill();
    await expect(badge(page)).toHaveText(/retry in \d+ s/);
    await server.start();
    sent.push(await order(server, 1, "lamp", status));
    await expect(badge(page)).toHaveAttribute("data-state", "open");
    sent.push(await stock(server, "lamp", 9));
    await expect.poll(() => ids(page)).toEqual(sent);
  }
  await expect.poll(() => rows(page)).toEqual(["1 lamp sent"]);
});

test("an update of an unknown type is told, and the stream goes on", async ({ visit, server }) => {
  const page = await visit();
  await expect(badge(page)).toHaveAttribute("data-state", "open");
  await publish(server, `${SHOP}/orders/1`, { "@type": "Refund", id: 1 });
  await expect(page.locator(".problem")).toHaveText(/unknown variant `Refund`/);
  await expect(badge(page)).toHaveAttribute("data-state", "open");
  await order(server, 1, "lamp", "received");
  await expect.poll(() => rows(page)).toEqual(["1 lamp received"]);
});

test("the hub refuses who is no publisher", async ({ server }) => {
  const body = new URLSearchParams({ topic: `${SHOP}/stock`, data: "{}" });
  const response = await fetch(`${server.url}/.well-known/mercure`, { method: "POST", body });
  expect(response.status).toBe(401);
});

test("the hub refuses who asks for no topic, or in a way that it does not know", async ({ server }) => {
  for (const query of ["", "?topic=a", "?match=a&match_template=a", "?Match=a"]) {
    expect((await fetch(`${server.url}/.well-known/mercure${query}`)).status, query).toBe(400);
  }
});

test("a line that a kill has cut short is left out, and nothing else", async ({ visit, server }, info) => {
  const sent = [await order(server, 1, "lamp", "received")];
  await server.kill();
  await appendFile(history(info), '\n{"id":"urn:uuid:cut');
  await server.start();
  sent.push(await order(server, 1, "lamp", "packed"));
  await server.kill();
  await server.start();
  const page = await visit();
  await expect.poll(() => ids(page)).toEqual(sent);
});

test("the hub outlives requests that make no sense", async ({ server }) => {
  expect((await fetch(`${server.url}//`)).status).toBe(404);
  await breakOff(`${server.url}/.well-known/mercure`, { authorization: "Bearer publisher" });
  await order(server, 1, "lamp", "received");
});
