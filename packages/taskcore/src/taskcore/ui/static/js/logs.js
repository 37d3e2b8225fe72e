/* A log that is read as it grows: levels to choose, lines to wrap, and the end to follow. */
function watch(frame) {
  const list = frame.querySelector("[data-lines]");
  const levels = frame.querySelectorAll("[data-level-filter]");
  const search = frame.querySelector("[data-log-search]");
  const jump = frame.querySelector("[data-jump]");
  const atEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 24;
  let following = true;

  function filter() {
    const wanted = new Set([...levels].filter((box) => box.checked).map((box) => box.value));
    const text = search?.value.toLowerCase() ?? "";
    for (const line of list.querySelectorAll("[data-level]")) {
      const level = levels.length === 0 || wanted.has(line.dataset.level);
      line.hidden = !level || (text !== "" && !line.textContent.toLowerCase().includes(text));
    }
  }

  function follow() {
    if (following) list.scrollTop = list.scrollHeight;
    if (jump) jump.hidden = following;
  }

  frame.addEventListener("input", filter);
  frame.addEventListener("change", (event) => {
    if (event.target.matches("[data-wrap]")) list.classList.toggle("wrap", event.target.checked);
    filter();
  });
  list.addEventListener("scroll", () => { following = atEnd(); if (jump) jump.hidden = following; });
  jump?.addEventListener("click", () => { following = true; follow(); });
  document.addEventListener("htmx:after:swap", () => { filter(); follow(); });
  follow();
}

document.querySelectorAll("[data-log]").forEach(watch);
