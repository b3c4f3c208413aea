"""A whole figure of rows: one panel or several with the same axes, title, legend and foot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import column
from sims.show.figures.kind import Entries, Kind
from sims.show.figures.kinds.allreduce import allreduce_figure
from sims.show.figures.kinds.lines import MACHINES
from sims.show.figures.measured import measured_note
from sims.show.figures.named import FIGURES
from sims.show.figures.page import Page, words_of
from sims.show.figures.series import require_rows
from sims.show.figures.style import styled
from sims.show.words.band import FOOT
from topologies.catalogue import disclaimers

if TYPE_CHECKING:
    from sims.studies.bom.costs import Costs
    from sims.studies.nccl_log import NcclLog

__all__ = ["figure_of"]

_WIDTH = 3.5  # inches: a column of a paper
_PANEL = (2.3, 1.75)  # inches of one of several panels
_MOST_PANELS = 16


def figure_of(
    rows: Sequence[Row],
    *,
    figure: str | None = None,
    x: str | None = None,
    y: str | None = None,
    color: str | None = None,
    facet: str | None = None,
    width: float | None = None,
    height: float | None = None,
    costs: Costs | None = None,
    overlay: Sequence[NcclLog] = (),
    title: str | None = None,
) -> Figure:
    """A figure of ``rows``: one of FIGURES by name, or ``y`` over ``x``, or bus bandwidth and time.

    ``color``: one series per value of this column (for a heatmap, the column that the cells show); ``facet``:
    a panel per value, with the same axes; ``width``, ``height``: inches, by default 3.5 x 2.6 and more for
    more panels, a legend below and long notes; ``costs``: what each topology costs; ``overlay``:
    logs of nccl-tests to stand beside the lines; ``title``: instead of what all rows share, "" for none.

    Raises:
        ParameterError: an unknown figure or column, an argument that the figure does not take, or rows that
            lack what it needs.
    """
    require_rows(rows)
    wishes = {"x": x, "y": y, "color": color, "costs": costs, "overlay": overlay or None}
    given = {name: value for name, value in wishes.items() if value is not None}
    if figure is None and set(given) <= {"overlay"} and not {facet, width, height, title} - {None}:
        said = disclaimers(row.scenario.topology for row in rows)
        return allreduce_figure(rows, "; ".join(said), overlay=overlay)
    kind = _kind(figure, given)
    named = {name: value for name, value in given.items() if isinstance(value, str)}
    given |= {name: column(value, rows, costs).name for name, value in named.items()}
    for name, value in {"width": width, "height": height}.items():
        if value is not None and not 1.5 <= value <= 60:
            raise ParameterError(name, value, "inches, from 1.5 to 60")
    panels, titles = _panels(rows, facet)
    with styled():
        drawn, grid = _axes(len(panels), kind, kind.inches(panels, given), width, height)
        shared = {"panels": panels} if facet else {}
        for axes, own, words in zip(grid, panels, titles):
            kind.draw(axes if kind.axes > 1 else axes[0], own, **given, **shared)
            if words:
                axes[0].set_title(words, pad=3)
        if facet:
            _share(grid)
        entries = kind.legend(panels, given) if kind.legend else _carried(grid)
        page = Page(figure=drawn, grow=height is None, inside=kind.inside)
        pale = any(one.get_label() == MACHINES for axes in grid for ax in axes for one in ax.collections)
        note = ". ".join(filter(None, [kind.note or measured_note(overlay), FOOT if pale else ""]))
        told_apart = "seed" in (given.get("x"), given.get("color"), facet)
        page.frame(words_of(rows, "" if told_apart else kind.seeds, note), title, entries)
    return drawn


def _kind(figure: str | None, given: Mapping[str, Any]) -> Kind:
    if figure is not None and figure not in FIGURES:
        raise ParameterError("figure", figure, "no such figure", FIGURES)
    name = figure or ("lines" if {"x", "y"} & set(given) else "busbw")
    for argument, value in given.items():
        if argument not in FIGURES[name].takes:
            takes = ", ".join(FIGURES[name].takes)
            shown = value if isinstance(value, str) else "given"
            raise ParameterError(argument, shown, f"the figure {name} does not take it; it takes {takes}")
    if name == "lines":
        for argument in ("x", "y"):
            if argument not in given:
                raise ParameterError(argument, None, "a figure that is not named needs x and y, two columns")
    return FIGURES[name]


def _panels(rows: Sequence[Row], facet: str | None) -> tuple[list[list[Row]], list[str]]:
    """The rows of each panel and what stands above it."""
    if facet is None:
        return [list(rows)], [""]
    by = column(facet, rows)
    values = by.of(rows)
    unique = list(dict.fromkeys(values))
    if all(isinstance(value, (int, float)) for value in unique):
        unique.sort()
    if len(unique) > _MOST_PANELS:
        rule = f"at most {_MOST_PANELS} panels, and it has {len(unique):,} values"
        raise ParameterError("facet", facet, rule)
    groups = [[row for row, its in zip(rows, values) if its == value] for value in unique]
    return groups, [by.named(value) for value in unique]


def _axes(
    count: int, kind: Kind, inches: float, width: float | None, height: float | None
) -> tuple[Figure, list[list[Axes]]]:
    """The figure and the axes of each panel, from top to bottom."""
    most = max(1, int(width / 1.5)) if width else 3
    columns = min(count, 2 if count == 4 else 3, most)
    lines = math.ceil(count / columns)
    if count == 1:
        usual = (_WIDTH, inches)
    else:
        usual = (_PANEL[0] * columns + 0.5, _PANEL[1] * inches / 2.6 * lines + 0.9)
    drawn = Figure(figsize=(width or usual[0], height or usual[1]), layout="constrained")
    table = drawn.subplots(lines * kind.axes, columns, squeeze=False)
    places = [divmod(i, columns) for i in range(lines * columns)]
    grid = [[table[i * kind.axes + k, j] for k in range(kind.axes)] for i, j in places]
    for axes in grid[count:]:
        for ax in axes:
            ax.set_visible(False)
    return drawn, grid[:count]


def _share(grid: Sequence[Sequence[Axes]]) -> None:
    """The same limits in all panels, and words at the outermost only."""
    for level in zip(*grid):
        for get, put in (("get_xlim", "set_xlim"), ("get_ylim", "set_ylim")):
            limits = [getattr(ax, get)() for ax in level]
            for ax in level:
                getattr(ax, put)(min(low for low, _ in limits), max(high for _, high in limits))
    spec = grid[0][0].get_gridspec()
    assert spec is not None
    columns = spec.ncols
    for place, axes in enumerate(grid):
        below = place + columns < len(grid)
        for ax in axes:
            if place % columns:
                ax.set_ylabel("")
                ax.tick_params(labelleft=False)
        if below:
            axes[-1].set_xlabel("")
            axes[-1].tick_params(labelbottom=False)


def _carried(grid: Sequence[Sequence[Axes]]) -> Entries:
    """What the artists of all axes are called, each name once; marks on bars after the bars."""
    found: dict[str, Any] = {}
    for ax in (ax for axes in grid for ax in axes):
        for handle, name in zip(*ax.get_legend_handles_labels()):
            found.setdefault(name, handle)
    bars = any(not isinstance(handle, Line2D) for handle in found.values())
    order = sorted(found, key=lambda name: bars and isinstance(found[name], Line2D))
    return [(found[name], name) for name in order if name]
