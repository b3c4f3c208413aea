"use strict";
// The controls, what the rows say where they stand, and the curve. Data: `page`, as sims.show.explore makes it.
const page = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const say = (text) => { by("status").textContent = text; };
const controls = page.controls, points = page.points;

const rowsAt = new Map();
points.at.forEach((at, row) => {
  const key = at.join();
  if (!rowsAt.has(key)) rowsAt.set(key, []);
  rowsAt.get(key).push(row);
});
const places = [...rowsAt.keys()].map((key) => (key === "" ? [] : key.split(",").map(Number)));
let state = page.start.slice();
const listeners = [];

// Formats: values are those of the rows; only their words are rounded.
const digits = (value, most = 4) => {
  if (value === 0) return "0";
  if (Math.abs(value) >= 10 ** (most - 1)) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(most)).toLocaleString("en", { maximumFractionDigits: 12 });
};
const seconds = (value) => {
  const [unit, factor] = value >= 1 ? ["s", 1] : value >= 1e-3 ? ["ms", 1e-3] : ["µs", 1e-6];
  return `${digits(value / factor)} ${unit}`;
};
const percent = (value) => `${digits(100 * value, 3)}%`;
const words = {
  time_s: seconds, algbw_GBps: (v) => `${digits(v)} GB/s`, busbw_GBps: (v) => `${digits(v)} GB/s`,
  efficiency: percent, latency_share: percent, contention: (v) => `${digits(v, 3)} ×`,
};

// The 5th percentile, the median and the 95th, linear between neighbours, as in the program's figures.
function quantiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return [0.05, 0.5, 0.95].map((share) => {
    const at = share * (sorted.length - 1), low = Math.floor(at), rest = at - low;
    return rest === 0 ? sorted[low] : sorted[low] + rest * (sorted[low + 1] - sorted[low]);
  });
}
const good = (at) => (rowsAt.get(at.join()) || []).filter((row) => points.time_s[row] !== null);
const said = (number) => controls[number].values[state[number]][1];

// What of a control is offered: what was run beside the values of the leading ones.
function offered(number) {
  const leads = controls.map((one, i) => i).filter((i) => controls[i].leads && i < number);
  const found = new Set(places.filter((at) => leads.every((i) => at[i] === state[i])).map((at) => at[number]));
  return [...found].sort((a, b) => a - b);
}

function choose(number, value) {
  const wanted = state.slice();
  wanted[number] = value;
  let note = "";
  if (!rowsAt.has(wanted.join())) {
    const distance = (at) => at.reduce((sum, v, i) => sum + (v === wanted[i] ? 0 : controls[i].leads ? 1000 : 100 + Math.abs(v - wanted[i])), 0);
    const near = places.filter((at) => at[number] === value).sort((a, b) => distance(a) - distance(b))[0];
    const moved = near.map((v, i) => i).filter((i) => near[i] !== wanted[i]);
    state = near;
    note = "Set as well, as this was not run together: " + moved.map((i) => `${controls[i].label} ${said(i)}`).join(", ") + ".";
  } else state = wanted;
  refresh(note);
}

function showControls() {
  controls.forEach((one, number) => {
    const input = by(`control-${number}`), values = offered(number);
    if (one.slider) {
      input.max = values.length - 1;
      input.value = values.indexOf(state[number]);
      input.disabled = values.length < 2;
      input.setAttribute("aria-valuetext", said(number));
      by(`value-${number}`).textContent = said(number);
      by(`ends-${number}`).textContent = values.length < 2 ? "only this" : `${one.values[values[0]][1]} to ${one.values[values[values.length - 1]][1]}, ${values.length} steps`;
    } else {
      input.replaceChildren(...values.map((v) => new Option(one.values[v][1], v, false, v === state[number])));
      input.disabled = values.length < 2;
    }
  });
}

function datum(value, name) {
  const node = document.createElement("data");
  node.value = String(value);
  node.textContent = words[name](value);
  return node;
}

