// The developers' panel: the streams of the page, what comes on them, and their controls.
import { expect, expectState, test } from "../lib/test.mjs";

// Every page has the notifications, too.
const NOTIFICATIONS = "/api/notifications";
const streams = (page) => page.locator(".sse-inspector-stream").filter({ hasNotText: NOTIFICATIONS });
const urls = (page) => streams(page).locator(".sse-inspector-url");
const fact = (stream, name) => stream.locator(`[data-fact="${name}"] dd`);

test("it lists the stream of whichever page is open, from its first request on", async ({ visit }) => {
  const page = await visit("/?inspect");
  await expect(streams(page)).toHaveCount(1);
  await expect(page.locator(".sse-inspector-url", { hasText: NOTIFICATIONS })).toHaveCount(1);
  await expect(streams(page)).toHaveAttribute("data-state", "open");
  await expect(urls(page)).toHaveText("/api/market");
  await streams(page).locator("summary").click();
  await expect(fact(streams(page), "transport")).toHaveText("Native");
  await expect(fact(streams(page), "attempts")).toHaveText("1 (0 after a failure)");

  await page.getByTestId("nav-chat").click();
  await expect(urls(page)).toHaveText(/^\/api\/chat\/lobby\?/);
  await expect(streams(page)).toHaveCount(1);
});

test("it counts what comes, shows the last of it, and stops and starts it", async ({ visit }) => {
  const page = await visit("/");
  await expectState(page, "open");
  await page.getByTestId("inspector-toggle").click();
  const stream = streams(page);
  await stream.locator("summary").click();
  await expect.poll(async () => Number(await fact(stream, "events").textContent())).toBeGreaterThan(20);
  const frames = stream.locator("tbody tr");
  await expect(frames.filter({ hasText: "tick" }).first()).toBeVisible();

  await stream.getByRole("button", { name: "Pause" }).click();
  await expectState(page, "paused");
  await expect(frames.first()).toHaveAttribute("data-kind", "state");
  const cursor = await fact(stream, "cursor").textContent();
  expect(cursor, "a cursor to go on from").toMatch(/^\S+\.\d+$/);

  await stream.getByRole("button", { name: "Resume" }).click();
  await expectState(page, "open");
  await expect(fact(stream, "cursor")).not.toHaveText(cursor);
  expect(await frames.count(), "no more than it keeps").toBeLessThanOrEqual(50);

  await page.getByTestId("inspector-toggle").click();
  await expect(page.getByTestId("inspector")).toHaveCount(0);
});
