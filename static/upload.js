// Uploading a spreadsheet: shows how much of it has gone, takes files that are dropped. Without this the form simply posts.
"use strict";

document.querySelectorAll("form[data-upload]").forEach((form) => {
  const field = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");
  const name = form.querySelector("input[name=name]");

  drop.querySelector("[data-hint]").hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("bg-body-tertiary"); });
  }
  for (const kind of ["dragleave", "drop"]) {
    drop.addEventListener(kind, () => drop.classList.remove("bg-body-tertiary"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  field.addEventListener("change", () => {
    if (field.files.length && !name.value) name.value = field.files[0].name.replace(/\.[^.]+$/, "").slice(0, 60);
  });

  // Before the document's own listener, which would disable the button for a form that leaves the page.
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.sending) return;
    const problem = form.querySelector("[data-problem]");
    if (field.files.length && field.files[0].size > form.dataset.most * 1048576) {
      problem.textContent = form.dataset.large;
      problem.hidden = false;
      return;
    }
    form.dataset.sending = "yes";
    send(form, event.submitter || form.querySelector("button.btn-primary"));
  });
});

function send(form, button) {
  const progress = form.querySelector("[data-progress]");
  const bytes = form.querySelector("[data-bytes]");
  const fill = form.querySelector("[data-fill]");
  const problem = form.querySelector("[data-problem]");
  const words = button.innerHTML;
  const megabytes = (n) => (n / 1048576).toFixed(1);

  const over = (text) => {
    delete form.dataset.sending;
    button.disabled = false;
    button.innerHTML = words;
    progress.hidden = true;
    problem.hidden = !text;
    problem.textContent = text;
  };

  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "upload");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    fill.setAttribute("width", `${((event.loaded / event.total) * 100).toFixed(1)}%`);
    bytes.textContent = form.dataset.of.replace("%done%", megabytes(event.loaded)).replace("%all%", megabytes(event.total));
  });
  request.addEventListener("load", () => {
    const kind = request.getResponseHeader("Content-Type") || "";
    if (request.status === 200 && kind.startsWith("application/json")) {
      location.assign(JSON.parse(request.responseText).location);
    } else if (request.status === 422) {
      showErrors(form, request.responseText);
      over("");
    } else if (kind.startsWith("text/html") && request.status < 400) {
      location.reload();   // signed out meanwhile: the page itself leads to the sign-in
    } else {
      over(request.status === 413 ? form.dataset.large : form.dataset.failed);
    }
  });
  request.addEventListener("error", () => over(form.dataset.failed));
  request.addEventListener("abort", () => over(form.dataset.failed));

  form.querySelectorAll("[data-said], .field > .invalid-feedback, fieldset > .invalid-feedback").forEach((said) => said.remove());
  form.querySelectorAll(".is-invalid").forEach((field) => field.classList.remove("is-invalid"));
  problem.hidden = true;
  progress.hidden = false;
  button.disabled = true;
  button.textContent = button.dataset.busy;
  request.send(new FormData(form));
}

// The answer is the page with its errors. The file stays chosen only if the errors are put into the page that is open.
function showErrors(form, html) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  answer.querySelectorAll("form[data-upload] .invalid-feedback:not([data-problem]), form[data-upload] .note-bad").forEach((error) => {
    const where = error.id && error.id.endsWith("-error") ? document.getElementById(error.id.replace(/-error$/, "")) : null;
    const said = document.importNode(error, true);
    said.dataset.said = "yes";
    const block = where?.closest(".field, fieldset") || form.querySelector("fieldset");
    if (where || error.id) block.append(said);
    else form.querySelector(".stack").prepend(said);
    where?.setAttribute("aria-describedby", error.id);
    where?.classList.add("is-invalid");
  });
  form.querySelector("[data-said]")?.scrollIntoView({ block: "center" });
}
