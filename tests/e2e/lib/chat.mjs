// The chat of the demo, from outside of a page.
import { expect } from "@playwright/test";
import { randomUUID } from "node:crypto";

/** The stream of the lobby, where a message is sent to as well. */
export const ROOM = "/api/chat/lobby";

/** Says something in the room as somebody who is not there. */
export async function sayFromOutside(server, text) {
  const answer = await fetch(server.url + ROOM, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: randomUUID(), author: "Outside", text }),
  });
  expect(answer.status).toBe(201);
}

/** The pages have one stream at this path. While they catch up or change leaders there are more for a moment. */
export async function expectOneStream(counter, path) {
  await expect.poll(() => counter.streams(path), { timeout: 60_000 }).toBe(1);
}

/** The same in an empty room that no leader has left: nobody had to catch up, so there never was a second one. */
export async function expectOneStreamEver(counter) {
  await expectOneStream(counter, ROOM);
  await expectOneStream(counter, "/api/notifications");
  expect(counter.opened.filter((path) => path.startsWith(ROOM))).toHaveLength(1);
}