function showResult() {
  const rows = good(state), failed = (rowsAt.get(state.join()) || []).filter((row) => points.time_s[row] === null);
  by("failed").hidden = rows.length > 0;
  by("numbers").hidden = rows.length === 0;
  if (!rows.length) {
    by("failed").textContent = failed.length ? `No result: ${page.words[points.error[failed[0]]]}` : "This was not run.";
    by("command").textContent = "";
    return;
  }
  const note = [];
  for (const name of Object.keys(words)) {
    const [low, middle, high] = quantiles(rows.map((row) => points[name][row]));
    const cell = by(`now-${name}`);
    cell.replaceChildren(datum(middle, name));
    if (rows.length > 1 && high > low) {
      const spread = document.createElement("small");
      spread.textContent = ` ${words[name](low)} to ${words[name](high)}`;
      cell.append(spread);
    }
  }
  const first = rows[0], time = quantiles(rows.map((row) => points.time_s[row]))[1];
  by("now-limit").textContent = page.words[points.limit[first]].replace(" -> ", " → ");
  const low = points.error_low[first], high = points.error_high[first];
  by("now-machines").textContent = low === high ? "nothing near was measured" : `${seconds(time * (1 + low))} to ${seconds(time * (1 + high))}`;
  if (rows.length > 1) note.push(`The median of ${rows.length} seeds, and below it the 5th to the 95th percentile`);
  if (failed.length) note.push(`${failed.length} more ${failed.length === 1 ? "seed" : "seeds"} gave no result`);
  const keys = rows.map((row) => points.key[row]);
  by("now-note").textContent = (note.length ? note.join("; ") + ". " : "") + (keys.length > 1 ? "Rows " : "Row ") + keys.join(", ") + ".";
  by("command").textContent = page.words[points.command[first]].replace("\u0000", points.size[first]);
  const kinds = points.kinds[first].map((kind, i) => [page.kind_names[kind], points.use[first][2 * i], points.use[first][2 * i + 1]]);
  by("kinds-rows").replaceChildren(...kinds.map(([kind, mean, peak]) => {
    const line = document.createElement("tr"), head = document.createElement("th");
    head.scope = "row";
    head.textContent = kind.replace(" -> ", " → ");
    line.append(head, ...[mean, peak].map((v) => { const cell = document.createElement("td"); cell.className = "number"; const d = document.createElement("data"); d.value = String(v); d.textContent = percent(v); cell.append(d); return cell; }));
    return line;
  }));
}

// The curve: one line for each value of the chosen control, over the chosen axis.
let view = null, drawing = 0;
const picked = (id) => by(id).value;

function curve() {
  const metric = picked("metric"), x = Number(picked("axis")), lines = Number(picked("lines"));
  const found = [], table = [];
  const across = offered(x), along = lines < 0 || lines === x ? [null] : offered(lines);
  for (const line of along) {
    for (const value of across) {
      const at = state.slice();
      at[x] = value;
      if (line !== null) at[lines] = line;
      const rows = good(at);
      if (!rows.length) continue;
      const [low, middle, high] = quantiles(rows.map((row) => points[metric][row]));
      const factor = [1 + points.error_low[rows[0]], 1 + points.error_high[rows[0]]];
      const machines = factor[0] !== factor[1] && metric !== "latency_share";
      const slower = (v, f) => (metric === "time_s" ? v * f : v / f);
      const ends = machines ? factor.map((f) => slower(middle, f)).sort((a, b) => a - b) : [null, null];
      const name = line === null ? "here" : controls[lines].values[line][1];
      found.push({
        x: controls[x].values[value][0], at: controls[x].values[value][1], y: middle, line: name, said: words[metric](middle),
        low: high > low ? low : null, high: high > low ? high : null, least: ends[0], most: ends[1],
        now: value === state[x] && (line === null || line === state[lines]),
      });
    }
  }
  return found;
}

function showTable(data) {
  const x = Number(picked("axis")), name = picked("metric");
  by("curve-caption").textContent = `${by("metric").selectedOptions[0].text} over ${controls[x].label.toLowerCase()}`;
  by("curve-heads").replaceChildren(...["", controls[x].label, by("metric").selectedOptions[0].text, "5th to 95th percentile of the seeds", "four of five machines"].map((text) => {
    const cell = document.createElement("th"); cell.scope = "col"; cell.textContent = text; return cell;
  }));
  by("curve-rows").replaceChildren(...data.map((one) => {
    const line = document.createElement("tr"), head = document.createElement("th");
    head.scope = "row"; head.textContent = one.line;
    const cells = [one.at, one.said, one.low === null ? "" : `${words[name](one.low)} to ${words[name](one.high)}`, one.least === null ? "" : `${words[name](one.least)} to ${words[name](one.most)}`];
    line.append(head, ...cells.map((text) => { const cell = document.createElement("td"); cell.textContent = text; return cell; }));
    return line;
  }));
}

