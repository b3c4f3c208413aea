"""Scaling: time, and efficiency under it, over the number of ranks, all logarithmic, with the ideal.

The ideal is the bandwidth bound of the algorithm on that fabric, without contention and latency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import column, numbers
from sims.show.figures.kind import BAND, Entries, figure
from sims.show.figures.kinds.lines import draw_series, legend_over, scale_axis
from sims.show.figures.series import require_rows, series_of
from sims.show.figures.style import bare

__all__ = ["IDEAL", "plot_scaling"]

IDEAL = "ideal: no contention, no latency"


def _legend(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
    ideal = Line2D([], [], color="black", linestyle=(0, (1, 2)), linewidth=1)
    return [*legend_over("ranks")(panels, given), (ideal, IDEAL)]


@figure(
    "scaling",
    "time and efficiency over ranks, with the ideal",
    takes=("x", "color"),
    height=3.4,
    axes=2,
    seeds=BAND,
    legend=_legend,
    place=40,
)
def plot_scaling(
    axes: Sequence[Axes],
    rows: Sequence[Row],
    x: str = "ranks",
    color: str | None = "algorithm",
    *,
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """Time on the first of two axes and efficiency on the second, over ``x``, one line per algorithm.

    The thin dotted line of each algorithm is its ideal time: time times efficiency. ``panels``: as in
    ``plot_lines``.

    Raises:
        ParameterError: all rows have the same value of ``x``.
    """
    require_rows(rows)
    upper, lower = axes
    across = numbers(column(x, rows), "x")
    values = across.of(rows)
    every = list(panels) or [rows]
    if all(len(set(across.of(own))) < 2 for own in every):
        rule = f"scaling needs rows of at least two values of {x}, and found one: {across.text(values[0])}"
        raise ParameterError("x", x, rule)
    place = next((i for i, own in enumerate(every) if own is rows), 0)
    mine = [one for one in series_of(every, across, color) if one.panel == place]
    for one in mine:
        points = sorted(one.points, key=lambda point: across.value(point.rows[0]))
        upper.plot(
            [across.value(point.rows[0]) for point in points],
            [point.spread(lambda row: row.time_s * row.efficiency)[1] for point in points],
            color=one.mark.colour,
            linestyle=(0, (1, 2)),
            linewidth=1,
            label=f"_ideal of {one.name}",
        )
    time, efficiency = column("time_s", rows), column("efficiency", rows)
    draw_series(upper, mine, across, time)
    draw_series(lower, mine, across, efficiency)
    whole = [row for own in every for row in own]
    ideal = [row.time_s * row.efficiency for row in whole]
    scale_axis(upper, "x", across, across.of(whole))
    scale_axis(upper, "y", time, [*time.of(whole), *ideal])
    scale_axis(lower, "x", across, across.of(whole))
    _efficiency(lower, efficiency.of(whole))
    upper.set_xlabel("")
    upper.tick_params(labelbottom=False)
    for ax in (upper, lower):
        bare(ax)


def _efficiency(ax: Axes, shares: Sequence[float]) -> None:
    """A logarithm of shares up to the whole, which is marked as the ideal."""
    ax.set_yscale("log")
    low = min(*shares, 0.5)
    ax.set_ylim(low / 1.3, 1.3)
    ax.axhline(1, color="black", linestyle=(0, (1, 2)), linewidth=1, label="_ideal")
    decades = np.log10(1 / low)
    ax.yaxis.set_major_locator(
        LogLocator(base=10 if decades < 5 else 100, subs=(1, 2, 5) if decades < 1.6 else (1,), numticks=12)
    )
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _percent(value)))
    ax.set_ylabel("efficiency (%)")


def _percent(share: float) -> str:
    """A share of one as a tick; far below one as a power of ten."""
    if share > 1e-5:
        return f"{share * 100:.3g}%"
    return f"10{str(round(np.log10(share)) + 2).translate(_RAISED)}%"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
