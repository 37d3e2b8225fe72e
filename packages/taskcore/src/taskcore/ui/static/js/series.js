/* The numbers of a chart: those of the table beside it. */
const two = (number) => String(number).padStart(2, "0");

/** Column heads, times in seconds, and a row of values for each head. */
export function read(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const lines = [...table.tBodies[0].rows];
  const times = lines.map((row) => Date.parse(row.cells[0].querySelector("time").dateTime) / 1000);
  const values = heads.map((_, at) => lines.map((row) => {
    const value = row.cells[at + 1].dataset.value;
    return value ? Number(value) : null;
  }));
  return { heads, times, values };
}

/** Each line on top of those before it; the topmost first, so that it is drawn behind the others. */
export function stack({ heads, times, values }) {
  const sums = times.map(() => 0);
  const piled = values.map((row) => row.map((value, at) => (sums[at] += value ?? 0)));
  return { heads: heads.toReversed(), times, values: piled.toReversed(), own: values.toReversed() };
}

/** Where a value has no neighbour: no line goes there, so that nobody would see it. */
export function lone(values) {
  const told = (at) => values[at] !== null && values[at] !== undefined;
  return values.map((_, at) => at).filter((at) => told(at) && !told(at - 1) && !told(at + 1));
}

/** What the time axis covers: bars stand behind their instant, and that of the newest needs room, too. */
export function along(times) {
  const step = times.length > 1 ? times[1] - times[0] : 0;
  return (_, low, high) => [low, high === null ? high : high + step];
}

/** Ticks of the time axis: hours, and the day where one begins. */
export function clock(splits, every) {
  const utc = document.documentElement.dataset.zone !== "local";
  return splits.map((second) => {
    const at = new Date((second - (utc ? 0 : new Date(second * 1000).getTimezoneOffset() * 60)) * 1000);
    if (every < 86400 && at.getUTCHours() + at.getUTCMinutes() > 0) return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
    return `${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  });
}
