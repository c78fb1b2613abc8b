// The last page of a connect: tells the window that opened this one how it went, and closes. What to say stands in
// <script type="application/json" id="connect-result">: {"messages": […], "target_origin": "https://…"}; the first
// message is posted first. A success closes at the opener's acknowledgement or after two seconds; a failure stays open,
// because the page says what to do. Without an opener the page goes on to [data-return-url], if there is one.

const PATIENCE = 2000;

const result = JSON.parse(document.getElementById("connect-result").textContent);
const failed = result.messages.some((message) => message.type === "vendo:oauth:error");
const returnUrl = document.querySelector("[data-return-url]")?.dataset.returnUrl;

function tellOpener() {
  for (const message of result.messages) window.opener.postMessage(message, result.target_origin);
}

// Which of its words the page shows: as it comes, those for a window that stays.
function promiseToClose(closing) {
  for (const element of document.querySelectorAll("[data-connect-closing]")) element.hidden = !closing;
  for (const element of document.querySelectorAll("[data-connect-leftover]")) element.hidden = closing;
}

function closeWhenHeard() {
  promiseToClose(true);
  const close = () => {
    window.close();
    // A window that no script opened can't be closed by one.
    promiseToClose(false);
  };
  const timer = setTimeout(close, PATIENCE);
  window.addEventListener("message", (event) => {
    if (event.origin !== result.target_origin || event.data?.type !== "vendo:connection:ack") return;
    clearTimeout(timer);
    close();
  });
}

if (window.opener && !window.opener.closed && result.target_origin) {
  if (!failed) closeWhenHeard();
  tellOpener();
} else if (!failed && returnUrl) {
  location.replace(returnUrl);
}
