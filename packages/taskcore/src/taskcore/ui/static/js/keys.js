/* The keyboard shortcuts. What they are stands in the help dialog; this only does them. */
import { selectPage, selectRange } from "./table.js";
import { nextTheme } from "./theme.js";

const SECOND_KEY = 1200;
const rows = () => [...document.querySelectorAll("tr[data-row], li[data-row]")];
const current = () => document.querySelector("[data-row][data-current]");
const click = (selector, root = document) => root.querySelector(selector)?.click();

function move(step) {
  const all = rows();
  const at = all.indexOf(current());
  const row = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  if (!row) return;
  for (const each of all) delete each.dataset.current;
  row.dataset.current = "";
  row.querySelector("a")?.focus();
  row.scrollIntoView({ block: "nearest" });
}

function tick(range) {
  const box = current()?.querySelector("input[name=target]");
  if (!box) return;
  if (range) selectRange(box);
  else box.click();
}

function nextView() {
  const views = [...document.querySelectorAll("[data-views] a")];
  views[(views.findIndex((view) => view.hasAttribute("aria-current")) + 1) % views.length]?.click();
}

function escape() {
  if (document.activeElement?.matches("input, textarea, select")) document.activeElement.blur();
  else selectPage(false);
}

const ACTS = {
  help: () => document.getElementById("keyboard-help").showModal(),
  search: () => document.getElementById("search")?.focus(),
  live: () => click("[data-live-button]"),
  theme: nextTheme,
  escape,
  next: () => move(1),
  previous: () => move(-1),
  open: () => click("a", current() ?? document.createElement("i")),
  select: () => tick(false),
  range: () => tick(true),
  all: () => selectPage(),
  copy: () => click("[data-copy]", current() ?? document.querySelector("main")),
  newer: () => click("a[rel=prev]"),
  older: () => click("a[rel=next]"),
  view: nextView,
  retry: () => click("[data-act=retry]", current() ?? document),
  cancel: () => click("[data-act=cancel]", current() ?? document),
};

function bindings() {
  const bound = new Map();
  for (const row of document.querySelectorAll("#keyboard-help [data-keys]")) {
    const { act, keys, href } = row.dataset;
    bound.set(keys, act === "go" ? () => location.assign(href) : ACTS[act]);
  }
  return bound;
}

const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]");

export function watchKeys() {
  const bound = bindings();
  let first = "";
  let forget;
  document.addEventListener("keydown", (event) => {
    const off = document.documentElement.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey;
    if (off || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (typing(event.target) && event.key !== "Escape") return;
    const act = bound.get(first ? `${first} ${event.key}` : event.key) ?? bound.get(event.key);
    clearTimeout(forget);
    first = !first && [...bound.keys()].some((keys) => keys.startsWith(`${event.key} `)) ? event.key : "";
    forget = setTimeout(() => { first = ""; }, SECOND_KEY);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
