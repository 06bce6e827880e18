import { breakOff, example, expect } from "./lib/test.mjs";

const test = example("openai-tokens", { env: { EVERY_MS: "30" } });

const answer = (page) => page.locator(".answer").last();
const note = (page) => page.locator(".note").last();

/** Opens the page and points it at the server, which is another origin than the page's. */
async function open(visit, server) {
  const page = await visit();
  await page.getByLabel("Base URL").fill(`${server.url}/v1`);
  return page;
}

async function ask(page, model, question = "What is a stream?") {
  await page.getByLabel("Model").fill(model);
  await page.getByLabel("Question").fill(question);
  await page.getByRole("button", { name: "Ask" }).click();
}

async function expectOver(page) {
  await expect(answer(page)).toHaveAttribute("aria-busy", "false");
  await expect(page.getByRole("button", { name: "Stop" })).toHaveCount(0);
}

/** How many POSTs the server answered or refused. */
const posts = (server) => server.count(/: began,|^refused with/);

test("[DONE] ends an answer for good", async ({ visit, server }) => {
  const page = await open(visit, server);
  const question = "one two three four five six seven eight nine ten eleven twelve";
  await ask(page, "echo", question);
  await expect(answer(page)).toHaveText(`You said: ${question}`);
  await expectOver(page);
  await expect(note(page)).toBeEmpty();
  await expect.poll(() => server.count(/^echo: done after/)).toBe(1);

  // The next question carries the conversation, in a request of its own. Were the first repeated, it would show here.
  await ask(page, "echo", "And then?");
  await expect(answer(page)).toHaveText("You said: And then?");
  await expectOver(page);
  expect(server.log.filter((line) => line.includes("began"))).toEqual([
    "echo: began, 1 messages",
    "echo: began, 3 messages",
  ]);
});

test("an answer grows as it comes; stopping it is seen by the server, and what came stays", async ({
  visit,
  server,
}) => {
  const page = await open(visit, server);
  await ask(page, "long");
  await expect(answer(page)).toHaveText(/^1 2 3 4 5/);
  await expect(answer(page)).toHaveAttribute("aria-busy", "true");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(note(page)).toHaveText("Stopped.");
  await expectOver(page);
  await expect.poll(() => server.count(/^long: the client left after \d+ tokens$/)).toBe(1);
  await expect(answer(page)).toHaveText(/^1 2 3 4 5/);
  expect(posts(server)).toBe(1);
  await expect(page.getByRole("button", { name: "Ask" })).toBeEnabled();
});

test("an error in the stream is told behind what came before it", async ({ visit, server }) => {
  const page = await open(visit, server);
  await ask(page, "error");
  await expect(note(page)).toHaveText("The server failed in the middle: The model ran out of memory.");
  await expect(answer(page)).toHaveText("Let me think");
  await expectOver(page);
  expect(posts(server)).toBe(1);
});

test("an answer that breaks off is not asked for again", async ({ visit, server }) => {
  const page = await open(visit, server);
  await ask(page, "cut");
  await expect(note(page)).toHaveText("Broken off: the connection was cut off in the middle of the answer.");
  await expect(answer(page)).toHaveText("The answer is");
  await expectOver(page);
  // The network comes back, which would cut every wait short.
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await ask(page, "echo", "Still there?");
  await expect(answer(page)).toHaveText("You said: Still there?");
  expect(server.count(/^cut: began/)).toBe(1);
});

for (const [model, key, text] of [
  ["echo", "sk-wrong", "Refused: the server answered with status 401: Incorrect API key provided: it is sk-demo."],
  [
    "busy",
    "sk-demo",
    "Refused: the server answered with status 429: Rate limit reached: no more than none per minute. " +
      "Ask again in 20 s.",
  ],
  [
    "broken",
    "sk-demo",
    "Refused: the server answered with status 500: The server had an error while processing your request.",
  ],
  ["none", "sk-demo", "Refused: the server answered with status 404: The model none does not exist."],
]) {
  test(`the model "${model}" with the key "${key}" is refused once, in the words of the server`, async ({
    visit,
    server,
  }) => {
    const page = await open(visit, server);
    await page.getByLabel("Key").fill(key);
    await ask(page, model);
    await expect(note(page)).toHaveText(text);
    await expectOver(page);
    // A refused question is no part of the conversation.
    await page.getByLabel("Key").fill("sk-demo");
    await ask(page, "echo", "Again");
    await expect(answer(page)).toHaveText("You said: Again");
    expect(server.log.filter((line) => line.includes("began"))).toEqual(["echo: began, 1 messages"]);
    expect(server.count(/^refused with/)).toBe(1);
  });
}

test("a server that is not there, and a URL that is none, are told", async ({ visit, server }) => {
  const page = await open(visit, server);
  await page.getByLabel("Base URL").fill("ftp://localhost/v1");
  await ask(page, "echo");
  await expect(note(page)).toHaveText(/^not a URL of an event stream/);
  await expectOver(page);
  await page.getByLabel("Base URL").fill(`${server.url}/v1`);
  await server.kill();
  await ask(page, "echo");
  await expect(note(page)).toHaveText("Broken off: the server cannot be reached, or refuses this page by CORS.");
  await expectOver(page);
});

test("a key that no header can carry is told before anything is sent", async ({ visit, server }) => {
  const page = await open(visit, server);
  await page.getByLabel("Key").fill("\u201csk-demo\u201d");
  await ask(page, "echo");
  await expect(page.getByRole("alert")).toHaveText("The key holds characters that no key has.");
  await page.getByLabel("Key").fill("sk-demo");
  await ask(page, "echo", "Now?");
  await expect(answer(page)).toHaveText("You said: Now?");
  expect(posts(server)).toBe(1);
});

test("a cookie goes along to the origin of the page, and to no other", async ({ visit, site, server }) => {
  const page = await visit();
  // To cookies, ports are nothing: both servers could be sent this one.
  await page.context().addCookies([{ name: "session", value: "1", url: site.url }]);
  for (const [url, cookie] of [
    [site.url, "session=1"],
    [server.url, undefined],
  ]) {
    await page.getByLabel("Base URL").fill(`${url}/v1`);
    const request = page.waitForRequest((request) => request.method() === "POST");
    await ask(page, "echo");
    await expectOver(page);
    const headers = await (await request).allHeaders();
    expect(headers.origin, "the headers are those that were sent").toBe(site.url);
    expect(headers.cookie).toBe(cookie);
  }
});

test("the server outlives requests that make no sense", async ({ server }) => {
  const url = `${server.url}/v1/chat/completions`;
  const headers = { authorization: "Bearer sk-demo", "content-type": "application/json" };
  const post = async (model, messages) => {
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ model, messages, stream: true }) });
    return answer.status;
  };
  const messages = [{ role: "user", content: "Hello?" }];
  expect(await post("toString", messages)).toBe(404);
  expect(await post({ toString: 1 }, messages)).toBe(400);
  for (const none of [{ length: 1 }, [null], [{ role: "user" }], []]) expect(await post("echo", none)).toBe(400);
  await breakOff(url, headers);
  expect(await post("echo", messages)).toBe(200);
});
