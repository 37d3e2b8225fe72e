/* What is said in passing: toasts for eyes, a polite region for screen readers. */
const STAYS = 6000;
const QUIET = 10000;
let last = 0;
let waiting;

/** Say `text` to screen readers; of what comes faster than every ten seconds only the newest. */
export function announce(text, now = false) {
  clearTimeout(waiting);
  const say = () => { last = Date.now(); document.getElementById("announcer").textContent = text; };
  if (now) say();
  else waiting = setTimeout(say, Math.max(0, last + QUIET - Date.now()));
}

/** Show `text` in the corner. An error stays until it is closed. */
export function toast(text, kind = "ok") {
  const box = document.createElement("div");
  box.className = `toast ${kind}`;
  box.setAttribute("role", kind === "error" ? "alert" : "status");
  const words = document.createElement("p");
  const close = document.createElement("button");
  words.textContent = text;
  close.type = "button";
  close.className = "quiet";
  close.dataset.close = "";
  close.textContent = "Close";
  box.append(words, close);
  document.getElementById("toasts").append(box);
  expire(box);
}

/** Show `text` above the page under the name `id`; none takes it away. */
export function banner(id, text) {
  let box = document.getElementById(id);
  if (!text) return box?.remove();
  if (!box) {
    box = document.createElement("div");
    box.id = id;
    box.className = "banner error";
    box.setAttribute("role", "alert");
    box.append(document.createElement("p"));
    document.getElementById("main").prepend(box);
  }
  box.firstChild.textContent = text;
}

function expire(box) {
  if (box.classList.contains("error")) return;
  let timer;
  const start = () => { timer = setTimeout(() => box.remove(), STAYS); };
  const hold = () => clearTimeout(timer);
  for (const name of ["mouseenter", "focusin"]) box.addEventListener(name, hold);
  for (const name of ["mouseleave", "focusout"]) box.addEventListener(name, start);
  start();
}

export function watchToasts() {
  document.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest(".toast, .banner")?.remove());
  document.querySelectorAll("#toasts .toast").forEach(expire);
}
