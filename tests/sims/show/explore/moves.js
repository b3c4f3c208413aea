  const read = () => ({busbw: value("now-busbw_GBps"), time: value("now-time_s"), status: by("status").textContent,
                       command: by("command").textContent, note: by("now-note").textContent});
  seen.first = read();
  set(control("Ranks (GPUs)"), 0); seen.ranks = read();
  set(control("Failed cables"), 1); seen.failed = read();
  set(control("Oversubscription"), 1); seen.over = read();
  set(control("Algorithm"), [...by(control("Algorithm")).options].find((one) => one.text === "tree").value); seen.tree = read();
  set(control("Routing policy"), [...by(control("Routing policy")).options].find((one) => one.text === "adaptive").value); seen.adaptive = read();
  set(control("Message size"), 0); seen.size = read();
  seen.spoken = by(control("Message size")).getAttribute("aria-valuetext");
  seen.live = by("status").getAttribute("aria-live");
