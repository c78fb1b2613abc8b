// In a window that is too narrow for a row of tabs, the present one is brought into view.

for (const tab of document.querySelectorAll(".tabs .tab[aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}
