"""Failed cables in a drawing: which they are, how they look, and what is said of them. Draws no node."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.measures.groups import Arcs, between_switches, of_endpoints
from fabric.words.counted import counted
from sims.show.drawing.page import write

__all__ = ["draw_cross", "draw_failed", "failed", "failed_words"]

_COLOUR = "#B00020"
_CROSS = 0.045  # inches
_MOST_NUMBERS = 16


def failed(before: Arcs, after: Arcs) -> Arcs:
    """The cables of ``before`` that ``after`` lacks, between the same nodes."""
    span = int(max(before.src.max(initial=0), before.dst.max(initial=0))) + 1
    keys, left = before.src * span + before.dst, after.src * span + after.dst
    order = np.argsort(keys)
    cables = before.cables.copy()
    at = order[np.searchsorted(keys, left, sorter=order)]
    cables[at] -= after.cables
    gone = cables > 0
    return Arcs(
        src=before.src[gone], dst=before.dst[gone], cables=cables[gone], capacity=before.capacity[gone]
    )


def draw_failed(
    ax: Axes, start: NDArray[np.float64], end: NDArray[np.float64], cables: NDArray[np.int64]
) -> None:
    """A dashed line with a cross for each pair of nodes between which cables failed; their number, where few
    pairs have several.
    """
    if not len(start):
        return
    middle = start + 0.5 * (end - start)
    segments = list(np.stack([start, end], axis=1))
    ax.add_collection(
        LineCollection(segments, linewidths=0.8, colors=_COLOUR, linestyles=(0, (4, 2)), zorder=1.6)
    )
    arms = [np.array([[-1, -1], [1, 1]]) * _CROSS, np.array([[-1, 1], [1, -1]]) * _CROSS]
    crosses = [place + arm for place in middle for arm in arms]
    ax.add_collection(LineCollection(crosses, linewidths=1.4, colors=_COLOUR, zorder=3.2))
    several = np.flatnonzero(cables > 1)
    for i in several if len(several) <= _MOST_NUMBERS else ():
        x, y = middle[i] + (0.1, 0.05)
        write(ax, float(x), float(y), f"x{cables[i]}", 6.2, color=_COLOUR, zorder=3.3)


def draw_cross(ax: Axes, x: float, y: float, cables: int) -> None:
    """A cross, and how many of a bundle of cables have failed."""
    for arm in (1, -1):
        ax.plot(
            [x - _CROSS, x + _CROSS],
            [y - arm * _CROSS, y + arm * _CROSS],
            color=_COLOUR,
            linewidth=1.4,
            zorder=6,
        )
    write(ax, x + 0.09, y, f"{cables:,}", 6.8, color=_COLOUR, ha="left", zorder=6)


def failed_words(before: Fabric, after: Fabric, look: str) -> str:
    """How many cables failed, and how they ``look``."""
    trunk, access = between_switches(before), of_endpoints(before)
    total = int(trunk.cables.sum()) // 2 + int(access.cables.sum())
    gone = int(failed(trunk, between_switches(after)).cables.sum()) // 2
    gone += int(failed(access, of_endpoints(after)).cables.sum())
    if not gone:
        return "No cable failed."
    return f"{gone:,} of {counted(total, 'cable')} failed: {look}."
