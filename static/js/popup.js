// <a data-connect-popup href="/connections/connect/<slug>…"> opens the connect page in a small window. Where the browser
// blocks that, the same page opens in this tab and returns here. The link shows how it stands in data-state (waiting,
// closed, error) and in a note beside it; body gets "connections-changed" when a connection came of it.
// What the window says is in section 7 of the contract: only messages of our own origin count, and each is answered.

const NAME = "vendo-connect";
const WIDTH = 520;
const HEIGHT = 720;
const WATCH = 500;

/** The link that is waiting, its window, and the timer that notices when the window goes away. */
let current = null;

function features() {
  const left = Math.max(0, window.screenX + (window.outerWidth - WIDTH) / 2);
  const top = Math.max(0, window.screenY + (window.outerHeight - HEIGHT) / 2);
  return `popup,width=${WIDTH},height=${HEIGHT},left=${Math.round(left)},top=${Math.round(top)}`;
}

// A fragment may have been fetched anew meanwhile: the link is then another element with the same address.
function link(attempt) {
  if (attempt.link.isConnected) return attempt.link;
  return [...document.querySelectorAll("a[data-connect-popup]")].find((a) => a.href === attempt.href) ?? null;
}

function note(trigger) {
  if (!trigger) return null;
  // A menu closes when one chooses from it: what happens then is told beside it.
  const place = trigger.closest("details.menu") ?? trigger;
  let element = place.nextElementSibling;
  if (!element?.matches("[data-connect-note]")) {
    element = document.createElement("span");
    element.className = "connect-note";
    element.dataset.connectNote = "";
    element.setAttribute("role", "status");
    place.after(element);
  }
  return element;
}

function show(attempt, state, words = "", tone = "") {
  const trigger = link(attempt);
  const element = note(trigger);
  if (!trigger) return;
  if (state) trigger.dataset.state = state;
  else delete trigger.dataset.state;
  trigger.toggleAttribute("aria-busy", false);
  if (state === "waiting") trigger.setAttribute("aria-busy", "true");
  element.textContent = words;
  element.dataset.tone = tone;
}

function finish(attempt) {
  clearInterval(attempt.timer);
  if (current === attempt) current = null;
}

function openInThisTab(href) {
  const url = new URL(href);
  url.searchParams.set("return_to", location.pathname + location.search);
  location.assign(url);
}

function start(trigger) {
  const popup = window.open(trigger.href, NAME, features());
  if (!popup || popup.closed) {
    openInThisTab(trigger.href);
    return;
  }
  if (current) {
    show(current, "");
    finish(current);
  }
  const attempt = { link: trigger, href: trigger.href, popup, outcome: "" };
  current = attempt;
  show(attempt, "waiting", "Finish in the window that opened.");
  attempt.timer = setInterval(() => {
    if (!attempt.popup.closed) return;
    finish(attempt);
    // After an error its words stay; without any answer the window was closed too early.
    if (attempt.outcome === "done") show(attempt, "");
    else if (!attempt.outcome) show(attempt, "closed", "Window closed before finishing. Try again.", "warn");
  }, WATCH);
  popup.focus();
}

function completed(attempt, source, id) {
  source?.postMessage({ type: "vendo:connection:ack", connection_id: id }, location.origin);
  if (attempt) {
    attempt.outcome = "done";
    show(attempt, "");
    finish(attempt);
  }
  document.body.dispatchEvent(new CustomEvent("connections-changed", { bubbles: true, detail: { connection_id: id } }));
}

window.addEventListener("message", (event) => {
  if (event.origin !== location.origin || typeof event.data?.type !== "string") return;
  const { type } = event.data;
  if (type === "vendo:oauth:done") {
    completed(current, event.source, event.data.connection_id);
  } else if (type === "vendo:connection-completed") {
    // The first of two messages: answer it too, and leave the page to the second, which always follows.
    event.source?.postMessage({ type: "vendo:connection:ack", connection_id: event.data.connectionId }, location.origin);
    if (current) current.outcome = "done";
  } else if (type === "vendo:oauth:error" && current) {
    current.outcome = "error";
    show(current, "error", event.data.detail || "That did not work. Try again.", "error");
  }
});

document.addEventListener("click", (event) => {
  const trigger = event.target.closest("a[data-connect-popup]");
  if (!trigger || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (current && link(current) === trigger && !current.popup.closed) current.popup.focus();
  else start(trigger);
});
