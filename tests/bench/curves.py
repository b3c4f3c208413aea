"""The table and the figure of docs/performance.md, of what ``growth`` has measured.

    python -m tests.bench.curves GROWTH.json PAGE.md FIGURE.png    # the table on the page is replaced

The table stands between the line of its head and the next empty line. ``make performance`` runs both.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from tests.bench.growth import slope
from tests.bench.measured import Measured, read

HEAD = "| endpoints | seconds | power | bare graph | over it | memory | power |"


def lines(found: Mapping[str, Measured]) -> dict[int, Measured]:
    """What was measured of each number of endpoints."""
    cases = {name: re.fullmatch(r"growth: ([\d,]+) endpoints", name) for name in found}
    return {int(match[1].replace(",", "")): found[name] for name, match in cases.items() if match}


def table(found: Mapping[str, Measured]) -> Iterator[str]:
    """The lines of the table; powers are those from the line above."""
    yield HEAD
    yield "|---" * HEAD[2:].count("|") + "|"
    known = lines(found)
    powers = {
        b: (
            slope(a, known[a].seconds, b, known[b].seconds),
            slope(a, known[a].peak_mb, b, known[b].peak_mb),
        )
        for a, b in pairwise(known)
    }
    for endpoints, one in known.items():
        time, memory = (f"{power:.2f}" for power in powers[endpoints]) if endpoints in powers else ("", "")
        yield (
            f"| {endpoints:,} | {one.seconds:.2f} | {time} | {one.floor:.2f} | {one.value:.1f} | "
            f"{one.peak_mb:,.0f} MB | {memory} |"
        )


def replaced(page: str, found: Mapping[str, Measured]) -> str:
    """``page`` with the table anew."""
    start = page.index(HEAD)
    return page[:start] + "\n".join(table(found)) + page[page.index("\n\n", start) :]


def draw(found: Mapping[str, Measured], path: Path) -> None:
    """Seconds and megabytes over endpoints, both axes logarithmic, and what grows in proportion."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    from sims.show.figures.style import GREY, bare, mark, save_figure, styled

    known = lines(found)
    ends = list(known)
    with styled():
        figure = Figure(figsize=(7.0, 2.9), layout="constrained")
        time, memory = figure.subplots(1, 2)
        for place, (name, values) in enumerate(
            {
                "all-reduce: 3 algorithms, 16 sizes": [one.seconds for one in known.values()],
                "the bare NetworkX graph alone": [one.floor for one in known.values()],
            }.items()
        ):
            time.plot(ends, values, label=name, **mark(place).line())
        peaks = [one.peak_mb for one in known.values()]
        memory.plot(ends, peaks, label="all-reduce", **mark(0).line())
        for axes, ours, unit in (
            (time, [one.seconds for one in known.values()], "processor seconds"),
            (memory, peaks, "largest resident size, MB"),
        ):
            linear = [ours[-1] * end / ends[-1] for end in ends]
            axes.plot(ends, linear, color=GREY, linestyle=":", linewidth=0.8, label="in proportion")
            axes.set(xscale="log", yscale="log", xlabel="endpoints", ylabel=unit)
            axes.set(ylim=(min(ours) / 3, max(ours) * 1.6))
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
                axis.set_minor_formatter(NullFormatter())
            bare(axes)
            axes.legend(frameon=False, loc="upper left")
        save_figure(figure, path)


def main() -> None:
    measured, page, figure = (Path(name) for name in sys.argv[1:])
    found = read(measured)
    text = page.read_text(encoding="utf-8")
    page.write_text(replaced(text, found), encoding="utf-8")
    draw(found, figure)
    print(*table(found), json.loads(measured.read_text(encoding="utf-8"))["machine"], sep="\n")


if __name__ == "__main__":
    main()
