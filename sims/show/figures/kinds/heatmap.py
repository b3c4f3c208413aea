"""A heatmap: one column as the colour of cells over two others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from sims.scenario.row import Row
from sims.show.figures.columns import column, numbers
from sims.show.figures.grid import cells_of, label_cells, other_axis
from sims.show.figures.kind import figure
from sims.show.figures.labels import CellLabels, CellText
from sims.show.figures.series import require_rows

if TYPE_CHECKING:
    from sims.studies.bom.costs import Costs

__all__ = ["plot_heatmap"]

# Even steps to the eye, also for the colour-blind, and lighter throughout as values grow.
_COLOURS = "cividis"
_OTHERS = ("ranks", "endpoints", "algorithm", "topology", "routing", "placement")


@figure("heatmap", "a column as colour over two others", takes=("x", "y", "color", "costs"), place=50)
def plot_heatmap(
    ax: Axes,
    rows: Sequence[Row],
    x: str = "size_bytes",
    y: str | None = None,
    color: str = "busbw_GBps",
    *,
    costs: Costs | None = None,
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """The median of ``color`` over the seeds, in a cell for each ``x`` and ``y``; numbers where they fit.

    ``y``: by default the first of ranks, endpoints, algorithm, topology ... that differs. Times are coloured
    by their logarithm. Cells without rows stay white, crossed. ``panels``: share one scale of colours.

    Raises:
        ParameterError: rows that differ in anything but seed, ``x`` and ``y`` fall into one cell; names it.
    """
    require_rows(rows)
    every = [row for own in panels for row in own] or list(rows)
    across, heat = column(x, every, costs), numbers(column(color, every, costs), "color")
    up = column(y or other_axis(every, [name for name in _OTHERS if name != x]), every, costs)
    xs, ys, cells = cells_of(rows, across, up)
    values = np.full((len(ys), len(xs)), np.nan)
    for (at_x, at_y), points in cells.items():
        values[ys.index(at_y), xs.index(at_x)] = points[0].spread(heat)[1]
    spectrum = heat.of(every)
    logarithmic = heat.scale != "linear" and min(spectrum) > 0
    norm = (LogNorm if logarithmic else Normalize)(min(spectrum), max(spectrum))
    ax.set_facecolor("#f4f4f4")
    edges = np.arange(len(xs) + 1) - 0.5, np.arange(len(ys) + 1) - 0.5
    mesh = ax.pcolormesh(*edges, values, cmap=_COLOURS, norm=norm)
    mesh.set_edgecolor("face")  # or browsers show what is behind between the cells
    mesh.set_linewidth(0.3)
    for i, j in np.argwhere(np.isnan(values)):
        ax.plot(j, i, marker="x", color="#999999", linestyle="none")
    label_cells(ax, xs, ys, across, up)
    CellLabels(ax, [_numbers(values, norm, heat.text)])
    figure = ax.get_figure(root=True)
    assert figure is not None
    if not panels or rows is panels[-1]:
        drawn = [other for other in figure.axes if other.get_visible()] if panels else [ax]
        bar = figure.colorbar(mesh, ax=drawn, pad=0.02, aspect=18)
        bar.set_label(heat.label)
        bar.outline.set_visible(False)
        if not logarithmic:
            bar.ax.yaxis.set_major_locator(MaxNLocator(6))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: heat.text(value)))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())


def _numbers(values: Any, norm: Normalize, text: Callable[[float], str]) -> list[CellText]:
    """The number of each cell, dark on light and light on dark."""
    colours = matplotlib.colormaps[_COLOURS]
    found = []
    for i, j in np.argwhere(~np.isnan(values)).tolist():
        luminance = float(np.dot(colours(norm(values[i, j]))[:3], (0.299, 0.587, 0.114)))
        style = {"color": "white" if luminance < 0.5 else "black", "fontsize": 7}
        found.append(CellText(j, i, _brief(text(values[i, j])), style))
    return found


def _brief(words: str) -> str:
    """Two digits, or three before the point: what a cell has room for.

    >>> _brief("7.56 ms"), _brief("271 ms"), _brief("0.00016")
    ('7.6\u2009ms', '271\u2009ms', '<0.01')
    """
    number = re.match(r"[\d.,]+(e[+-]?\d+)?", words)
    if number is None:
        return words
    value, unit = float(number[0].replace(",", "")), words[number.end() :].replace(" ", "\u2009")
    if value < 0.01:
        return f"<0.01{unit}" if value else f"0{unit}"
    return f"{value:.2g}{unit}" if value < 99.5 else f"{value:,.0f}{unit}"
