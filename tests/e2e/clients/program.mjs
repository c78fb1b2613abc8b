// A program with a project's key. It does what it is told, a line of JSON at a time on standard input
// ({"ask": "token", "with": ["notion"]}), and answers each with a line: {"found": …} or {"refused": …}.

import { createInterface } from "node:readline";

import { Vendo } from "./vendo.mjs";

const client = new Vendo(process.env.VENDO_BASE_URL, process.env.VENDO_API_KEY);
let heard = [];
let hangUp = new AbortController();

const verbs = {
  connections: () => client.connections(),
  integrations: () => client.integrations(),
  token: (slug) => client.token(slug),
  tokens: (...slugs) => client.tokens(...slugs),
  json: async (path, options) => (await client.call(path, options)).json(),
  tries: () => client.tries,
  torn: () => client.torn,
  heard: () => heard,

  /** Opens the stream; answers with its headers and first comment once that is there. */
  async listen(slug, lastEventId) {
    heard = [];
    hangUp = new AbortController();
    let onComment;
    const comment = new Promise((found) => (onComment = found));
    const onBlock = (block) => {
      const noted = { ...block, data: JSON.parse(block.data), raw: block.data };
      heard.push(noted);
      client.state(slug).then((state) => (noted.then = state));
    };
    const headers = await client.listen({ lastEventId, onBlock, onComment, signal: hangUp.signal });
    return { headers, comment: await comment };
  },
  hangUp: () => hangUp.abort(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, with: given } = JSON.parse(line);
  let said;
  try {
    said = { found: (await verbs[ask](...given)) ?? null };
  } catch (error) {
    const { name, message, status, code, retryAfter, body } = error;
    said = { refused: { name, message, status, code, retryAfter, body } };
  }
  console.log(JSON.stringify(said));
}
process.exit();
