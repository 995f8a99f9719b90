// Recipients of a job: shows how much of a spreadsheet has gone, takes files that are dropped, counts typed numbers.
// Without this the form simply posts. Forms that htmx puts into the page later are taken as they come.
"use strict";

function ready(root) {
  root.querySelectorAll("form[data-upload]").forEach(takeFiles);
  root.querySelectorAll("textarea[data-count]").forEach(countNumbers);
}
document.addEventListener("DOMContentLoaded", () => ready(document));
document.addEventListener("htmx:load", (event) => ready(event.detail.elt.parentNode || document));

function takeFiles(form) {
  if (form.dataset.taken) return;
  form.dataset.taken = "yes";
  const field = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");

  drop.querySelector("[data-hint]").hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  }
  for (const kind of ["dragleave", "drop"]) {
    drop.addEventListener(kind, () => drop.classList.remove("is-over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  field.addEventListener("change", () => forget(form));

  // Before the document's own listener, which would disable the button for a form that leaves the page.
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.sending) return;
    const problem = form.querySelector("[data-problem]");
    const source = form.querySelector("[name=source]:checked");   // of a form that takes nothing but files there is none
    const sheet = (!source || source.value === "file") && field.files[0];
    if (sheet && sheet.size > form.dataset.most * 1048576) {
      problem.textContent = form.dataset.large;
      problem.hidden = false;
      return;
    }
    form.dataset.sending = "yes";
    send(form, event.submitter || form.querySelector("button.btn-primary"), sheet);
  });
}

function forget(form) {
  form.querySelectorAll("[data-said], .invalid-feedback:not([data-problem])").forEach((said) => said.remove());
  form.querySelectorAll(".is-invalid").forEach((field) => field.classList.remove("is-invalid"));
  form.querySelector("[data-problem]").hidden = true;
}

function send(form, button, sheet) {
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
      if (showErrors(form, request.responseText)) over("");
      else location.reload();   // another step is open now: what was chosen before cannot be sent any more
    } else if (kind.startsWith("text/html") && request.status < 400) {
      location.reload();   // signed out meanwhile: the page itself leads to the sign-in
    } else {
      over({ 404: form.dataset.gone, 413: form.dataset.large }[request.status] || form.dataset.failed);
    }
  });
  request.addEventListener("error", () => over(form.dataset.failed));
  request.addEventListener("abort", () => over(form.dataset.failed));

  forget(form);
  progress.hidden = !sheet;
  button.disabled = true;
  button.textContent = button.dataset.busy;
  const data = new FormData(form);
  if (button.name) data.append(button.name, button.value);
  if (!sheet) data.delete("file");   // chosen, but then another source
  request.send(data);
}

// The answer is the page with its errors. The file stays chosen only if the errors are put into the page that is open.
function showErrors(form, html) {
  const answer = new DOMParser().parseFromString(html, "text/html").querySelector("form[data-upload]");
  if (!answer) return false;
  answer.querySelectorAll(".invalid-feedback:not([data-problem]), .note-bad").forEach((error) => {
    const where = error.id.endsWith("-error") ? document.getElementById(error.id.replace(/-error$/, "")) : null;
    const said = document.importNode(error, true);
    said.dataset.said = "yes";
    const block = where?.closest(".field, fieldset");
    if (block) block.append(said);
    else form.prepend(said);
    where?.setAttribute("aria-describedby", error.id);
    where?.classList.add("is-invalid");
  });
  form.querySelector("[data-said]")?.scrollIntoView({ block: "center" });
  return true;
}

function countNumbers(area) {
  const said = document.getElementById(area.dataset.count);
  const count = () => {
    const found = area.value.split(/[,;，；、|\t\r\n]+/).filter((piece) => piece.trim()).length;
    said.textContent = said.dataset.words.replace("{n}", found.toLocaleString("en"));
    said.hidden = !found;
  };
  if (!area.dataset.counted) area.addEventListener("input", count);
  area.dataset.counted = "yes";
  count();
}
