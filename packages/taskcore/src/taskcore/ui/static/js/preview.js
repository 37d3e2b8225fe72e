/* Shows the next runs of a schedule while it is written. */
import { fetchPart } from "./dialog.js";

const WAIT = 200;
const form = document.querySelector("[data-preview]");
let timer, asked = 0;

async function look() {
  const mine = ++asked;
  const address = new URL(form.dataset.preview, location.href);
  for (const field of form.querySelectorAll("[data-when] :is(input, select)")) address.searchParams.set(field.name, field.value);
  const fresh = await fetchPart(address, "schedule-preview").catch(() => null);
  // What is announced is what changes inside of the region, so it stays where it is.
  if (fresh && mine === asked) document.getElementById("schedule-preview").replaceChildren(...fresh.childNodes);
}

form?.addEventListener("input", (event) => {
  if (!event.target.closest("[data-when]")) return;
  clearTimeout(timer);
  timer = setTimeout(look, WAIT);
});
