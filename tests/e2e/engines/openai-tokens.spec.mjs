import { mergeTests } from "@playwright/test";
import { example } from "../examples/lib/test.mjs";
import { ENGINE, expect, test as engine } from "../lib/engine.mjs";

const test = mergeTests(example("openai-tokens", { env: { EVERY_MS: "30" } }), engine).extend({
  /** The page, pointed at the server, which is another origin than the page's. */
  tab: async ({ openPage, site, server }, use) => {
    const tab = await openPage(site.url);
    await tab.fill("Base URL", `${server.url}/v1`);
    await use(tab);
  },
});

const answer = (tab) => tab.text(".answer");
const note = (tab) => tab.text(".note");

async function ask(tab, model, question = "What is a stream?") {
  await tab.fill("Model", model);
  await tab.fill("Question", question);
  await tab.click("Ask");
}

async function expectOver(tab) {
  const isBusy = async () => (await tab.attributes(".answer", "aria-busy")).at(-1);
  await expect.poll(isBusy).toBe("false");
}

/** How many POSTs the server answered or refused. */
const posts = (server) => server.count(/: began,|^refused with/);

test("[DONE] ends an answer for good", async ({ tab, server }) => {
  const question = "one two three four five six seven eight nine ten eleven twelve";
  await ask(tab, "echo", question);
  await expect.poll(() => answer(tab)).toBe(`You said: ${question}`);
  await expectOver(tab);
  expect(await note(tab)).toBe("");
  await expect.poll(() => server.count(/^echo: done after/)).toBe(1);
  // The next question is a request of its own. Were the first repeated, it would show here.
  await ask(tab, "echo", "And then?");
  await expect.poll(() => answer(tab)).toBe("You said: And then?");
  await expectOver(tab);
  expect(server.log.filter((line) => line.includes("began"))).toEqual([
    "echo: began, 1 messages",
    "echo: began, 3 messages",
  ]);
});

test("an answer grows as it comes; stopping it is seen by the server, and what came stays", async ({ tab, server }) => {
  await ask(tab, "long");
  await expect.poll(() => answer(tab)).toMatch(/^1 2 3 4 5/);
  await tab.click("Stop");
  await expect.poll(() => note(tab)).toBe("Stopped.");
  await expectOver(tab);
  await expect.poll(() => server.count(/^long: the client left after \d+ tokens$/)).toBe(1);
  expect(await answer(tab)).toMatch(/^1 2 3 4 5/);
  expect(posts(server)).toBe(1);
});

test("an error in the stream, and a break of it, are told behind what came before", async ({ tab, server }) => {
  await ask(tab, "error");
  await expect.poll(() => note(tab)).toBe("The server failed in the middle: The model ran out of memory.");
  expect(await answer(tab)).toBe("Let me think");
  await expectOver(tab);
  await ask(tab, "cut");
  // To WebKitGTK a connection that is cut is the end of the body.
  const how = ENGINE === "webkit" ? "ended" : "was cut off in the middle of the answer";
  await expect.poll(() => note(tab)).toBe(`Broken off: the connection ${how}.`);
  expect(await answer(tab)).toBe("The answer is");
  await expectOver(tab);
  expect(posts(server)).toBe(2);
});

test("a refusal is told in the words of the server, and a server that is not there", async ({ tab, server }) => {
  await ask(tab, "busy");
  const refusal = "Refused: the server answered with status 429: Rate limit reached: no more than none per minute. ";
  await expect.poll(() => note(tab)).toBe(`${refusal}Ask again in 20 s.`);
  await expectOver(tab);
  expect(posts(server)).toBe(1);
  await server.kill();
  await ask(tab, "echo");
  await expect
    .poll(() => note(tab))
    .toBe("Broken off: the server cannot be reached, or refuses this page by CORS.");
  await expectOver(tab);
});
