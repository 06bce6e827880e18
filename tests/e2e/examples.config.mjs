// The pages of `examples/`, each against the server in its folder. `cargo xtask test --suite examples` builds them and
// says in EXAMPLES_DIR where they are.
import { defineConfig } from "@playwright/test";
import base from "./playwright.config.mjs";

export default defineConfig({ ...base, testDir: "examples", outputDir: "output/examples" });
