// Small behaviours of the console. Pages work without them; nothing here runs text as code.
// Markup asks by attribute: data-busy, data-autosubmit, data-toast, data-copy, data-theme-set, data-open, data-insert.
"use strict";

// 1 Older browsers: buttons with `command` (dialogs) and `popovertarget` (rail, account menu)
const knowsCommand = "commandForElement" in HTMLButtonElement.prototype;
const knowsPopover = "popover" in HTMLElement.prototype;

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  if (!knowsCommand && button.hasAttribute("commandfor")) {
    const target = document.getElementById(button.getAttribute("commandfor"));
    const command = button.getAttribute("command");
    if (target && command === "show-modal" && !target.open) target.showModal();
    if (target && command === "close") target.close();
  }
  if (!knowsPopover && button.hasAttribute("popovertarget")) {
    document.getElementById(button.getAttribute("popovertarget"))?.classList.toggle("is-open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !knowsPopover) {
    document.querySelectorAll(".is-open").forEach((open) => open.classList.remove("is-open"));
  }
});

// 2 A form that was sent keeps its button, disabled and with its busy words. Later, so that the button's value is sent too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.hasAttribute("hx-post") || form.method === "dialog") return;
  const button = event.submitter;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method === "get") return;
  form.dataset.sent = "yes";
  setTimeout(() => rest(form, button), 0);
});

function rest(form, button) {
  form.querySelectorAll("button:not([type=button])").forEach((other) => {
    other.dataset.wasEnabled = other.disabled ? "" : "yes";
    other.disabled = true;
  });
  if (button?.dataset.busy) {
    button.style.minWidth = `${button.offsetWidth}px`;
    button.dataset.words = button.textContent;
    button.textContent = button.dataset.busy;
  }
}

// The browser's Back shows the page as it was left: with its buttons at rest. Load it again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted || !document.querySelector("form[data-sent]")) return;
  const typed = document.querySelector("form[data-guard][data-sent]");
  if (typed) wake(typed); // what was typed is nowhere else
  else location.reload();
});

function wake(form) {
  delete form.dataset.sent;
  form.querySelectorAll("button[data-was-enabled=yes]").forEach((button) => { button.disabled = false; });
  document.querySelectorAll("button[data-words]").forEach((button) => { button.textContent = button.dataset.words; button.disabled = false; });
}

// 3 Filters apply when a choice changes
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-autosubmit") && event.target.matches("select, input[type=radio], input[type=checkbox], input[type=date]")) {
    form.requestSubmit();
  }
});

// 4 Copy to the clipboard: <button data-copy="text" data-copied="Copied">
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const words = button.lastChild.textContent;
  button.lastChild.textContent = button.dataset.copied || words;
  setTimeout(() => { button.lastChild.textContent = words; }, 2000);
});

// 5 Colours: kept in a cookie, so that the server draws the first page right
function showTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.querySelectorAll("[data-theme-set]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
  });
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-set]");
  if (!button) return;
  const theme = button.dataset.themeSet;
  document.cookie = `theme=${theme};path=/;max-age=${theme ? 31536000 : 0};samesite=lax`;
  showTheme(theme);
});

// 6 Toasts stay 8 seconds, longer while somebody looks at them
function startToast(toast) {
  let left = 8;
  const clock = setInterval(() => {
    if (!toast.matches(":hover, :focus-within")) left -= 1;
    if (left <= 0) { clearInterval(clock); toast.remove(); }
  }, 1000);
}

// 7 Template editor: put the next variable where the cursor stands. The hidden field tells the server its kind.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-insert-into]");
  if (!button) return;
  event.preventDefault();
  const area = document.getElementById(button.dataset.insertInto);
  if (area.value.split("${").length > Number(button.dataset.most)) return;
  const used = [...area.value.matchAll(/\$\{(\d{1,2})\}/g)].map((found) => Number(found[1]));
  const next = Math.max(0, ...used) + 1;
  if (button.dataset.insert) {
    const kind = document.createElement("input");
    Object.assign(kind, { type: "hidden", name: `kind-${next}`, value: button.dataset.insert });
    document.querySelector("[data-variables]").append(kind);
  }
  area.focus();
  area.setRangeText(`\${${button.dataset.insertCode || next}}`, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
});

// What comes back must not overwrite what was typed meanwhile: typing ends a question that is under way; the next is asked anew.
document.addEventListener("input", (event) => {
  const live = event.target.closest("#editor-live");
  if (live && window.htmx) htmx.trigger(live, "htmx:abort");
  event.target.closest("form[data-guard]")?.setAttribute("data-changed", "");
});
// A question that we end ourselves is no fault, yet htmx would write one to the browser's console.
const asked = new WeakMap();
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  for (const asking of [elt, elt.closest("form")]) if (asking) asked.set(asking, event.detail); // parts may wait for their form
});
document.addEventListener("htmx:abort", (event) => {
  const question = asked.get(event.target);
  if (question) question.error = ""; // in place of the event's name, which htmx writes where there is no other
}, true);
["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => {
  document.addEventListener(name, () => document.getElementById("editor-offline")?.removeAttribute("hidden"));
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) document.getElementById("editor-offline")?.setAttribute("hidden", "");
});
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-guard][data-changed]:not([data-sent])")) event.preventDefault();
});

// 8 A part that asks by itself (hx-trigger="every …") says so: it must not keep a session alive that nobody uses
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.triggeringEvent) event.detail.headers["Asks-By-Itself"] = "yes";
});

// 9 One box ticks all boxes of a form, wherever they stand: <input type=checkbox data-check-all="id of the form" hidden>
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  const form = all && document.getElementById(all.dataset.checkAll);
  if (form) [...form.elements].filter((box) => box.type === "checkbox").forEach((box) => { box.checked = all.checked; });
});

// 10 A side column that is taller than the window stays by its foot, where its button is
function stay(side) {
  const room = window.innerHeight - side.offsetHeight - 16;
  side.style.top = room < 68 ? `${room}px` : "";
}
const sides = new ResizeObserver((entries) => entries.forEach((entry) => stay(entry.target)));
const watchSides = () => document.querySelectorAll(".stick").forEach((side) => sides.observe(side));
document.addEventListener("DOMContentLoaded", watchSides);
document.addEventListener("htmx:load", watchSides);
window.addEventListener("resize", () => document.querySelectorAll(".stick").forEach(stay));

// 11 A part that asks by itself waits while a dialog in it is open, or a file is on its way from it
document.addEventListener("htmx:beforeRequest", (event) => {
  const config = event.detail.requestConfig;
  if (!config.triggeringEvent && event.target.querySelector("dialog[open], form[data-sending]")) event.preventDefault();
});

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-check-all]").forEach((box) => { box.hidden = false; });
  document.querySelectorAll("[data-toast]").forEach(startToast);
  document.querySelectorAll("dialog[data-open]").forEach((dialog) => dialog.showModal());
  document.querySelectorAll("[data-themes]").forEach((themes) => { themes.hidden = false; });
  document.querySelector(".is-invalid")?.focus();
  showTheme(document.documentElement.dataset.theme || "");
});
