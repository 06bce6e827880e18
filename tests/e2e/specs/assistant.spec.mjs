// The assistant: answers that stream, and go on in the middle of a sentence whatever happens to the page or its connection.
import { Model } from "../lib/model.mjs";
import { expect, expectState, test as base } from "../lib/test.mjs";

const test = base.extend({
  // Slow enough to be caught in the middle, fast enough to be waited for.
  serverArgs: [["--assistant-pace", "20"], { option: true }],
});

/** With a model that waits for the test. */
const scripted = test.extend({
  model: async ({}, use) => {
    const model = await Model.start();
    await use(model);
    model.stop();
  },
  serverArgs: async ({ model }, use) => use(model.serverArgs),
});

const QUESTION = "How does a stream resume?";

const turns = (page) => page.getByTestId("turn");
const last = (page) => turns(page).last();

async function ask(page, question = QUESTION) {
  await page.getByTestId("ask-input").fill(question);
  await page.getByTestId("ask-input").press("Enter");
}

/** The answer's text so far, as it is drawn. */
const drawn = (page) => last(page).getByTestId("answer").innerText();

async function expectMidAnswer(page) {
  await expect.poll(async () => (await drawn(page)).length).toBeGreaterThan(60);
  await expect(last(page)).toHaveAttribute("data-status", "running");
}

/** In the page: that something was copied is said for two seconds, and now for longer than anybody looks for it. */
function linger() {
  const rightTimeout = setTimeout;
  globalThis.setTimeout = (call, millis, ...more) => rightTimeout(call, millis === 2_000 ? 60_000 : millis, ...more);
}

/** The answer as it was written, from the page's own copy button. */
async function copied(page) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(linger);
  await last(page).getByTestId("copy").click();
  await expect(last(page).getByTestId("copy")).toHaveText("Copied");
  return page.evaluate(() => navigator.clipboard.readText());
}

/** The answer as the server has it: every token once, in order. */
async function whole(server, page) {
  const id = new URL(page.url()).searchParams.get("answer");
  const stream = await (await fetch(`${server.url}/api/assistant/${id}`)).text();
  const tokens = [...stream.matchAll(/^event: token\n(?:id: .*\n)?data: (.*)$/gm)];
  expect(tokens, stream.slice(0, 500)).not.toHaveLength(0);
  return tokens.map(([, data]) => JSON.parse(data).text).join("");
}

/** The requests for answers that a page makes from now on, with the cursor that each brings. */
function requests(page) {
  const seen = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/assistant")) {
      seen.push({ method: request.method(), cursor: request.headers()["last-event-id"] });
    }
  });
  return seen;
}

