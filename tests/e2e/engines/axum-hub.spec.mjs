import { mergeTests } from "@playwright/test";
import { test as example } from "../examples/lib/axum-hub.mjs";
import { expect, test as engine } from "../lib/engine.mjs";

const test = mergeTests(example, engine);

const state = (tab) => tab.text("#state");
const entries = (tab) => tab.texts("#book > li");

async function open(openPage, url) {
  const tab = await openPage(url);
  await expect.poll(() => state(tab)).toBe("live");
  return tab;
}

async function write(tab, words) {
  await tab.fill("Your name", "Ann");
  await tab.fill("Your words", words);
  await tab.click("Write");
}

test("what one writes everybody sees, once, and as text", async ({ openPage, server }) => {
  const [ann, bob] = [await open(openPage, server.url), await open(openPage, server.url)];
  await write(ann, "<b>hello</b>");
  await expect.poll(() => entries(ann)).toEqual(["<b>hello</b> (Ann)"]);
  await write(ann, "again");
  for (const tab of [ann, bob]) await expect.poll(() => entries(tab)).toEqual(["<b>hello</b> (Ann)", "again (Ann)"]);
});

test("who was away for a moment gets what was missed, once", async ({ openPage, server, network }) => {
  const [ann, bob] = [await open(openPage, server.url), await open(openPage, network.url)];
  await write(ann, "one");
  await expect.poll(() => entries(bob)).toEqual(["one (Ann)"]);
  network.cut();
  await expect.poll(() => state(bob)).toBe("connection lost");
  await write(ann, "two");
  await expect.poll(() => entries(ann)).toHaveLength(2);
  network.mend();
  await expect.poll(() => state(bob)).toBe("live");
  // Behind this one nothing is still to come.
  await write(ann, "three");
  for (const tab of [ann, bob]) {
    await expect.poll(() => entries(tab)).toEqual(["one (Ann)", "two (Ann)", "three (Ann)"]);
  }
});
