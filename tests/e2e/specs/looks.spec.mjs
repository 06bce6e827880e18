// All pages in both languages and themes, on a phone and on a desk. The screenshots are in output/screenshots.
import { expect, expectLive, expectState, notify, PUBLISH, say, test as base } from "../lib/test.mjs";

const test = base.extend({ serverArgs: [[...PUBLISH, "--assistant-pace", "60"], { option: true }] });

const sizes = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };

/** What the server says when it starts is read, so that it is not in the way. */
async function read(page) {
  await page.getByTestId("bell").click();
  await expect(page.getByTestId("notification").first()).toBeVisible();
  await page.keyboard.press("Escape");
}

const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, viewport] of Object.entries(sizes)) {
      const options = { locale, colorScheme, viewport };
      const shot = (page, name) =>
        page.screenshot({ path: `output/screenshots/${name}-${language}-${colorScheme}-${device}.png` });
      const inLanguage = (english, chinese) => (language === "zh" ? chinese : english);

      test(`market and chat: ${language}, ${colorScheme}, ${device}`, async ({ visit }) => {
        const market = await visit("/", options);
        await expectState(market, "open");
        await read(market);
        await expect(market.locator("html")).toHaveAttribute("lang", new RegExp(`^${language}`));
        await expect(market.getByTestId("chart").locator("canvas").first()).toBeVisible();
        expect(await overflow(market), "the market scrolls sideways").toBe(0);
        await shot(market, "market");
        await market.getByTestId("inspector-toggle").click();
        await market.locator(".sse-inspector-summary", { hasText: "/api/market" }).click();
        await expect(market.locator(".sse-inspector-frames tbody tr").nth(20)).toBeAttached();
        expect(await overflow(market), "the market scrolls sideways under the inspector").toBe(0);
        await shot(market, "inspector");

        const chat = await visit("/chat/lobby", options);
        await expectState(chat, "open");
        await read(chat);
        await say(chat, inLanguage("Hello, live data!", "你好，实时数据！"));
        await expect(chat.getByTestId("message")).toHaveAttribute("data-status", "sent");
        expect(await overflow(chat), "the chat scrolls sideways").toBe(0);
        await shot(chat, "chat");
      });

      test(`assistant, log and notifications: ${language}, ${colorScheme}, ${device}`, async ({ visit, server }) => {
        const assistant = await visit("/assistant", options);
        await read(assistant);
        await shot(assistant, "assistant-empty");
        await assistant.getByTestId("suggestion").first().click();
        await expect(assistant.getByTestId("answer").locator("p").nth(1)).toBeVisible();
        await shot(assistant, "assistant-running");
        await expect(assistant.getByTestId("turn")).toHaveAttribute("data-status", "complete", { timeout: 30_000 });
        expect(await overflow(assistant), "the assistant scrolls sideways").toBe(0);
        await shot(assistant, "assistant");

        // Who may publish may read the log.
        const logs = await visit("/logs", { ...options, isRefused: true });
        await logs.getByTestId("token-input").fill(PUBLISH[1]);
        await logs.getByTestId("token-send").click();
        await expectState(logs, "open");
        await read(logs);
        await expect(logs.getByTestId("log-row").first()).toBeVisible();
        expect(await overflow(logs), "the log scrolls sideways").toBe(0);
        await shot(logs, "logs");
        await expectLive(logs);
        const about = inLanguage("Nightly build: 1,204 tests passed", "夜间构建：1204 个测试通过");
        await notify(server, about, { severity: "success" });
        const why = inLanguage("Less than 5 % are left on /var.", "/var 只剩不到 5%。");
        await notify(server, inLanguage("The disk is nearly full", "磁盘快满了"), { severity: "error", body: why });
        await expect(logs.getByTestId("toast")).toHaveCount(2);
        await logs.getByTestId("toast").first().evaluate((toast) => Promise.all(toast.getAnimations().map((it) => it.finished)));
        await shot(logs, "toasts");
        await logs.getByTestId("bell").click();
        await expect(logs.getByTestId("notification")).toHaveCount(3);
        expect(await overflow(logs), "the log scrolls sideways under the notifications").toBe(0);
        await shot(logs, "notifications");
      });
    }
  }
}

