"""What should be seen: time and bus bandwidth over message size, the marks, and a log. Runs nothing."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sims.show.figures.columns import short_size
from sims.show.figures.page import Page
from sims.show.figures.style import COLOURS, bare, styled
from sims.studies.expect.expectation import FAIL, PASS, Expectation

__all__ = ["expect_figure", "plot_expected"]

_MODELLED, _FAILED = COLOURS[0], COLOURS[1]
_DOTS: dict[str, dict[str, Any]] = {
    PASS: {"marker": "o", "markerfacecolor": "white", "color": "#000000"},
    FAIL: {"marker": "X", "color": _FAILED, "markersize": 5},
}


def plot_expected(ax: Axes, found: Expectation, *, busbw: bool) -> None:
    """Time in us, or ``busbw`` in GB/s: a line, between the marks a band, and the log's sizes by verdict."""

    def of(seconds: float, place: int) -> float:
        return found.marks[place].busbw(seconds) / 1e9 if busbw else seconds * 1e6

    marks = list(enumerate(found.marks))
    sizes = [mark.size for mark in found.marks]
    low, high = ([of(getattr(m, name), i) for i, m in marks] for name in ("slow_s", "quick_s"))
    ax.fill_between(sizes, low, high, color=_MODELLED, alpha=0.18, linewidth=0, label="healthy machines")
    ax.plot(sizes, [of(m.row.time_s, i) for i, m in marks], color=_MODELLED, label="modelled")
    ax.plot(sizes, low, color=_MODELLED, linestyle=(0, (1, 1.2)), label="at least, to pass")
    for verdict, style in _DOTS.items():
        own = [(i, m) for i, m in marks if m.verdict == verdict]
        if own:
            values = [of(m.measured_s or 0.0, i) for i, m in own]
            label = f"log: {verdict}"
            ax.plot([m.size for _, m in own], values, linestyle="none", zorder=3, label=label, **style)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(LogLocator(base=64, numticks=12))
    ax.xaxis.set_minor_locator(LogLocator(base=2, numticks=60))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: short_size(v)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    if busbw:
        ax.set_ylabel("bus bandwidth (GB/s)")
        ax.set_ylim(bottom=0)
        ax.set_xlabel("message size (B)")
    else:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_ylabel("time (us)")
    bare(ax)


def expect_figure(found: Expectation, *, width: float = 3.5) -> Figure:
    """Time above, bus bandwidth below."""
    scenario = found.marks[0].row.scenario
    whose = (
        "where four of five measured machines were"
        if found.tolerance is None
        else f"within {found.tolerance:.4g} of the model"
    )
    with styled():
        figure = Figure(figsize=(width, 4.2), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        plot_expected(above, found, busbw=False)
        plot_expected(below, found, busbw=True)
        handles, labels = above.get_legend_handles_labels()
        page = Page(figure=figure, grow=True, inside=False)
        log = f" Log: {found.log.name}." if found.log else ""
        title = [f"{scenario.collective} of {scenario.ranks:,} ranks", scenario.topology]
        page.frame((title, [f"Pale: {whose}.{log}"]), None, list(zip(handles, labels)))
    return figure
