// The picture of the fabric: the part that is open, what is in it, and the use of the cables between.
const SVG = "http://www.w3.org/2000/svg";
function svg(tag, attributes, ...inner) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...inner);
  return node;
}
let way = [], leaf = 0;
const unpacked = new Map();

function useNow() {
  const rows = good(state);
  for (const fabric of page.pictures) {
    for (const run of fabric.runs) {
      if (!run.at.every((v, i) => v < 0 || v === state[i])) continue;
      if (!unpacked.has(run)) {
        const bytes = Uint8Array.from(atob(run.use), (letter) => letter.charCodeAt(0)), view = new DataView(bytes.buffer);
        unpacked.set(run, Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true)));
      }
      const all = unpacked.get(run), parts = all.length / 2, lost = new Map(run.lost);
      const rate = rows.length ? (run.most / 65534) * points.size[rows[0]] / points.time_s[rows[0]] : 0;
      const share = (step) => (step === 65535 ? null : step * rate);
      return { fabric, lost, run: rows.length > 0, mean: (part) => share(all[part]), peak: (part) => share(all[parts + part]) };
    }
  }
  return null;
}

const steps = { light: ["#dfe5ea", "#a9c9e2", "#5fa3d0", "#2171b5", "#c46a1c", "#a01f1f"], dark: ["#39424a", "#2f5878", "#3b84b8", "#6cbcf0", "#f0a14a", "#ff6b5e"] };
const limits = [0.01, 0.25, 0.5, 0.75, 0.95];
const colour = (share) => steps[dark() ? "dark" : "light"][share === null ? 0 : limits.filter((limit) => share >= limit).length];
const whole = (share) => (share === null ? "–" : share > 0 && share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`);
const called = (fabric, part) => `${fabric.kind[part]} ${fabric.number[part].toLocaleString("en")}`;
const many = { leaf: "leaves", switch: "switches", "block of pods": "blocks of pods" };
const plural = (count, one) => `${count.toLocaleString("en")} ${count === 1 ? one : many[one] || `${one}s`}`;

const within = (fabric, part) => (fabric.inside[part].length ? plural(fabric.holds[part], fabric.kind[fabric.inside[part][0]]) : `${fabric.holds[part].toLocaleString("en")} inside`);

function partWords(use, part) {
  const fabric = use.fabric, words = [called(fabric, part)];
  if (fabric.holds[part]) words.push(within(fabric, part));
  if (fabric.cables[part]) words.push(plural(fabric.cables[part], "cable") + (fabric.rate[part] ? `, ${fabric.rate[part]} one way` : ""));
  if (use.lost.has(part)) words.push(`${use.lost.get(part)} of them failed`);
  if (use.run && use.mean(part) !== null) words.push(`use ${whole(use.mean(part))} in the mean, ${whole(use.peak(part))} on the fullest`);
  if (use.run && fabric.partner[part] >= 0) words.push(`scale-up use ${whole(use.mean(fabric.partner[part]))}`);
  return words.join("; ");
}

function showFabric() {
  if (!by("fabric")) return;
  const use = useNow(), box = by("fabric-picture");
  box.replaceChildren();
  by("fabric-way").replaceChildren();
  if (!use) { by("fabric-words").textContent = "No picture of this topology."; return; }
  const fabric = use.fabric;
  if (way.length && (way[0].name !== fabric.name || way[0].parts !== fabric.kind.length)) { way = []; leaf = 0; }
  const open = way.length ? way[way.length - 1].part : -1;
  const inside = open < 0 ? fabric.top : fabric.inside[open];
  const crumbs = [{ text: "whole fabric", depth: 0 }, ...way.map((one, i) => ({ text: called(fabric, one.part), depth: i + 1 }))];
  by("fabric-way").append(...crumbs.map((one, i) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = one.text;
    if (i === crumbs.length - 1) button.setAttribute("aria-current", "location");
    button.addEventListener("click", () => { way = way.slice(0, one.depth); leaf = 0; showFabric(); focusFirst(); });
    item.append(button);
    return item;
  }));
  const width = Math.max(280, box.clientWidth), across = Math.max(2, Math.floor(width / 96)), pages = Math.ceil(inside.length / across);
  leaf = Math.min(leaf, Math.max(0, pages - 1));
  const shown = inside.slice(leaf * across, (leaf + 1) * across), each = width / shown.length;
  const partners = shown.some((part) => fabric.partner[part] >= 0), height = partners ? 330 : 238;
  const head = open < 0 ? fabric.head : fabric.heads[open] && fabric.switches !== 0 ? fabric.heads[open] : called(fabric, open);
  const title = open < 0 ? head : fabric.kind[open] === "server" ? "leaf switches" : `${head}${fabric.heads[open] && !["leaf", "switch"].includes(fabric.kind[open]) ? ` of ${called(fabric, open)}` : ""}`;
  const name = open >= 0 && ["leaf", "switch"].includes(fabric.kind[open]) ? called(fabric, open) : title;
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": `${name}, and ${plural(shown.length, "part")} below` });
  const mode = picked("fabric-measure");
  drawn.append(svg("rect", { x: 4, y: 6, width: width - 8, height: 40, rx: 6, class: "box head" }), label(width / 2, 31, name, "strong"));
  if (partners) drawn.append(svg("rect", { x: 4, y: 284, width: width - 8, height: 36, rx: 6, class: "box scale" }), label(width / 2, 306, "scale-up switch of the server"));
  shown.forEach((part, i) => {
    const middle = each * (i + 0.5), share = mode === "mean" ? use.mean(part) : use.peak(part);
    cable(drawn, middle, 46, 150, share, use, part);
    if (fabric.partner[part] >= 0) cable(drawn, middle, 212, 284, mode === "mean" ? use.mean(fabric.partner[part]) : use.peak(fabric.partner[part]), use, fabric.partner[part]);
    const opens = fabric.inside[part].length > 0, wide = Math.min(each - 8, 150);
    const node = svg("g", { class: opens ? "part opens" : "part", tabindex: 0, role: opens ? "button" : "img", "aria-label": partWords(use, part) + (opens ? ". Open" : "") });
    node.append(svg("title", {}, partWords(use, part)), svg("rect", { x: middle - wide / 2, y: 150, width: wide, height: 62, rx: 6, class: "box" }), label(middle, 174, called(fabric, part), "strong"));
    const inner = fabric.holds[part] ? within(fabric, part) : fabric.rate[part];
    node.append(label(middle, 196, inner));
    if (opens) {
      const enter = () => { way.push({ part, name: fabric.name, parts: fabric.kind.length }); leaf = 0; showFabric(); focusFirst(); };
      node.addEventListener("click", enter);
      node.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); enter(); } });
    }
    node.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && way.length) { way.pop(); leaf = 0; showFabric(); focusFirst(); }
    });
    drawn.append(node);
  });
  box.append(drawn);
  by("fabric-before").disabled = leaf === 0;
  by("fabric-after").disabled = leaf >= pages - 1;
  by("fabric-pages").textContent = pages > 1 ? `${(leaf * across + 1).toLocaleString("en")} to ${(leaf * across + shown.length).toLocaleString("en")} of ${inside.length.toLocaleString("en")}` : "";
  by("fabric-pager").hidden = pages < 2;
  const where = open < 0 ? `${fabric.name}: ${plural(fabric.endpoints, "endpoint")}` : partWords(use, open);
  const closed = shown.some((part) => fabric.holds[part] && !fabric.inside[part].length) ? " There was room for what is inside some parts only: the first of each kind opens down to a server." : "";
  const lost = [...use.lost.values()].length ? " A cross marks failed cables." : "";
  by("fabric-words").textContent = where + "." + lost + closed;
}

function cable(drawn, middle, top, bottom, share, use, part) {
  const none = share === null;
  drawn.append(svg("line", { x1: middle, y1: top, x2: middle, y2: bottom, stroke: colour(use.run ? share : null), "stroke-width": none ? 2 : 5 + 9 * Math.min(1, share || 0), "stroke-dasharray": none ? "3 4" : "none" }));
  if (use.run && !none) {
    drawn.append(svg("rect", { x: middle - 21, y: (top + bottom) / 2 - 11, width: 42, height: 22, rx: 5, class: "halo" }), label(middle, (top + bottom) / 2 + 5, whole(share)));
  }
  if (use.lost.has(part)) {
    const y = bottom - 14;
    drawn.append(svg("path", { d: `M${middle + 9} ${y - 6} l12 12 m0 -12 l-12 12`, class: "lost" }), label(middle + 31, y + 5, String(use.lost.get(part))));
  }
}
function label(x, y, text, kind) { return svg("text", { x, y, "text-anchor": "middle", class: kind || "" }, text); }
function focusFirst() { const first = by("fabric-picture").querySelector(".part"); if (first) first.focus(); }

if (by("fabric")) {
  by("fabric-before").addEventListener("click", () => { leaf -= 1; showFabric(); });
  by("fabric-after").addEventListener("click", () => { leaf += 1; showFabric(); });
  by("fabric-measure").addEventListener("change", showFabric);
}
if (by("fabric")) by("fabric-scale").replaceChildren(...["under 1%", "1% on", "25% on", "50% on", "75% on", "95% on"].map((text, i) => {
  const item = document.createElement("li"), mark = svg("svg", { width: 26, height: 12, "aria-hidden": "true" });
  mark.append(svg("line", { x1: 0, y1: 6, x2: 26, y2: 6, "stroke-width": 3 + i * 1.6, class: `use-${i}` }));
  item.append(mark, text);
  return item;
}));
listeners.push(showFabric);
