// A log that goes on while one looks: [data-tail="url"] is asked for what came after its data-tail-position, every two
// seconds while the page is seen, and what comes is added at its end. It stays at the end unless somebody scrolled up.
// [data-tail-toggle] stops and goes on, [data-tail-state] in it says which; [data-tail-refresh] is for pages without this.
// [data-tail-found] counts the lines that were searched for. [data-log-end] is shown from its end.

const EVERY = 2000;
const LONGEST = 30000; // between questions that nobody answers
const KEPT = 3000; // lines in the page
const NEAR = 40; // pixels that still count as the end

let delay = EVERY;
let paused = false;
let timer;
let asking = false;

const tail = () => document.querySelector("[data-tail]");
const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;

function show() {
  const toggle = document.querySelector("[data-tail-toggle]");
  if (!toggle) return;
  toggle.hidden = false;
  toggle.setAttribute("aria-pressed", String(!paused));
  toggle.querySelector("[data-tail-state]").textContent = paused ? "Paused" : "Live";
  for (const link of document.querySelectorAll("[data-tail-refresh]")) link.hidden = true;
}

const ended = (root) => root.querySelector?.("[data-log-end]");
const toEnd = (log) => (log.scrollTop = log.scrollHeight);

function add(log, more) {
  const stay = atEnd(log);
  log.dataset.tailPosition = more.dataset.tailPosition;
  if (more.children.length) log.querySelector("[data-tail-empty]")?.remove();
  const found = document.querySelector("[data-tail-found]");
  if (found) found.textContent = Number(found.textContent) + more.querySelectorAll("mark:first-of-type").length;
  log.append(...more.children);
  while (log.children.length > KEPT) log.firstElementChild.remove();
  if (stay) toEnd(log);
}

// Whether there is a point in asking again. A page that says something else (a sign-in, an error) has no lines in it.
async function more(log) {
  const query = new URLSearchParams({ since: log.dataset.tailPosition, q: log.dataset.tailWords });
  const answer = await fetch(`${log.dataset.tail}?${query}`, { headers: { accept: "*/*" } });
  if (answer.status === 401 || answer.status === 404) return false;
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.querySelector("[data-tail-more]");
  if (found) add(log, found);
  return Boolean(found);
}

async function ask() {
  clearTimeout(timer);
  const log = tail();
  if (asking || !log || paused || document.hidden) return;
  asking = true;
  let goOn = true;
  try {
    goOn = await more(log);
    delay = EVERY;
  } catch {
    delay = Math.min(delay * 2, LONGEST); // the server is away; it comes back
  } finally {
    asking = false;
  }
  if (goOn) timer = setTimeout(ask, delay);
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-tail-toggle]")) return;
  paused = !paused;
  show();
  ask();
});
document.addEventListener("visibilitychange", ask);

// A log that is fetched anew stays where its reader was.
let place;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const log = ended(event.detail.target);
  if (log) place = atEnd(log) ? undefined : log.scrollTop;
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  const log = ended(event.target);
  if (!log) return;
  if (place === undefined) toEnd(log);
  else log.scrollTop = place;
  show();
  ask();
});
document.body.addEventListener("live-reconnected", ask);

show();
if (ended(document)) toEnd(ended(document));
timer = setTimeout(ask, EVERY);
