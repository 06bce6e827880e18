// A server as a child process that says `listening on http://...` when it is ready, and can be killed and started again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { drawPort } from "./port.mjs";

export class ServerProcess {
  #child = null;
  #errors = "";
  /** Where it listens, without a slash at the end. */
  url = null;
  /** The lines it printed, those of an earlier run included. */
  log = [];

  /** Resolves to where it listened before, or to a free port. */
  get address() {
    return this.url ? Promise.resolve(new URL(this.url).host) : drawPort().then((port) => `127.0.0.1:${port}`);
  }

  /** Starts it; resolves when it is ready. */
  async spawn(binary, args, env = {}) {
    const child = spawn(binary, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#errors = "";
    child.stderr.on("data", (chunk) => (this.#errors += chunk));
    await new Promise((resolve, reject) => {
      child.once("error", ({ message }) => reject(new Error(`${message}: \`cargo xtask test\` builds what it tests`)));
      child.once("close", () => reject(new Error(`${binary} ended before it was ready\n${this.#errors}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.log.push(line);
        const ready = /^listening on (http:\S+)/.exec(line);
        if (!ready) return;
        this.url = ready[1].replace(/\/$/, "");
        resolve();
      });
    });
  }

  /** How many lines of its log match. */
  count(pattern) {
    return this.log.filter((line) => pattern.test(line)).length;
  }

  /** Ends it as a power cut would. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Ends it as an operator would; resolves to its exit code. */
  async stop(signal = "SIGTERM") {
    return this.#end(signal);
  }

  async #end(signal) {
    const child = this.#child;
    if (!child) return null;
    this.#child = null;
    const end = child.exitCode ?? child.signalCode;
    if (end !== null) throw new Error(`${child.spawnfile} has ended by itself, with ${end}\n${this.#errors}`);
    child.kill(signal);
    const [code] = await once(child, "exit");
    return code;
  }
}