const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const palette = { light: ["#0072B2", "#D55E00", "#009E73", "#B0568A", "#9A6A00", "#2C8FC4"], dark: ["#56B4E9", "#F58A42", "#3CC79A", "#E59BC4", "#E6B422", "#A6D8F5"] };

async function showChart() {
  if (!controls.some((one) => one.slider)) return;
  const mine = ++drawing, data = curve(), x = Number(picked("axis"));
  showTable(data);
  const spec = JSON.parse(JSON.stringify(page.charts[`${controls[x].key}|${picked("metric")}`]));
  const style = getComputedStyle(document.documentElement), ink = style.getPropertyValue("--ink").trim(), soft = style.getPropertyValue("--soft").trim(), line = style.getPropertyValue("--line").trim();
  const narrow = by("chart").clientWidth < 480;
  spec.datasets = { points: data };
  spec.height = narrow ? 260 : 330;
  spec.description = `${by("metric").selectedOptions[0].text} over ${controls[x].label.toLowerCase()}; the table below has the numbers`;
  const config = {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: line }, rule: { color: soft },
    range: { category: palette[dark() ? "dark" : "light"] },
    axis: { labelColor: ink, titleColor: ink, domainColor: soft, tickColor: soft, gridColor: line, labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500 },
    legend: { labelColor: ink, labelFontSize: 13, titleColor: ink, columns: narrow ? 1 : 3, symbolStrokeWidth: 3, labelLimit: Math.max(120, by("chart").clientWidth - 60) },
  };
  if (view) view.finalize();
  const made = await vegaEmbed("#chart", spec, { ast: true, renderer: "svg", logLevel: 1, actions: { export: true, source: false, compiled: false, editor: false }, config, downloadFileName: "fabricsim", tooltip: { theme: dark() ? "dark" : "light" } });
  if (mine === drawing) view = made; else made.finalize();
  document.documentElement.dataset.drawn = String(mine);
}

function refresh(note) {
  showControls();
  showResult();
  listeners.forEach((tell) => tell());
  showChart();
  const rows = good(state);
  const summary = rows.length ? `Bus bandwidth ${words.busbw_GBps(quantiles(rows.map((row) => points.busbw_GBps[row]))[1])}, time ${seconds(quantiles(rows.map((row) => points.time_s[row]))[1])}.` : "No result here.";
  say([note, summary].filter(Boolean).join(" "));
  keep();
}

// The state stands in the address, so that a bookmark or a link comes back to it.
function keep() {
  const text = controls.map((one, i) => `${encodeURIComponent(one.key)}=${encodeURIComponent(one.values[state[i]][0])}`).join("&");
  try { history.replaceState(null, "", `#${text}`); } catch (error) { /* a page in a frame has no address */ }
}
function recall() {
  const wanted = new URLSearchParams(location.hash.slice(1)), at = state.slice();
  controls.forEach((one, i) => {
    const place = one.values.findIndex((value) => String(value[0]) === wanted.get(one.key));
    if (place >= 0) at[i] = place;
  });
  if (rowsAt.has(at.join())) state = at;
}

controls.forEach((one, number) => {
  const input = by(`control-${number}`);
  input.addEventListener("input", () => choose(number, one.slider ? offered(number)[Number(input.value)] : Number(input.value)));
});
for (const id of ["metric", "axis", "lines"]) if (by(id)) by(id).addEventListener("change", showChart);
by("theme").addEventListener("change", () => {
  if (by("theme").value) document.documentElement.dataset.theme = by("theme").value; else delete document.documentElement.dataset.theme;
  refresh("");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => refresh(""));
by("copy").addEventListener("click", async () => {
  try { await navigator.clipboard.writeText(by("command").textContent); say("The command is copied."); } catch (error) {
    getSelection().selectAllChildren(by("command"));
    say("The command is selected: copy it with the keyboard.");
  }
});
