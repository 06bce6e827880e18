// better-sse on Node: a channel with all sessions, as in its guide. The data is serialised once for all of them.

import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { createChannel, createEventBuffer, createSession } from "better-sse";

const number = { type: "string", default: "0" };
const { values } = parseArgs({ options: { port: number, rate: number, window: number } });
const { port, rate, window } = Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, Number(value)]),
);

const channel = createChannel();
const serializer = (data) => data;

const server = createServer(async (request, response) => {
  channel.register(await createSession(request, response, { serializer }));
});
// How many clients may wait to be accepted, as for the other servers.
server.listen({ port, host: "127.0.0.1", backlog: 4096 });

function tick(seq) {
  const size = 100 + (seq % 900);
  // Nanoseconds of CLOCK_MONOTONIC, which JSON.stringify would refuse, for they are a BigInt.
  const at = process.hrtime.bigint();
  return `{"symbol":"ACME","seq":${seq},"at":${at},"price":${100 + size / 100},"size":${size},"venue":"XNAS"}`;
}

function send(ticks) {
  if (ticks.length === 1) {
    channel.broadcast(ticks[0].data, "tick", { eventId: ticks[0].id });
    return;
  }
  const buffer = createEventBuffer({ serializer });
  for (const { id, data } of ticks) {
    buffer.push(data, "tick", id);
  }
  for (const session of channel.activeSessions) {
    session.batch(buffer);
  }
}

// As in src/pace.rs: no tick is left out, and one that is overdue is sent as soon as it can be.
if (rate > 0) {
  const inWindow = Math.floor((rate * window) / 1000);
  const start = performance.now();
  let made = 0;
  let held = [];
  const turn = () => {
    if (inWindow > 0 && held.length === inWindow) {
      send(held);
      held = [];
    }
    made += 1;
    held.push({ id: String(made), data: tick(made) });
    if (inWindow === 0) {
      send(held);
      held = [];
    }
    setTimeout(turn, start + (made * 1000) / rate - performance.now());
  };
  turn();
}
