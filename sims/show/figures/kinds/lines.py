"""Lines with bands: any column over any other, one line per series, medians and 5-95% over the seeds.

Knows no figure around its axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    AutoLocator,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from sims.scenario.row import Row
from sims.show.figures.columns import Column, column, numbers
from sims.show.figures.kind import BAND, Entries, Legend, figure
from sims.show.figures.measured import draw_measured, fitting, measured_entries
from sims.show.figures.series import Series, require_rows, series_of
from sims.show.figures.style import bare
from sims.show.words.band import has_band

if TYPE_CHECKING:
    from sims.studies.bom.costs import Costs
    from sims.studies.nccl_log import NcclLog

__all__ = ["MACHINES", "draw_series", "legend_entries", "legend_over", "plot_lines", "scale_axis"]

_STEPS = (1, 2, 2.5, 5, 10)
_NARROW = 5  # the span of times across up to which even steps show all, with ticks that keep apart
_OF_TIME = ("time_s", "busbw_GBps", "algbw_GBps")  # columns that have a band of machines
# Over these the numbers themselves count. Over others runs are compared, which machines are off by alike: the
# band would only hide by how much they differ.
_THEMSELVES = ("size_bytes", "ranks", "endpoints")
MACHINES = "_machines"  # the label of such bands, which is in no legend
_FEW = 7  # values of an axis up to which each has its own tick


def legend_over(x: str | None) -> Legend:
    """The legend of lines over ``x`` if nothing else is given; over no axis if that is None."""

    def legend(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
        every = [row for rows in panels for row in rows]
        across = column(given.get("x", x), every, given.get("costs")) if x else None
        also = (given["y"],) if "y" in given else ()
        found = series_of(panels, across, given.get("color", "algorithm"), also=also)
        return [*legend_entries(found), *measured_entries(given.get("overlay", ()))]

    return legend


@figure(
    "lines",
    "any column over any other, with bands over seeds",
    takes=("x", "y", "color", "costs", "overlay"),
    seeds=BAND,
    legend=legend_over("size_bytes"),
    place=10,
)
def plot_lines(
    ax: Axes,
    rows: Sequence[Row],
    x: str,
    y: str,
    color: str | None = "algorithm",
    *,
    costs: Costs | None = None,
    overlay: Sequence[NcclLog] = (),
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """``y`` over ``x``, one line per value of ``color`` and of whatever else differs and is on no axis.

    Rows that differ in their seed alone are one point: its median, in a band from the 5th to the 95th
    percentile. ``panels``: the rows of all panels of the figure of which ``rows`` are one, so that a line has
    the same name and mark in each. ``costs``: as in columns.column. ``overlay``: logs to stand
    beside the lines, as in sims.show.figures.measured.

    Raises:
        ParameterError: no rows, an unknown column, one of words on an axis, or logs that do not fit.
    """
    require_rows(rows)
    across, up = numbers(column(x, rows, costs), "x"), numbers(column(y, rows, costs), "y")
    across.of(rows), up.of(rows)
    every = list(panels) or [rows]
    mine = series_of(every, across, color, also=(y,))
    place = next((i for i, own in enumerate(every) if own is rows), 0)
    draw_series(ax, [one for one in mine if one.panel == place], across, up)
    whole = [row for own in every for row in own]
    logs = fitting(overlay, whole, x, y)
    shown = draw_measured(ax, logs, rows, y)
    scale_axis(ax, "x", across, [*across.of(whole), *(row.size_bytes for log in logs for row in log.rows)])
    scale_axis(ax, "y", up, [*up.of(whole), *shown])
    bare(ax)


def draw_series(ax: Axes, series: Sequence[Series], x: Column, y: Column) -> None:
    """The line of each series through its medians, its band where points are of several seeds and, pale,
    where machines were, over what they were measured at.
    """
    for one in series:
        at = np.array([point.spread(x)[1] for point in one.points])
        low, middle, high = np.array([point.spread(y) for point in one.points]).T
        order = np.argsort(at, kind="stable")
        if any(len(point.rows) > 1 for point in one.points):
            ax.fill_between(
                at[order], low[order], high[order], color=one.mark.colour, alpha=0.22, linewidth=0, zorder=1.5
            )
        if (
            x.name in _THEMSELVES
            and y.name in _OF_TIME
            and any(has_band(point.rows[0]) for point in one.points)
        ):
            share = np.array([_machines(point.rows[0], y.name) for point in one.points])[order].T
            least, most = middle[order] * share
            pale: dict[str, Any] = {
                "color": one.mark.colour,
                "alpha": 0.07,
                "linewidth": 0,
                "label": MACHINES,
            }
            ax.fill_between(at[order], least, most, zorder=1.2, **pale)
        ax.plot(at[order], middle[order], label=one.name, **one.mark.line())


def _machines(row: Row, name: str) -> tuple[float, float]:
    """Between which multiples of a value four of five machines were; nan, which draws nothing, if unknown."""
    if not has_band(row):
        return np.nan, np.nan
    low, high = 1 + row.error_low, 1 + row.error_high
    return (low, high) if name == "time_s" else (1 / high, 1 / low)


def legend_entries(series: Sequence[Series]) -> list[tuple[Line2D, str]]:
    """A line and a name for each series; where colours and dashes vary apart, for each colour and dash."""
    unique = list({one.name: one for one in series}.values())
    colours = list({one.halves[0]: one for one in unique}.values())
    dashes = list({one.halves[1]: one for one in unique}.values())
    if len(unique) <= len(colours) + len(dashes) or min(len(colours), len(dashes)) < 2:
        return [(_sample(one.mark.line()), one.name) for one in unique]
    plain = [(_sample(one.mark.line() | {"linestyle": "none"}), one.halves[0]) for one in colours]
    return plain + [
        (_sample({"color": "black", "linestyle": one.mark.dash}), one.halves[1]) for one in dashes
    ]


def _sample(style: dict[str, Any]) -> Line2D:
    return Line2D([], [], **style)


class _RoundTicks(LogLocator):
    """Ticks of a logarithm at round numbers; evenly apart where a narrow view would hold fewer than two."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        ticks = super().tick_values(vmin, vmax)
        seen = sum(vmin <= tick <= vmax for tick in ticks)
        return ticks if seen > 1 else AutoLocator().tick_values(vmin, vmax)


