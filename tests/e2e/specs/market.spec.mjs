import { expect, expectState, test } from "../lib/test.mjs";

const prices = '[data-testid^="price-"]';

async function shownPrices(page) {
  return page.locator(prices).allTextContents();
}

test("the market shows at least eight symbols, and their prices move", async ({ visit }) => {
  const page = await visit("/");
  await expectState(page, "open");
  await expect.poll(async () => (await shownPrices(page)).length).toBeGreaterThanOrEqual(8);
  const before = await shownPrices(page);
  await expect
    .poll(async () => (await shownPrices(page)).filter((price, at) => price !== before[at]).length)
    .toBeGreaterThanOrEqual(4);
});

test("choosing a row draws its candles", async ({ visit }) => {
  const page = await visit("/");
  const rows = page.locator('[data-testid^="row-"]');
  await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(8);
  await rows.nth(3).click();
  await expect(page.getByTestId("chart").locator("canvas").first()).toBeVisible();
  // All of the row is its button, but what moves is not in the button's name: it would be read aloud all the time.
  await expect(rows.nth(3)).toHaveAccessibleName(/^[A-Z]{4} [^\d]+$/);
  await rows.nth(3).press("ArrowDown");
  await expect(rows.nth(4)).toBeFocused();
  const price = await page.locator(prices).nth(5).boundingBox();
  await page.mouse.click(price.x + price.width / 2, price.y + price.height / 2);
  await expect(rows.nth(5)).toHaveAttribute("aria-pressed", "true");
});

test("the market can be stopped, and goes on where it is then", async ({ visit }) => {
  const page = await visit("/");
  await expectState(page, "open");
  await page.getByRole("button", { name: "Pause" }).click();
  await expectState(page, "paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await expectState(page, "open");
});

test("on a phone, choosing a symbol far down leads to its chart", async ({ visit }) => {
  const page = await visit("/", { viewport: { width: 390, height: 844 } });
  const rows = page.locator('[data-testid^="row-"]');
  await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(8);
  await rows.last().click();
  await expect(page.getByTestId("chart")).toBeInViewport({ ratio: 0.9 });
});

test("the first prices leave the chart where it is", async ({ visit }) => {
  const held = [];
  const prepare = (page) => page.route("**/api/market**", (route) => void held.push(route));
  const page = await visit("/", { viewport: { width: 390, height: 844 }, prepare });
  const chart = page.locator(".chart");
  await expect(chart).toHaveAttribute("data-stage", "ready");
  const before = await chart.boundingBox();
  await Promise.all(held.map((route) => route.continue()));
  await expect(page.getByTestId("summary-price")).toHaveText(/\d/);
  expect(await chart.boundingBox()).toEqual(before);
});

test("a chart that could not be loaded is loaded when the server is back", async ({ visit, server }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  await server.kill();
  await page.getByTestId("nav-market").click();
  const chart = page.locator(".chart");
  await expect(chart).toHaveAttribute("data-stage", "failed");
  await server.start();
  await expect(chart).toHaveAttribute("data-stage", "ready");
});

test("a killed server is told of, and the market goes on when it is back", async ({ visit, server }) => {
  const page = await visit("/");
  await expectState(page, "open");
  await server.kill();
  await expectState(page, "waiting", "connecting");
  await expect(page.getByTestId("badge").getByRole("status")).toContainText("Connection lost");
  await expect(page.getByTestId("badge").getByRole("button", { name: "Retry now" })).toBeVisible();
  const before = await shownPrices(page);
  const notice = page.getByTestId("begun-anew");
  await expect(notice).toHaveText("");
  await server.start();
  await expectState(page, "open");
  await expect.poll(() => shownPrices(page)).not.toEqual(before);
  await expect(notice).toContainText("another market");
});

test("SIGTERM ends the server although a stream is open, and the page notices", async ({ visit, server }) => {
  // One that cuts what hangs only after a minute.
  await server.kill();
  await server.start(undefined, ["--shutdown-deadline", "60s"]);
  const page = await visit("/");
  await expectState(page, "open");
  const began = Date.now();
  expect(await server.stop()).toBe(0);
  expect(Date.now() - began).toBeLessThan(20_000);
  await expectState(page, "waiting", "connecting");
});
