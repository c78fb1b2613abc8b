// Passkeys and security keys. A form says what it needs:
//   <form data-webauthn="create|get" data-webauthn-options="id of a json_script" …>
//     <input type="hidden" name="credential"> … <button data-webauthn-start>
// Without data-webauthn-options the options are fetched from the form's own address. What goes wrong is said in the
// form's [data-webauthn-error]. On the wire, binary values are base64url text, as the server's fido2 library wants it.

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const withBytes = (descriptors) => descriptors?.map((descriptor) => ({ ...descriptor, id: toBytes(descriptor.id) }));

function creation({ publicKey }, passwordless) {
  const selection = { ...publicKey.authenticatorSelection };
  if (passwordless !== null) {
    selection.residentKey = passwordless ? "required" : "discouraged";
    selection.requireResidentKey = passwordless;
    if (passwordless) selection.userVerification = "required";
  }
  return {
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
    excludeCredentials: withBytes(publicKey.excludeCredentials),
    authenticatorSelection: selection,
  };
}

const request = ({ publicKey }) => ({
  ...publicKey,
  challenge: toBytes(publicKey.challenge),
  allowCredentials: withBytes(publicKey.allowCredentials),
});

function answer(credential) {
  const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    type: credential.type,
    id: credential.id,
    rawId: toText(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function options(form) {
  const { webauthnOptions } = form.dataset;
  if (webauthnOptions) return JSON.parse(document.getElementById(webauthnOptions).textContent);
  const response = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error("options");
  return response.json();
}

async function ceremony(form) {
  const given = await options(form);
  if (form.dataset.webauthn === "create") {
    const passwordless = form.querySelector("[name=passwordless]")?.checked ?? null;
    return navigator.credentials.create({ publicKey: creation(given.creation_options, passwordless) });
  }
  return navigator.credentials.get({ publicKey: request(given.request_options) });
}

function words(error) {
  if (error.name === "InvalidStateError") return "This key is already registered with your account.";
  if (error.name === "NotAllowedError") return "The browser stopped, or it took too long. Try again when you are ready.";
  if (error.name === "SecurityError") return "Passkeys work only over https (or on localhost), at the address they were made for.";
  return "Your device and the dashboard did not come to an answer. Try again, or use another way.";
}

async function run(form, button) {
  const error = form.querySelector("[data-webauthn-error]");
  error.hidden = true;
  if (form.reportValidity && !form.reportValidity()) return;
  button.setAttribute("aria-busy", "true");
  try {
    const credential = await ceremony(form);
    form.querySelector("[name=credential]").value = JSON.stringify(answer(credential));
    form.submit();
  } catch (problem) {
    button.removeAttribute("aria-busy");
    error.hidden = false;
    error.querySelector("[data-webauthn-words]").textContent = words(problem);
  }
}

for (const form of document.querySelectorAll("form[data-webauthn]")) {
  const supported = Boolean(window.PublicKeyCredential && navigator.credentials);
  const button = form.querySelector("[data-webauthn-start]");
  if (!supported) {
    button.disabled = true;
    const error = form.querySelector("[data-webauthn-error]");
    error.hidden = false;
    error.querySelector("[data-webauthn-words]").textContent = "This browser cannot use passkeys. Use another way to sign in.";
    continue;
  }
  // Enter in a text field of the form starts it too.
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form, button);
  });
}
