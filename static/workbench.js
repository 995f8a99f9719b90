// The reviewers' workbench: keys for what buttons do, words of a reason, drafts that survive a reload, documents enlarged.
// Markup asks by attribute: data-key on what a key presses, data-words on reasons, data-needs-words on what goes to the applicant.
"use strict";

const said = () => [...document.querySelectorAll("#id_said, #id_said_zh")];
const hasWords = () => said().some((area) => area.value.trim());
const reasonRadios = () => [...document.querySelectorAll("[data-decide] input[name=why]")];
const typesIn = (target) =>
  target.matches?.("textarea, select, [contenteditable=true], input:not([type=radio], [type=checkbox], [type=submit], [type=button])");

// 1 Keys; never while somebody types, and only those whose button is there
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (typesIn(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (/^[1-9]$/.test(key)) {
    const radio = reasonRadios()[Number(key) - 1];
    if (radio) {
      radio.checked = true;
      radio.focus();
      radio.dispatchEvent(new Event("change", { bubbles: true }));
      event.preventDefault();
    }
    return;
  }
  if (key === "v" && turnValues()) return;
  const target = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key && !one.disabled);
  if (!target) return;
  event.preventDefault();
  if (target.hasAttribute("data-needs-words") && !hasWords() && !reasonRadios().some((radio) => radio.checked && key === "r")) {
    (key === "r" ? reasonRadios()[0] : document.querySelector("#id_said"))?.focus();
    return;
  }
  target.click();
});

function turnValues() {
  const choices = [...document.querySelectorAll("input[name=values]")];
  const other = choices.find((choice) => !choice.checked);
  if (other) other.checked = true;
  return Boolean(other);
}

// 2 Choosing a reason writes its words in both languages, unless the reviewer has written something else
document.addEventListener("change", (event) => {
  const choice = event.target.closest("input[data-words]");
  if (!choice) return;
  const words = { id_said: choice.dataset.words, id_said_zh: choice.dataset.wordsZh };
  said().forEach((area) => {
    if (area.value && area.value !== area.dataset.filled) return;
    area.value = area.dataset.filled = words[area.id];
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
});

// 3 What was typed is still there after a claim or a look at the next item; it goes with the decision
const draftKey = () => `bench-${document.querySelector("[data-bench]")?.dataset.bench}`;
const drafted = () => [...document.querySelectorAll("#id_said, #id_said_zh, #id_exception")];

document.addEventListener("input", (event) => {
  if (!drafted().includes(event.target)) return;
  sessionStorage.setItem(draftKey(), JSON.stringify(Object.fromEntries(drafted().map((area) => [area.id, area.value]))));
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-decide]") && ["approve", "reject", "ask"].includes(event.submitter?.value)) {
    sessionStorage.removeItem(draftKey());
  }
});

function restoreDraft() {
  const kept = JSON.parse(sessionStorage.getItem(draftKey()) || "{}");
  drafted().forEach((area) => { if (!area.value && kept[area.id]) area.value = kept[area.id]; });
}

// 4 Documents: two beside each other, or one beside what was said; wheel, drag, keys and buttons
const viewer = () => document.getElementById("viewer");
const pictures = () => [...document.querySelectorAll(".item a.doc[href*='inline=1']")];
let active = null;

document.addEventListener("click", (event) => {
  const link = event.target.closest(".item a.doc[href*='inline=1']");
  if (link && viewer() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    openViewer(pictures().indexOf(link));
  }
  if (event.target.closest("[data-open-document]")) {
    const files = document.querySelectorAll(".item a.doc");
    if (pictures().length) openViewer(0);
    else files[0]?.focus();
  }
  const tool = event.target.closest("[data-view]");
  if (tool) look(tool.dataset.view);
});

function openViewer(first) {
  const panes = [...viewer().querySelectorAll("[data-pane]")];
  panes.forEach((pane, place) => {
    const choice = pane.querySelector("select");
    const kept = choice.options[0]?.value === "" ? [choice.options[0]] : [];
    choice.replaceChildren(...kept, ...pictures().map((link, i) => new Option(link.innerText.split("\n")[0], String(i))));
    choice.value = place ? "" : String(first);
    show(pane);
  });
  activate(panes[0]);
  if (!viewer().open) viewer().showModal();
  panes[0].focus();
}

