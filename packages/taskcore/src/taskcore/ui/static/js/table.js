/* Rows that can be selected, for what is done to many at once. */
import { announce } from "./notices.js";

const boxes = (form) => [...document.querySelectorAll(`input[type=checkbox][name=target][form="${form.id}"]`)];
let anchor;

function refresh(form, tell = true) {
  const all = boxes(form);
  const count = all.filter((box) => box.checked).length;
  const bar = document.querySelector(`[data-bulk-bar="${form.id}"]`);
  const whole = document.querySelector(`[data-select-page="${form.id}"]`);
  if (bar) bar.hidden = count === 0;
  if (whole) {
    whole.checked = count > 0 && count === all.length;
    whole.indeterminate = count > 0 && count < all.length;
  }
  for (const place of document.querySelectorAll(`[data-selected="${form.id}"]`)) place.textContent = count;
  if (tell) announce(`${count} selected`, true);
}

/** Tick every box from the last one that was clicked up to `box`. */
export function selectRange(box) {
  const all = boxes(box.form);
  const [from, to] = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) for (const each of all.slice(from, to + 1)) each.checked = true;
  else box.checked = true;
  refresh(box.form);
}

export function selectPage(checked) {
  for (const whole of document.querySelectorAll("[data-select-page]")) {
    whole.checked = checked ?? !whole.checked;
    whole.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

export function watchTables() {
  document.addEventListener("click", (event) => {
    const box = event.target.closest("input[type=checkbox][name=target]");
    if (box) {
      if (event.shiftKey) selectRange(box);
      anchor = box;
      return;
    }
    const row = event.target.closest("tr[data-row]");
    const busy = event.target.closest("a, button, input, label, summary, details, code") || String(getSelection());
    if (row && !busy) row.querySelector("a")?.click();
  });
  document.addEventListener("change", (event) => {
    const whole = event.target.closest("[data-select-page]");
    const form = whole ? document.getElementById(whole.dataset.selectPage) : event.target.closest("[name=target]")?.form;
    if (whole) for (const box of boxes(form)) box.checked = whole.checked;
    if (form) refresh(form);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-clear-selection]")) selectPage(false);
  });
  const all = () => document.querySelectorAll("form[data-bulk]").forEach((form) => refresh(form, false));
  document.addEventListener("htmx:after:swap", all);
  all();
}
