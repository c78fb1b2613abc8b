// <details data-menu>: one open at a time, closed by a click elsewhere or Escape, arrow keys move inside.
// Also the theme buttons, which live in the account menu.

const opened = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of opened()) {
    if (!menu.contains(event.target) || event.target.closest(".menu__item")) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu][open]");
  if (event.key === "Escape") {
    for (const other of opened()) {
      other.open = false;
      if (other === menu) other.querySelector("summary").focus();
    }
  }
  if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const items = [...menu.querySelectorAll("summary, a[href], button:not(:disabled)")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  }
});

// Leaving a menu with Tab closes it.
document.addEventListener("focusin", (event) => {
  for (const menu of opened()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// A part of the page that is fetched anew while one chooses from its menu comes back with that menu open.
let reopen = [];

document.body.addEventListener("htmx:beforeSwap", (event) => {
  reopen = [...opened()]
    .filter((menu) => menu.id && event.detail.target.contains(menu))
    .map((menu) => ({ id: menu.id, focused: menu.contains(document.activeElement) }));
});

document.body.addEventListener("htmx:afterSwap", () => {
  for (const { id, focused } of reopen) {
    const menu = document.getElementById(id);
    if (!menu) continue;
    menu.open = true;
    if (focused) menu.querySelector("summary").focus();
  }
  reopen = [];
});

function showTheme() {
  const chosen = document.documentElement.dataset.theme ?? "system";
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
  }
}

function chooseTheme(theme) {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("vendo-theme");
    else localStorage.setItem("vendo-theme", theme);
  } catch {
    // Without storage the choice lasts for this page.
  }
  showTheme();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-choice]");
  if (button) chooseTheme(button.dataset.themeChoice);
});
showTheme();
