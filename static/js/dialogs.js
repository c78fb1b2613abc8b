// <button data-dialog-open="id"> opens that <dialog>, [data-dialog-close] inside closes it, as does a click on the
// backdrop unless the dialog says data-dialog-keep. A dialog that arrives in the page with data-dialog-auto opens itself.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    // The menu that held the button would stay open behind the dialog.
    opener.closest("details")?.removeAttribute("open");
    if (dialog && !dialog.open) dialog.showModal();
    return;
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) {
    closer.closest("dialog")?.close();
    return;
  }
  if (event.target instanceof HTMLDialogElement && event.target.dataset.dialogKeep === undefined) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

function openAutomatic(root) {
  for (const dialog of root.querySelectorAll("dialog[data-dialog-auto]:not([open])")) dialog.showModal();
}

openAutomatic(document);
document.body.addEventListener("htmx:load", (event) => openAutomatic(event.target.parentElement ?? document));
// A server's answer may ask for it: HX-Trigger: close-dialogs
document.body.addEventListener("close-dialogs", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});
