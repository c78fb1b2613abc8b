// The page on which an operator tries a provider shows how it went: it is fetched anew at each answer of the window.

document.body.addEventListener("connections-changed", () => location.reload());

window.addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data?.type === "vendo:oauth:error") location.reload();
});
