// The server of `examples/axum-hub` as a child process that can be killed and started again.
import { test as base } from "@playwright/test";
import { fileURLToPath } from "node:url";
import { Counter } from "../../lib/counter.mjs";
import { ServerProcess } from "../../lib/process.mjs";

const binary =
  process.env.AXUM_HUB_BIN ?? fileURLToPath(new URL("../../../../target/debug/axum-hub", import.meta.url));

class Server extends ServerProcess {
  async start() {
    await this.spawn(binary, [], { ADDRESS: await this.address });
  }
}

export const test = base.extend({
  server: async ({}, use) => {
    const server = new Server();
    await server.start();
    await use(server);
    await server.kill();
  },
  /** What lies between a page and the server. */
  network: async ({ server }, use) => {
    const network = await Counter.start(server.url);
    await use(network);
    network.stop();
  },
});
