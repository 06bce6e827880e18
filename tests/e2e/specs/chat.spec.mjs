import { expect, expectState, say, test, texts } from "../lib/test.mjs";

test("two pages talk to each other, each message once and in order", async ({ visit }) => {
  const [ann, ben] = [await visit("/chat/lobby"), await visit("/chat/lobby")];
  await expectState(ann, "open");
  await expectState(ben, "open");
  await say(ann, "hello from Ann");
  await expect.poll(() => texts(ben)).toEqual(["hello from Ann"]);
  await say(ben, "hello from Ben");
  const all = ["hello from Ann", "hello from Ben"];
  for (const page of [ann, ben]) await expect.poll(() => texts(page)).toEqual(all);
  await expect(ann.getByTestId("message").first()).toHaveAttribute("data-status", "sent");
});

test("a room knows who is in it", async ({ visit }) => {
  const ann = await visit("/chat/lobby");
  await expect(ann.getByTestId("presence")).toContainText("1");
  const ben = await visit("/chat/lobby");
  for (const page of [ann, ben]) await expect(page.getByTestId("presence")).toContainText("2");
});

test("rooms do not hear each other", async ({ visit }) => {
  const lobby = await visit("/chat/lobby");
  const rust = await visit("/chat/rust");
  await expectState(lobby, "open");
  await expectState(rust, "open");
  await say(lobby, "for the lobby");
  await say(rust, "for the crab");
  await expect.poll(() => texts(lobby)).toEqual(["for the lobby"]);
  await expect.poll(() => texts(rust)).toEqual(["for the crab"]);
});

test("who comes late reads what was said", async ({ visit }) => {
  const ann = await visit("/chat/lobby");
  await expectState(ann, "open");
  await say(ann, "first");
  await expect(ann.getByTestId("message")).toHaveAttribute("data-status", "sent");
  const ben = await visit("/chat/lobby");
  await expect.poll(() => texts(ben)).toEqual(["first"]);
});

test("markup is shown as text", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  const markup = "<img src=x onerror=alert(1)>";
  let alerted = false;
  page.on("dialog", (dialog) => {
    alerted = true;
    return dialog.dismiss();
  });
  await say(page, markup);
  await expect(page.getByTestId("message")).toHaveAttribute("data-status", "sent");
  expect(await texts(page)).toEqual([markup]);
  expect(await page.getByTestId("message").locator("img").count()).toBe(0);
  expect(alerted).toBe(false);
});

test("line breaks in a message arrive as line breaks", async ({ visit }) => {
  const [ann, ben] = [await visit("/chat/lobby"), await visit("/chat/lobby")];
  await expectState(ann, "open");
  await expectState(ben, "open");
  const text = "one\ndata: two\nevent: forged\n\nid: 9";
  await say(ann, text);
  await expect.poll(() => texts(ben)).toEqual([text]);
});

test("over a killed server nothing is lost or doubled, and both pages recover by themselves", async ({
  visit,
  server,
}) => {
  const [ann, ben] = [await visit("/chat/lobby"), await visit("/chat/lobby")];
  await expectState(ann, "open");
  await expectState(ben, "open");
  await say(ann, "before the fall");
  await expect.poll(() => texts(ben)).toEqual(["before the fall"]);

  await server.kill();
  for (const page of [ann, ben]) await expectState(page, "waiting", "connecting");
  // Said while nobody listens: kept, shown as not yet sent, and sent once when the server is back.
  await say(ben, "during the night");
  await expect(ben.getByTestId("message").last()).toHaveAttribute("data-status", /^(waiting|sending)$/);

  await server.start();
  for (const page of [ann, ben]) await expectState(page, "open");
  await expect.poll(() => texts(ann)).toEqual(["before the fall", "during the night"]);
  await say(ann, "after the dawn");
  const all = ["before the fall", "during the night", "after the dawn"];
  for (const page of [ann, ben]) {
    await expect.poll(() => texts(page)).toEqual(all);
    await expect(page.locator('[data-testid="message"]:not([data-status="sent"])')).toHaveCount(0);
  }
});