test.describe("where the log is private", () => {
  const token = "a-reader-of-the-tests";
  test.use({ serverArgs: async ({ noModel }, use) => use(["--read-token", token, ...noModel]) });

  test("on a low screen there is room for the chat, and the question for a token is seen whole", async ({ visit }) => {
    const page = await visit("/chat/lobby", { viewport: { width: 740, height: 360 }, isRefused: true });
    await expectState(page, "open");
    const box = (locator) => page.locator(locator).boundingBox();
    // Two phones on their sides; and half of a phone's screen and a page that is enlarged four times, which scroll.
    const low = [[740, 360], [844, 390], [400, 320], [320, 256]];
    for (const [width, height] of low) {
      await page.setViewportSize({ width, height });
      await expect.poll(async () => (await box(".messages")).height, `at ${width}`).toBeGreaterThanOrEqual(150);
      const field = await box(".composer-text");
      if (height > 320) expect(field.y + field.height, `the field at ${width}`).toBeLessThanOrEqual(height);
      expect(await overflow(page), `the chat scrolls sideways at ${width}`).toBe(0);
      await page.screenshot({ path: `output/screenshots/chat-low-${width}.png` });
    }
    await page.getByTestId("nav-logs").click();
    for (const [width, height] of low) {
      await page.setViewportSize({ width, height });
      await expect(page.getByTestId("token-send")).toBeVisible();
      const [panel, lock, send] = [await box(".logs"), await box(".logs-lock"), await box(".token .button")];
      expect(lock.y, `the top of the question at ${width}`).toBeGreaterThanOrEqual(panel.y);
      expect(send.y + send.height, `its button at ${width}`).toBeLessThanOrEqual(panel.y + panel.height);
    }
  });

  for (const [device, viewport] of Object.entries(sizes)) {
    test(`the question for a token, the log, and a refused question: ${device}`, async ({ visit }) => {
      const page = await visit("/assistant", { viewport, isRefused: true });
      const shot = (name) => page.screenshot({ path: `output/screenshots/${name}-en-light-${device}.png` });
      await read(page);
      await page.getByTestId("suggestion").first().click();
      await expect(page.getByTestId("turn-note")).toBeVisible();
      await shot("assistant-refused");
      for (let n = 0; n < 8; n += 1) {
        await page.getByTestId("ask-again").click();
        await expect(page.getByTestId("turn-note")).toBeVisible();
      }
      await page.getByTestId("nav-logs").click();
      await expect(page.getByTestId("refused")).toBeVisible();
      await shot("logs-refused");
      await page.getByTestId("token-input").fill(token);
      await page.getByTestId("token-send").click();
      await expect(page.getByTestId("log-row").nth(8)).toBeVisible();
      expect(await overflow(page), "the log scrolls sideways").toBe(0);
      await shot("logs-full");
    });
  }
});

test("on a phone on its side nothing lies under the notch or the home indicator", async ({ visit }) => {
  const insets = { top: 0, left: 47, right: 47, bottom: 21 };
  const prepare = async (page) => {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setSafeAreaInsetsOverride", { insets });
  };
  for (const [width, height] of [[844, 390], [740, 360]]) {
    const page = await visit("/chat/lobby", { viewport: { width, height }, prepare });
    await expectState(page, "open");
    const expectBeside = async (...locators) => {
      for (const locator of locators) {
        const { x, width: wide } = await page.locator(locator).first().boundingBox();
        expect(x, `${locator} at ${width}`).toBeGreaterThanOrEqual(insets.left);
        expect(x + wide, `${locator} at ${width}`).toBeLessThanOrEqual(width - insets.right);
      }
    };
    const expectAbove = async (...locators) => {
      for (const locator of locators) {
        const { y, height: high } = await page.locator(locator).boundingBox();
        expect(y + high, `${locator} at ${width}`).toBeLessThanOrEqual(height - insets.bottom);
      }
    };
    const ends = [".navigation a:first-child", ".navigation a:last-child"];
    await expectBeside(".brand-mark", ".tools", ...ends, ".rooms-list", ".composer-send");
    await expectAbove(...ends, ".composer-send");
    await page.screenshot({ path: `output/screenshots/chat-notch-${width}.png` });
    await page.getByTestId("inspector-toggle").click();
    await page.getByTestId("bell").click();
    await expectBeside(".inspector", ".notifications");
    await expectAbove(".inspector", ".notifications");
    await page.keyboard.press("Escape");
    await page.getByTestId("nav-market").click();
    await expectBeside(".market h1", ".row-symbol", ".row-volume");
    expect(await overflow(page), `the market scrolls sideways at ${width}`).toBe(0);
  }
});

test("a phone that is touched does not zoom into a field, however it is held", async ({ visit }) => {
  for (const [width, height] of [[390, 844], [844, 390]]) {
    const page = await visit("/chat/lobby", { viewport: { width, height }, isMobile: true, hasTouch: true });
    await expectState(page, "open");
    const sizes = await page.locator("input, textarea").evaluateAll((all) =>
      all.map((it) => [it.className, parseFloat(getComputedStyle(it).fontSize)]),
    );
    expect(sizes.length).toBeGreaterThan(2);
    for (const [field, size] of sizes) expect(size, `${field} at ${width}`).toBeGreaterThanOrEqual(16);
  }
});

