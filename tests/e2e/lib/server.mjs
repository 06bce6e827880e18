// The real server as a child process, on a port of its own, that can be killed and started again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const binary = process.env.SERVER_BIN ?? "../../target/release/server";
const dist = process.env.DIST_DIR ?? "../../dist";

export class Server {
  #child = null;
  url = null;

  static async start(...args) {
    const server = new Server();
    await server.start("127.0.0.1:0", args);
    return server;
  }

  async start(listen = new URL(this.url).host, args = []) {
    const child = spawn(binary, ["--listen", listen, "--dist", dist, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    let log = "";
    child.stderr.on("data", (chunk) => (log += chunk));
    for await (const line of createInterface({ input: child.stdout })) {
      const ready = /^listening on (http:\S+)/.exec(line);
      if (ready) {
        this.url = ready[1].replace(/\/$/, "");
        child.stdout.resume();
        return;
      }
    }
    throw new Error(`the server ended before it was ready\n${log}`);
  }

  /** Ends it as a power cut would. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Ends it as an operator would; resolves to its exit code. */
  async stop() {
    return this.#end("SIGTERM");
  }

  async #end(signal) {
    const child = this.#child;
    if (!child) return null;
    this.#child = null;
    if (child.exitCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = await once(child, "exit");
    return code;
  }
}
