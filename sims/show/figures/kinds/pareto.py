"""Cost against performance: a point per fabric, and the frontier that no other point beats in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import column, numbers
from sims.show.figures.kind import figure
from sims.show.figures.kinds.lines import scale_axis
from sims.show.figures.labels import PointLabels
from sims.show.figures.series import brief, differing, require_rows, series_of, told
from sims.show.figures.style import GREY, bare

if TYPE_CHECKING:
    from sims.studies.bom.costs import Costs

__all__ = ["frontier", "plot_pareto"]

_NAME = 28  # letters of the name of a point


def frontier(points: Sequence[tuple[float, float]], *, low_x: bool = True, low_y: bool = False) -> list[int]:
    """The places of the points that no other beats: is as good in both and better in one; by rising x.

    ``low_x``, ``low_y``: whether the lower value is the better one.

    >>> frontier([(1, 1), (2, 3), (3, 2), (4, 4)])
    [0, 1, 3]
    """
    sign_x, sign_y = (1 if low_x else -1), (1 if low_y else -1)
    found: list[int] = []
    best = float("inf")
    order = sorted(range(len(points)), key=lambda i: (sign_x * points[i][0], sign_y * points[i][1]))
    for i in order:
        if sign_y * points[i][1] < best:
            best = sign_y * points[i][1]
            found.append(i)
    return sorted(found, key=lambda i: points[i][0])


@figure(
    "pareto",
    "performance over cost, with the frontier",
    takes=("x", "y", "color", "costs"),
    inside=False,
    place=70,
)
def plot_pareto(
    ax: Axes,
    rows: Sequence[Row],
    x: str | None = None,
    y: str = "busbw_GBps",
    color: str | None = "algorithm",
    *,
    costs: Costs | None = None,
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """``y`` over ``x``, by default the cost of an endpoint: medians over the seeds, named by what differs.

    ``costs``: what each topology costs; without them ``x`` is a column that is a cost. Of the points that no
    other beats a line is drawn and a name is sure; other names stand where there is room.

    Raises:
        ParameterError: neither costs nor ``x``, or a column of which neither high nor low values are better.
    """
    require_rows(rows)
    if x is None and not costs:
        rule = "pareto needs the cost of each topology, or a column that is a cost as x"
        raise ParameterError("costs", None, rule)
    every = list(panels) or [rows]
    across = numbers(column(x or "cost_per_endpoint", rows, costs), "x")
    up = numbers(column(y, rows, costs), "y")
    if not up.better:
        rule = "a column of which high or low values are wanted is needed"
        raise ParameterError("y", y, rule, ("busbw_GBps", "algbw_GBps", "time_s", "efficiency", "contention"))
    place = next((i for i, own in enumerate(every) if own is rows), 0)
    found = series_of(every, None, color)
    points = [point for one in found for point in one.points]
    apart = brief([points], [name for name in differing([points]) if name != color])
    drawn: list[tuple[float, float]] = []
    names: list[str] = []
    shown: dict[Any, Any] = {}
    for one in (one for one in found if one.panel == place):
        marks = shown.setdefault(one.colour, one.mark)
        first = not any(line.get_gid() == str(one.colour) for line in ax.get_lines())
        at = [(point.spread(across)[1], point.spread(up)[1]) for point in one.points]
        style = marks.line() | {"linestyle": "none", "gid": str(one.colour), "zorder": 3}
        label = column(color, rows).named(one.colour) if color else "all"
        ax.plot(*zip(*at), label=label if first else f"_{one.name}", **style)
        drawn += at
        names += [_name(point.apart, apart) for point in one.points]
    low_y = up.better == "low"
    low_x = across.better != "high"
    best = frontier(drawn, low_x=low_x, low_y=low_y)
    (line,) = ax.plot(
        *zip(*(drawn[i] for i in best)),
        color=GREY,
        linewidth=1,
        zorder=1.2,
        drawstyle="steps-post" if low_x else "steps-pre",
        label="frontier",
    )
    at = [(point.spread(across)[1], point.spread(up)[1]) for point in points]
    scale_axis(ax, "x", across, [point[0] for point in at])
    scale_axis(ax, "y", up, [point[1] for point in at])
    _margins(ax, [point[0] for point in at])
    bare(ax)
    if any(names):
        order = [*best, *(i for i in range(len(drawn)) if i not in best)]
        PointLabels(
            ax,
            [drawn[i] for i in order],
            [names[i] for i in order],
            size=7,
            first=len(best),
            line=line,
        )


def _margins(ax: Axes, values: Sequence[float]) -> None:
    """Room for names at both ends."""
    low, high = min(values), max(values)
    if ax.get_xscale() == "log":
        factor = max(high / low, 1.5) ** 0.14
        ax.set_xlim(low / factor, high * factor)
    else:
        room = max(high - low, abs(high) * 0.05) * 0.14
        ax.set_xlim(low - room, high + room)


def _name(apart: Mapping[str, Any], names: Sequence[str]) -> str:
    """What tells a point from the others and is not its colour."""
    told_apart = [told(name, apart[name]) for name in names if apart.get(name) is not None]
    text = ", ".join(told_apart).replace(" oversubscription", "")
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"
