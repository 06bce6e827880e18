// The browser is the system's: its path comes in CHROMIUM, the server in SERVER_BIN, the built page in DIST_DIR.
// `cargo xtask test --suite e2e` builds both and sets all three.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "specs",
  outputDir: "output/failures",
  // Two cores, and each test has a server of its own.
  workers: 2,
  fullyParallel: true,
  // A test.only that was left behind would pass for all of them.
  forbidOnly: true,
  timeout: 60_000,
  // All of them take a few minutes. What still runs after this has failed, and is named.
  globalTimeout: 30 * 60_000,
  expect: { timeout: 15_000 },
  use: {
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
