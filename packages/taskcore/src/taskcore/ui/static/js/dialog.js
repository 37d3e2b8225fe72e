/* Pages that ask, shown as dialogs over the page that they were asked from; menus that close by themselves. */
import { toast } from "./notices.js";

/** Show `content` in a modal dialog; focus goes back to `opener` when it closes. */
export function openDialog(content, opener = document.activeElement) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.append(content);
  const title = dialog.querySelector("h1, h2");
  if (title) {
    title.id ||= "dialog-title";
    dialog.setAttribute("aria-labelledby", title.id);
  }
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus?.();
  });
  dialog.showModal();
  (dialog.querySelector("[data-first]") ?? dialog.querySelector("input:not([type=hidden]), button, a"))?.focus();
  return dialog;
}

/** Fetch the part `id` of a page; null when the answer is none, and the reader has been told. */
export async function fetchPart(address, id, options = {}) {
  const answer = await fetch(address, { ...options, headers: { "HX-Request": "true", "HX-Target": `section#${id}`, Accept: "text/html" } });
  if (answer.status === 401) {
    sessionExpired();
    return null;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById(id) ?? page.querySelector("main > .panel");
}

/** The session is over: whoever reads this can log in again in another tab, and nothing here is lost. */
export function sessionExpired() {
  if (document.getElementById("session-expired")) return;
  const box = document.createElement("section");
  const title = document.createElement("h2");
  const words = document.createElement("p");
  const link = document.createElement("a");
  box.id = "session-expired";
  title.textContent = "Your session has ended";
  words.textContent = "Log in again to go on. You come back to this very page.";
  link.className = "button primary";
  link.textContent = "Log in";
  link.href = `${document.documentElement.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`;
  box.append(title, words, link);
  openDialog(box);
}

async function ask(address, opener, options) {
  try {
    const part = await fetchPart(address, "confirm", options);
    if (part) openDialog(part, opener);
  } catch {
    toast("The server does not answer. Try again in a moment.", "error");
  }
}

export function watchDialogs() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      ask(link.href, link);
    }
    const cancel = event.target.closest("dialog [data-cancel]");
    if (cancel) {
      event.preventDefault();
      cancel.closest("dialog").close();
    }
    if (event.target.closest("[data-help]")) document.getElementById("keyboard-help")?.showModal();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-dialog]")) return;
    event.preventDefault();
    const address = event.submitter?.formAction ?? event.target.action;
    ask(address, event.submitter, { method: "POST", body: new URLSearchParams(new FormData(event.target, event.submitter)) });
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