function show(pane) {
  const stage = pane.querySelector(".viewer-stage");
  const link = pictures()[Number(pane.querySelector("select").value || -1)];
  pane.dataset.scale = "1";
  pane.dataset.turns = "0";
  if (link) {
    const picture = new Image();
    picture.src = link.getAttribute("href");
    picture.alt = link.innerText.split("\n")[0];
    picture.draggable = false;
    picture.addEventListener("load", () => place(pane));
    stage.replaceChildren(picture);
  } else {
    stage.replaceChildren(...[...document.querySelectorAll(".item .facts")].map((facts) => facts.cloneNode(true)));
  }
}

function place(pane) {
  const picture = pane.querySelector("img");
  if (!picture) return;
  const stage = pane.querySelector(".viewer-stage");
  const lies = Number(pane.dataset.turns) % 2 === 1;
  const width = lies ? picture.naturalHeight : picture.naturalWidth;
  const height = lies ? picture.naturalWidth : picture.naturalHeight;
  const fit = Math.min(stage.clientWidth / width, stage.clientHeight / height, 4) * Number(pane.dataset.scale);
  picture.style.width = `${picture.naturalWidth * fit}px`;
  picture.style.height = `${picture.naturalHeight * fit}px`;
  // Turned about its middle, then put where its new upper left corner is the stage's.
  const shift = ((lies ? 1 : 0) * (picture.naturalHeight - picture.naturalWidth) * fit) / 2;
  picture.style.transform = `translate(${shift}px, ${-shift}px) rotate(${Number(pane.dataset.turns) * 90}deg)`;
  picture.style.marginBottom = `${-2 * shift}px`;
  picture.style.marginRight = `${2 * shift}px`;
}

function look(how) {
  if (!active) return;
  const scale = Number(active.dataset.scale);
  if (how === "in") active.dataset.scale = String(Math.min(scale * 1.25, 12));
  if (how === "out") active.dataset.scale = String(Math.max(scale / 1.25, 0.2));
  if (how === "turn") active.dataset.turns = String((Number(active.dataset.turns) + 1) % 4);
  if (how === "fit") { active.dataset.scale = "1"; active.dataset.turns = "0"; }
  place(active);
}

function activate(pane) {
  active = pane;
  viewer().querySelectorAll("[data-pane]").forEach((one) => one.classList.toggle("is-active", one === pane));
}

document.addEventListener("DOMContentLoaded", () => {
  restoreDraft();
  document.querySelector(".queue [aria-current=true][id]")?.scrollIntoView({ block: "nearest" });
  const dialog = viewer();
  if (!dialog) return;
  document.querySelectorAll("[data-open-document]").forEach((button) => {
    button.disabled = !document.querySelector(".item a.doc");
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const how = { "+": "in", "=": "in", "-": "out", r: "turn", R: "turn", 0: "fit" }[event.key];
    if (how) { event.preventDefault(); look(how); }
  });
  dialog.addEventListener("focusin", (event) => {
    const pane = event.target.closest("[data-pane]");
    if (pane) activate(pane);
  });
  dialog.addEventListener("change", (event) => {
    const pane = event.target.closest("[data-pane]");
    if (pane) { activate(pane); show(pane); }
  });
  dialog.addEventListener("wheel", (event) => {
    const pane = event.target.closest("[data-pane]");
    if (!pane?.querySelector("img")) return;
    event.preventDefault();
    activate(pane);
    look(event.deltaY < 0 ? "in" : "out");
  }, { passive: false });
  dialog.addEventListener("pointermove", (event) => {
    const stage = event.target.closest(".viewer-stage");
    if (!stage || event.buttons !== 1 || event.pointerType === "touch") return;
    stage.scrollLeft -= event.movementX;
    stage.scrollTop -= event.movementY;
  });
  addEventListener("resize", () => dialog.querySelectorAll("[data-pane]").forEach(place));
});