test("what is said while the server is away is sent when it is back, also from another page", async ({
  visit,
  server,
}) => {
  const [ann, ben] = [await visit("/chat/lobby"), await visit("/chat/lobby")];
  await expectState(ann, "open");
  await expectState(ben, "open");
  await server.kill();
  await expectState(ann, "waiting", "connecting");
  await say(ann, "one");
  await say(ann, "two");
  await ann.getByTestId("nav-market").click();
  await server.start();
  await expect.poll(() => texts(ben), { timeout: 45_000 }).toEqual(["one", "two"]);
  await ann.getByTestId("nav-chat").click();
  await expect.poll(() => texts(ann)).toEqual(["one", "two"]);
  await expect(ann.locator('[data-testid="message"]:not([data-status="sent"])')).toHaveCount(0);
});

test("what could not be sent outlives a reload", async ({ visit }) => {
  const [ann, ben] = [await visit("/chat/lobby"), await visit("/chat/lobby")];
  await expectState(ann, "open");
  await expectState(ben, "open");
  const route = "**/api/chat/lobby";
  await ann.route(route, (request) => request.abort());
  await say(ann, "still here");
  await expect(ann.getByTestId("message")).toHaveAttribute("data-status", "waiting");
  await ann.reload();
  await expect.poll(() => texts(ann)).toEqual(["still here"]);
  await ann.unroute(route);
  await expect.poll(() => texts(ben)).toEqual(["still here"]);
  await expect(ann.getByTestId("message")).toHaveAttribute("data-status", "sent");
  await expect.poll(() => texts(ann)).toEqual(["still here"]);
});

test("a page that was cut off resumes at the very next message", async ({ visit, server }) => {
  const [ann, ben] = [await visit("/chat/lobby"), await visit("/chat/lobby")];
  await expectState(ann, "open");
  await expectState(ben, "open");
  await say(ann, "1");
  await expect.poll(() => texts(ben)).toEqual(["1"]);
  // The page's life cycle pauses the stream, as the back/forward cache does; the server stays up meanwhile.
  await ben.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
  await expectState(ben, "paused");
  for (const text of ["2", "3", "4"]) {
    await say(ann, text);
    await expect(ann.getByTestId("message").last()).toHaveAttribute("data-status", "sent");
  }
  await ben.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await expectState(ben, "open");
  for (const page of [ann, ben]) await expect.poll(() => texts(page)).toEqual(["1", "2", "3", "4"]);
});

test("Enter in the field for the name takes the name and sends nothing, with Shift too", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  await page.getByTestId("chat-input").fill("not yet");
  for (const [key, name] of [["Enter", "Ann"], ["Shift+Enter", "Bea"]]) {
    await page.getByTestId("chat-name").fill(name);
    await page.getByTestId("chat-name").press(key);
    await expect(page.getByTestId("presence-names")).toContainText(name);
    await expect(page.getByTestId("chat-input")).toHaveValue("not yet");
  }
  expect(await texts(page)).toEqual([]);
});

test("what is half written stays in its room, over other pages and a reload, until it is sent", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  const field = page.getByTestId("chat-input");
  await field.fill("half a");
  await page.getByTestId("room-rust").click();
  await expect(field).toHaveAccessibleName(/Rust/);
  await expect(field).toHaveValue("");
  await page.getByTestId("nav-assistant").click();
  const question = page.getByTestId("ask-input");
  await question.fill("why");
  await page.getByTestId("nav-chat").click();
  await expect(field).toHaveValue("half a");
  await page.reload();
  await expect(field).toHaveValue("half a");
  await field.press("Enter");
  await expect.poll(() => texts(page)).toEqual(["half a"]);
  await page.getByTestId("nav-assistant").click();
  await expect(question).toHaveValue("why");
  await page.getByTestId("nav-chat").click();
  await expect.poll(() => texts(page)).toEqual(["half a"]);
  await expect(field).toHaveValue("");
});

