/* Looks again at the parts of this page whose topic has changed, and morphs them: focus and ticks survive. */
import { sessionExpired } from "./dialog.js";

const EVERY = 2000;
const AWAY = 120;
const tags = new WeakMap();
const asked = new WeakMap();
const parts = (topics) => [...document.querySelectorAll("[data-live]")].filter(
  (part) => topics.has("*") || part.dataset.live.split(" ").some((topic) => topics.has(topic)));

/** Whether the reader is in the midst of something that rows which shift would spoil. */
const busy = (part) => "hold" in part.dataset && (scrollY > AWAY || part.querySelector("input:checked"));

async function fetchFresh(part) {
  const headers = { "HX-Request": "true", "HX-Target": `${part.localName}#${part.id}`, Accept: "text/html" };
  if (tags.has(part)) headers["If-None-Match"] = tags.get(part);
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (answer.status === 401) sessionExpired();
  if (!answer.ok) return null;
  tags.set(part, answer.headers.get("ETag") ?? "");
  return answer.text();
}

function swap(target, text) {
  return htmx.swap({ text, target, swap: "outerMorph", sourceElement: target });
}

/** Update the rows that are there, and say how many are not. */
function hold(part, text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(part.id);
  const shown = new Map([...part.querySelectorAll("[data-id]")].map((row) => [row.dataset.id, row]));
  let added = 0;
  for (const row of fresh.querySelectorAll("[data-id]")) {
    const old = shown.get(row.dataset.id);
    if (!old) added += 1;
    else for (const cell of row.querySelectorAll("[data-cell]")) old.querySelector(`[data-cell="${cell.dataset.cell}"]`)?.replaceChildren(...cell.childNodes);
  }
  if (added) offer(part, text, added);
}

function offer(part, text, added) {
  let pill = document.querySelector(`[data-pill="${part.id}"]`);
  if (!pill) {
    pill = document.createElement("button");
    pill.type = "button";
    pill.className = "pill";
    pill.dataset.pill = part.id;
    part.before(pill);
  }
  pill.textContent = `${added} new, show`;
  pill.onclick = async () => {
    pill.remove();
    await swap(part, text);
    scrollTo({ top: 0 });
  };
}

async function look(part) {
  asked.set(part, Date.now());
  const text = await fetchFresh(part);
  if (text === null || !part.isConnected) return;
  if (busy(part)) {
    hold(part, text);
    return;
  }
  document.querySelector(`[data-pill="${part.id}"]`)?.remove();
  await swap(part, text);
}

const waiting = new Set();

/** Look again at what shows any of `topics`, each part at most every two seconds; "*" is everything. */
export function refresh(topics) {
  for (const part of parts(topics)) {
    if (waiting.has(part.id)) continue;
    waiting.add(part.id);
    setTimeout(async () => {
      waiting.delete(part.id);
      const there = document.getElementById(part.id);
      if (there) await look(there).catch(() => {});
    }, Math.max(0, (asked.get(part) ?? 0) + EVERY - Date.now()));
  }
}
