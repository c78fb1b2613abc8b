// <button data-copy="#id"> copies that element's text (or value), <button data-copy-text="…"> the text itself.
// Inside the button, [data-copy-label] says "Copied" for a moment; screen readers hear it from a live region.

const announcer = document.createElement("p");
announcer.className = "visually-hidden";
announcer.setAttribute("role", "status");
document.body.append(announcer);

function textFor(button) {
  if (button.dataset.copyText !== undefined) return button.dataset.copyText;
  const source = document.querySelector(button.dataset.copy);
  return source?.value ?? source?.textContent ?? "";
}

// Over plain http there is no clipboard interface except on localhost, so a selection and the old command remain.
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("copying is not allowed here");
}

function say(button, words) {
  const label = button.querySelector("[data-copy-label]");
  if (label) {
    button.dataset.copyWords ??= label.textContent;
    label.textContent = words;
  }
  announcer.textContent = words;
  clearTimeout(button.copyTimer);
  button.copyTimer = setTimeout(() => {
    delete button.dataset.copied;
    if (label) label.textContent = button.dataset.copyWords;
    announcer.textContent = "";
  }, 2000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-text]");
  if (!button) return;
  try {
    await write(textFor(button).trim());
    button.dataset.copied = "";
    say(button, "Copied");
  } catch {
    say(button, "Select the text and copy it by hand");
  }
});
