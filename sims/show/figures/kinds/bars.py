"""Bars: one for everything that differs, at the largest size, so that all of it stands in one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from sims.scenario.row import Row
from sims.show.figures.columns import Column, column, numbers
from sims.show.figures.kind import BAND, Entries, figure
from sims.show.figures.kinds.lines import scale_axis
from sims.show.figures.kinds.utilisation import at_largest
from sims.show.figures.labels import in_lines
from sims.show.figures.series import Series, require_rows, series_of
from sims.show.figures.style import bare, mark

__all__ = ["plot_bars"]

_BAR, _BETWEEN = 0.8, 0.35  # of a bar's place, and between two groups
_INCHES = 0.17  # of a bar's place
_LETTERS = 30  # of a line beside the bars
_ROOM = 1.18  # of the longest bar, for the number behind it


def _groups(panels: Sequence[Sequence[Row]], color: str | None) -> dict[str, dict[str, list[Series]]]:
    """The bars by what else differs, then by colour: of each panel one at most."""
    groups: dict[str, dict[str, list[Series]]] = {}
    for one in series_of([at_largest(own) for own in panels], None, color):
        colour, rest = one.halves
        groups.setdefault(rest, {}).setdefault(colour, []).append(one)
    return groups


def _height(rows: Sequence[Row], given: Mapping[str, Any]) -> float:
    groups = _groups([rows], given.get("color", "algorithm"))
    return 0.9 + _INCHES * (sum(map(len, groups.values())) + _BETWEEN * len(groups))


def _legend(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
    colours = {
        name: found[0].mark.colour
        for group in _groups(panels, given.get("color", "algorithm")).values()
        for name, found in group.items()
    }
    if len(colours) < 2:
        return []
    return [(Patch(facecolor=colour), name) for name, colour in colours.items()]


@figure(
    "bars",
    "a bar for everything that differs, at the largest size",
    takes=("x", "color", "costs"),
    height=_height,
    inside=False,
    seeds=BAND,
    legend=_legend,
    place=95,
)
def plot_bars(
    ax: Axes,
    rows: Sequence[Row],
    x: str = "busbw_GBps",
    color: str | None = "algorithm",
    *,
    costs: Any = None,
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """A bar as long as ``x`` for each series, in groups that differ in ``color`` alone, at the largest size.

    The number behind each is its median over the seeds, with a line from the 5th to the 95th percentile. As
    many bars as there are: the figure grows. ``panels``: as in ``plot_lines``.

    Raises:
        ParameterError: no rows, an unknown column, or one of words.
    """
    require_rows(rows)
    every = list(panels) or [rows]
    place = next((i for i, own in enumerate(every) if own is rows), 0)
    across = numbers(column(x, rows, costs), "x")
    groups = _groups(every, color)
    same = len({name for group in groups.values() for name in group}) == 1
    ticks, top = [], 0.0
    for group in groups.values():
        ticks.append(top + len(group) / 2)
        for found in group.values():
            for one in found:
                if one.panel == place:
                    _bar(ax, top + 0.5, one, across, mark(0).colour if same else one.mark.colour)
            top += 1
        top += _BETWEEN
    labels = ["\n".join(in_lines(name or next(iter(group)), _LETTERS)) for name, group in groups.items()]
    ax.set_yticks(ticks, labels)
    ax.set_ylim(top - _BETWEEN + 0.1, -0.1)
    ax.tick_params(axis="y", length=0)
    plain = Column(**{**vars(across), "scale": "linear"})
    values = [across.value(row) for own in every for row in at_largest(own)]
    scale_axis(ax, "x", plain, values)
    ax.set_xlim(0, max(values) * _ROOM or 1)
    bare(ax, "x")


def _bar(ax: Axes, at: float, one: Series, across: Column, colour: str) -> None:
    low, middle, high = one.points[0].spread(across)
    ax.barh(at, middle, _BAR, color=colour, edgecolor="white", linewidth=0.4, label=f"_{one.name}")
    if low < high:
        ax.plot([low, high], [at, at], color="black", linewidth=0.9, solid_capstyle="butt", label="_seeds")
    words = across.text(float(f"{middle:.3g}"))
    ax.annotate(words, (high, at), (3, 0), textcoords="offset points", va="center", fontsize=7)
