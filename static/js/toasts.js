// Notices in #toasts: they leave by themselves (errors stay longer), stay while looked at, and can be closed.
// Any script may raise one: document.dispatchEvent(new CustomEvent("vendo-toast", {detail: {text, tone}})).
// A server's answer may too: HX-Trigger: {"vendo-toast": {"text": "…", "tone": "ok"}}.

const region = document.getElementById("toasts");
const icons = { ok: "circle-check", warn: "triangle-alert", error: "circle-alert" };

function leave(toast) {
  toast.dataset.leaving = "";
  setTimeout(() => toast.remove(), 260);
}

function watch(toast) {
  if (toast.dataset.watched !== undefined) return;
  toast.dataset.watched = "";
  const patience = toast.dataset.tone === "error" ? 12000 : 6000;
  let timer = setTimeout(leave, patience, toast);
  const hold = () => clearTimeout(timer);
  const release = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, 2500, toast);
  };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", release);
  toast.addEventListener("focusout", release);
}

// Built by hand, not from markup: the text may come from anywhere. The icons' address is read off the page.
function icon(name) {
  const address = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0] ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${address}#${name}`);
  svg.append(use);
  return svg;
}

function raise({ text, tone = "info" }) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  toast.dataset.tone = tone;
  const words = document.createElement("p");
  words.className = "toast__text";
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast__close";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", "Dismiss");
  close.append(icon("x"));
  toast.append(icon(icons[tone] ?? "info"), words, close);
  region.append(toast);
}

// The sentence of a refused request: from the JSON envelope or the error page's reason, else in our own words.
function sentence(xhr) {
  if (!xhr || xhr.status === 0) return "The dashboard does not answer. Check your connection and try again.";
  try {
    const body = JSON.parse(xhr.responseText);
    const said = body.error?.message ?? body.message ?? body.detail;
    if (typeof said === "string" && said) return said;
  } catch {
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const said = page.querySelector("[data-sentence]")?.textContent.trim();
    if (said && xhr.status === 403) return said;
  }
  if (xhr.status === 403) return "You are not allowed to do that here.";
  if (xhr.status === 404) return "That is gone. Reload the page to see what is there now.";
  if (xhr.status === 429) return "That was too often. Wait a moment and try again.";
  return "Something went wrong on our side. Try again in a moment.";
}

if (region) {
  for (const toast of region.querySelectorAll("[data-toast]")) watch(toast);
  new MutationObserver(() => {
    for (const toast of region.querySelectorAll("[data-toast]")) watch(toast);
  }).observe(region, { childList: true });

  region.addEventListener("click", (event) => {
    const close = event.target.closest("[data-toast-close]");
    if (close) leave(close.closest("[data-toast]"));
  });
  document.addEventListener("vendo-toast", (event) => raise(event.detail));
  document.body.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    // An answer that already raises a notice of its own has said it.
    if (xhr.getResponseHeader("HX-Trigger")?.includes("vendo-toast")) return;
    raise({ text: sentence(xhr), tone: "error" });
  });
  document.body.addEventListener("htmx:sendError", () => raise({ text: sentence(null), tone: "error" }));
  document.body.addEventListener("htmx:timeout", () => raise({ text: sentence(null), tone: "error" }));
}
