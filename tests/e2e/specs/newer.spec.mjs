// A deployment replaces server and page while tabs are open: an old page is told of what it does not know.
import { ROOM, sayFromOutside } from "../lib/chat.mjs";
import { expect, expectState, test } from "../lib/test.mjs";

const notice = (page) => page.getByTestId("newer");

const event = (type, data) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;

/** The stream of the lobby, and not what is said there. */
const STREAM = new RegExp(`${ROOM}\\?`);

/** Has a stream say this each time it is opened. */
const answer = (page, url, body) =>
  page.route(url, (route) => route.fulfill({ contentType: "text/event-stream", body }));

const isTheStartPage = (url) => url.pathname === "/";

/** Has the server serve another page from now on. */
const deploy = (page) =>
  page.route(isTheStartPage, (route) => route.fulfill({ contentType: "text/html", body: "<title>The next one</title>" }));

test("an event that an old page cannot read is told of once, until the page is loaded anew", async ({ visit, server }) => {
  const prepare = async (page) => {
    await answer(page, STREAM, event("message", { words: "Hi" }) + event("message", {}));
    await deploy(page);
  };
  const page = await visit("/chat/lobby", { prepare });
  await expect(notice(page)).toHaveText("There is a newer version of this page.");
  await expect(page.getByRole("status").filter({ has: notice(page) })).toHaveCount(1);
  await page.getByTestId("lang-toggle").click();
  await expect(notice(page)).toHaveText("此页面已有新版本。");

  // Whichever page is looked at.
  await page.getByTestId("nav-market").click();
  await expectState(page, "open");
  await expect(notice(page)).toBeVisible();

  await page.unrouteAll();
  await page.getByTestId("reload").click();
  await expect(notice(page)).toHaveCount(0);
  await page.getByTestId("nav-chat").click();
  await sayFromOutside(server, "from the new server");
  await expect(page.getByTestId("message-text")).toHaveText(["from the new server"]);
  await expect(notice(page)).toHaveCount(0);
});

test("where the page is the newest, an event that it cannot read is none to load it again for", async ({ visit }) => {
  let looked;
  const prepare = async (page) => {
    await answer(page, STREAM, event("message", { words: "of an older version" }));
    looked = page.waitForResponse((response) => isTheStartPage(new URL(response.url())));
  };
  const page = await visit("/chat/lobby", { prepare });
  await (await looked).finished();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(notice(page)).toHaveCount(0);
});

test("the focus stays where it is when a newer version is told of", async ({ visit }) => {
  let say;
  const said = new Promise((resolve) => (say = resolve));
  const prepare = async (page) => {
    await deploy(page);
    await page.route(STREAM, async (route) => {
      await said;
      await route.fulfill({ contentType: "text/event-stream", body: event("message", {}) });
    });
  };
  const page = await visit("/chat/lobby", { prepare });
  await page.getByTestId("chat-input").focus();
  say();
  await expect(notice(page)).toBeVisible();
  await expect(page.getByTestId("chat-input")).toBeFocused();
});

test("an answer that ends for a reason that an old page does not know ends", async ({ visit }) => {
  const page = await visit("/assistant", { prepare: deploy });
  await answer(
    page,
    "**/api/assistant",
    event("answer", { answer: "x", model: "m", question: "q" }) +
      event("token", { text: "As far as" }) +
      event("thought", { text: "hm" }) +
      event("finished", { reason: "tired" }) +
      event("sse.end", {}),
  );
  await page.getByTestId("ask-input").fill("Why?");
  await page.getByTestId("ask-input").press("Enter");
  const turn = page.getByTestId("turn").last();
  await expect(turn).toHaveAttribute("data-status", "cut");
  await expect(turn.getByTestId("answer")).toHaveText("As far as");
  await expect(turn.getByTestId("turn-note")).toHaveCount(0);
  // Of another kind of event, too, it is told.
  await expect(notice(page)).toBeVisible();
});
