/* Draws the numbers of the table beside it: a chart never shows what its table does not say. */
import { along, clock, lone, read, stack } from "./series.js";

const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 2]];
const drawn = new WeakMap();

/** A token may be light-dark(...): let the browser resolve it. */
function colour(name) {
  const probe = document.createElement("i");
  probe.className = `tone tone-${name}`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function options(figure, place, shown) {
  const { stacked, log, unit } = figure.dataset;
  const piled = stacked !== undefined;
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const tell = (value) => (value === null || value === undefined ? "—" : value.toLocaleString("en") + (unit ? ` ${unit}` : ""));
  const series = shown.heads.map((head, at) => {
    const tone = colour(head.dataset.tone);
    return {
      label: head.textContent,
      stroke: tone,
      fill: piled ? tone : undefined,
      paths: piled ? uPlot.paths.bars({ size: [0.9, 40], align: 1 }) : undefined,
      width: piled ? 0 : 2,
      dash: piled ? [] : DASHES[at % DASHES.length],
      points: { show: !piled && shown.times.length < 3, filter: (plot, index) => (piled ? null : lone(plot.data[index])) },
      value: (plot, _, index, step) => tell(drawn.get(figure)?.own[index - 1][step]),
    };
  });
  return {
    width: Math.max(200, place.clientWidth),
    height: 200,
    series: [{ label: "Time", value: (_, at) => (at === null ? "—" : clock([at], 1)[0]) }, ...series],
    ...(document.documentElement.dataset.zone !== "local" && { tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC") }),
    axes: [{ ...axis, size: 28, values: (_, splits, __, ___, every) => clock(splits, every) }, { ...axis, size: 56 }],
    scales: { ...(piled && { x: { range: along(shown.times) } }), y: log === undefined ? { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } : { distr: 3 } },
    cursor: { drag: { x: "zoom" in figure.dataset, y: false, setScale: false } },
    hooks: { setSelect: [(plot) => zoom(plot)] },
  };
}

/** A range that was brushed becomes part of the address. */
function zoom(plot) {
  if (plot.select.width < 8) return;
  const at = (px) => new Date(plot.posToVal(px, "x") * 1000).toISOString();
  const address = new URL(location.href);
  address.searchParams.set("since", at(plot.select.left));
  address.searchParams.set("until", at(plot.select.left + plot.select.width));
  address.searchParams.delete("range");
  location.assign(address);
}

function draw(figure) {
  const place = figure.querySelector("[data-plot]");
  const table = read(figure.querySelector("table:not(.u-legend)"));
  const shown = "stacked" in figure.dataset ? stack(table) : { ...table, own: table.values };
  const data = [shown.times, ...shown.values];
  const look = `${getComputedStyle(document.documentElement).colorScheme} ${colour("fg")} ${place.clientWidth} ${shown.heads.map((head) => head.textContent)}`;
  const old = drawn.get(figure);
  if (old?.look === look && place.contains(old.plot.root)) {
    old.own = shown.own;
    old.plot.setData(data);
    return;
  }
  old?.plot.destroy();
  drawn.set(figure, { look, own: shown.own, plot: new uPlot(options(figure, place, shown), data, place) });
}

const all = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
all();
document.addEventListener("htmx:after:swap", all);
new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
let resized;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(all, 150); });
