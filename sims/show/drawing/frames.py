"""What belongs together in a small fabric, drawn as such: planes, pods, groups, rails. Draws no node."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.measures.groups import Arcs, Hierarchy
from sims.show.drawing.page import GREY, box, letters, write

__all__ = ["draw_frames", "draw_rounds", "rails_of"]

_AROUND = 0.16  # inches from the middle of a switch to the frame
_EDGE, _FILL = "#c8ccd0", "#f6f7f8"
_SIZE = 6.2  # of type
_MOST = 64  # frames


def rails_of(fabric: Fabric, access: Arcs) -> NDArray[np.int64]:
    """(switches,): the rail of each leaf, -1 of all where there are none.

    Leaves are rails where each has one endpoint of a server at most, and of every server the same one: the
    first, the second, ...
    """
    none = np.full(fabric.n_switches, -1)
    if not len(access.src) or (fabric.server < 0).any():
        return none
    order = np.argsort(fabric.server, kind="stable")
    size = np.bincount(fabric.server)
    place = np.empty(fabric.n_endpoints, np.int64)
    place[order] = np.arange(len(order)) - (np.cumsum(size) - size)[fabric.server[order]]
    low, high = np.full(fabric.n_switches, fabric.n_endpoints), np.full(fabric.n_switches, -1)
    np.minimum.at(low, access.dst, place[access.src])
    np.maximum.at(high, access.dst, place[access.src])
    used = high >= 0
    if size.max() < 2 or np.count_nonzero(size) < 2 or (low != high)[used].any():
        return none
    return np.where(used, high, -1)


def draw_frames(ax: Axes, tree: Hierarchy, x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """A frame round the switches of each plane, or else of each pod; returns how much higher the drawing is.

    ``x``, ``y``: (switches,) in inches. Where all are one group there is no frame.
    """
    planes = int(tree.group[tree.top].max(initial=0)) + 1
    height, name = (tree.top, "plane") if planes > 1 else (tree.top - 1, "pod")
    if height < 1:
        return 0.0
    group = tree.group[height]
    count = int(group.max(initial=-1)) + 1
    if not 1 < count <= _MOST:
        return 0.0
    top = 0.0
    for number in range(count):
        mine = group == number
        if np.count_nonzero(mine) < 2:
            continue
        left, right = float(x[mine].min()) - _AROUND, float(x[mine].max()) + _AROUND
        low, high = float(y[mine].min()) - _AROUND, float(y[mine].max()) + _AROUND
        box(ax, left, low, right - left, high - low, colour=_EDGE, fill=_FILL, zorder=0.5)
        words = f"{name} {number}"
        words = words if len(words) <= letters(right - left, _SIZE) else str(number)
        if name == "plane":
            write(ax, (left + right) / 2, high + 0.09, words, _SIZE, color=GREY)
            top = 0.2
        else:
            write(ax, left, high + 0.09, words, _SIZE, color=GREY, ha="left", zorder=4)
    return top


def draw_rounds(ax: Axes, place: NDArray[np.float64], group: NDArray[np.int64], size: float) -> None:
    """A disc under each group of several switches, its number beside. ``place``: (switches, 2)."""
    count = int(group.max(initial=-1)) + 1
    if not 1 < count <= _MOST:
        return
    middle = place.mean(axis=0)
    for number in range(count):
        mine = place[group == number]
        if len(mine) < 2:
            continue
        centre = mine.mean(axis=0)
        radius = float(np.linalg.norm(mine - centre, axis=1).max()) + 0.65 * size
        ax.add_patch(Circle(tuple(centre), radius, facecolor=_FILL, edgecolor=_EDGE, zorder=0.5))
        out = (centre - middle) / max(float(np.linalg.norm(centre - middle)), 1e-9)
        x, y = centre + out * (radius + 0.14)
        aside = "left" if out[0] > 0.3 else "right" if out[0] < -0.3 else "center"
        write(ax, float(x), float(y), f"group {number}", _SIZE, color=GREY, ha=aside)
