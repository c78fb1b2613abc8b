// <time datetime data-relative> says how long ago that is and keeps saying it rightly.

const units = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function relative(date) {
  const seconds = (date - Date.now()) / 1000;
  if (Math.abs(seconds) < 45) return "just now";
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units.at(-1);
  return format.format(Math.round(seconds / size), unit);
}

function refresh() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const date = new Date(element.dateTime);
    if (!Number.isNaN(date.valueOf())) element.textContent = relative(date);
  }
}

refresh();
setInterval(refresh, 20000);
document.body.addEventListener("htmx:afterSettle", refresh);
