// Security keys (WebAuthn): <form data-security-key="create|get" data-options="…"> asks the browser for a key when its
// [data-ask-key] button is pressed, puts the answer into the field `credential` and sends the form.
// Written out because Chromium 109 has no PublicKeyCredential.parseCreationOptionsFromJSON and no toJSON.
"use strict";

function bytesOf(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function textOf(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

// The parts of the options that the browser wants as bytes
function withBytes(options) {
  const ready = { ...options.publicKey, challenge: bytesOf(options.publicKey.challenge) };
  if (ready.user) ready.user = { ...ready.user, id: bytesOf(ready.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (ready[list]) ready[list] = ready[list].map((known) => ({ ...known, id: bytesOf(known.id) }));
  }
  return { publicKey: ready };
}

function asJson(credential) {
  const answer = { clientDataJSON: textOf(credential.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) answer[part] = textOf(credential.response[part]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    response: answer,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-ask-key]");
  if (!button) return;
  const form = button.closest("[data-security-key]");
  const problem = form.querySelector("[data-problem]");
  problem.hidden = true;
  button.disabled = true;
  try {
    if (!window.PublicKeyCredential) throw new DOMException("", "SecurityError");
    const options = withBytes(JSON.parse(form.dataset.options));
    const credential = await navigator.credentials[form.dataset.securityKey](options);
    form.elements.credential.value = asJson(credential);
    form.submit();
  } catch (error) {
    if (error.name === "SecurityError") problem.querySelector("p").textContent = form.dataset.unable;
    problem.hidden = false;
    button.disabled = false;
  }
});
