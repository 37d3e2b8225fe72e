/* Draws the numbers of the table beside it, and nothing else. */
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 2]];
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
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

function read(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const lines = [...table.tBodies[0].rows];
  const x = lines.map((row) => Date.parse(row.cells[0].querySelector("time").dateTime) / 1000);
  const ys = heads.map((_, at) => lines.map((row) => {
    const value = row.cells[at + 1].dataset.value;
    return value === "" || value === undefined ? null : Number(value);
  }));
  return { heads, data: [x, ...ys] };
}

function stacked(ys) {
  const sums = ys[0]?.map(() => 0) ?? [];
  return ys.map((row) => row.map((value, at) => (sums[at] += value ?? 0)));
}

function draw(figure) {
  const place = figure.querySelector("[data-plot]");
  const { heads, data } = read(figure.querySelector("table:not(.u-legend)"));
  const stack = "stacked" in figure.dataset;
  const shown = stack ? [data[0], ...stacked(data.slice(1)).reverse()] : data;
  const order = stack ? [...heads].reverse() : heads;
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: `12px ${token("--font")}` };
  const far = data[0].at(-1) - data[0][0] > 172800;
  const moments = (_, at) => at.map((each) => new Date(each * 1000).toISOString().slice(...(far ? [5, 10] : [11, 16])));
  const unit = figure.dataset.unit ? ` ${figure.dataset.unit}` : "";
  const series = order.map((head, at) => ({
    label: head.textContent,
    stroke: colour(head.dataset.tone),
    fill: stack ? colour(head.dataset.tone) : undefined,
    paths: stack ? uPlot.paths.bars({ size: [0.9, 40], align: 1 }) : undefined,
    width: stack ? 0 : 2,
    dash: stack ? undefined : DASHES[at % DASHES.length],
    points: { show: !stack && data[0].length < 3 },
    value: (_, value, index, step) => {
      const own = step === null || step === undefined ? null : data[heads.indexOf(order[index - 1]) + 1][step];
      return own === null || own === undefined ? "—" : own.toLocaleString("en") + unit;
    },
  }));
  const plot = new uPlot({
    width: Math.max(200, place.clientWidth),
    height: 200,
    legend: { live: true },
    cursor: { drag: { x: true, y: false, setScale: false } },
    scales: { y: { distr: "log" in figure.dataset ? 3 : 1, range: "log" in figure.dataset ? undefined : (_, low, high) => [0, Math.max(1, high * 1.1)] } },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    axes: [{ ...axis, values: moments }, { ...axis, size: 56 }],
    series: [{ value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...series],
    hooks: { setSelect: [(chart) => zoom(figure, chart)] },
  }, shown, place);
  drawn.get(figure)?.destroy();
  drawn.set(figure, plot);
}

/** A range that was brushed becomes part of the address. */
function zoom(figure, chart) {
  if (!("zoom" in figure.dataset) || chart.select.width < 8) return;
  const at = (px) => new Date(chart.posToVal(px, "x") * 1000).toISOString();
  const address = new URL(location.href);
  address.searchParams.set("since", at(chart.select.left));
  address.searchParams.set("until", at(chart.select.left + chart.select.width));
  address.searchParams.delete("range");
  location.assign(address);
}

const all = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
all();
document.addEventListener("htmx:after:swap", all);
new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
let resized;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(all, 150); });
