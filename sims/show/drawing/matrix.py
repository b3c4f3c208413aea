"""Who is cabled to whom, as a matrix of switches ordered by tier and pod. Counts cables, nothing else."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm, Normalize
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.measures.groups import Arcs, Hierarchy, between_switches, hierarchy
from sims.show.drawing.page import GREY, write

__all__ = ["MARGINS", "adjacency", "draw_adjacency"]

MARGINS = (0.95, 0.62, 0.95, 0.0)  # inches left, below, right, above the matrix, for its words
_MOST = 400  # rows and columns
_SIDE = 4.6  # inches
_WORDS = (0.5, 0.3)  # inches that a tier's words take along either axis
_FEW = 8  # numbers of cables that have a colour each
# Blue to yellow, apart for the colour-blind and in grey; its lightest part would be lost on white.
_COLOURS = ListedColormap(colormaps["cividis_r"](np.linspace(0.12, 1, 256)))


def adjacency(fabric: Fabric, most: int = _MOST) -> tuple[NDArray[np.int64], list[tuple[str, int, int]], int]:
    """(bins, bins): cables between the switches of two bins; symmetric, the sum is twice all cables.

    Switches are ordered by tier and pod, and above pods by what they are cabled to; ``size`` consecutive
    ones of a tier share a bin, so that there are about ``most`` or fewer. Also returned: the name, the
    number of switches and that of bins of each tier, and ``size``.
    """
    tree, arcs = hierarchy(fabric), between_switches(fabric)
    size = _bin_size(tree, -(-fabric.n_switches // most))
    where, tiers = _bins(tree, arcs, size)
    bins = sum(count for _, _, count in tiers)
    cells = np.bincount(where[arcs.src] * bins + where[arcs.dst], weights=arcs.cables, minlength=bins * bins)
    return cells.reshape(bins, bins).astype(np.int64), tiers, size


def _bin_size(tree: Hierarchy, least: int) -> int:
    """``least`` or a little more, where that makes bins end where pods end."""
    pods = tree.group[max(tree.top - 1, 0)][tree.height == 0]
    widths = np.bincount(np.bincount(pods)) if len(pods) else np.zeros(2)
    pod = int(np.argmax(widths[1:])) + 1
    return next((size for size in range(least, int(2.5 * least)) if pod % size == 0), least)


def _bins(tree: Hierarchy, arcs: Arcs, size: int) -> tuple[NDArray[np.int64], list[tuple[str, int, int]]]:
    count = len(tree.height)
    lowest = np.full(count, count)
    falling = tree.height[arcs.dst] < tree.height[arcs.src]
    np.minimum.at(lowest, arcs.src[falling], arcs.dst[falling])
    groups = tuple(tree.group[h] for h in range(tree.top + 1))
    order = np.lexsort((np.arange(count), lowest, *groups, tree.height))
    where, first = np.empty(count, np.int64), 0
    tiers = []
    for h, name in enumerate(tree.names):
        mine = order[tree.height[order] == h]
        where[mine] = first + np.arange(len(mine)) // size
        tiers.append((name, len(mine), -(-len(mine) // size)))
        first += tiers[-1][2]
    return where, tiers


def draw_adjacency(ax: Axes, fabric: Fabric) -> tuple[float, float]:
    """Draw ``adjacency`` on ``ax``; returns a fitting (width, height) in inches, ``MARGINS`` apart."""
    cells, tiers, size = adjacency(fabric)
    high, bins = max(int(cells.max(initial=0)), 1), len(cells)
    norm = _norm(high)
    image = ax.imshow(
        np.ma.masked_equal(cells, 0), cmap=_COLOURS, norm=norm, interpolation="nearest", origin="lower"
    )
    edges = np.cumsum([0, *(count for _, _, count in tiers)])
    for edge in edges[1:-1]:
        ax.axhline(edge - 0.5, color=GREY, linewidth=0.7)
        ax.axvline(edge - 0.5, color=GREY, linewidth=0.7)
    middle = (edges[:-1] + edges[1:]) / 2 - 0.5
    names = [f"{name}\n{number:,}" for name, number, _ in tiers]
    ax.set_xticks(_spread(middle, _WORDS[0] / _SIDE * bins, bins), names, fontsize=7.5)
    ax.set_yticks(_spread(middle, _WORDS[1] / _SIDE * bins, bins), names, fontsize=7.5)
    ax.tick_params(length=0)
    words = "switches by tier and pod: a row or column is " + (
        "one" if size == 1 else f"up to {size:,} of them"
    )
    if high == 1:
        words += "; every mark is one cable" if cells.any() else "; no cable joins two switches"
    ax.set_xlabel(words, fontsize=7, color=GREY)
    if size == 1 and bins <= 24 and high > 1:
        for i, j in np.argwhere(cells > 0).tolist():
            write(
                ax,
                j,
                i,
                str(int(cells[i, j])),
                7,
                color="white" if norm(cells[i, j]) > norm(high) / 2 else "black",
            )
    if high > 1:
        bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0, 0.035, 1)))
        bar.set_label("cables" if size == 1 else "cables between two rows", fontsize=7.5)
        bar.ax.tick_params(labelsize=7)
        bar.ax.yaxis.set_minor_locator(NullLocator())
        if high <= _FEW:
            bar.ax.yaxis.set_major_locator(FixedLocator(range(1, high + 1)))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return _SIDE, _SIDE


def _spread(middle: NDArray[np.float64], room: float, bins: int) -> list[float]:
    """Places near ``middle``, ``room`` apart, so that words of narrow tiers do not run together."""
    places = middle.tolist()
    limit = bins - 0.5 - room / 2
    for i in reversed(range(len(places))):
        places[i] = max(min(places[i], limit), room * (i + 0.5) - 0.5)
        limit = places[i] - room
    return places


def _norm(high: int) -> Normalize:
    """One colour per number where they are few, else a logarithmic scale."""
    if high == 1:
        return Normalize(0, 1)
    return BoundaryNorm(np.arange(0.5, high + 1), _COLOURS.N) if high <= _FEW else LogNorm(1, high)
