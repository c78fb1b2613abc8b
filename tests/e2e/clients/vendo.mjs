// A client as others have written them against the hosted product: fetch, a bearer and no cookie. It runs in Node and in
// pages, and knows the wire (and its customs, good and bad) but nothing of how this server is made.

const TRANSIENT = new Set([500, 502, 503, 504]);
const TRIES = 4; // the first one, and three more
const NOT_CONNECTED = new Set(["binding_missing", "connection_revoked"]);

/** A refusal. `code` is the header's: `null` says that the answer is the provider's own. */
export class VendoError extends Error {
  constructor(answer, body) {
    super(body.detail ?? `HTTP ${answer.status}`);
    this.status = answer.status;
    this.code = answer.headers.get("Vendo-Error-Code");
    this.retryAfter = answer.headers.get("Retry-After");
    this.name = NOT_CONNECTED.has(this.code) ? "NotConnected" : "VendoError";
    this.body = body;
  }
}

export class Vendo {
  constructor(baseUrl, key) {
    this.baseUrl = baseUrl;
    this.key = key;
    this.tries = 0;
  }

  /** One call, repeated as long as the failure is one that passes; `tries` says how often the last one was sent. */
  async call(path, { method = "GET", body, headers = {}, anonymous = false, signal } = {}) {
    const sent = {
      "Vendo-API-Version": "2025-06-01",
      "Idempotency-Key": crypto.randomUUID(), // on reads too
      "User-Agent": "other-sdk/1.4.2",
      Accept: "application/json",
      ...(anonymous ? {} : { Authorization: `Bearer ${this.key}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    };
    for (this.tries = 1; ; this.tries += 1) {
      const answer = await fetch(this.baseUrl + path, { method, body: JSON.stringify(body), headers: sent, signal });
      if (answer.ok) return answer;
      const told = await answer.json().catch(() => ({}));
      if (!TRANSIENT.has(answer.status) || this.tries === TRIES) throw new VendoError(answer, told);
      await new Promise((wake) => setTimeout(wake, 100 * 2 ** this.tries));
    }
  }

  async connections() {
    return (await (await this.call("/api/deployments/me/connections")).json()).connections;
  }

  async integrations() {
    return (await (await this.call("/api/integrations", { anonymous: true })).json()).integrations;
  }

  async token(slug) {
    return (await this.call(`/credentials/${slug}`)).json();
  }

  async tokens(...slugs) {
    return (await (await this.call(`/credentials/_bulk?slugs=${slugs.join(",")}`)).json()).tokens;
  }

  /** What is known of `slug` this very moment, as every client asks as soon as it hears of a change. */
  async state(slug) {
    const entry = (await this.connections()).find((each) => each.slug === slug);
    const token = await this.token(slug).catch((error) => ({ refused: error.name }));
    return { status: entry.status, id: entry.id, token };
  }

  /**
   * The event stream. Like the most careless of the readers about, it takes each chunk for so many whole blocks and
   * carries nothing over to the next; `torn` counts the chunks with which that went wrong.
   */
  async listen({ lastEventId, onBlock, onComment, signal }) {
    const headers = { Accept: "text/event-stream", ...(lastEventId ? { "Last-Event-ID": lastEventId } : {}) };
    const answer = await this.call("/api/deployments/me/events", { headers, signal });
    this.torn = 0;
    this.#read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), onBlock, onComment).catch((error) => {
      if (!signal?.aborted) throw error;
    });
    return Object.fromEntries(answer.headers);
  }

  async #read(reader, onBlock, onComment) {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value.includes("data:") && !value.endsWith("\n\n")) this.torn += 1;
      for (const text of value.split("\n\n")) {
        const lines = text.split("\n");
        for (const line of lines.filter((each) => each.startsWith(":"))) onComment?.(line);
        const fields = lines.filter((each) => /^[a-z]/.test(each)).map((each) => each.split(/: ?(.*)/s, 2));
        if (fields.length) onBlock(Object.fromEntries(fields));
      }
    }
  }
}
