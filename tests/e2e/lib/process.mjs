// A server as a child process that says `listening on http://...` when it is ready, and can be killed and started again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { drawPort } from "./port.mjs";

export class ServerProcess {
  #child = null;
  /** Where it listens, without a slash at the end. */
  url = null;

  /** Resolves to where it listened before, or to a free port. */
  get address() {
    return this.url ? Promise.resolve(new URL(this.url).host) : drawPort().then((port) => `127.0.0.1:${port}`);
  }

  /** Starts it; resolves when it is ready. */
  async spawn(binary, args, env = {}) {
    const child = spawn(binary, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
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
    throw new Error(`${binary} ended before it was ready\n${log}`);
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
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = await once(child, "exit");
    return code;
  }
}
