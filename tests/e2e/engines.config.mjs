// What needs real tabs, and the main thing of each example, in Firefox and WebKit: one engine a run, which ENGINE
// names. `cargo xtask test --suite engines` builds what is tested, and says where it and the engine's driver are.
import { defineConfig } from "@playwright/test";
import base from "./playwright.config.mjs";

export default defineConfig({ ...base, testDir: "engines", outputDir: "output/engines" });
