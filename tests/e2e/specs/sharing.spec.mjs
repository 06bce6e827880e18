// One connection for all tabs of a browser, with real tabs: they are pages of one browser context.
import { expectOneStream, expectOneStreamEver, ROOM, sayFromOutside } from "../lib/chat.mjs";
import { collectErrors } from "../lib/console.mjs";
import { expect, expectState, say, test as base, texts } from "../lib/test.mjs";

const test = base.extend({
  /** Opens a path in this many tabs of one browser. `tabs.leader()` is the one that asked for the page's stream last. */
  openTabs: async ({ browser, counter }, use) => {
    const contexts = [];
    const errors = [];
    await use(async (path, count) => {
      const context = await browser.newContext({ locale: "en-GB" });
      contexts.push(context);
      let leader = null;
      const open = async () => {
        const tab = await context.newPage();
        collectErrors(tab, errors);
        tab.on("request", (request) => {
          const isNotified = request.url().includes("/api/notifications");
          if (request.resourceType() === "eventsource" && !isNotified) leader = tab;
        });
        await tab.goto(counter.url + path);
        // Eight pages that start at once on a machine with two cores take their time.
        await expect(tab.getByTestId("badge")).toHaveAttribute("data-state", "open", { timeout: 60_000 });
        return tab;
      };
      // The first alone, so that the others find what it keeps for all; those at once, as a browser restores them.
      const first = await open();
      const tabs = [first, ...(await Promise.all(Array.from({ length: count - 1 }, open)))];
      tabs.leader = () => leader;
      return tabs;
    });
    for (const context of contexts) await context.close();
    expect(errors, "errors on the console").toEqual([]);
  },
});

async function expectTexts(tabs, expected) {
  for (const tab of tabs) await expect.poll(() => texts(tab)).toEqual(expected);
}

test("eight tabs of a room have one connection, and each hears everything once", async ({ openTabs, counter }) => {
  test.slow();
  const tabs = await openTabs("/chat/lobby", 8);
  await expectOneStreamEver(counter);
  for (const [at, tab] of tabs.entries()) await say(tab, `from tab ${at}`);
  await expectTexts(tabs, tabs.map((_, at) => `from tab ${at}`));
  await expectOneStreamEver(counter);
  // They are one person to the server, and it is told in each of them.
  for (const tab of tabs) await expect(tab.getByTestId("presence")).toContainText("1");
});

test("eight tabs of the market have one connection, and prices move in each", async ({ openTabs, counter }) => {
  test.slow();
  const tabs = await openTabs("/", 8);
  await expectOneStream(counter, "/api/market");
  for (const tab of tabs) {
    const prices = tab.locator('[data-testid^="price-"]');
    await expect.poll(() => prices.count()).toBeGreaterThanOrEqual(8);
    await tab.bringToFront();
    const before = await prices.allTextContents();
    await expect.poll(() => prices.allTextContents()).not.toEqual(before);
  }
  await expectOneStream(counter, "/api/market");
});

test("tabs of the log have one connection, and each has every line", async ({ openTabs, counter }) => {
  const tabs = await openTabs("/logs", 3);
  await expectOneStream(counter, "/api/logs");
  for (const tab of tabs) {
    await expect(tab.getByTestId("log-row").filter({ hasText: "the market opens" })).toHaveCount(1);
  }
});

// Each takes the leader away in its own way, and says whether its tab is still there to be looked at afterwards.
const ENDS = {
  "its tab is closed": async (leader) => {
    await leader.close();
    return false;
  },
  "its process dies": async (leader) => {
    const crashed = leader.waitForEvent("crash");
    const session = await leader.context().newCDPSession(leader);
    session.send("Page.crash").catch(() => {});
    await crashed;
    return false;
  },
  "its tab goes to another page": async (leader) => {
    await leader.goto("about:blank");
    return false;
  },
};

for (const [how, end] of Object.entries(ENDS)) {
  test(`the others go on without loss when the leader is gone: ${how}`, async ({ openTabs, counter, server }) => {
    const tabs = await openTabs("/chat/lobby", 4);
    const said = [];
    const go = async () => {
      said.push(`message ${said.length}`);
      await sayFromOutside(server, said.at(-1));
    };
    for (let n = 0; n < 5; n += 1) await go();
    await expectTexts(tabs, said);
    // Two leaders in a row, in the middle of what is said.
    for (let round = 0; round < 2; round += 1) {
      const leader = tabs.leader();
      const ended = end(leader);
      for (let n = 0; n < 5; n += 1) await go();
      await ended;
      tabs.splice(tabs.indexOf(leader), 1);
      await expect.poll(() => tabs.includes(tabs.leader())).toBe(true);
      await go();
      await expectTexts(tabs, said);
    }
    await expectOneStream(counter, ROOM);
    expect(tabs.length).toBe(2);
  });
}

test("a leader that is frozen hands over, and hears what it has missed when it thaws", async ({
  openTabs,
  counter,
  server,
}) => {
  const tabs = await openTabs("/chat/lobby", 3);
  await sayFromOutside(server, "before");
  await expectTexts(tabs, ["before"]);
  const leader = tabs.leader();
  const session = await leader.context().newCDPSession(leader);
  await session.send("Page.setWebLifecycleState", { state: "frozen" });
  const others = tabs.filter((tab) => tab !== leader);
  await sayFromOutside(server, "meanwhile");
  await expectTexts(others, ["before", "meanwhile"]);
  await expectOneStream(counter, ROOM);
  await session.send("Page.setWebLifecycleState", { state: "active" });
  await sayFromOutside(server, "after");
  await expectTexts(tabs, ["before", "meanwhile", "after"]);
  await expectOneStream(counter, ROOM);
});

test("a leader that hangs is robbed, and hears what it has missed when it comes to itself", async ({
  openTabs,
  counter,
  server,
}) => {
  const tabs = await openTabs("/chat/lobby", 3);
  await sayFromOutside(server, "before");
  await expectTexts(tabs, ["before"]);
  const leader = tabs.leader();
  // Longer than the others wait for an answer.
  const hanging = leader.evaluate(() => {
    const end = Date.now() + 20_000;
    while (Date.now() < end);
  });
  const others = tabs.filter((tab) => tab !== leader);
  await sayFromOutside(server, "meanwhile");
  // Both while it still hangs.
  const both = () => Promise.all(others.map(texts));
  await expect.poll(both, { timeout: 18_000 }).toEqual(Array(2).fill(["before", "meanwhile"]));
  await hanging;
  await sayFromOutside(server, "after");
  await expectTexts(tabs, ["before", "meanwhile", "after"]);
  await expectOneStream(counter, ROOM);
});

test("over a killed server all tabs recover with one connection, and nothing is lost", async ({
  openTabs,
  counter,
  server,
}) => {
  const tabs = await openTabs("/chat/lobby", 3);
  await sayFromOutside(server, "before");
  await expectTexts(tabs, ["before"]);
  await server.kill();
  for (const tab of tabs) await expectState(tab, "waiting", "connecting");
  await server.start();
  for (const tab of tabs) await expectState(tab, "open");
  await sayFromOutside(server, "after");
  for (const tab of tabs) await expect.poll(() => texts(tab)).toContain("after");
  await expectOneStream(counter, ROOM);
});
