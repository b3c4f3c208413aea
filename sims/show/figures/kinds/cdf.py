"""The share of runs that stay at or below each value of a column, over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import column, numbers
from sims.show.figures.kind import figure
from sims.show.figures.kinds.lines import legend_over, scale_axis
from sims.show.figures.series import require_rows, series_of
from sims.show.figures.style import bare

if TYPE_CHECKING:
    from sims.studies.bom.costs import Costs

__all__ = ["plot_cdf"]


@figure(
    "cdf",
    "distribution of a column over seeds",
    takes=("x", "color", "costs"),
    seeds="a step each",
    legend=legend_over(None),
    place=60,
)
def plot_cdf(
    ax: Axes,
    rows: Sequence[Row],
    x: str = "time_s",
    color: str | None = "algorithm",
    *,
    costs: Costs | None = None,
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """The distribution of ``x`` over the seeds, one staircase per algorithm and whatever else differs.

    A step rises at every value by one over the number of runs. ``panels``: as in
    ``plot_lines``.

    Raises:
        ParameterError: no two rows differ in their seed alone.
    """
    require_rows(rows)
    across = numbers(column(x, rows, costs), "x")
    every = list(panels) or [rows]
    values = across.of([row for own in every for row in own])
    found = series_of(every, None, color)
    if all(len(point.rows) < 2 for one in found for point in one.points):
        rule = f"a distribution needs rows of several seeds, and found one seed for each of {len(found):,}"
        raise ParameterError("rows", len(rows), f"{rule} settings")
    place = next((i for i, own in enumerate(every) if own is rows), 0)
    for one in found:
        if one.panel != place:
            continue
        own = sorted(across.value(row) for point in one.points for row in point.rows)
        shares = [i / len(own) for i in range(len(own) + 1)]
        style = one.mark.line() | {"markevery": (1, max(1, len(own) // 8))}
        ax.plot([own[0], *own], shares, drawstyle="steps-post", label=one.name, **style)
    scale_axis(ax, "x", across, values)
    ax.set_ylim(0, 1.03)
    ax.yaxis.set_major_locator(MultipleLocator(0.25))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f}%"))
    ax.set_ylabel("share of runs (%)")
    bare(ax)
