// A page of the wizard: nothing typed is lost when one leaves, keys are sent only where they belong, and a page that asks
// for accounts alone goes on by itself once the last required one is there.

const form = document.getElementById("draft-form");
const KEY = "key-";
const SAVED = "draft-saved";

let typed = 0; // how often something was changed here …
let kept = 0; // … and how much of that the server has
let leaving = false;

function unsaved() {
  const data = new FormData(form);
  for (const name of [...data.keys()]) if (name.startsWith(KEY)) data.delete(name);
  return data;
}

// The tab is closed, or a link leads elsewhere, before the pause after which changes are saved.
function saveOnLeaving() {
  if (leaving || typed === kept) return;
  kept = typed;
  fetch(form.dataset.saveUrl, { method: "POST", body: unsaved(), keepalive: true }).catch(() => {});
}

function missing() {
  return document.querySelectorAll('[data-need="missing"]').length;
}

function goOn() {
  const button = form.querySelector("[data-continue]");
  if (button) form.requestSubmit(button);
}

if (form) {
  form.addEventListener("input", (event) => {
    if (!event.target.name.startsWith(KEY)) typed += 1;
  });
  form.addEventListener("submit", (event) => (leaving = !event.defaultPrevented));
  window.addEventListener("pageshow", () => (leaving = false));
  window.addEventListener("pagehide", saveOnLeaving);
  document.addEventListener("visibilitychange", () => document.hidden && saveOnLeaving());

  let sending = 0;
  document.body.addEventListener("htmx:configRequest", (event) => {
    const { elt, formData } = event.detail;
    if (elt.id !== SAVED) return;
    sending = typed;
    for (const name of [...formData.keys()]) if (name.startsWith(KEY)) formData.delete(name);
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id === SAVED && event.detail.successful) kept = Math.max(kept, sending);
  });

  // Only the window in which somebody connected goes on, and only if that is what was missing when they began: the row
  // may be filled, by the push, before the connect window says that it is done.
  let wanting = missing();
  let connected = false;
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[data-connect-popup]")) wanting = missing();
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.name === "paste") wanting = missing();
  });
  document.body.addEventListener("connections-changed", (event) => {
    if (event.detail?.connection_id) connected = true;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful } = event.detail;
    if (elt.name === "paste" && successful) connected = true;
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    if (connected && wanting && !missing() && form.hasAttribute("data-moves-on")) goOn();
  });
}
