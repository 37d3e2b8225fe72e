/* Hears from the server that something has changed. The button says how it stands, and pauses it. */
import { sessionExpired } from "./dialog.js";
import { announce, banner } from "./notices.js";
import { refresh } from "./refresh.js";

const WAITS = [1, 2, 4, 8, 15];
const FINISHED = ["succeeded", "failed", "cancelled", "expired", "interrupted"];
const clock = () => new Date().toTimeString().slice(0, 8);
const sum = (counts, phases = Object.keys(counts)) => phases.reduce((all, phase) => all + (counts[phase] ?? 0), 0);

let button, source, timer, since, counts, heardAt = clock(), tries = 0, paused = false, held = new Set(), before, offlineSince, away;

function show(state, text) {
  if (button.dataset.state !== state) announce(text);
  button.dataset.state = state;
  button.querySelector("[data-live-text]").textContent = text;
}

const showHow = () => (paused ? showPaused() : show(away ? "offline" : "live", away || "Live"));

function showPaused() {
  const news = Math.max(0, sum(counts) - sum(before), sum(counts, FINISHED) - sum(before, FINISHED));
  show("paused", news ? `Paused (${news} new)` : "Paused");
}

function apply() {
  if (Object.keys(counts).length === 0) return;
  for (const place of document.querySelectorAll("[data-count]")) {
    const number = sum(counts, place.dataset.count.split(" "));
    place.textContent = number.toLocaleString("en");
    place.classList.toggle("none", number === 0);
  }
}

function hear(topics) {
  heardAt = clock();
  if (paused) topics.forEach((topic) => held.add(topic));
  else refresh(topics);
}

function opened() {
  const missed = tries > 0;
  tries = 0;
  offlineSince = undefined;
  banner("offline", "");
  showHow();
  if (missed) hear(new Set(["*"]));
}

async function failed() {
  source.close();
  const wait = WAITS[Math.min(tries, WAITS.length - 1)];
  tries += 1;
  offlineSince ??= clock();
  if (tries < 2) show("reconnecting", `Reconnecting in ${wait} s`);
  else {
    show("offline", `Offline since ${offlineSince.slice(0, 5)}`);
    banner("offline", `Offline since ${offlineSince}, showing data from ${heardAt}. Trying again every few seconds.`);
  }
  timer = setTimeout(connect, wait * 1000 * (0.8 + Math.random() * 0.4));
  const answer = await fetch(button.dataset.liveButton, { method: "HEAD" }).catch(() => null);
  if (answer?.status === 401) sessionExpired();
}

function connect() {
  clearTimeout(timer);
  source?.close();
  const address = new URL(button.dataset.liveButton, location.href);
  if (since) address.searchParams.set("since", since);
  source = new EventSource(address);
  source.onopen = opened;
  source.onerror = failed;
  const on = (name, act) => source.addEventListener(name, (event) => {
    since = event.lastEventId || since;
    act(JSON.parse(event.data));
  });
  on("invalidate", ({ topic }) => hear(new Set([topic])));
  on("counts", (phases) => {
    counts = phases;
    if (paused) { before ??= counts; showPaused(); }
    else apply();
    hear(new Set(["counts"]));
  });
  on("store", ({ answers }) => {
    away = answers ? "" : `No store since ${clock().slice(0, 5)}`;
    banner("store", away && "The store does not answer. This is from before.");
    showHow();
  });
  on("bye", ({ reason }) => (reason === "session" ? sessionExpired() : failed()));
}

function toggle() {
  paused = !paused;
  before = counts;
  button.setAttribute("aria-pressed", String(paused));
  showHow();
  if (paused) return;
  apply();
  refresh(held);
  held = new Set();
}

export function watchLive() {
  button = document.querySelector("[data-live-button]");
  if (!button || !window.EventSource) return;
  since = button.dataset.since;
  counts = JSON.parse(button.dataset.phases);
  button.disabled = false;
  button.addEventListener("click", toggle);
  addEventListener("pagehide", () => { clearTimeout(timer); source?.close(); });
  addEventListener("pageshow", (event) => event.persisted && connect());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connect();
    else { clearTimeout(timer); source?.close(); }
  });
  connect();
}
