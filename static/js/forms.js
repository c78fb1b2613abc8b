// Forms: one submit at a time with progress on the button, passwords that can be looked at, the first error focused,
// and nothing that was typed is lost.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.submitting !== undefined) {
    event.preventDefault();
    return;
  }
  // htmx marks its own requests; a prevented submit goes nowhere.
  if (event.defaultPrevented || form.method === "dialog" || form.hasAttribute("hx-post")) return;
  form.dataset.submitting = "";
  const button = event.submitter ?? form.querySelector("[type=submit], button:not([type])");
  // Next turn, so that the button's own name and value are still sent.
  setTimeout(() => button?.setAttribute("aria-busy", "true"));
});

// Back from the next page: the browser may show this one as it was left.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-submitting]")) delete form.dataset.submitting;
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  const input = button && document.getElementById(button.dataset.reveal);
  if (!input) return;
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
  input.focus();
});

// <form data-submit-on-change>: a choice is enough.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});

// The first field that needs attention gets the focus, also in a fragment that came back with errors.
function focusFirstError(root) {
  root.querySelector('form[method="post"] .field [aria-invalid="true"]')?.focus();
}

focusFirstError(document);
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.xhr?.status === 422) focusFirstError(event.target);
});

// What is half typed in a part of the page that fetches itself anew stays there. htmx keeps the focus, where there is an
// id. The answer to somebody's own press of a button is taken as it is.
const FIELDS = "input[type=text][id], input[type=password][id], textarea[id]";
let typed = [];

document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const byItself = detail.requestConfig.elt === detail.target;
  const fields = byItself ? [...detail.target.querySelectorAll(FIELDS)] : [];
  typed = fields.filter(({ value, defaultValue }) => value !== defaultValue).map(({ id, value }) => ({ id, value }));
});
document.body.addEventListener("htmx:afterSwap", () => {
  for (const { id, value } of typed) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  typed = [];
});
