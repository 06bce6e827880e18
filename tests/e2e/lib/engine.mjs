// Firefox and WebKit as a system has them. Playwright drives neither, but their own drivers do, by WebDriver.
import { test as base, expect } from "@playwright/test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { By, Capabilities, WebDriver } from "selenium-webdriver";
import { Executor, HttpClient } from "selenium-webdriver/http/index.js";
import { drawPort } from "./port.mjs";

export { expect };

/** The driver of each engine, and what it is asked for. */
const ENGINES = {
  firefox: {
    driver: process.env.GECKODRIVER ?? "geckodriver",
    capabilities: {
      "moz:firefoxOptions": { args: ["-headless"], ...(process.env.FIREFOX && { binary: process.env.FIREFOX }) },
    },
  },
  // It knows its browser by itself, and has no mode without a display.
  webkit: { driver: process.env.SAFARIDRIVER ?? "WebKitWebDriver", capabilities: {} },
};

/** The engine that this run is about. */
export const ENGINE = process.env.ENGINE ?? "firefox";

/** How long something on a page is looked for, in milliseconds. */
const PATIENCE = 15_000;

/**
 * A function that hands a session to `act` when it looks at a window: it looks at one at a time, so one acts
 * after another.
 */
function takeTurns(session) {
  let last = Promise.resolve();
  return (handle, act) => {
    const turn = async () => {
      await session.switchTo().window(handle);
      return act(session);
    };
    last = last.then(turn, turn);
    return last;
  };
}

/** A window or a tab. */
class Tab {
  #here;

  /** `here` hands over the session when it looks at this one. */
  constructor(here) {
    this.#here = here;
  }

  async goto(url) {
    await this.#here((session) => session.get(url));
  }

  /** Goes to where it was before. By its own name for it, WebKit's driver waits for a page that needs no loading. */
  async back() {
    await this.evaluate(() => history.back());
  }

  async close() {
    await this.#here((session) => session.close());
  }

  /** What `script` returns in the page. It gets `args`, and sees nothing else of the test. */
  async evaluate(script, ...args) {
    return this.#here((session) => session.executeScript(script, ...args));
  }

  /** What stands in each element that matches, in the order of the page. */
  async texts(selector) {
    const texts = (selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent.trim());
    return this.evaluate(texts, selector);
  }

  /** The same for the last one; `undefined` when there is none. */
  async text(selector) {
    return (await this.texts(selector)).at(-1);
  }

  /** An attribute of each element that matches, in the order of the page. */
  async attributes(selector, name) {
    const attributes = (selector, name) =>
      [...document.querySelectorAll(selector)].map((one) => one.getAttribute(name));
    return this.evaluate(attributes, selector, name);
  }

  /** Clicks at the button or link of this name. */
  async click(name) {
    const text = `[normalize-space()="${name}"]`;
    const path = `//button${text} | //a${text}`;
    await this.#here(async (session) => (await session.findElement(By.xpath(path))).click());
  }

  /** Writes into the field of this name, as one would by hand. */
  async fill(name, text) {
    const path = `//*[@aria-label="${name}"] | //label[normalize-space()="${name}"]//input`;
    await this.#here(async (session) => {
      const field = await session.findElement(By.xpath(path));
      await field.clear();
      await field.sendKeys(text);
    });
  }
}

/** A driver, on a port of its own. */
class Driver {
  #child;
  #failure = null;
  url = null;

  /** Starts it; resolves when it takes orders. */
  async start(program) {
    const port = await drawPort();
    this.url = `http://127.0.0.1:${port}`;
    this.#child = spawn(program, ["-p", `${port}`], { stdio: "ignore" });
    const failed = new Promise((resolve) => {
      this.#child.once("error", ({ message }) => resolve(`${message}: \`cargo xtask setup\` installs it`));
      this.#child.once("exit", (code, signal) => resolve(`${program} ended with ${code ?? signal}`));
    });
    failed.then((failure) => (this.#failure = failure));
    const says = () => fetch(`${this.url}/status`).then(({ status }) => `status ${status}`, () => "nothing");
    const listens = expect.poll(says, { message: program, timeout: 60_000 }).toBe("status 200");
    const failure = await Promise.race([failed, listens]);
    if (failure) throw new Error(failure);
  }

  async end() {
    if (this.#failure) return;
    this.#child.kill();
    await once(this.#child, "exit");
  }
}

export const test = base.extend({
  driver: [
    async ({}, use) => {
      const driver = new Driver();
      try {
        await driver.start(ENGINES[ENGINE].driver);
        await use(driver.url);
      } finally {
        await driver.end();
      }
    },
    { scope: "worker", timeout: 90_000 },
  ],

  /**
   * The browser. Tests do not disturb one another in it, because each has a server of its own and so an origin; and to
   * start another takes longer than most of them.
   */
  session: [
    async ({ driver }, use) => {
      // A page is there when it can be looked at: what it fetches besides may take as long as the test wants.
      const capabilities = new Capabilities({ ...ENGINES[ENGINE].capabilities, pageLoadStrategy: "eager" });
      const session = WebDriver.createSession(new Executor(new HttpClient(driver)), capabilities);
      await session.getSession();
      try {
        await session.manage().setTimeouts({ implicit: PATIENCE });
        await use(session);
      } finally {
        // WebKit's driver leaves its browser behind.
        await session.quit();
      }
    },
    { scope: "worker", timeout: 90_000 },
  ],

  /**
   * Opens a URL in a window of its own, which is drawn; as a "tab" beside others it may be hidden, and in WebKit always
   * is.
   */
  openPage: async ({ session }, use) => {
    // The browser comes with one, which stays as it is: with the last one, the browser would go.
    const [first] = await session.getAllWindowHandles();
    const turns = takeTurns(session);
    await use(async (url, as = "window") => {
      const handle = await turns(first, async () => {
        await session.switchTo().newWindow(as);
        return session.getWindowHandle();
      });
      const tab = new Tab((act) => turns(handle, act));
      await tab.goto(url);
      return tab;
    });
    for (const handle of await session.getAllWindowHandles()) {
      if (handle !== first) await turns(handle, () => session.close());
    }
    await session.switchTo().window(first);
  },
});