test("a room in which nothing was said says so also where there is little room", async ({ visit }) => {
  const page = await visit("/chat/empty", { viewport: { width: 568, height: 320 } });
  await expectState(page, "open");
  await expect(page.getByRole("heading", { name: "Nothing said yet" })).toBeInViewport({ ratio: 1 });
});

for (const [width, height] of [[320, 568], [360, 740], [844, 390], [1024, 768]]) {
  test(`who touches sees why a connection is lost, and nothing moves: ${width}`, async ({ visit, server }) => {
    const page = await visit("/", { viewport: { width, height }, isMobile: true, hasTouch: true });
    await expectState(page, "open");
    const top = async () => (await page.locator(".detail").boundingBox()).y;
    const before = await top();
    await server.kill();
    await expectState(page, "waiting");
    const badge = page.getByTestId("badge");
    const [shown, why] = await badge.evaluate((it) => [getComputedStyle(it, "::after").content, it.title]);
    expect(why).not.toBe("");
    expect(shown).toContain(why);
    expect(await top()).toBe(before);
    await page.screenshot({ path: `output/screenshots/lost-touched-${width}.png` });
  });
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

test("the link to the content leads there", async ({ visit }) => {
  const page = await visit("/chat/lobby");
  await expectState(page, "open");
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
  await expectState(page, "open");
});

test("the focus stays near a button that goes when it is pressed", async ({ visit }) => {
  const page = await visit("/assistant");
  const hasFocus = () => page.evaluate(() => !document.activeElement.matches("body"));
  const expectGone = async (button) => {
    await button.press("Enter");
    await expect(button.and(page.locator(":enabled"))).toHaveCount(0);
    await expect.poll(hasFocus, `${button}`).toBe(true);
  };
  await expectGone(page.getByTestId("suggestion").first());
  await expectGone(page.getByTestId("stop"));
  await expectGone(page.getByTestId("ask-again"));
  await page.getByTestId("stop").click();
  await expectGone(page.getByTestId("new-conversation"));
  await page.getByTestId("bell").press("Enter");
  await expectGone(page.getByTestId("clear-notifications"));
});

test("a phone's bars have the colour of the theme that was chosen", async ({ visit }) => {
  const page = await visit("/", { colorScheme: "light" });
  const colors = page.locator("meta[name=theme-color]");
  const inForce = () =>
    colors.evaluateAll((all) => all.filter((it) => matchMedia(it.media).matches).map((it) => it.content));
  expect(await inForce()).toEqual(["#ffffff"]);
  await page.getByTestId("theme-toggle").click();
  await page.getByTestId("theme-toggle").click();
  await expect.poll(inForce).toEqual(["#12171f"]);
  await page.reload();
  await expect.poll(inForce).toEqual(["#12171f"]);
});

test("where there is no room for its name, the link of the brand still has one", async ({ visit }) => {
  const page = await visit("/", { viewport: { width: 800, height: 600 } });
  await expectState(page, "open");
  await expect(page.locator("a.brand")).toHaveAccessibleName("leptos-eventsource");
  const [navigation, bell] = await Promise.all(
    [page.locator(".navigation"), page.getByTestId("bell")].map((it) => it.boundingBox()),
  );
  expect(navigation.x + navigation.width, "the navigation lies over the bell").toBeLessThanOrEqual(bell.x);
});

test("a program that cannot be loaded is told of in both languages, and can be asked for again", async ({ visit }) => {
  let isBroken = true;
  const prepare = (page) =>
    page.route("**/frontend-*.js", (route) => (isBroken ? route.abort() : route.continue()));
  const page = await visit("/", { prepare });
  const said = page.locator("#skeleton").getByRole("alert");
  await expect(said).toContainText("could not be loaded");
  await expect(said).toContainText("无法加载");
  await page.screenshot({ path: "output/screenshots/not-loaded.png" });
  isBroken = false;
  await page.getByRole("link", { name: "Reload" }).click();
  await expectState(page, "open");
  await expect(page.locator("#skeleton")).toHaveCount(0);
});

test("all clocks of a page count the hours up to 24, also where the browser would not", async ({ visit }) => {
  const page = await visit("/", { locale: "en-US" });
  await expectState(page, "open");
  const time = () => new Date(2026, 0, 1, 18, 21).toLocaleTimeString(document.documentElement.lang);
  expect(await page.evaluate(time)).toBe("18:21:00");
});
