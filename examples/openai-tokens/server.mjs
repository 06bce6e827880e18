// A server that speaks the chat completions format and has no model: the name of the "model" says how it behaves.
//
//   echo     says the question again, word by word
//   long     counts, until it is stopped
//   error    begins, and then says in the stream that it failed
//   cut      begins, and then the connection is gone
//   busy     429 with `Retry-After`
//   broken   500
//
// Any other is 404, and any other key than `sk-demo` is 401.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const PORT = process.env.PORT ?? 3000;
const EVERY_MS = Number(process.env.EVERY_MS ?? 60);
const KEY = "sk-demo";

const server = createServer(async (request, response) => {
  // The page has another origin, and sends JSON and a token: the browser asks first whether it may.
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-expose-headers", "retry-after");
  if (request.method === "OPTIONS") {
    response.setHeader("access-control-allow-headers", "authorization, content-type");
    response.setHeader("access-control-max-age", "600");
    response.writeHead(204).end();
    return;
  }
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    return refuse(response, 404, `there is no ${request.method} ${request.url}`);
  }
  if (request.headers.authorization !== `Bearer ${KEY}`) {
    return refuse(response, 401, "Incorrect API key provided: it is sk-demo.");
  }
  const { model, messages, stream } = await json(request);
  if (!stream || typeof model !== "string" || !areMessages(messages)) {
    return refuse(response, 400, "This server takes a model and messages of text, and only streams.");
  }
  if (model === "busy") {
    response.setHeader("retry-after", "20");
    return refuse(response, 429, "Rate limit reached: no more than none per minute.");
  }
  if (model === "broken") return refuse(response, 500, "The server had an error while processing your request.");
  if (!Object.hasOwn(ANSWERS, model)) return refuse(response, 404, `The model ${model} does not exist.`);

  let isGone = false;
  response.on("close", () => (isGone = true));
  console.log(`${model}: began, ${messages.length} messages`);
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  const send = (data) => response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  const chunk = (delta, finish_reason = null) => ({
    object: "chat.completion.chunk",
    model,
    choices: [{ index: 0, delta, finish_reason }],
  });

  send(chunk({ role: "assistant", content: "" }));
  let count = 0;
  for (const token of ANSWERS[model](messages)) {
    await sleep(EVERY_MS);
    if (isGone) break;
    send(chunk({ content: token }));
    count += 1;
  }
  if (isGone) {
    console.log(`${model}: the client left after ${count} tokens`);
  } else if (model === "cut") {
    // What was sent last shall arrive first.
    await sleep(EVERY_MS);
    response.destroy();
  } else if (model === "error") {
    send({ error: { message: "The model ran out of memory.", type: "server_error" } });
    response.end();
  } else {
    send(chunk({}, "stop"));
    // Asked for or not, some servers end with the cost, and without a choice.
    send({ object: "chat.completion.chunk", model, choices: [], usage: { completion_tokens: count } });
    send("[DONE]");
    response.end();
    console.log(`${model}: done after ${count} tokens`);
  }
});

server.listen(PORT, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));

/** What each model says, token by token. */
const ANSWERS = {
  *echo(messages) {
    yield* `You said: ${messages.at(-1).content}`.split(/(?<= )/);
  },
  *long() {
    for (let n = 1; n <= 100_000; n++) yield `${n} `;
  },
  *error() {
    yield* ["Let ", "me ", "think"];
  },
  *cut() {
    yield* ["The ", "answer ", "is"];
  },
};

function refuse(response, status, message) {
  console.log(`refused with ${status}`);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { message, type: "invalid_request_error", code: null } }));
}

function areMessages(messages) {
  return Array.isArray(messages) && messages.length > 0 && messages.every((it) => typeof it?.content === "string");
}

/** The body; an object without anything if it is none, or breaks off. */
async function json(request) {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
    return Object(JSON.parse(Buffer.concat(chunks).toString()));
  } catch {
    return {};
  }
}
