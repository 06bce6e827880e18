// What a browser does to a page that one leaves and comes back to.
import { mergeTests } from "@playwright/test";
import { expectOneStream, ROOM, sayFromOutside } from "../lib/chat.mjs";
import { ENGINE, expect, test as engine } from "../lib/engine.mjs";
import { test as demo } from "../lib/test.mjs";

const test = mergeTests(demo, engine);

test("a page that one comes back to goes on where it was", async ({ openPage, counter, server }) => {
  const tab = await openPage(`${counter.url}/chat/lobby`);
  const texts = () => tab.texts("[data-testid=message-text]");
  await expectOneStream(counter, ROOM);
  await sayFromOutside(server, "1");
  await expect.poll(texts).toEqual(["1"]);
  await tab.evaluate(() => (window.isTheSame = true));
  await tab.goto(`${counter.url}/chat/rust`);
  await expect.poll(() => counter.streams(ROOM), { message: "a page that was left holds none" }).toBe(0);
  for (const text of ["2", "3", "4"]) await sayFromOutside(server, text);
  await tab.back();
  // WebKit's driver never answers who asks a page that is about to go.
  await expectOneStream(counter, ROOM);
  await expect.poll(texts).toEqual(["1", "2", "3", "4"]);
  // Firefox puts no page into its back/forward cache that has a request open.
  if (ENGINE === "webkit") expect(await tab.evaluate(() => window.isTheSame), "it was kept").toBe(true);
});
