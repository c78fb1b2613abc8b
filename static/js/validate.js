// <form data-validate>: what the browser can see is said under the field before anything is sent, in the words and the
// place in which the server says it (<template id="field-error"> is how that looks). A field's own sentence is in
// data-message, a pattern of the server's in data-pattern.

const SKIPPED = new Set(["hidden", "submit", "button", "reset", "file", "radio", "checkbox"]);

function matches(value, pattern) {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return true; // not every pattern of Python's is one here; the server looks again
  }
}

function tooMuch(control, value) {
  const { min, max } = control;
  if (control.validity.badInput || Number.isNaN(Number(value))) return "Enter a number.";
  if (min !== "" && Number(value) < Number(min)) return control.dataset.message || `Ensure this value is greater than or equal to ${min}.`;
  if (max !== "" && Number(value) > Number(max)) return control.dataset.message || `Ensure this value is less than or equal to ${max}.`;
  return "";
}

function wrongLength(control, value) {
  const { minLength, maxLength } = control;
  if (minLength > 0 && value.length < minLength) return `Ensure this value has at least ${minLength} characters (it has ${value.length}).`;
  if (maxLength > 0 && value.length > maxLength) return `Ensure this value has at most ${maxLength} characters (it has ${value.length}).`;
  return "";
}

function problem(control) {
  const value = control.value;
  if (control.type === "number" && control.validity.badInput) return "Enter a number.";
  if (!value.trim()) return control.required ? "This field is required." : "";
  if (control.type === "number") return tooMuch(control, value);
  const length = control.tagName === "SELECT" ? "" : wrongLength(control, value);
  if (length) return control.dataset.message || length;
  const { pattern } = control.dataset;
  if (pattern && !matches(value, pattern)) return control.dataset.message || `This does not have the expected form (${pattern}).`;
  return "";
}

function clear(control) {
  if (!control.hasAttribute("aria-invalid")) return;
  control.removeAttribute("aria-invalid");
  control.closest(".field")?.querySelector(".field__errors")?.remove();
  const left = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== `${control.id}_error`);
  if (left.length) control.setAttribute("aria-describedby", left.join(" "));
  else control.removeAttribute("aria-describedby");
}

function tell(control, words) {
  clear(control);
  const list = document.createElement("ul");
  list.className = "field__errors";
  list.id = `${control.id}_error`;
  list.append(document.getElementById("field-error").content.cloneNode(true));
  list.querySelector("span").textContent = words;
  control.closest(".field")?.append(list);
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby") ?? ""} ${list.id}`.trim());
  const folded = control.closest("details");
  if (folded) folded.open = true;
}

function controls(form) {
  return [...form.elements].filter((control) => control.closest(".field") && !SKIPPED.has(control.type) && !control.disabled);
}

// A button that is being pressed must not move away from under the pointer, or the press counts for nothing.
let pressing = false;
const waiting = [];

function settle() {
  pressing = false;
  setTimeout(() => {
    for (const tellNow of waiting.splice(0)) tellNow();
  });
}

document.addEventListener("pointerdown", () => (pressing = true));
document.addEventListener("pointerup", settle);
document.addEventListener("pointercancel", settle);

for (const form of document.querySelectorAll("form[data-validate]")) {
  form.noValidate = true; // the browser's own bubbles go away while one reads them

  // Before forms.js counts it as sent.
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formNoValidate) return;
    const wrong = controls(form).filter((control) => {
      const words = problem(control);
      if (words) tell(control, words);
      return words;
    });
    if (!wrong.length) return;
    event.preventDefault();
    event.stopPropagation();
    wrong[0].focus();
  });

  form.addEventListener("input", (event) => clear(event.target));
  form.addEventListener("change", (event) => {
    const control = event.target;
    if (!controls(form).includes(control) || !control.value) return;
    const look = () => {
      const words = problem(control);
      if (words) tell(control, words);
    };
    if (pressing) waiting.push(look);
    else look();
  });
}
