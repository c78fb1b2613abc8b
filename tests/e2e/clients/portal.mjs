// A portal that others host: a custom element for each integration, with a button that opens the connect window. What
// it hears is kept for the test to read: `portal.messages` from windows, `portal.blocks` from the event stream.

import { Vendo, VendoError } from "./vendo.mjs";

class ConnectButton extends HTMLElement {
  /** Shows an entry of the list: its logo, once as pictures are and once as pictures for a canvas are, and its state. */
  show(entry) {
    const logo = document.createElement("img");
    const forCanvas = document.createElement("img");
    forCanvas.crossOrigin = "anonymous";
    logo.src = forCanvas.src = entry.logo_url;
    const button = document.createElement("button");
    button.textContent = `Connect ${entry.display_name}`;
    button.addEventListener("click", () => portal.open(entry.slug));
    const state = document.createElement("output");
    state.textContent = entry.status;
    this.replaceChildren(logo, forCanvas, button, state);
  }
}
customElements.define("connect-button", ConnectButton);

const portal = {
  messages: [],
  blocks: [],
  comments: [],

  /** Shows what the key's app may use, and listens. `entry` is one of the two addresses that open a window. */
  async start({ baseUrl, key, entry = "/connections/connect/{slug}", opener = location.origin }) {
    Object.assign(portal, { client: new Vendo(baseUrl, key), entry, opener, state: crypto.randomUUID() });
    for (const each of await portal.client.connections()) {
      const element = document.createElement("connect-button");
      element.setAttribute("slug", each.slug);
      document.body.append(element);
      element.show(each);
    }
    await portal.client.listen({
      onBlock: (block) => portal.hear(block),
      onComment: (line) => portal.comments.push(line),
    });
  },

  open(slug) {
    const query = new URLSearchParams({ app_key: portal.client.key, embed: "1", opener_origin: portal.opener });
    query.set("state", portal.state);
    const address = `${portal.client.baseUrl}${portal.entry.replace("{slug}", slug)}?${query}`;
    portal.popup = window.open(address, "vendo-connect", "popup,width=520,height=720");
  },

  /** Where no window may be opened: the connect in this very tab, which comes back with the outcome in its address. */
  leave(slug) {
    const query = new URLSearchParams({ app_key: portal.client.key, state: portal.state });
    query.set("return_to", `${location.origin}/portal.html?kept=yes`);
    location.assign(`${portal.client.baseUrl}/connections/connect/${slug}?${query}`);
  },

  async hear(block) {
    const noted = { ...block, data: JSON.parse(block.data) };
    portal.blocks.push(noted);
    noted.then = await portal.client.state(noted.data.slug);
    await portal.refresh(noted.data.slug);
  },

  async refresh(slug) {
    const entry = (await portal.client.connections()).find((each) => each.slug === slug);
    document.querySelector(`connect-button[slug=${slug}]`).show(entry);
  },

  /** A call of any kind: what came back, or how it was refused. */
  async ask(path, options) {
    try {
      return { found: await (await portal.client.call(path, options)).json() };
    } catch (error) {
      if (!(error instanceof VendoError)) throw error;
      const { name, status, code, message } = error;
      return { refused: { name, status, code, message } };
    }
  },
};

// No acknowledgement: clients of this kind send none.
window.addEventListener("message", (event) => {
  const fromPopup = event.source === portal.popup;
  portal.messages.push({ origin: event.origin, fromPopup, data: event.data });
});
window.portal = portal;
