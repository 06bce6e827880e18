// A language model that says what a test wants, when it wants it: an endpoint of the chat completions format.
import { createServer } from "node:http";
import { once } from "node:events";

export class Model {
  #server = null;
  #answer = null;
  /** Arguments of a server that asks it. */
  serverArgs = null;
  /** How often it was asked. */
  questions = 0;
  /** All that it has said in its last answer. */
  said = "";

  static async start() {
    const model = new Model();
    model.#server = createServer((request, response) => {
      request.resume();
      model.questions += 1;
      model.said = "";
      model.#answer = response;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
    });
    model.#server.listen(0, "127.0.0.1");
    await once(model.#server, "listening");
    const url = `http://127.0.0.1:${model.#server.address().port}/v1`;
    model.serverArgs = ["--assistant-url", url, "--assistant-model", "scripted"];
    return model;
  }

  /** Goes on with a text, each word a token. It must have been asked. */
  say(text) {
    for (const content of text.match(/\S*\s*/g).filter(Boolean)) this.#send({ delta: { content } });
    this.said += text;
  }

  /** Ends the answer. */
  finish() {
    this.#send({ delta: {}, finish_reason: "stop" });
    this.#answer.end("data: [DONE]\n\n");
  }

  #send(choice) {
    this.#answer.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`);
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
