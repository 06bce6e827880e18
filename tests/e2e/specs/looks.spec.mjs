// Both pages in both languages and themes, on a phone and on a desk. The screenshots are in output/screenshots.
import { expect, expectState, say, test } from "../lib/test.mjs";

const sizes = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, viewport] of Object.entries(sizes)) {
      test(`${language}, ${colorScheme}, ${device}`, async ({ visit }) => {
        const options = { locale, colorScheme, viewport };
        const shot = (page, name) =>
          page.screenshot({ path: `output/screenshots/${name}-${language}-${colorScheme}-${device}.png` });
        const overflow = (page) =>
          page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

        const market = await visit("/", options);
        await expectState(market, "open");
        await expect(market.locator("html")).toHaveAttribute("lang", new RegExp(`^${language}`));
        await expect(market.getByTestId("chart").locator("canvas").first()).toBeVisible();
        expect(await overflow(market), "the market scrolls sideways").toBe(0);
        await shot(market, "market");
        await market.getByTestId("inspector-toggle").click();
        await market.locator(".sse-inspector-summary").click();
        await expect(market.locator(".sse-inspector-frames tbody tr").nth(20)).toBeAttached();
        expect(await overflow(market), "the market scrolls sideways under the inspector").toBe(0);
        await shot(market, "inspector");

        const chat = await visit("/chat/lobby", options);
        await expectState(chat, "open");
        await say(chat, language === "zh" ? "你好，实时数据！" : "Hello, live data!");
        await expect(chat.getByTestId("message")).toHaveAttribute("data-status", "sent");
        expect(await overflow(chat), "the chat scrolls sideways").toBe(0);
        await shot(chat, "chat");
      });
    }
  }
}

test("language and theme are chosen by hand and remembered", async ({ visit }) => {
  const page = await visit("/");
  await expect(page.locator("html")).toHaveAttribute("lang", /^en/);
  await page.getByTestId("lang-toggle").click();
  await expect(page.locator("html")).toHaveAttribute("lang", /^zh/);
  await page.getByTestId("theme-toggle").click();
  const theme = await page.locator("html").getAttribute("data-theme");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("lang", /^zh/);
  await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
});
