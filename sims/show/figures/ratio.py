"""The time of one set of rows over that of another, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from string import ascii_uppercase
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from sims.scenario.row import Row
from sims.show.figures.columns import Column, column
from sims.show.figures.kinds.lines import draw_series, legend_entries, scale_axis
from sims.show.figures.page import Page, words_of
from sims.show.figures.series import Series, series_of
from sims.show.figures.style import GREY, bare, styled

if TYPE_CHECKING:
    from sims.studies.compare import Comparison

__all__ = ["plot_ratio", "ratio_figure", "ratios_figure"]

_AXES = ("size_bytes", "ranks", "seed")


def plot_ratio(
    ax: Axes, found: Comparison, x: str | None = None, color: str | None = "algorithm"
) -> list[Series]:
    """The time of B over that of A, over ``x`` (by default the first of size, ranks and seed that varies).

    One line per value of ``color`` and of whatever else differs; medians in bands from 5 to 95% over the
    seeds. Returns the series drawn.
    """
    rows, ratio = _ratio(found)
    across = column(x or _over(found), rows)
    return _lines(ax, rows, across, ratio, color)


def ratio_figure(found: Comparison, a: str = "A", b: str = "B", *, title: str | None = None) -> Figure:
    """A page with ``plot_ratio``; ``a`` and ``b``: what the two sides are called."""
    with styled():
        figure = Figure(figsize=(3.5, 2.6), layout="constrained")
        series = plot_ratio(figure.subplots(), found)
        changes = [str(change).replace("->", "→") for change in found.changes] or ["nothing in the scenarios"]
        sides = [f"A: {a}. B: {b}"] if (a, b) != _ends(found) else []
        several = [f"Changed: {'; '.join(changes)}"] if len(changes) > 1 else []
        both = [row for pair in found.pairs for row in (pair.a, pair.b)]
        bands = "" if _over(found) == "seed" else "median and 5-95%"
        _, below = words_of(both, bands, ". ".join([*sides, *several]))
        above = ["B against A", *(changes if len(changes) == 1 else [])]
        page = Page(figure=figure, grow=True)
        page.frame((above, below), title, legend_entries(series))
    return figure


def ratios_figure(found: Sequence[Comparison], sides: Sequence[str], *, title: str | None = None) -> Figure:
    """The same of several comparisons with one A, which stands first in ``sides``: a line for each of them.

    Of rows that stand in several pairs, as those of one seed beside many, the median of their ratios is
    drawn.
    """
    if len(found) == 1:
        return ratio_figure(found[0], *sides, title=title)
    ratios: dict[str, list[float]] = {}
    for pair in (pair for one in found for pair in one.pairs):
        ratios.setdefault(pair.b.key, []).append(pair.ratio)
    rows = list({pair.b.key: pair.b for one in found for pair in one.pairs}.values())
    label = "time over that of A (ratio)"
    ratio = Column(name="ratio", label=label, noun="ratio", value=lambda row: median(ratios[row.key]))
    across = column(next((over for one in found if (over := _over(one)) in one.varied), _AXES[0]), rows)
    with styled():
        figure = Figure(figsize=(3.5, 2.6), layout="constrained")
        series = _lettered(_lines(figure.subplots(), rows, across, ratio, "algorithm"), found)
        both = [*{pair.a.key: pair.a for one in found for pair in one.pairs}.values(), *rows]
        _, below = words_of(both, "median and 5-95%", f"A: {sides[0]}")
        page = Page(figure=figure, grow=True)
        page.frame(([f"{len(found)} against A"], below), title, legend_entries(series))
    return figure


def _lettered(series: Sequence[Series], found: Sequence[Comparison]) -> list[Series]:
    """The series with B, C, ... before the names of those that are of one side."""
    side = {pair.b.key: ascii_uppercase[k % 26] for k, one in enumerate(found, 1) for pair in one.pairs}
    told = []
    for one in series:
        own = {side[row.key] for point in one.points for row in point.rows}
        mark = f"{own.pop()}: " if len(own) == 1 else ""
        kind, rest = one.halves
        told.append(replace(one, name=mark + one.name, halves=(kind, mark + rest if rest else "")))
    return told


def _lines(ax: Axes, rows: Sequence[Row], across: Column, ratio: Column, color: str | None) -> list[Series]:
    """The lines of ``ratio`` over ``across`` on their axes."""
    drawn = series_of([rows], across, color)
    draw_series(ax, drawn, across, ratio)
    scale_axis(ax, "x", across, across.of(rows))
    _scale(ax, ratio.of(rows))
    ax.set_ylabel(ratio.label)
    bare(ax)
    return drawn


def _over(found: Comparison) -> str:
    """What the ratio is drawn over."""
    return next((name for name in _AXES if name in found.varied), _AXES[0])


def _ends(found: Comparison) -> tuple[str, str]:
    """The two values of the only thing that was changed."""
    one = found.changes[0] if len(found.changes) == 1 else None
    return (", ".join(one.before), ", ".join(one.after)) if one else ("", "")


def _ratio(found: Comparison) -> tuple[list[Row], Column]:
    """The rows of the side of which each stands in one pair, and their ratio as a column."""
    rows = [pair.b for pair in found.pairs]
    if len({row.key for row in rows}) < len(rows):
        rows = [pair.a for pair in found.pairs]
    of = {row.key: pair.ratio for row, pair in zip(rows, found.pairs)}
    label = "time of B over A (ratio)"
    return rows, Column(name="ratio", label=label, noun="ratio", value=lambda row: of[row.key])


def _scale(ax: Axes, values: list[float]) -> None:
    """A logarithm, on which half and double are as far from the line of no change."""
    ax.axhline(1, color=GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=1.2)
    ax.set_yscale("log", base=2)
    # At least a tenth to both sides, so that what hardly changes looks like it.
    ax.set_ylim(min(0.9, min(values) / 1.06), max(1.1, max(values) * 1.06))
    low, high = ax.get_ylim()
    fine = (1, 1.1, 1.2, 1.5, 2, 3, 5, 7, 8, 9)
    ax.yaxis.set_major_locator(
        LogLocator(base=2, numticks=9) if high > 4 * low else LogLocator(base=10, subs=fine, numticks=99)
    )
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())
