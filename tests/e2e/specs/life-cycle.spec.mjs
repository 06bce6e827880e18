// What a browser does to a page: takes its network away, and puts it into the back/forward cache. What is said meanwhile is
// there afterwards, once and in order.
import { expect, expectState, say, test, texts } from "../lib/test.mjs";

// Playwright turns the cache off, because pages come back from it that its scripts believe gone.
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  },
});

/** Two people in a room, and one message that both have read. */
async function twoPeople(visit) {
  const [ann, ben] = [await visit("/chat/lobby"), await visit("/chat/lobby")];
  for (const page of [ann, ben]) await expectState(page, "open");
  await say(ann, "1");
  await expect.poll(() => texts(ben)).toEqual(["1"]);
  return [ann, ben];
}

/** Ann goes on talking, and the server has it. */
async function sayMore(ann) {
  for (const text of ["2", "3", "4"]) {
    await say(ann, text);
    await expect(ann.getByTestId("message").last()).toHaveAttribute("data-status", "sent");
  }
}

async function expectAll(...pages) {
  for (const page of pages) await expect.poll(() => texts(page)).toEqual(["1", "2", "3", "4"]);
}

test("a page that was offline misses nothing", async ({ visit }) => {
  const [ann, ben] = await twoPeople(visit);
  await ben.context().setOffline(true);
  // Chromium lets a stream live that is open already, so this one has to come back, and cannot.
  await ben.evaluate(() => {
    for (const type of ["pagehide", "pageshow"]) dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
  });
  await expectState(ben, "waiting", "connecting");
  await sayMore(ann);
  expect(await texts(ben)).toEqual(["1"]);
  await ben.context().setOffline(false);
  await expectState(ben, "open");
  await expectAll(ann, ben);
});

test("a page that comes out of the back/forward cache goes on where it was", async ({ visit, server }) => {
  const [ann, ben] = await twoPeople(visit);
  await ben.evaluate(() => (window.isTheSame = true));
  await ben.goto(`${server.url}/chat/rust`);
  await sayMore(ann);
  await ben.goBack({ waitUntil: "commit" });
  expect(await ben.evaluate(() => window.isTheSame), "it is the same page, and not loaded anew").toBe(true);
  await expectState(ben, "open");
  await expectAll(ann, ben);
});

/** In the page: what it waits a minute for in the background comes at once. */
function hurry() {
  const rightTimeout = setTimeout;
  globalThis.setTimeout = (call, millis, ...more) =>
    rightTimeout(call, document.hidden && millis === 60_000 ? 0 : millis, ...more);
}

/** The page's tab comes to the front, or goes to the back. */
async function show(page, isShown) {
  await page.evaluate((isShown) => {
    Object.defineProperty(document, "hidden", { value: !isShown, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isShown);
}

for (const path of ["/", "/logs"]) {
  test(`what nobody sees lets its connection go after a minute: ${path}`, async ({ visit }) => {
    const page = await visit(path, { prepare: (page) => page.addInitScript(hurry) });
    await expectState(page, "open");
    await show(page, false);
    await expectState(page, "paused");
    await show(page, true);
    await expectState(page, "open");
  });
}