test("an answer streams in, is drawn as Markdown, and goes with the next question", async ({ visit, server }) => {
  const page = await visit("/assistant");
  await ask(page);
  await expectMidAnswer(page);
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  await expect(last(page).getByTestId("question")).toHaveText(QUESTION);
  const answer = last(page).getByTestId("answer");
  await expect(answer.locator("strong").first()).toHaveText(QUESTION);
  await expect(answer.locator("pre code")).toBeVisible();
  expect(await drawn(page), "no marks of Markdown are left").not.toMatch(/\*\*|```/);
  expect(await copied(page)).toBe(await whole(server, page));
  // Read aloud once it has ended.
  await expect(page.getByTestId("announced")).toContainText(QUESTION);

  const posted = page.waitForRequest((request) => request.method() === "POST");
  await ask(page, "And then?");
  const { messages } = (await posted).postDataJSON();
  expect(messages.map((message) => message.role)).toEqual(["user", "assistant", "user"]);
  expect(messages[1].content).toMatch(QUESTION);
  await expect(turns(page)).toHaveCount(2);
  await expect(last(page)).toHaveAttribute("data-status", "complete");
});

test("Shift and Enter begin a new line, and markup is shown as text", async ({ visit }) => {
  const page = await visit("/assistant");
  const field = page.getByTestId("ask-input");
  await field.fill("one");
  await field.press("Shift+Enter");
  await field.pressSequentially("<img src=x onerror=alert(1)>");
  await field.press("Enter");
  await expect(last(page).getByTestId("question")).toHaveText("one\n<img src=x onerror=alert(1)>");
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  await expect(last(page).locator("img")).toHaveCount(0);
});

test("Markdown whose program could not be loaded is drawn once the next answer begins", async ({ visit }) => {
  let isAway = true;
  const prepare = (page) =>
    page.route(
      (url) => url.pathname === "/markdown.js",
      (route) => (isAway ? route.abort() : route.continue()),
    );
  const page = await visit("/assistant", { prepare });
  await ask(page);
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  await expect(last(page).locator(".markdown-plain")).toBeVisible();
  isAway = false;
  await ask(page, "Again?");
  await expect(page.locator(".markdown-plain")).toHaveCount(0);
  await expect(turns(page).first().locator(".markdown-block").first()).toBeVisible();
});

test("what a model writes as markup stays text, and its links are harmless", async ({ visit, server }) => {
  const page = await visit("/assistant");
  const written = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "[a](javascript:document.title='owned')",
    "![picture](https://example.org/spy.png)",
    "[good](https://example.org/)",
  ];
  const id = (name) => ({ answer: name, model: "m", question: "q" });
  const event = (type, data) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  await page.route("**/api/assistant", (route) =>
    route.fulfill({
      contentType: "text/event-stream",
      body:
        event("answer", id("x")) +
        event("token", { text: written.join("\n\n") }) +
        event("finished", { reason: "complete" }) +
        event("sse.end", {}),
    }),
  );
  await ask(page);
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  const answer = last(page).getByTestId("answer");
  await expect(answer.getByRole("link", { name: "good" })).toHaveAttribute("rel", /noopener noreferrer/);
  await expect(answer.locator("script, img")).toHaveCount(0);
  await expect(answer).toContainText("<script>");
  expect(await answer.locator("a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))).toEqual([
    "",
    "https://example.org/spy.png",
    "https://example.org/",
  ]);
  expect(await page.title()).not.toBe("owned");
});

test("an answer is stopped, and says so", async ({ visit, server }) => {
  const page = await visit("/assistant");
  await ask(page);
  await expectMidAnswer(page);
  await page.getByTestId("stop").click();
  await expect(last(page)).toHaveAttribute("data-status", "cut");
  await expect(last(page).getByTestId("turn-note")).toContainText("Stopped");
  // The server has stopped, too: what it has is what is shown.
  expect(await copied(page)).toBe(await whole(server, page));
  await page.getByTestId("ask-again").click();
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  await expect(turns(page)).toHaveCount(1);
});

test("an answer goes on while another page is looked at", async ({ visit, server }) => {
  const page = await visit("/assistant");
  await ask(page);
  await expectMidAnswer(page);
  const seen = requests(page);
  await page.getByTestId("nav-chat").click();
  await expectState(page, "open");
  await page.getByTestId("nav-assistant").click();
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  expect(await copied(page)).toBe(await whole(server, page));
  expect(seen, "the stream was never left").toEqual([]);
});

test("a connection that is lost in the middle is taken up again, without loss", async ({ visit, server }) => {
  const page = await visit("/assistant");
  await ask(page);
  await expectMidAnswer(page);
  const seen = requests(page);
  // As the back/forward cache does: the request that asked is given up, and must not be sent again.
  await page.evaluate(() => {
    for (const type of ["pagehide", "pageshow"]) dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
  });
  await expect.poll(() => seen).toEqual([{ method: "GET", cursor: expect.stringMatching(/^\S+\.\d+$/) }]);
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  expect(await copied(page)).toBe(await whole(server, page));
});

test("over a killed server the text stays, it is said plainly, and can be asked again", async ({ visit, server }) => {
  const page = await visit("/assistant", { isRefused: true });
  await ask(page);
  await expectMidAnswer(page);
  await server.kill();
  await expectState(page, "waiting", "connecting");
  const before = await drawn(page);
  await server.start();
  // It keeps no answers over a restart.
  await expect(last(page)).toHaveAttribute("data-status", "failed");
  await expect(last(page).getByTestId("turn-note")).toContainText("no longer has this answer");
  expect(await drawn(page)).toBe(before);
  // There, too, it would only be said that it is gone.
  await expect(page.getByTestId("open-elsewhere")).toHaveCount(0);
  await page.getByTestId("ask-again").click();
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  expect(await copied(page)).toBe(await whole(server, page));
});

test("an answer that is asked for again stays until another one begins", async ({ visit, server }) => {
  const page = await visit("/assistant");
  await ask(page);
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  const before = await drawn(page);
  await server.kill();
  await page.getByTestId("ask-again").click();
  await expect(last(page).getByTestId("turn-note")).toContainText("could not be reached");
  expect(await drawn(page)).toBe(before);
  await server.start();
  await page.getByTestId("ask-again").click();
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  expect(await copied(page)).toBe(await whole(server, page));
});

test("a question that did not arrive says so, and is not asked by itself", async ({ visit, server }) => {
  const page = await visit("/assistant");
  // All of it is here.
  await expect(page.getByTestId("ask-input")).toBeVisible();
  await server.kill();
  await ask(page);
  await expect(last(page)).toHaveAttribute("data-status", "failed");
  await expect(last(page).getByTestId("turn-note")).toContainText("could not be reached");
  await server.start();
  await page.getByTestId("ask-again").click();
  await expect(last(page)).toHaveAttribute("data-status", "complete");
});

scripted("a reload in the middle of a sentence loses no token and repeats none", async ({ visit, model }) => {
  const page = await visit("/assistant");
  await ask(page);
  await expect.poll(() => model.questions).toBe(1);
  for (let round = 0; round < 3; round += 1) {
    model.say(`In round ${round} it says this and`);
    await expect.poll(() => drawn(page)).toBe(model.said);
    const seen = requests(page);
    const reloaded = page.reload();
    model.say(` this while nobody may be there,${" and more".repeat(40)}, `);
    await reloaded;
    await expect.poll(async () => (await drawn(page)).trim()).toBe(model.said.trim());
    // In the middle of the sentence, and not from its beginning.
    expect(seen).toEqual([{ method: "GET", cursor: expect.stringMatching(/^\S+\.\d+$/) }]);
    await expect(last(page)).toHaveAttribute("data-status", "running");
  }
  model.finish();
  await expect(last(page)).toHaveAttribute("data-status", "complete");
  await expect(last(page).getByTestId("question")).toHaveText(QUESTION);
  expect(await copied(page)).toBe(model.said);
  expect(model.questions).toBe(1);
});

scripted("a second tab shows the same answer while it is given, with its question", async ({ visit, model }) => {
  const page = await visit("/assistant");
  await ask(page);
  await expect.poll(() => model.questions).toBe(1);
  model.say("Half of a sentence ");
  await expect(page).toHaveURL(/\?answer=\w+/);
  const { pathname, search } = new URL(page.url());
  const other = await visit(pathname + search);
  await expect(last(other).getByTestId("answer")).toHaveText("Half of a sentence");
  await expect(last(other).getByTestId("question")).toHaveText(QUESTION);
  model.say("and the other half.");
  model.finish();
  for (const tab of [page, other]) {
    await expect(last(tab)).toHaveAttribute("data-status", "complete");
    expect(await copied(tab)).toBe(model.said);
  }
  expect(model.questions).toBe(1);
});

test("a link to an answer that is gone says so, and neither reads it aloud nor offers it again", async ({ visit }) => {
  const page = await visit(`/assistant?answer=${"0".repeat(32)}`, { isRefused: true });
  await expect(last(page).getByTestId("turn-note")).toContainText("no longer has this answer");
  await expect(page.getByTestId("open-elsewhere")).toHaveCount(0);
  // What would be read aloud is so a frame later.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await expect(page.getByTestId("announced")).toHaveText("");
});

test("a link that names no answer asks the server for nothing", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  const seen = [];
  page.on("request", (request) => seen.push(new URL(request.url()).pathname));
  await page.goto(new URL("/assistant?answer=../../nonsense", page.url()).href);
  await expect(page.getByTestId("suggestion").first()).toBeVisible();
  await expect(page).toHaveURL(/\/assistant$/);
  expect(seen.filter((path) => path.includes("nonsense"))).toEqual([]);
});

test.describe("with two conversations", () => {
  test.use({ serverArgs: ["--assistant-pace", "1000"] });

  test("a new conversation puts the old one aside, and it comes back", async ({ visit }) => {
    const page = await visit("/assistant");
    await ask(page);
    await expect(last(page)).toHaveAttribute("data-status", "complete");
    const own = page.url();
    await page.getByTestId("new-conversation").click();
    await expect(page.getByTestId("suggestion").first()).toBeVisible();
    await page.getByTestId("other-conversation").click();
    await expect(page.getByTestId("question")).toHaveText([QUESTION]);
    await expect(page).toHaveURL(own);
  });

  test("a link to an answer puts the tab's own conversation aside, and it comes back", async ({ visit, server }) => {
    const other = await visit("/assistant");
    await ask(other, "Asked elsewhere?");
    await expect(last(other)).toHaveAttribute("data-status", "complete");
    const { pathname, search } = new URL(other.url());

    const page = await visit("/assistant");
    const back = page.getByTestId("other-conversation");
    for (const question of [QUESTION, "And then?"]) {
      await ask(page, question);
      await expect(last(page).getByTestId("question")).toHaveText(question);
      await expect(last(page)).toHaveAttribute("data-status", "complete");
    }
    await expect(back).toHaveCount(0);
    const own = page.url();
    const questions = page.getByTestId("question");

    await page.goto(server.url + pathname + search);
    await expect(questions).toHaveText(["Asked elsewhere?"]);
    await expect(last(page)).toHaveAttribute("data-status", "complete");
    await back.click();
    await expect(questions).toHaveText([QUESTION, "And then?"]);
    await expect(page).toHaveURL(own);
    // What was only looked at is found under its address.
    await expect(back).toHaveCount(0);

    // Over a reload, by its own address, and when the other was gone on with.
    await page.goto(server.url + pathname + search);
    await expect(questions).toHaveText(["Asked elsewhere?"]);
    await page.reload();
    await expect(questions).toHaveText(["Asked elsewhere?"]);
    await ask(page, "Here, too?");
    await expect(last(page)).toHaveAttribute("data-status", "complete");
    await page.goto(own);
    await expect(questions).toHaveText([QUESTION, "And then?"]);
    await back.click();
    await expect(questions).toHaveText(["Asked elsewhere?", "Here, too?"]);
    await back.click();
    await expect(questions).toHaveText([QUESTION, "And then?"]);
  });
});

scripted("who reads further up is not pulled down", async ({ visit, model }) => {
  const page = await visit("/assistant", { viewport: { width: 800, height: 420 } });
  await ask(page);
  await expect.poll(() => model.questions).toBe(1);
  const list = page.getByTestId("conversation");
  const below = () => list.evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
  const top = () => list.evaluate((list) => list.scrollTop);
  for (let n = 0; n < 20; n += 1) model.say(`Paragraph ${n}.\n\n`);
  await expect(last(page).getByTestId("answer")).toContainText("Paragraph 19.");
  // It follows, until somebody scrolls up, be it a little.
  await expect.poll(below).toBeLessThan(5);
  expect(await top()).toBeGreaterThan(200);
  await list.hover();
  await page.mouse.wheel(0, -30);
  await expect(page.getByTestId("to-end")).toBeVisible();
  const before = await top();
  model.say("One more.");
  await expect(last(page).getByTestId("answer")).toContainText("One more.");
  expect(await top()).toBe(before);
  await page.getByTestId("to-end").click();
  await expect.poll(below).toBeLessThan(5);
  model.say("\n\nAnd another.\n\nAnd another.");
  await expect(last(page).getByTestId("answer")).toContainText("And another.");
  await expect.poll(below).toBeLessThan(5);
});

test.describe("without a model", () => {
  test.use({ serverArgs: async ({ noModel }, use) => use(noModel) });

  test("a refusal is told in words", async ({ visit }) => {
    const page = await visit("/assistant", { isRefused: true });
    await ask(page);
    await expect(last(page)).toHaveAttribute("data-status", "failed");
    await expect(last(page).getByTestId("turn-note")).toContainText("The model could not be reached.");
    await expect(page.getByTestId("ask-again")).toBeVisible();
  });
});
