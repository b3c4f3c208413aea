"""Pages in a real browser: Chromium without a window, where the machine has one."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
in_a_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium here: pages are not seen in a browser")

# The page stands as it is in a frame of the width of a phone or a desk; what surrounds it measures it.
AROUND = """<!DOCTYPE html><html><body style="margin:0"><iframe id="page" width="{width}" height="2000"
style="border:0" srcdoc="{page}"></iframe><pre id="measured"></pre><script>
document.getElementById("page").onload = function () {{
  const inner = this.contentDocument, root = inner.documentElement, plain = [], drawn = [], cut = [];
  for (const node of inner.querySelectorAll("details")) node.open = true;
  const walk = inner.createTreeWalker(inner.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {{
    const holder = walk.currentNode.parentElement, svg = holder.closest("svg");
    if (!walk.currentNode.data.trim() || holder.closest("title, desc, style, metadata, defs")) continue;
    const size = parseFloat(this.contentWindow.getComputedStyle(holder).fontSize);
    if (!svg) {{ plain.push(size); continue; }}
    const m = holder.getScreenCTM(), box = holder.getBoundingClientRect();
    const all = svg.getBoundingClientRect();
    drawn.push(size * Math.hypot(m.a, m.b));
    const inside = box.left > all.left - 2 && box.right < all.right + 2 && box.top > all.top - 2;
    if (!inside) cut.push(holder.textContent);
  }}
  document.getElementById("measured").textContent = JSON.stringify({{
    client: root.clientWidth, scroll: root.scrollWidth, height: root.scrollHeight, mode: inner.compatMode,
    figures: inner.querySelectorAll("figure svg").length, plain: Math.min(...plain),
    drawn: Math.min(...drawn), cut: cut}});
}};
</script></body></html>
"""


def browse(folder: Path, page: str, *options: str) -> subprocess.CompletedProcess[str]:
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    assert BROWSER
    quiet = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    known = [f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--v=0"]
    command = [BROWSER, *quiet, *known, *options, path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def console(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def measured(folder: Path, page: str, width: int) -> dict[str, Any]:
    """What a window of ``width`` pixels makes of ``page``; it must not complain on the console."""
    around = AROUND.format(width=width, page=html.escape(page))
    done = browse(folder, around, "--dump-dom", "--window-size=1400,2100", "--hide-scrollbars")
    assert console(done) == []
    (found,) = re.findall(r'<pre id="measured">(\{.*?\})</pre>', done.stdout)
    seen: dict[str, Any] = json.loads(html.unescape(found))
    return seen


def check(folder: Path, page: str, width: int) -> None:
    """Readable at ``width``: nothing to scroll sideways, no text cut off, no letters too small."""
    seen = measured(folder, page, width)
    assert seen["mode"] == "CSS1Compat" and seen["client"] == width
    assert seen["scroll"] <= seen["client"], "the page scrolls sideways"
    assert seen["plain"] >= 13
    assert seen["figures"] == page.count("<figure>")
    assert seen["cut"] == []
    if seen["figures"]:
        assert seen["drawn"] >= 8.9, "pixels of the smallest text in a figure"
