import { expect } from "@playwright/test";
import { withPages } from "../lib/console.mjs";
import { test as base } from "./lib/axum-hub.mjs";

const test = base.extend({
  visit: async ({ browser, server }, use) =>
    withPages(browser, (open) =>
      use(async (url = server.url) => {
        const page = await open(url);
        await expect(page.locator("#state")).toHaveText("live");
        return page;
      }),
    ),
});

async function write(page, name, words) {
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Your words").fill(words);
  await page.getByRole("button", { name: "Write" }).click();
}

test("what one writes everybody sees, once, and as text", async ({ visit }) => {
  const [ann, bob] = [await visit(), await visit()];
  await write(ann, "Ann", "<b>hello</b>");
  await write(ann, "Ann", "again");
  const entries = ["<b>hello</b> (Ann)", "again (Ann)"];
  await expect(ann.locator("#book > li")).toHaveText(entries);
  await expect(bob.locator("#book > li")).toHaveText(entries);
  const late = await visit();
  await expect(late.locator("#book > li")).toHaveText(entries);
});

test("who was away for a moment gets what was missed, once", async ({ visit, network }) => {
  const [ann, bob] = [await visit(), await visit(network.url)];
  await write(ann, "Ann", "one");
  await expect(bob.locator("#book > li")).toHaveCount(1);
  network.cut();
  await expect(bob.locator("#state")).toHaveText("connection lost");
  await write(ann, "Ann", "two");
  await expect(ann.locator("#book > li")).toHaveCount(2);
  network.mend();
  await expect(bob.locator("#state")).toHaveText("live");
  // Behind this one nothing is still to come.
  await write(ann, "Ann", "three");
  for (const page of [ann, bob]) {
    await expect(page.locator("#book > li")).toHaveText(["one (Ann)", "two (Ann)", "three (Ann)"]);
  }
});

test("over a restart the page begins anew with what the server has", async ({ visit, server }) => {
  const page = await visit();
  await write(page, "Ann", "forgotten");
  await expect(page.locator("#book > li")).toHaveCount(1);
  await server.kill();
  await expect(page.locator("#state")).toHaveText("connection lost");
  await server.start();
  await expect(page.locator("#state")).toHaveText("live", { timeout: 20_000 });
  await expect(page.locator("#book > li")).toHaveCount(0);
});

test("an empty entry is refused", async ({ server, request }) => {
  const answer = await request.post(`${server.url}/entries`, { form: { name: " ", words: "x" } });
  expect(answer.status()).toBe(422);
});
