"""All figures by name: which function draws one, and what it takes. A new one is one entry in ``FIGURES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.lines import Line2D

from sims.scenario.row import Row
from sims.show.figures.allreduce import plot_busbw, plot_time
from sims.show.figures.cdf import plot_cdf
from sims.show.figures.columns import column
from sims.show.figures.crossover import legend_of, plot_crossover
from sims.show.figures.gains import NOTE, plot_gains
from sims.show.figures.heatmap import plot_heatmap
from sims.show.figures.lines import legend_entries, plot_lines
from sims.show.figures.measured import measured_entries
from sims.show.figures.pareto import plot_pareto
from sims.show.figures.scaling import IDEAL, plot_scaling
from sims.show.figures.series import series_of
from sims.show.figures.utilisation import plot_utilisation

__all__ = ["FIGURES", "Entries", "Named"]

Entries = list[tuple[Any, str]]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A kind of figure. ``draw``: (axes, rows, panels=, ...); ``takes``: which of x, y, color, costs and
    overlay it knows; ``height``: inches of a figure with one panel, 3.5 wide; ``axes``: how many stand over
    one another in a panel; ``inside``: whether a legend may stand inside the axes; ``seeds``, ``note``: words
    for the foot; ``legend``: its entries, of the rows of all panels and the arguments given, where it is not
    what the drawn artists say.
    """

    draw: Callable[..., None]
    takes: tuple[str, ...]
    summary: str
    height: float = 2.6
    axes: int = 1
    inside: bool = True
    seeds: str = "medians"
    note: str = ""
    legend: Callable[[Sequence[Sequence[Row]], Mapping[str, Any]], Entries] | None = None


def _legend(x: str | None) -> Callable[[Sequence[Sequence[Row]], Mapping[str, Any]], Entries]:
    """The legend of lines over ``x`` if nothing else is given; over no axis if that is None."""

    def legend(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
        every = [row for rows in panels for row in rows]
        across = column(given.get("x", x), every, given.get("costs")) if x else None
        also = (given["y"],) if "y" in given else ()
        found = series_of(panels, across, given.get("color", "algorithm"), also=also)
        return [*legend_entries(found), *measured_entries(given.get("overlay", ()))]

    return legend


def _scaling(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
    ideal = Line2D([], [], color="black", linestyle=(0, (1, 2)), linewidth=1)
    return [*_legend("ranks")(panels, given), (ideal, IDEAL)]


def _contenders(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
    return legend_of([row for rows in panels for row in rows], given.get("color", "algorithm"))


_BAND = "median and 5-95%"
FIGURES: dict[str, Named] = {
    "lines": Named(
        draw=plot_lines,
        takes=("x", "y", "color", "costs", "overlay"),
        summary="any column over any other, with bands over seeds",
        seeds=_BAND,
        legend=_legend("size_bytes"),
    ),
    "busbw": Named(
        draw=plot_busbw,
        takes=("color", "overlay"),
        summary="bus bandwidth over message size",
        seeds=_BAND,
        legend=_legend("size_bytes"),
    ),
    "time": Named(
        draw=plot_time,
        takes=("color", "overlay"),
        summary="time over message size",
        seeds=_BAND,
        legend=_legend("size_bytes"),
    ),
    "scaling": Named(
        draw=plot_scaling,
        takes=("x", "color"),
        summary="time and efficiency over ranks, with the ideal",
        height=3.4,
        axes=2,
        seeds=_BAND,
        legend=_scaling,
    ),
    "heatmap": Named(
        draw=plot_heatmap, takes=("x", "y", "color", "costs"), summary="a column as colour over two others"
    ),
    "cdf": Named(
        draw=plot_cdf,
        takes=("x", "color", "costs"),
        summary="distribution of a column over seeds",
        seeds="a step each",
        legend=_legend(None),
    ),
    "pareto": Named(
        draw=plot_pareto,
        takes=("x", "y", "color", "costs"),
        summary="performance over cost, with the frontier",
        inside=False,
    ),
    "crossover": Named(
        draw=plot_crossover,
        takes=("x", "y", "color"),
        summary="the fastest algorithm by message size and scale",
        note="Numbers: time of the second over that of the fastest",
        inside=False,
        legend=_contenders,
    ),
    "gains": Named(
        draw=plot_gains,
        takes=(),
        summary="time that each remedy of --explain would save",
        note=NOTE,
    ),
    "utilisation": Named(
        draw=plot_utilisation,
        takes=("color",),
        summary="use of each kind of link, in the mean and at most",
        height=3.2,
        inside=False,
    ),
}
