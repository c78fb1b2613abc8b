// <input data-filter="#list"> shows only the items of the list that hold every typed word. An item is an element with
// data-filter-text (its words) or without value (its own text); [data-filter-group] hides when all in it is hidden;
// [data-filter-empty] inside the list shows when nothing is left, and its [data-filter-query] repeats what was typed.
// <button data-filter-kind="x" data-filter-list="#list"> is a chip: only items with data-kind="x"; empty value: all.
// In a form that asks the server for the same, both work without this script too.

const words = (text) => text.toLocaleLowerCase().split(/\s+/).filter(Boolean);

function apply(list) {
  const input = document.querySelector(`[data-filter="#${list.id}"]`);
  const chip = document.querySelector(`[data-filter-list="#${list.id}"][aria-pressed="true"]`);
  const wanted = words(input?.value ?? "");
  const kind = chip?.dataset.filterKind ?? "";
  let left = 0;
  for (const item of list.querySelectorAll("[data-filter-text]")) {
    const text = (item.dataset.filterText || item.textContent).toLocaleLowerCase();
    const shown = wanted.every((word) => text.includes(word)) && (!kind || item.dataset.kind === kind);
    item.hidden = !shown;
    left += Number(shown);
  }
  for (const group of list.querySelectorAll("[data-filter-group]")) {
    group.hidden = !group.querySelector("[data-filter-text]:not([hidden])");
  }
  for (const empty of list.querySelectorAll("[data-filter-empty]")) {
    empty.hidden = left > 0;
    for (const query of empty.querySelectorAll("[data-filter-query]")) query.textContent = input?.value ?? "";
  }
}

document.addEventListener("input", (event) => {
  const input = event.target.closest?.("[data-filter]");
  const list = input && document.querySelector(input.dataset.filter);
  if (list) apply(list);
});

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-filter-kind]");
  if (!chip) return;
  // Without this script it would send the form that it is in.
  event.preventDefault();
  for (const other of document.querySelectorAll(`[data-filter-list="${chip.dataset.filterList}"]`)) {
    other.setAttribute("aria-pressed", String(other === chip));
  }
  const list = document.querySelector(chip.dataset.filterList);
  if (list) apply(list);
});

// "/" goes to the search field, Escape empties it; Enter has nothing left to do.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("[data-filter]")) event.preventDefault();
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const input = document.querySelector("[data-filter]");
    if (input) {
      event.preventDefault();
      input.focus();
    }
  }
});

// A list that was fetched anew is filtered like the one before it.
document.body.addEventListener("htmx:afterSwap", () => {
  for (const input of document.querySelectorAll("[data-filter]")) {
    const list = document.querySelector(input.dataset.filter);
    if (list) apply(list);
  }
});
