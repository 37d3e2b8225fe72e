/* Buttons that copy. */
import { announce, toast } from "./notices.js";

/** Put `text` on the clipboard; without TLS browsers have only the old way. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser refused");
}

export function watchCopies() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await copy(button.dataset.copy);
      button.dataset.copied = "";
      setTimeout(() => delete button.dataset.copied, 1500);
      announce("Copied", true);
    } catch {
      toast("Copying was refused by the browser. Select the text and copy it by hand.", "error");
    }
  });
}
