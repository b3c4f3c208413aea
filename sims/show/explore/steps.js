// Some ranks and what they do step by step, from the program's own schedules.
let step = 0, moving = 0, timer = null;
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const plan = () => page.steps[Number(picked("steps-what"))].ranks[picked("steps-ranks")];

function heldAfter(count) {
  const found = plan(), held = found.start.map((own) => own.slice());
  for (const transfers of found.steps.slice(0, count)) {
    const before = held.map((own) => own.slice());
    const written = new Set();
    for (const [from, to, copies, ...chunks] of transfers) for (const chunk of chunks) {
      if (copies) held[to][chunk] = before[from][chunk];
      else held[to][chunk] += before[from][chunk];
      written.add(to);
    }
  }
  return held;
}

function spot(rank, n, size) {
  const angle = (2 * Math.PI * rank) / n - Math.PI / 2, r = size / 2 - 26;
  return [size / 2 + r * Math.cos(angle), size / 2 + r * Math.sin(angle)];
}

function showSteps() {
  const found = plan(), n = found.start.length, total = found.steps.length, size = 340;
  step = Math.min(step, total);
  by("steps-at").max = total;
  by("steps-at").value = step;
  const transfers = step ? found.steps[step - 1] : [];
  const share = transfers.length ? `${transfers[0].length - 3} of ${found.chunks}` : "";
  const copies = transfers.filter((one) => one[2]).length;
  const what = copies === transfers.length ? "is kept" : copies ? "is added up by some and kept by others" : "is added up";
  by("steps-added").hidden = copies === transfers.length;
  by("steps-kept").hidden = !copies;
  const part = found.chunks === 1 ? "all of the data" : `${share} ${found.chunks === 1 ? "chunk" : "chunks"} of the data`;
  const text = step === 0 ? `Before the first step: each of ${n} ranks has its own data.` : `Step ${step} of ${total}: ${plural(transfers.length, "transfer")}, each ${part}; what arrives ${what}.`;
  const done = step === total ? " Every rank has what it is due." : "";
  by("steps-words").textContent = text + done;
  by("steps-at").setAttribute("aria-valuetext", `step ${step} of ${total}`);
  const list = transfers.map(([from, to, , ...chunks]) => `rank ${from} to rank ${to}: ${found.chunks === 1 ? "all" : `chunk ${chunks.join(", ")}`}`);
  by("steps-list").replaceChildren(...list.map((line) => { const item = document.createElement("li"); item.textContent = line; return item; }));
  const drawn = svg("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": text });
  drawn.append(svg("defs", {}, ...["add", "keep"].map((kind) => svg("marker", { id: `arrow-${kind}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto-start-reverse" }, svg("path", { d: "M0 0 L8 4 L0 8 z", class: `fill-${kind}` })))));
  for (const [from, to, copy] of transfers) {
    const [x1, y1] = spot(from, n, size), [x2, y2] = spot(to, n, size), long = Math.hypot(x2 - x1, y2 - y1) || 1, cut = 19;
    const ux = (x2 - x1) / long, uy = (y2 - y1) / long, bend = Math.min(22, long / 8), kind = copy ? "keep" : "add";
    const mx = (x1 + x2) / 2 - uy * bend, my = (y1 + y2) / 2 + ux * bend;
    const path = `M${x1 + ux * cut} ${y1 + uy * cut} Q${mx} ${my} ${x2 - ux * cut} ${y2 - uy * cut}`;
    drawn.append(svg("path", { d: path, class: `arrow ${kind}`, "marker-end": `url(#arrow-${kind})` }));
    if (!calm()) drawn.append(svg("circle", { r: 5, class: `dot fill-${kind}`, style: `offset-path:path("${path}")` }));
  }
  for (let rank = 0; rank < n; rank += 1) {
    const [x, y] = spot(rank, n, size);
    drawn.append(svg("circle", { cx: x, cy: y, r: 16, class: "rank" }), svg("text", { x, y: y + 5, "text-anchor": "middle", class: "strong" }, String(rank)));
  }
  by("steps-picture").replaceChildren(drawn);
  showHeld(found, heldAfter(step), n);
  by("steps-back").disabled = step === 0;
  by("steps-next").disabled = step === total;
}

function showHeld(found, held, n) {
  const body = held.map((own, rank) => {
    const line = document.createElement("tr"), head = document.createElement("th");
    head.scope = "row";
    head.textContent = `rank ${rank}`;
    line.append(head, ...own.map((count, chunk) => {
      const cell = document.createElement("td");
      cell.textContent = count || "";
      cell.style.setProperty("--full", String(count / found.due[chunk]));
      cell.className = count === found.due[chunk] ? "full" : count ? "some" : "none";
      return cell;
    }));
    return line;
  });
  const heads = [document.createElement("td"), ...found.due.map((_, chunk) => { const head = document.createElement("th"); head.scope = "col"; head.textContent = found.chunks === 1 ? "all" : String(chunk); return head; })];
  by("steps-heads").replaceChildren(...heads);
  by("steps-rows").replaceChildren(...body);
  by("steps-caption").textContent = found.due[0] === 1 ? "Chunks that each rank holds (1: it is there)" : `Of each chunk, the ranks whose data are added up in it (${n}: all)`;
}

function stop() { clearInterval(timer); timer = null; by("steps-play").textContent = "Play"; }
function play() {
  if (timer) { stop(); return; }
  if (step === plan().steps.length) step = 0;
  by("steps-play").textContent = "Pause";
  timer = setInterval(() => { if (step >= plan().steps.length) { stop(); return; } step += 1; showSteps(); }, 1400);
  showSteps();
}
by("steps-play").addEventListener("click", play);
by("steps-back").addEventListener("click", () => { stop(); step -= 1; showSteps(); });
by("steps-next").addEventListener("click", () => { stop(); step += 1; showSteps(); });
by("steps-at").addEventListener("input", () => { stop(); step = Number(by("steps-at").value); showSteps(); });
by("steps-what").addEventListener("change", () => { stop(); step = 0; showSteps(); });
by("steps-ranks").addEventListener("input", () => { stop(); step = 0; by("steps-ranks-now").textContent = picked("steps-ranks"); showSteps(); });

recall();
refresh("");
step = 1;
showSteps();
let wide = innerWidth;
addEventListener("resize", () => { if (innerWidth !== wide) { wide = innerWidth; showFabric(); showChart(); } });
