// The server's own log as a stream: filtered, paused, and closed to whoever has no token.
import { expect, expectState, test as base } from "../lib/test.mjs";

const TOKEN = "a-reader-of-the-tests";

const test = base.extend({ serverArgs: async ({ noModel }, use) => use(noModel) });

const rows = (page) => page.getByTestId("log-row");
const warnings = (page) => rows(page).filter({ hasText: "the model's endpoint was not reached" });

/** Has the server log a warning. */
async function warn(server) {
  const answer = await fetch(`${server.url}/api/assistant`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content: "why?" }] }),
  });
  expect(answer.status).toBeGreaterThanOrEqual(500);
}

test("lines come as they are said, and filters pick among them", async ({ visit, server }) => {
  const page = await visit("/logs");
  await expectState(page, "open");
  await warn(server);
  await expect(warnings(page)).toHaveCount(1);
  await expect(warnings(page)).toHaveAttribute("data-level", "warn");
  // What was said before the page came.
  const opening = rows(page).filter({ hasText: "the market opens" });
  await expect(opening).toHaveCount(1);

  await page.getByTestId("log-level").selectOption("warn");
  await expect(opening).toHaveCount(0);
  await expect(warnings(page)).toHaveCount(1);
  await page.getByTestId("log-filter").fill("MARKET");
  await expect(page.getByTestId("log-empty")).toBeVisible();
  await page.getByTestId("log-level").selectOption("all");
  await expect(opening).toHaveCount(1);
  await expect(warnings(page)).toHaveCount(0);
  await page.getByTestId("log-filter").fill("");
  await page.getByTestId("log-clear").click();
  await expect(rows(page)).toHaveCount(0);
  await warn(server);
  await expect(warnings(page)).toHaveCount(1);
  await expect(opening).toHaveCount(0);
});

test("while the server does not answer, nothing is said of what it has logged", async ({ visit, server }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  await server.kill();
  await page.getByTestId("nav-logs").click();
  await expect(page.getByTestId("log-empty")).toHaveText("Connecting…");
  await expect(page.getByTestId("log-count")).toHaveText("");
  await server.start();
  await expect(rows(page).filter({ hasText: "the market opens" })).toHaveCount(1);
  await expect(page.getByTestId("log-count")).toContainText("line");
});

test("a paused log is closed, and misses nothing when it goes on", async ({ visit, server }) => {
  const page = await visit("/logs");
  await expectState(page, "open");
  await warn(server);
  await expect(warnings(page)).toHaveCount(1);
  await page.getByTestId("log-pause").click();
  await expectState(page, "paused");
  for (let n = 0; n < 3; n += 1) await warn(server);
  await expect(warnings(page)).toHaveCount(1);
  await page.getByTestId("log-pause").click();
  await expectState(page, "open");
  await expect(warnings(page)).toHaveCount(4);
  await warn(server);
  await expect(warnings(page)).toHaveCount(5);
});

test("over a killed server the lines stay, and it is said where some may be missing", async ({ visit, server }) => {
  const page = await visit("/logs");
  await expectState(page, "open");
  await warn(server);
  await expect(warnings(page)).toHaveCount(1);
  await server.kill();
  await expectState(page, "waiting", "connecting");
  await server.start();
  await expectState(page, "open");
  await expect(page.getByTestId("log-gap")).toBeVisible();
  await warn(server);
  await expect(warnings(page)).toHaveCount(2);
});

test("where only the browser's own EventSource is refused, the log goes on where it was", async ({ visit, server }) => {
  const page = await visit("/logs", { isRefused: true });
  await expectState(page, "open");
  await warn(server);
  await expect(warnings(page)).toHaveCount(1);
  // As a proxy does while the server behind it is away.
  await page.route("**/api/logs**", (route) =>
    route.request().resourceType() === "eventsource" ? route.fulfill({ status: 502, body: "" }) : route.continue(),
  );
  await page.getByTestId("log-pause").click();
  await expectState(page, "paused");
  await warn(server);
  const asked = page.waitForRequest((request) => request.resourceType() === "fetch" && request.url().includes("/api/logs"));
  await page.getByTestId("log-pause").click();
  expect(await (await asked).headerValue("last-event-id")).toMatch(/^\S+\.\d+$/);
  await expectState(page, "open");
  await expect(warnings(page)).toHaveCount(2);
});

test.describe("with a token", () => {
  test.use({ serverArgs: async ({ noModel }, use) => use([...noModel, "--read-token", TOKEN]) });

  test("who has none is asked for it, who has a wrong one is told so, and a right one is kept", async ({ visit }) => {
    const page = await visit("/logs", { isRefused: true });
    const refused = page.getByTestId("refused");
    await expect(refused).toHaveAttribute("data-status", "401");
    await expect(refused).toContainText("needs a token");
    await expect(rows(page)).toHaveCount(0);

    await page.getByTestId("token-input").fill("a-guess-of-somebody");
    await page.getByTestId("token-send").click();
    await expect(page.locator("#token-reason")).toHaveText("The server did not accept this token.");
    await expect(page.getByTestId("token-input")).toBeFocused();
    await page.getByTestId("token-input").fill("字");
    await page.getByTestId("token-send").click();
    await expect(refused).toContainText("did not accept this token");

    await page.getByTestId("token-input").fill(TOKEN);
    await page.getByTestId("token-send").click();
    await expectState(page, "open");
    await expect(rows(page).filter({ hasText: "the market opens" })).toHaveCount(1);
    await page.reload();
    await expectState(page, "open");
    await page.getByTestId("token-forget").click();
    await expect(refused).toContainText("needs a token");
  });
});

test.describe("behind a proxy, without a token", () => {
  test("it cannot be read, and the server's reason is told", async ({ visit }) => {
    const page = await visit("/logs", { isRefused: true, extraHTTPHeaders: { "x-forwarded-for": "203.0.113.9" } });
    await expect(page.getByTestId("refused")).toHaveAttribute("data-status", "403");
    await expect(page.getByTestId("refused")).toContainText("--read-token");
    await expect(page.getByTestId("token-input")).toHaveCount(0);
  });
});

/** In the page: the test is the server of the log. */
function standIn() {
  addEventListener("TrunkApplicationStarted", (event) => (globalThis.program = event.detail.wasm));
  globalThis.EventSource = class extends EventTarget {
    constructor(url) {
      super();
      if (url.includes("/api/logs")) globalThis.log = this;
      setTimeout(() => this.dispatchEvent(new Event("open")));
    }

    close() {}
  };
}

/** In the page: brings so many lines, a hundred to a frame. Returns how many bytes of memory the program has then. */
async function bring([first, count]) {
  for (let n = first; n < first + count; n += 1) {
    const line = { time: n, level: "info", target: "test", message: `line ${n}`, request: null };
    const event = { data: JSON.stringify(line), lastEventId: `e.${n}` };
    globalThis.log.dispatchEvent(new MessageEvent("line", event));
    if (n % 100 === 99) await new Promise(requestAnimationFrame);
  }
  return globalThis.program.memory.buffer.byteLength;
}

test("a log that is watched for days takes no more memory than one that is full", async ({ visit }) => {
  const page = await visit("/logs", { prepare: (page) => page.addInitScript(standIn) });
  await expectState(page, "open");
  const full = await page.evaluate(bring, [0, 3_000]);
  const later = await page.evaluate(bring, [3_000, 6_000]);
  await expect(rows(page).last()).toContainText("line 8999");
  expect(later - full).toBeLessThan(256 << 10);
});
