/* Changes the theme at once; the server keeps it in a cookie, so that the next page comes in it. */
const THEMES = ["auto", "light", "dark", "contrast"];
const root = document.documentElement;

async function choose(form, theme) {
  root.dataset.theme = theme;
  for (const button of form.querySelectorAll("button[name=theme]")) button.setAttribute("aria-pressed", String(button.value === theme));
  await fetch(form.action, { method: "POST", body: new URLSearchParams({ theme }), redirect: "manual" });
}

export function nextTheme() {
  const form = document.querySelector("[data-theme-form]");
  if (form) choose(form, THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length]);
}

export function watchTheme() {
  document.querySelector("[data-theme-form]")?.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(event.target, event.submitter.value);
  });
}
