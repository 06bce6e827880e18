// The pages of the examples that everybody copies, unchanged, against our server. See REFERENCE in the README.
import { expect, test } from "../lib/test.mjs";

/** What a plain `new EventSource(path)` with `onmessage` gets, until there are `count` messages. */
function listen(page, path, count) {
  return page.evaluate(
    ([path, count]) =>
      new Promise((resolve) => {
        const source = new EventSource(path);
        const messages = [];
        source.onmessage = (event) => {
          messages.push(event.data);
          if (messages.length === count) {
            source.close();
            resolve(messages);
          }
        };
      }),
    [path, count],
  );
}

test("a stock price page of Spring's example gets prices", async ({ visit }) => {
  const page = await visit("/healthz/live");
  for (const price of await listen(page, "/stock-price", 2)) {
    expect(Number(price)).toBeGreaterThanOrEqual(100);
    expect(Number(price)).toBeLessThanOrEqual(110);
  }
});

test("a page of Go's example gets the time", async ({ visit }) => {
  const page = await visit("/healthz/live");
  for (const message of await listen(page, "/events", 2)) expect(message).toMatch(/^Message at .*\d\d:\d\d:\d\d/);
});

test("a page of Flask's example gets its greeting once, and the browser stops asking", async ({ visit }) => {
  const page = await visit("/healthz/live");
  const [messages, state] = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const source = new EventSource("/stream");
        const messages = [];
        source.onmessage = (event) => messages.push(event.data);
        // Told once when the stream ends and once when the browser is told that there is no more.
        source.onerror = () => {
          if (source.readyState === EventSource.CLOSED) resolve([messages, source.readyState]);
        };
      }),
  );
  expect(messages).toEqual(["Hello, SSE!"]);
  expect(state).toBe(2);
});
