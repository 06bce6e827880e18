// The demo's server, on a port of its own.
import { ServerProcess } from "./process.mjs";

const binary = process.env.SERVER_BIN ?? "../../target/release/server";
const dist = process.env.DIST_DIR ?? "../../dist";

export class Server extends ServerProcess {
  static async start(...args) {
    const server = new Server();
    await server.start(server.address, args);
    return server;
  }

  #args = [];

  /** Starts it, also again; then with what it was started with before. */
  async start(listen = this.address, args = this.#args) {
    this.#args = args;
    await this.spawn(binary, ["--listen", await listen, "--dist", dist, ...args]);
  }
}
