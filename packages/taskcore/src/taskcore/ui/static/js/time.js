/* Keeps "3 min ago" true, and shows instants in the zone of the browser where the reader wants that. */
const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];
const two = (number) => String(number).padStart(2, "0");

/** The same words as `taskcore.ui.words.distance`. */
export function distance(at, now = Date.now()) {
  const seconds = (now - at) / 1000;
  const size = Math.abs(seconds);
  if (size < 1) return "just now";
  const [, unit, name] = STEPS.find(([below]) => size < below);
  const text = `${Math.floor(size / unit)} ${name}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function absolute(at, local) {
  if (!local) return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const zone = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(at).find((part) => part.type === "timeZoneName");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone?.value ?? ""}`.trim();
}

export function refreshTimes(root = document) {
  const { times, zone } = document.documentElement.dataset;
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    const text = (element.dataset.form ?? times) === "absolute" ? absolute(at, zone === "local") : distance(at);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** The server's clock, if it is more than 2 s away from ours, is worth a word in the footer. */
function warnOfSkew() {
  const shown = document.querySelector("[data-server-time] time");
  const asked = performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0);
  const skew = shown ? (new Date(shown.dateTime) - asked) / 1000 : 0;
  const restored = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  if (Math.abs(skew) <= 2 || restored) return;
  const note = document.createElement("strong");
  note.textContent = ` (${Math.abs(skew).toFixed(0)} s ${skew > 0 ? "ahead of" : "behind"} this browser)`;
  shown.after(note);
}

export function watchTimes() {
  warnOfSkew();
  refreshTimes();
  document.addEventListener("htmx:after:swap", () => refreshTimes());
  setInterval(() => document.hidden || refreshTimes(), 5000);
}
