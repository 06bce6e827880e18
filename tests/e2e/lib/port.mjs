// Ports for servers that are ended and started again, and for those that never are.
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port on which nobody listens, below those that systems hand out by themselves: while its server is down, it is
 * given to nobody else.
 */
export async function drawPort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const probe = createServer().listen(port, "127.0.0.1");
    const isFree = await once(probe, "listening").then(() => true, () => false);
    if (!isFree) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}

/** A port on which nobody is ever served, and nobody else can be, until it is released. */
export async function holdPort() {
  const held = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(held, "listening");
  return { port: held.address().port, release: () => held.close() };
}
