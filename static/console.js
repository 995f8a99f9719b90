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
  if (event.persisted && document.querySelector("form[data-sent]")) location.reload();
});

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
  const button = event.target.closest("button[data-insert]");
  if (!button) return;
  event.preventDefault();
  const area = document.getElementById(button.dataset.insertInto);
  const used = [...area.value.matchAll(/\$\{(\d{1,2})\}/g)].map((found) => Number(found[1]));
  const next = Math.max(0, ...used) + 1;
  if (next > Number(button.dataset.most)) return;
  const kind = document.createElement("input");
  Object.assign(kind, { type: "hidden", name: `kind-${next}`, value: button.dataset.insert });
  document.querySelector("[data-variables]").append(kind);
  area.focus();
  area.setRangeText(`\${${next}}`, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
});

// 8 Choosing a reason writes its words, unless the reviewer has written already: <input type=radio data-fill="#say" data-words="…">
document.addEventListener("change", (event) => {
  const choice = event.target.closest("[data-fill]");
  const area = choice && document.querySelector(choice.dataset.fill);
  if (area && (!area.value || area.value === area.dataset.filled)) {
    area.value = choice.dataset.words;
    area.dataset.filled = choice.dataset.words;
  }
});

// 9 A part that asks by itself (hx-trigger="every …") says so: it must not keep a session alive that nobody uses
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.triggeringEvent) event.detail.headers["Asks-By-Itself"] = "yes";
});

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-toast]").forEach(startToast);
  document.querySelectorAll("dialog[data-open]").forEach((dialog) => dialog.showModal());
  document.querySelectorAll("[data-themes]").forEach((themes) => { themes.hidden = false; });
  document.querySelector(".is-invalid")?.focus();
  showTheme(document.documentElement.dataset.theme || "");
});
