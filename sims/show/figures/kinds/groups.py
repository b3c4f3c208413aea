"""How long each of many groups takes that run at once: the share of them that has ended by each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MultipleLocator

from fabric.words.errors import ParameterError
from fabric.words.units import format_size
from sims.scenario.row import Row
from sims.show.figures.columns import column
from sims.show.figures.kind import Entries, figure
from sims.show.figures.kinds.lines import legend_over, scale_axis
from sims.show.figures.kinds.utilisation import at_largest
from sims.show.figures.series import Series, require_rows, series_of, spread
from sims.show.figures.style import GREY, bare

__all__ = ["plot_groups"]

ALONE = "the slowest, alone"
_QUANTILES = ("fastest", *(f"p{number}" for number in range(10, 100, 10)), "slowest")
_ALONE: dict[str, Any] = {"linestyle": (0, (1, 1.6)), "linewidth": 1.1}


def _legend(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
    lines = legend_over(None)([at_largest(rows) for rows in panels], given)
    return [*lines, (Line2D([], [], color=GREY, **_ALONE), ALONE)]


@figure(
    "groups",
    "how long each group takes, of many that run at once",
    takes=("color",),
    legend=_legend,
    place=65,
)
def plot_groups(
    ax: Axes, rows: Sequence[Row], color: str | None = "algorithm", *, panels: Sequence[Sequence[Row]] = ()
) -> None:
    """The share of groups that have ended by each time, at the largest size: a line per algorithm and what
    else differs, from the fastest group to the slowest; dotted, what the slowest takes alone.

    A mark stands at every tenth of the groups, and lines between are straight. Over several seeds, medians.
    ``panels``: as in lines.plot_lines.

    Raises:
        ParameterError: rows of one group among them.
    """
    require_rows(rows)
    every = [at_largest(own) for own in panels] or [at_largest(rows)]
    place = next((i for i, own in enumerate(panels) if own is rows), 0)
    single = [row for own in every for row in own if not row.group_times]
    if single:
        rule = "groups needs rows of many groups at once: run with --groups and --over, or choose"
        raise ParameterError("rows", f"{len(single)} of one group", rule)
    time = column("time_s", rows)
    shown: list[float] = []
    for one in series_of(every, None, color):
        values = [_median(one, name) for name in _QUANTILES]
        alone = _median(one, "alone")
        shown += [*values, alone]
        if one.panel == place:
            tenths = [number / 10 for number in range(11)]
            ax.plot(values, tenths, label=one.name, **one.mark.line())
            ax.axvline(alone, color=one.mark.colour, label=f"_{ALONE}", **_ALONE)
    scale_axis(ax, "x", time, shown)
    ax.set_xlabel(f"time of a group at {format_size(every[place][0].scenario.size_bytes)} (s)")
    ax.set_ylim(-0.03, 1.03)
    ax.yaxis.set_major_locator(MultipleLocator(0.25))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f}%"))
    ax.set_ylabel("groups that have ended (%)")
    bare(ax)


def _median(one: Series, name: str) -> float:
    """Of the runs that a line stands for."""
    return spread([row.group_times[name] for point in one.points for row in point.rows])[1]
