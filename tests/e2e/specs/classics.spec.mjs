// The pages of the examples that everybody copies, unchanged but for the icon that keeps the console quiet,
// against our server.
import { expect, test } from "../lib/test.mjs";

/** The usual page: `new EventSource` and `onmessage`, and what it got in `messages`. */
const page = (path) => `<!doctype html>
<link rel="icon" href="data:,">
<ul id="messages"></ul>
<script>
  const source = new EventSource("${path}");
  source.onmessage = (event) => {
    const item = document.createElement("li");
    item.textContent = event.data;
    document.getElementById("messages").append(item);
  };
</script>`;

test.describe("a plain page", () => {
  for (const [name, path, message, count] of [
    ["Spring's stock price", "/stock-price", /^1(0\d(\.\d+)?|10(\.0+)?)$/, 2],
    ["Go's clock", "/events", /^Message at .*\d\d:\d\d:\d\d/, 2],
    ["Flask's greeting", "/stream", /^Hello, SSE!$/, 1],
  ]) {
    test(`${name} works unchanged`, async ({ visit }) => {
      const tab = await visit("/classic.html", { route: ["**/classic.html", page(path)] });
      const messages = tab.getByRole("listitem");
      await expect.poll(() => messages.count()).toBeGreaterThanOrEqual(count);
      for (const text of (await messages.allTextContents()).slice(0, count)) expect(text).toMatch(message);
    });
  }

  test("the greeting comes once, and then the browser stops asking", async ({ visit }) => {
    const tab = await visit("/classic.html", { route: ["**/classic.html", page("/stream")] });
    // 2 is CLOSED: the browser was told by a 204 that there is no more.
    await expect.poll(() => tab.evaluate("source.readyState")).toBe(2);
    expect(await tab.getByRole("listitem").allTextContents()).toEqual(["Hello, SSE!"]);
  });
});
