// What pages say on the console.

/**
 * Collects in `errors` whatever the page reports as an error, but for requests that fail because the test has stopped
 * the server or taken the network away, and with `isRefused` for those that the server refuses.
 */
export function collectErrors(page, errors, { isRefused = false } = {}) {
  page.on("pageerror", (error) => errors.push(`${error}`));
  page.on("console", (message) => {
    const text = message.text();
    const isFailed = text.startsWith("Failed to load resource: net::ERR_");
    const isAskedFor = isFailed || (isRefused && text.startsWith("Failed to load resource: the server responded"));
    if (message.type() === "error" && !isAskedFor) errors.push(text);
  });
}
