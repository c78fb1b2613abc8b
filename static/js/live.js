// Keeps one WebSocket to the dashboard while a page is open. The server says only what changed, as
// {"changed": ["connections", "deployment-<uuid>"]}; for each, body gets the event "<topic>-changed", on which the
// elements concerned fetch themselves anew (hx-trigger="connections-changed from:body"). After a gap body gets
// "live-reconnected", because what happened meanwhile was not told.

const FIRST_DELAY = 1000;
const LONGEST_DELAY = 30000;
const PATIENCE = 4000; // how long a gap may last before the page says so
const STEADY = 5000; // a connection that holds this long counts as good
const SIGNED_OUT = 4401;

const root = document.documentElement;
const path = document.body.dataset.liveUrl;
let delay = FIRST_DELAY;
let connectedBefore = false;
let told = 0; // messages so far
let socket;
let retry;
let notice;
let steady;

function announce(...names) {
  told += 1;
  for (const name of names) document.body.dispatchEvent(new CustomEvent(name, { bubbles: true }));
}

function connect() {
  clearTimeout(retry);
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(url);
  socket.addEventListener("open", opened);
  socket.addEventListener("message", received);
  socket.addEventListener("close", closed);
}

function opened() {
  clearTimeout(notice);
  // A server that accepts and drops at once must not be asked every second.
  steady = setTimeout(() => (delay = FIRST_DELAY), STEADY);
  root.dataset.live = "open";
  if (connectedBefore) announce("live-reconnected");
  connectedBefore = true;
}

function received(event) {
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return;
  }
  announce(...(message.changed ?? []).map((topic) => `${topic}-changed`));
}

function closed(event) {
  if (event.target !== socket || event.code === SIGNED_OUT) return;
  clearTimeout(steady);
  clearTimeout(notice);
  notice = setTimeout(() => (root.dataset.live = "lost"), PATIENCE);
  // Somewhere in the second half of the delay, so that a restarted server is not met by everybody at once.
  retry = setTimeout(connect, delay / 2 + (Math.random() * delay) / 2);
  delay = Math.min(delay * 2, LONGEST_DELAY);
}

// Somebody comes back to the tab or to the network: do not wait for the timer.
function hurry() {
  if (document.hidden || socket?.readyState === WebSocket.OPEN || socket?.readyState === WebSocket.CONNECTING) return;
  delay = FIRST_DELAY;
  connect();
}

// htmx keeps what is announced during a request with the element that fetches itself, and forgets it when the answer
// replaces that one. What took its place fetches itself once more then; not for a second topic of the same message.
const askedAt = new WeakMap();
const missed = new WeakSet();

document.body.addEventListener("htmx:beforeRequest", ({ target }) => askedAt.set(target, told));

document.body.addEventListener("htmx:trigger", ({ target }) => {
  if (target.matches("[hx-get].htmx-request") && askedAt.get(target) !== told) missed.add(target);
});

document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { elt } = detail.requestConfig;
  const now = missed.delete(elt) && document.getElementById(elt.id);
  if (now && now !== elt) window.htmx.ajax("GET", now.getAttribute("hx-get"), { source: now });
});

// A network that changes breaks off what is being fetched, also where the socket outlives it. Without a socket there
// will be "live-reconnected".
document.body.addEventListener("htmx:sendError", ({ detail }) => {
  const { elt } = detail.requestConfig;
  if (!elt.matches("[hx-get][hx-trigger*='from:body']")) return;
  setTimeout(() => {
    if (!elt.isConnected || socket?.readyState !== WebSocket.OPEN) return;
    window.htmx.ajax("GET", elt.getAttribute("hx-get"), { source: elt });
  }, FIRST_DELAY);
});

if (path) {
  connect();
  document.addEventListener("visibilitychange", hurry);
  window.addEventListener("online", hurry);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) hurry();
  });
  // Leaving is not a gap: no notice while the next page loads.
  window.addEventListener("pagehide", () => {
    clearTimeout(notice);
    clearTimeout(retry);
  });
}
