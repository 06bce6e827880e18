// Notifications: on every page, read once for all tabs, over one connection.
import { Counter } from "../lib/counter.mjs";
import { expect, expectLive, notify, PUBLISH, test as base } from "../lib/test.mjs";

// The simulated market would say when trading is halted.
const test = base.extend({ serverArgs: [[...PUBLISH, "--market-feed", "published"], { option: true }] });

/** What every server says. */
const STARTED = "The server has started";

const titles = (page) => page.getByTestId("notifications").getByTestId("notification-title");
const toasts = (page) => page.getByTestId("toasts").getByTestId("notification-title");
const unread = (page) => page.getByTestId("unread");

test("one that comes is shown in passing, counted, listed and dismissed", async ({ visit, server }) => {
  const page = await visit("/chat/lobby");
  await expect(unread(page)).toHaveText("1");
  await expectLive(page);
  await notify(server, "The build is green", { body: "<b>All</b> tests passed", severity: "success" });
  // Only what is new: the other was there before the page.
  await expect(toasts(page)).toHaveText(["The build is green"]);
  await expect(page.getByTestId("toasts")).toHaveAttribute("aria-live", "polite");
  await expect(page.getByTestId("toasts")).toContainText("<b>All</b> tests passed");
  await expect(unread(page)).toHaveText("2");
  // They go by themselves, and are still in the list.
  await expect(toasts(page)).toHaveCount(0);
  await expect(unread(page)).toHaveText("2");

  await notify(server, "The disk is full", { severity: "error" });
  await page.getByTestId("nav-market").click();
  await expect(toasts(page)).toHaveText(["The disk is full"]);
  await page.getByTestId("bell").click();
  await expect(titles(page)).toHaveText(["The disk is full", "The build is green", STARTED]);
  await page.getByTestId("notifications").getByTestId("dismiss").first().click();
  await expect(titles(page)).toHaveText(["The build is green", STARTED]);
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("notifications")).toBeHidden();
  await expect(unread(page)).toHaveCount(0);

  // Neither what was read nor what was dismissed is new after a reload.
  await page.reload();
  await expectLive(page);
  expect(await toasts(page).count()).toBe(0);
  await page.getByTestId("bell").click();
  await expect(titles(page)).toHaveText(["The build is green", STARTED]);
  await expect(unread(page)).toHaveCount(0);
  await page.getByTestId("clear-notifications").click();
  await expect(titles(page)).toHaveCount(0);
});

test("one that is dismissed by the keyboard does not hold the others", async ({ visit, server }) => {
  const page = await visit("/chat/lobby");
  await expectLive(page);
  // As in Firefox, where nobody is told of a focus that goes with its button.
  await page.evaluate(() => addEventListener("focusout", (event) => event.stopImmediatePropagation(), true));
  await notify(server, "one");
  await notify(server, "two");
  await expect(toasts(page)).toHaveText(["one", "two"]);
  await page.getByTestId("toasts").getByTestId("dismiss").first().press("Enter");
  await expect(toasts(page)).toHaveText(["two"]);
  await expect(toasts(page)).toHaveCount(0, { timeout: 30_000 });
});

for (const days of [-2, 2]) {
  test(`a page whose clock is ${days} days off shows what comes, and nothing else`, async ({ visit, server }) => {
    // Long before the page, and still unread.
    await notify(server, "An hour ago", { time: Date.now() - 3_600_000 });
    const page = await visit("/chat/lobby", { clock: days * 86_400_000 });
    await expect(unread(page)).toHaveText("2");
    await expectLive(page);
    expect(await toasts(page).count()).toBe(0);
    await notify(server, "Just now");
    await expect(toasts(page)).toHaveText(["Just now"]);

    // What was missed is news, however long that took.
    await server.kill();
    await expect(toasts(page)).toHaveCount(0);
    await server.start();
    // It does not wait any longer, however often it has tried meanwhile.
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await expect(toasts(page)).toHaveText([STARTED]);
    await expect(unread(page)).toHaveText("4");
  });
}

test("two tabs have one connection, and what is read in one is read in both", async ({ browser, server }) => {
  const counter = await Counter.start(server.url);
  const context = await browser.newContext({ locale: "en-GB" });
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) await tab.goto(`${counter.url}/logs`);
  await expect.poll(() => counter.streams("/api/notifications")).toBe(1);
  await notify(server, "one");
  await notify(server, "two");
  for (const tab of tabs) await expect(unread(tab)).toHaveText("3");
  await expect.poll(() => counter.streams("/api/notifications")).toBe(1);

  await tabs[0].getByTestId("bell").click();
  await expect(titles(tabs[0])).toHaveText(["two", "one", STARTED]);
  await tabs[0].keyboard.press("Escape");
  for (const tab of tabs) await expect(unread(tab)).toHaveCount(0);
  await notify(server, "three");
  for (const tab of tabs) await expect(unread(tab)).toHaveText("1");

  // Whichever tab had the connection: the other goes on without loss.
  await tabs[0].close();
  await notify(server, "four");
  await expect(unread(tabs[1])).toHaveText("2");
  await tabs[1].getByTestId("bell").click();
  await expect(titles(tabs[1])).toHaveText(["four", "three", "two", "one", STARTED]);
  await context.close();
  counter.stop();
});

test("whoever dismisses the last toast by the keyboard stays on the page", async ({ visit, server }) => {
  const page = await visit("/");
  await expectLive(page);
  await notify(server, "The build is green");
  await page.getByTestId("toasts").getByTestId("dismiss").press("Enter");
  await expect(toasts(page)).toHaveCount(0);
  await expect(page.locator("main")).toBeFocused();
});
