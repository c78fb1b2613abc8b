// Opens the dashboard's connect page in a small window, and comes back with its result (data-connect links).
// A finished connect loads the page anew with the `state` that the link carried, so that the server forgets the old
// token; a window that was closed early does the same without a connection id. Blocked windows use this tab instead.

const NAME = "vendo-connect";
const WIDTH = 520;
const HEIGHT = 720;
const DONE = new Set(["vendo:connection-completed", "vendo:oauth:done"]);

/** What is under way: its link, window, the dashboard's origin, and the state that its messages must carry. */
let current = null;

function addressOf(link) {
  const url = new URL(link.href);
  url.searchParams.set("opener_origin", location.origin);
  url.searchParams.set("return_to", location.origin + location.pathname);
  return url;
}

function say(words, tone = "") {
  const note = current.link.parentElement.querySelector("[data-connect-note]");
  note.textContent = words;
  note.dataset.tone = tone;
}

function comeBack(result) {
  clearInterval(current.timer);
  location.replace(`${location.pathname}?${new URLSearchParams(result)}`);
}

function watch() {
  if (!current.popup.closed) return;
  clearInterval(current.timer);
  current.link.removeAttribute("aria-busy");
  if (!current.failed) comeBack({ state: current.state });
}

function start(link) {
  const url = addressOf(link);
  const left = Math.round(window.screenX + (window.outerWidth - WIDTH) / 2);
  const top = Math.round(window.screenY + (window.outerHeight - HEIGHT) / 2);
  const popup = window.open(url, NAME, `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`);
  if (!popup || popup.closed) {
    location.assign(url);
    return;
  }
  if (current) {
    clearInterval(current.timer);
    current.link.removeAttribute("aria-busy");
    say("");
  }
  current = { link, popup, origin: url.origin, state: url.searchParams.get("state") ?? "", failed: false };
  current.timer = setInterval(watch, 400);
  link.setAttribute("aria-busy", "true");
  say("Finish in the window that opened.");
  popup.focus();
}

window.addEventListener("message", ({ origin, source, data }) => {
  if (!current || origin !== current.origin || source !== current.popup || typeof data?.type !== "string") return;
  if ((data.state ?? "") !== current.state) return;
  if (DONE.has(data.type)) {
    const id = data.connection_id ?? data.connectionId ?? "";
    source.postMessage({ type: "vendo:connection:ack", connection_id: id }, origin);
    comeBack({ connection_id: id, state: current.state });
  } else if (data.type === "vendo:oauth:error") {
    current.failed = true;
    say(typeof data.detail === "string" ? data.detail : "That did not work. Try again.", "error");
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-connect]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (current?.link === link && !current.popup.closed) current.popup.focus();
  else start(link);
});

// The result has been shown; a reload or a bookmark must not tell it again.
if (new URLSearchParams(location.search).has("state")) history.replaceState(null, "", location.pathname);
