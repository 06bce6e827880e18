// The server of an example as a child process, on a port of its own, that can be ended and started again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { drawPort } from "../../lib/port.mjs";

const folder = fileURLToPath(new URL("../../../../examples/", import.meta.url));

export class ExampleServer {
  #name;
  #env;
  #child = null;
  /** Where it listens, without a slash at the end. */
  url = null;
  /** The lines it printed, those of an earlier run included. */
  log = [];

  /** `env` is what the example's README says its server reads. */
  static async start(name, env = {}) {
    const server = new ExampleServer();
    server.#name = name;
    server.#env = env;
    await server.start();
    return server;
  }

  /** Starts it, on the port that it had before if there was one. */
  async start() {
    const PORT = this.url ? new URL(this.url).port : `${await drawPort()}`;
    const child = spawn(process.execPath, [`${folder}${this.#name}/server.mjs`], {
      env: { ...process.env, ...this.#env, PORT },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    this.url = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.log.push(line);
        const url = /^listening on (http:\S+)$/.exec(line)?.[1];
        if (url) resolve(url);
      });
      child.once("exit", (code) => reject(new Error(`the server of ${this.#name} ended with ${code}`)));
    });
  }

  /** Ends it as a power cut would. */
  async kill() {
    const child = this.#child;
    if (!child) return;
    this.#child = null;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** How many lines of its log match. */
  count(pattern) {
    return this.log.filter((line) => pattern.test(line)).length;
  }
}
