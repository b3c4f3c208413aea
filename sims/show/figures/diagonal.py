"""Measured times and modelled ones: on the diagonal, and how far off over message size. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sims.show.figures.columns import short_size
from sims.show.figures.page import Page
from sims.show.figures.style import GREY, PAGE, bare, mark
from sims.studies.measured.residuals import Residual, headline

__all__ = ["diagonal_figure", "plot_diagonal", "plot_ratio_over_size"]

_NEAR = 0.2  # the share of the grey band
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def _time(seconds: float, _: object) -> str:
    factor, unit = next((one for one in _UNITS if seconds >= one[0] * 0.999), _UNITS[-1])
    return f"{seconds / factor:.10g} {unit}"


def plot_diagonal(ax: Axes, groups: Sequence[tuple[str, Sequence[Residual]]]) -> None:
    """Modelled over measured time, a mark for each group; right is the line, within 20% the band."""
    times = np.array([(one.measured, one.modelled) for _, found in groups for one in found])
    line = np.geomspace(times.min() / 2, times.max() * 2, 50)
    ax.fill_between(line, line * (1 - _NEAR), line * (1 + _NEAR), color="#dddddd", linewidth=0)
    ax.plot(line, line, color=GREY, linewidth=0.8)
    for place, (label, found) in enumerate(groups):
        own = mark(place).line() | {"linestyle": "none", "markersize": 2.4, "markeredgewidth": 0.6}
        ax.plot([one.measured for one in found], [one.modelled for one in found], label=label, **own)
    ax.set(xscale="log", yscale="log", xlim=(line[0], line[-1]), ylim=(line[0], line[-1]))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(base=100, numticks=12))
        axis.set_major_formatter(FuncFormatter(_time))
        axis.set_minor_formatter(NullFormatter())
    ax.set_aspect("equal", adjustable="box")
    ax.set_xlabel("measured")
    ax.set_ylabel("modelled")
    bare(ax)


def plot_ratio_over_size(ax: Axes, groups: Sequence[tuple[str, Sequence[Residual]]]) -> None:
    """Modelled over measured, over message size."""
    ax.axhspan(1 - _NEAR, 1 + _NEAR, color="#dddddd", linewidth=0)
    ax.axhline(1, color=GREY, linewidth=0.8)
    for place, (_, found) in enumerate(groups):
        own = mark(place).line() | {"linestyle": "none", "markersize": 2.4, "markeredgewidth": 0.6}
        ax.plot([one.of.size_bytes for one in found], [one.error + 1 for one in found], **own)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    most = max(max(one.error + 1, 1 / (one.error + 1)) for _, found in groups for one in found)
    ticks = [tick for tick in (0.1, 0.2, 0.5, 0.8, 1.25, 2, 5, 10) if 1 / most < tick < most] + [1.0]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_minor_locator(LogLocator(subs=()))
    ax.xaxis.set_major_locator(LogLocator(base=64, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: short_size(v)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("message size (B)")
    ax.set_ylabel("modelled / measured")
    bare(ax)


def diagonal_figure(found: Sequence[Residual], *, width: float = 7.0) -> Figure:
    """Both panels side by side, the systems told apart, the headline above."""
    groups: dict[str, list[Residual]] = {}
    for one in found:
        groups.setdefault(one.of.system, []).append(one)
    items = sorted(groups.items(), key=lambda item: -len(item[1]))
    with matplotlib.rc_context(PAGE):
        figure = Figure(figsize=(width, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot_diagonal(left, items)
        plot_ratio_over_size(right, items)
        handles, labels = left.get_legend_handles_labels()
        page = Page(figure=figure, grow=True, inside=False)
        words = f"Grey: within {_NEAR:.0%}. Published times of others; sources stand in the table of points."
        page.frame(([], [words]), f"Held against machines: {headline(found)}", list(zip(handles, labels)))
    return figure
