  const root = inner.documentElement;
  seen.scroll = root.scrollWidth; seen.client = root.clientWidth;
  const small = [...inner.querySelectorAll("p, label, button, select, dd, dt, svg text")].filter((one) => one.textContent.trim() && one.getBoundingClientRect().width && parseFloat(view.getComputedStyle(one).fontSize) < 11);
  seen.small = small.map((one) => one.textContent);
  seen.low = [...inner.querySelectorAll("button, select, input")].filter((one) => one.getBoundingClientRect().height && one.getBoundingClientRect().height < 32).map((one) => one.id);
