/* Moves and enlarges a graph by its viewBox: with buttons, arrow keys, ctrl and the wheel, or by dragging. */
const STEP = 0.2;

function watch(frame) {
  const svg = frame.querySelector("svg");
  const whole = svg.getAttribute("viewBox").split(" ").map(Number);
  let [x, y, width, height] = whole;
  const apply = () => svg.setAttribute("viewBox", [x, y, width, height].map((number) => number.toFixed(1)).join(" "));
  const zoom = (factor, cx = 0.5, cy = 0.5) => {
    const next = Math.min(whole[2] * 2, Math.max(whole[2] / 20, width * factor));
    const ratio = next / width;
    x += width * (1 - ratio) * cx;
    y += height * (1 - ratio) * cy;
    width = next;
    height *= ratio;
    apply();
  };
  const pan = (dx, dy) => { x += width * dx; y += height * dy; apply(); };
  const acts = {
    in: () => zoom(1 - STEP), out: () => zoom(1 + STEP),
    fit: () => { [x, y, width, height] = whole; apply(); },
    ArrowLeft: () => pan(-STEP, 0), ArrowRight: () => pan(STEP, 0), ArrowUp: () => pan(0, -STEP), ArrowDown: () => pan(0, STEP),
    "+": () => zoom(1 - STEP), "-": () => zoom(1 + STEP), 0: () => acts.fit(),
  };
  frame.addEventListener("click", (event) => acts[event.target.closest("[data-zoom]")?.dataset.zoom]?.());
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(event.deltaY > 0 ? 1 + STEP : 1 - STEP, (event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height);
  }, { passive: false });
  let from;
  svg.addEventListener("pointerdown", (event) => { if (!event.target.closest("a")) from = [event.clientX, event.clientY]; });
  addEventListener("pointerup", () => { from = undefined; });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    const box = svg.getBoundingClientRect();
    pan((from[0] - event.clientX) / box.width, (from[1] - event.clientY) / box.height);
    from = [event.clientX, event.clientY];
  });
}

document.querySelectorAll("[data-dag]").forEach(watch);
