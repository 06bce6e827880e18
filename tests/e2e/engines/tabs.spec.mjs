// One connection for all tabs of a browser, with real tabs.
import { mergeTests } from "@playwright/test";
import { expectOneStream, expectOneStreamEver, ROOM, sayFromOutside } from "../lib/chat.mjs";
import { expect, test as engine } from "../lib/engine.mjs";
import { test as demo } from "../lib/test.mjs";

const TABS = 8;

const test = mergeTests(demo, engine).extend({
  /** Tabs in the lobby. `tabs.leader()` resolves to the one that asked for the room's stream last. */
  tabs: async ({ openPage, counter }, use) => {
    const tabs = [];
    const open = async () => tabs.push(await openPage(`${counter.url}/chat/lobby`, "tab"));
    // The first alone, so that it leads; the others at once, as a browser restores them.
    await open();
    await expectOpen(tabs);
    while (tabs.length < TABS) await open();
    await expectOpen(tabs);
    for (const tab of tabs) await tab.evaluate(noteWhenItAsks, ROOM);
    tabs.leader = async () => {
      const asked = [];
      for (const tab of tabs) asked.push(await tab.evaluate(() => window.hasAsked));
      return tabs[asked.indexOf(Math.max(...asked))];
    };
    await use(tabs);
  },
});

/** In the page: notes when it asks for such a stream, from now on. */
function noteWhenItAsks(path) {
  window.hasAsked = 0;
  const { EventSource } = window;
  window.EventSource = class extends EventSource {
    constructor(url, ...more) {
      super(url, ...more);
      if (`${url}`.includes(path)) window.hasAsked = Date.now();
    }
  };
}

const state = (tab) => tab.attributes("[data-testid=badge]", "data-state").then(([state]) => state);
const texts = (tab) => tab.texts("[data-testid=message-text]");

async function expectOpen(tabs) {
  // Eight pages that start at once on a machine with two cores take their time.
  for (const tab of tabs) await expect.poll(() => state(tab), { timeout: 60_000 }).toBe("open");
}

async function expectTexts(tabs, expected) {
  for (const tab of tabs) await expect.poll(() => texts(tab)).toEqual(expected);
}

test.slow();

test("eight tabs of a room have one connection, and each hears everything once", async ({
  tabs,
  openPage,
  counter,
  server,
}) => {
  await expectOneStreamEver(counter);
  const said = Array.from({ length: 5 }, (_, at) => `message ${at}`);
  for (const text of said) await sayFromOutside(server, text);
  await expectTexts(tabs, said);
  await expectOneStreamEver(counter);
  // They are one person to the server, and it is told in each of them.
  for (const tab of tabs) await expect.poll(() => tab.text("[data-testid=presence]")).toContain("1");
  // One that comes late gets what was said.
  const late = await openPage(`${counter.url}/chat/lobby`, "tab");
  await expectTexts([late], said);
  await expectOneStreamEver(counter);
});

test("the others go on without loss when the leader is closed, and the next goes to another page", async ({
  tabs,
  counter,
  server,
}) => {
  const said = [];
  const go = async () => {
    said.push(`message ${said.length}`);
    await sayFromOutside(server, said.at(-1));
  };
  await go();
  await expectTexts(tabs, said);
  for (const end of [(leader) => leader.close(), (leader) => leader.goto("about:blank")]) {
    const leader = await tabs.leader();
    // In the middle of what is said.
    const ended = end(leader);
    for (let n = 0; n < 5; n += 1) await go();
    await ended;
    tabs.splice(tabs.indexOf(leader), 1);
    await expect.poll(async () => (await tabs.leader()).evaluate(() => window.hasAsked)).toBeGreaterThan(0);
    await go();
    await expectTexts(tabs, said);
    await expectOneStream(counter, ROOM);
  }
  expect(tabs.length).toBe(TABS - 2);
});

test("over a killed server all tabs recover with one connection, and hear what comes, once", async ({
  tabs,
  counter,
  server,
}) => {
  await sayFromOutside(server, "before");
  await expectTexts(tabs, ["before"]);
  await server.kill();
  for (const tab of tabs) await expect.poll(() => state(tab)).toMatch(/^(waiting|connecting)$/);
  await server.start();
  await expectOpen(tabs);
  await sayFromOutside(server, "after");
  for (const tab of tabs) {
    const heard = async () => (await texts(tab)).filter((text) => text === "after");
    await expect.poll(heard).toEqual(["after"]);
  }
  await expectOneStream(counter, ROOM);
});