def scale_axis(ax: Axes, which: str, one: Column, values: Sequence[float]) -> None:
    """Scale, ticks and label of an axis that shows ``one``; a logarithm only where all values have one."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    set_scale = ax.set_xscale if which == "x" else ax.set_yscale
    axis.set_label_text(one.label)
    measured = one.name == "time_s"
    narrow = measured and which == "x" and max(values) < _NARROW * min(values)
    if one.scale == "linear" or min(values) <= 0 or narrow:
        _linear(ax, which, one, values)
        return
    base = 2 if one.scale == "log2" else 10
    set_scale("log", base=base)
    distinct = sorted(set(values))
    # Of what is measured a tick stands at round numbers; of what was chosen it stands at the choices.
    chosen = not measured and len(distinct) <= (4 if which == "x" else _FEW)
    if chosen:
        axis.set_major_locator(FixedLocator(distinct))
    elif base == 2:
        span = np.log2(distinct[-1] / distinct[0])
        step = next(s for s in (1, 2, 5, 10, 20) if span / s <= 6 or s == 20)
        axis.set_major_locator(LogLocator(base=2**step, numticks=12))
    else:
        ratio = distinct[-1] / distinct[0]
        subs = (1.0, 2.0, 5.0) if ratio < 30 else (1.0, 3.0) if ratio < 300 else (1.0,)
        axis.set_major_locator(_RoundTicks(base=10, subs=subs, numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: one.text(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    if len(distinct) == 1:  # one value has no span: a factor of two round it
        (ax.set_xlim if which == "x" else ax.set_ylim)(distinct[0] / 2, distinct[0] * 2)


def _linear(ax: Axes, which: str, one: Column, values: Sequence[float]) -> None:
    axis = ax.xaxis if which == "x" else ax.yaxis
    whole = all(float(value).is_integer() for value in values)
    axis.set_major_locator(MaxNLocator(nbins=6, integer=whole, steps=_STEPS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: one.text(value)))
    if which == "y" and min(values) >= 0:
        ax.set_ylim(bottom=0, top=(max(values) or 1) * 1.08)
