// Pages, and what they say on the console.
import { expect } from "@playwright/test";

/**
 * Hands `use` a function that opens a URL in a page of its own, as another person would. `prepare` gets the page before
 * it is loaded, and Playwright's `newContext` what is not named here. Whatever such a page reports as an error fails
 * the test at its end; see `collectErrors`.
 */
export async function withPages(browser, use) {
  const contexts = [];
  const errors = [];
  await use(async (url, { prepare = () => {}, waitUntil, isRefused, isSilent, ...options } = {}) => {
    const context = await browser.newContext(options);
    contexts.push(context);
    const page = await context.newPage();
    collectErrors(page, errors, { isRefused, isSilent });
    await prepare(page);
    await page.goto(url, { waitUntil });
    return page;
  });
  for (const context of contexts) await context.close();
  expect(errors, "errors on the console").toEqual([]);
}

/**
 * Collects in `errors` whatever the page reports as an error, but for requests that fail because the test has stopped
 * the server or taken the network away, and with `isRefused` for those that the server refuses. With `isSilent`, also
 * what is no error, but for a program that is fetched and then not wanted at once.
 */
export function collectErrors(page, errors, { isRefused = false, isSilent = false } = {}) {
  page.on("pageerror", (error) => errors.push(`${error}`));
  page.on("console", (message) => {
    const text = message.text();
    const isAskedFor =
      text.startsWith("Failed to load resource: net::ERR_") ||
      (isRefused && text.startsWith("Failed to load resource: the server responded")) ||
      (isSilent && text.includes("preloaded using link"));
    if ((isSilent || message.type() === "error") && !isAskedFor) errors.push(`${message.type()}: ${text}`);
  });
}
