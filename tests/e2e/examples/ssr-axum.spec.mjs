import { expect, hold, test } from "./lib/ssr-axum.mjs";

/** How many bids the server keeps for those who come back (`KEPT` in house.rs). */
const KEPT = 256;

const state = (page) => page.getByTestId("state");
const bids = (page, lot = 0) => page.getByTestId(`lot-${lot}`).getByTestId("bids");
const highest = (page, lot = 0) => page.getByTestId(`lot-${lot}`).getByTestId("highest");

/** Waits for the highest bid, and then there must have been so many: events come in order, and a fold forgets none. */
async function expectLot(page, amount, count, lot = 0) {
  await expect(highest(page, lot)).toHaveText(`${amount}`);
  expect(await bids(page, lot).textContent()).toBe(`${count}`);
}

/** The cursors of the streams that a page opens from now on. */
function cursors(page) {
  const seen = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname === "/events") seen.push(url.searchParams.get("last_event_id"));
  });
  return seen;
}

test("without JavaScript the page shows the auction as it is, and takes bids", async ({ visit, bid }) => {
  await bid(0, 125);
  const page = await visit({ javaScriptEnabled: false });
  await expect(page.getByRole("listitem")).toHaveCount(4);
  await expect(state(page)).toHaveText("as it was when the page was made");
  await expect(highest(page)).toHaveText("125");
  await page.getByRole("button", { name: "Bid 130" }).click();
  await expectLot(page, 130, 2);
});

test("bids between the page and its stream are shown, each once", async ({ visit, server, bid, request }) => {
  await bid(0, 125);
  const program = hold("**/*.wasm");
  let streams;
  const page = await visit({
    prepare: (page) => {
      streams = cursors(page);
      return program.prepare(page);
    },
  });
  const rendered = (await page.content()).match(/last_event_id\\":\\"([0-9a-f]+\.\d+)/)[1];
  await expect(bids(page)).toHaveText("1");
  for (const amount of [130, 135, 140]) await bid(0, amount);
  await bid(3, 20);
  await expect(bids(page), "the page does not live yet").toHaveText("1");

  program.release();
  await expect(state(page)).toHaveText("live");
  await expectLot(page, 140, 4);
  await expectLot(page, 20, 1, 3);
  expect(streams).toEqual([rendered]);

  // From here on it is live. A page of the server's own making has the same numbers.
  await page.getByRole("button", { name: "Bid 145" }).click();
  await expectLot(page, 145, 5);
  const fresh = await (await request.get(server.url)).text();
  expect(fresh.match(/data-testid="bids">(\d+)/)[1]).toBe("5");
});

test("two people see each other's bids, and who is too late is told so", async ({ visit }) => {
  const events = hold("**/events*");
  const ann = await visit();
  const ben = await visit(events);
  await expect(state(ann)).toHaveText("live");
  await expect(state(ben)).toHaveText("connecting");
  await ann.getByRole("button", { name: "Bid 125" }).click();
  await expect(bids(ann)).toHaveText("1");
  // Ben has not heard of it.
  await ben.getByRole("button", { name: "Bid 125" }).click();
  await expect(ben.getByTestId("lot-0").getByRole("alert")).toContainText("the lowest bid is 130");
  events.release();
  await expect(bids(ben)).toHaveText("1");
  await ben.getByRole("button", { name: "Bid 130" }).click();
  for (const page of [ann, ben]) await expectLot(page, 130, 2);
});

test("a page whose bids are gone from the server begins with another snapshot", async ({ visit, bid }) => {
  const program = hold("**/*.wasm");
  const page = await visit(program);
  const snapshots = [];
  page.on("request", (request) => request.url().endsWith("/api/lots") && snapshots.push(request.url()));
  const amount = (number) => 120 + 5 * number;
  for (let number = 1; number <= KEPT + 1; number++) await bid(0, amount(number));
  program.release();
  // The bids that are left come before the other snapshot, which then says how many there were.
  await expect(bids(page)).toHaveText(`${KEPT + 1}`);
  await expectLot(page, amount(KEPT + 1), KEPT + 1);
  expect(snapshots).toHaveLength(1);
  await bid(0, amount(KEPT + 2));
  await expectLot(page, amount(KEPT + 2), KEPT + 2);
});

test("a page that meets a gap behind every snapshot takes its time for the next", async ({ visit }) => {
  // As where a new version of a server takes the place of the old one: the snapshots are of the one, the streams of the
  // other.
  let streams;
  const page = await visit({
    prepare: (page) => {
      streams = cursors(page);
      return page.route("**/events*", (route) => {
        const url = new URL(route.request().url());
        url.searchParams.set("last_event_id", "another.1");
        return route.continue({ url: url.href });
      });
    },
  });
  // By the browser's own clock.
  const snapshots = () =>
    page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .filter((entry) => entry.name.endsWith("/api/lots"))
        .map((entry) => entry.startTime),
    );
  // The stream of the second snapshot meets its gap, and three more, in the pause that follows if the machine is quick.
  for (const opened of [2, 3, 4]) {
    await expect.poll(() => streams.length).toBeGreaterThanOrEqual(opened);
    await expect(state(page)).toHaveText("live");
    await page.evaluate(() => {
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    });
  }
  await expect.poll(async () => (await snapshots()).length, { timeout: 30_000 }).toBeGreaterThan(2);
  const [first, second, third] = await snapshots();
  expect(second - first).toBeGreaterThan(4_900);
  expect(third - second).toBeGreaterThan(4_900);
});

test("over a restart of the server the page shows the new server's auction, live", async ({ visit, server, bid }) => {
  await bid(0, 125);
  const page = await visit();
  await expect(state(page)).toHaveText("live");
  await bid(0, 130);
  await expectLot(page, 130, 2);
  await server.kill();
  await expect(state(page)).toHaveText("connecting");
  await expect(bids(page), "what was shown stays").toHaveText("2");

  await server.start();
  // This house keeps its lots in memory: nobody has bid for them.
  await expectLot(page, 120, 0);
  await expect(state(page)).toHaveText("live");
  await bid(0, 125);
  await expectLot(page, 125, 1);
});

test("a cut connection goes on at the next bid", async ({ visit, bid }) => {
  const page = await visit();
  await expect(state(page)).toHaveText("live");
  await bid(0, 125);
  await expect(bids(page)).toHaveText("1");
  const streams = cursors(page);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
  await expect(state(page)).toHaveText("connecting");
  for (const amount of [130, 135]) await bid(0, amount);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await expectLot(page, 135, 3);
  await expect(state(page)).toHaveText("live");
  expect(streams).toHaveLength(1);
  expect(streams[0]).toMatch(/^[0-9a-f]+\.1$/);
});

test("the server ends when it is told to, streams or not", async ({ visit, server }) => {
  const page = await visit();
  await expect(state(page)).toHaveText("live");
  expect(await server.stop("SIGINT")).toBe(0);
});
