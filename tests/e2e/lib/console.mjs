// What pages say on the console.

/**
 * Collects in `errors` whatever the page reports as an error, but for requests that fail because the test has stopped
 * the server or taken the network away.
 */
export function collectErrors(page, errors) {
  page.on("pageerror", (error) => errors.push(`${error}`));
  page.on("console", (message) => {
    const failedRequest = message.text().startsWith("Failed to load resource: net::ERR_");
    if (message.type() === "error" && !failedRequest) errors.push(message.text());
  });
}