test("a screen reader hears what is said, and not what was said before", async ({ visit, server }) => {
  const say = (id, text) =>
    fetch(`${server.url}/api/chat/lobby`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_id: id, author: "Ben", text }),
    });
  await say("before", "long ago");
  const held = [];
  let isHeld = true;
  const hold = (route) => (isHeld ? void held.push(route) : route.continue());
  const page = await visit("/chat/lobby", { prepare: (page) => page.route("**/api/chat/lobby**", hold) });
  const log = page.getByTestId("messages");
  await expect(log).toHaveAttribute("aria-live", "off");
  // How it was when the first message came.
  await log.evaluate((log) => {
    const look = () => {
      if (log.querySelector("[data-testid=message]")) window.spoken ??= log.getAttribute("aria-live") ?? "read aloud";
    };
    new MutationObserver(look).observe(log, { childList: true, subtree: true });
  });
  isHeld = false;
  await Promise.all(held.map((route) => route.continue()));
  await expect.poll(() => texts(page)).toEqual(["long ago"]);
  expect(await page.evaluate(() => window.spoken)).toBe("off");
  await expect(log).not.toHaveAttribute("aria-live");
  // One's own is read when it is written, and not again when it comes back.
  await page.getByTestId("chat-input").fill("hello");
  await page.getByTestId("chat-input").press("Enter");
  await expect(page.getByTestId("message").last()).toHaveAttribute("data-status", "sent");
  await expect(page.getByTestId("message").last()).toHaveAttribute("aria-live", "off");
  await expect(page.getByTestId("message").first()).not.toHaveAttribute("aria-live");
  // Nor is it all read again in another language.
  await page.evaluate(() => delete window.spoken);
  await page.getByTestId("lang-toggle").click();
  await expect.poll(() => page.evaluate(() => window.spoken)).toBe("off");
  await expect(log).not.toHaveAttribute("aria-live");
});

test("how much still fits is said in steps, and that it is too much by the field", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  const field = page.getByTestId("chat-input");
  const said = page.locator(".composer").getByRole("status");
  await field.fill("x".repeat(1_861));
  await expect(said).toHaveText("150 left");
  await field.fill("x".repeat(1_863));
  await expect(field).toHaveAccessibleDescription("137 left");
  await expect(said).toHaveText("150 left");
  await expect(field).toHaveAttribute("aria-invalid", "false");
  await field.fill("x".repeat(2_003));
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription("3 too many");
  await expect(said).toHaveText("Too long to be sent");
});

test("control characters that were pasted are not sent", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  await say(page, "\u001b[31mred\u001b[0m\nand so on");
  await expect.poll(() => texts(page)).toEqual(["[31mred[0m\nand so on"]);
  await expect(page.getByTestId("message")).toHaveAttribute("data-status", "sent");
});

test("what is written from right to left is shown so, and names are what they look like", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  const name = page.getByTestId("chat-name");
  const before = await name.inputValue();
  await name.fill("\u200b");
  await name.press("Enter");
  await expect(name).toHaveValue(before);
  await name.fill("A\u202eevil");
  await name.press("Enter");
  await expect(name).toHaveValue("Aevil");
  const direction = (locator) => locator.evaluate((element) => getComputedStyle(element).direction);
  await page.getByTestId("chat-input").fill("שלום, Ann!");
  expect(await direction(page.getByTestId("chat-input"))).toBe("rtl");
  await page.getByTestId("chat-send").click();
  await expect(page.getByTestId("message")).toHaveAttribute("data-status", "sent");
  expect(await direction(page.getByTestId("message-text"))).toBe("rtl");
  await say(page, "Hello, Ann!");
  await expect.poll(() => texts(page)).toEqual(["שלום, Ann!", "Hello, Ann!"]);
  expect(await direction(page.getByTestId("message-text").last())).toBe("ltr");
});

test("who is at the end stays there when the field for a message grows", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  await say(page, Array.from({ length: 60 }, (_, at) => `line ${at}`).join("\n"));
  await expect(page.getByTestId("message")).toHaveAttribute("data-status", "sent");
  const below = () =>
    page.getByTestId("messages").evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
  const height = () => page.getByTestId("messages").evaluate((list) => list.clientHeight);
  await expect.poll(below).toBeLessThanOrEqual(4);
  const before = await height();
  await page.getByTestId("chat-input").fill("one\ntwo\nthree\nfour\nfive");
  await expect.poll(height).toBeLessThan(before - 48);
  await expect.poll(below).toBeLessThanOrEqual(4);
});
