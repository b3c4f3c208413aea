"""How much of each kind of link is used: bars as long as the mean over the links, marks at the fullest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fabric.words.errors import ParameterError
from fabric.words.units import format_size
from sims.scenario.row import Row
from sims.show.figures.kind import figure
from sims.show.figures.series import Point, Series, require_rows, series_of
from sims.show.figures.style import bare

__all__ = ["PEAK", "at_largest", "plot_utilisation"]

PEAK = "fullest link of the kind"
_MOST = 12  # bars side by side


def at_largest(rows: Sequence[Row]) -> list[Row]:
    """The rows of the largest message size that every algorithm has, or else of the largest that any has."""
    require_rows(rows)
    sizes: dict[str, set[int]] = {}
    for row in rows:
        sizes.setdefault(row.scenario.algorithm, set()).add(row.scenario.size_bytes)
    size = max(set.intersection(*sizes.values()) or set.union(*sizes.values()))
    return [row for row in rows if row.scenario.size_bytes == size]


@figure(
    "utilisation",
    "use of each kind of link, in the mean and at most",
    takes=("color",),
    height=3.2,
    inside=False,
    place=100,
)
def plot_utilisation(
    ax: Axes, rows: Sequence[Row], color: str | None = "algorithm", *, panels: Sequence[Sequence[Row]] = ()
) -> None:
    """A group of bars per kind of link, a bar per algorithm and whatever else differs, at the largest size.

    Bars are the mean share of the capacity over all links of the kind, weighted by capacity; the mark above
    is the fullest link. Both are medians over the seeds. ``panels``: as in lines.plot_lines.

    Raises:
        ParameterError: the rows hold no utilisation, or there are more bars than can be told apart.
    """
    require_rows(rows)
    every = [at_largest(own) for own in panels] or [at_largest(rows)]
    place = next((i for i, own in enumerate(panels) if own is rows), 0)
    kinds = sorted({kind for own in every for row in own for kind in row.utilisation}, key=_order)
    if not kinds:
        raise ParameterError("rows", len(rows), "utilisation needs rows that hold it, and found none")
    found = series_of(every, None, color)
    mine = [one for one in found if one.panel == place]
    if len(mine) > _MOST:
        rule = f"at most {_MOST} bars side by side can be told apart: facet by what differs, or choose"
        raise ParameterError("rows", f"{len(mine)} series", rule)
    width = 0.84 / len(mine)
    for i, one in enumerate(mine):
        at = np.arange(len(kinds)) + (i - (len(mine) - 1) / 2) * width  # from the top down
        mean = [_median(one, kind, "mean") for kind in kinds]
        peak = [_median(one, kind, "peak") for kind in kinds]
        ax.barh(
            at,
            mean,
            width * 0.92,
            label=one.name,
            color=one.mark.colour,
            edgecolor="white",
            hatch=one.mark.hatch,
            linewidth=0.4,
        )
        label = PEAK if i == len(mine) - 1 else f"_{PEAK}"
        ax.plot(peak, at, linestyle="none", marker="|", color="black", markersize=4.5, label=label)
    _axes(ax, kinds, format_size(every[place][0].scenario.size_bytes))


def _axes(ax: Axes, kinds: Sequence[str], size: str) -> None:
    ax.set_yticks(range(len(kinds)), [_short(kind) for kind in kinds])
    ax.set_ylim(len(kinds) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.3g}%"))
    ax.set_xlabel(f"use at {size} (% of capacity)")
    bare(ax, "x")


def _short(kind: str) -> str:
    """A kind of link in one line, or in two where it is long."""
    start, _, end = kind.partition(" -> ")
    return f"{start} → {end}" if len(kind) < 20 else f"{start}\n→ {end}"


def _order(kind: str) -> tuple[bool, int, int]:
    """Links up from the endpoints, then those down to them; the highest tiers in the middle."""
    tiers = ("endpoint", "scale-up switch", "leaf", "spine", "core", "super-core")
    start, _, end = kind.partition(" -> ")
    low, high = (tiers.index(tier) if tier in tiers else len(tiers) for tier in (start, end))
    return (low > high, low, high) if low <= high else (True, -low, -high)


def _median(one: Series, kind: str, what: str) -> float:
    """Of what the rows hold of a kind of link; one that a fabric has not is NaN and draws nothing."""
    points: tuple[Point, ...] = one.points
    own = [row.utilisation[kind][what] for point in points for row in point.rows if kind in row.utilisation]
    return float(np.median(own)) if own else float("nan")
