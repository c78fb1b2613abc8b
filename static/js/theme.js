// Sets the theme that somebody chose, before the first paint; menus.js keeps the choice. A classic script on purpose.
(() => {
  "use strict";
  try {
    const theme = localStorage.getItem("vendo-theme");
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // Storage may be forbidden; then the system decides.
  }
})();
