"""A small fabric drawn node by node: in rows by tier, or on a plane where there are no tiers. Counts
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.measures.groups import Arcs, Hierarchy, between_switches, hierarchy, of_endpoints
from fabric.words.units import format_rate
from sims.show.drawing.failed import draw_failed, failed
from sims.show.drawing.frames import draw_frames, draw_rounds, rails_of
from sims.show.drawing.lattice import (
    lattice_layout,
    lattice_lines,
    lattice_of,
    lattice_words,
    pitch_of,
    slices_of,
)
from sims.show.drawing.layout import plane_layout, row_layout
from sims.show.drawing.page import COLOURS, GREY, box, counted, letters, printable, tint, write
from sims.show.drawing.servers import server_words

__all__ = ["draw_nodes", "fits_node_by_node"]

_MOST_IN_ROW, _MOST_LINES, _MOST_ON_PLANE = 64, 1500, 100
_MOST_ENDPOINTS = 144  # above that they are counted under their leaf
_LABELLED_LINES = 16
_LEDGER, _WIDTH = 1.45, 5.9  # inches: the words on the left, the rows
_ROW = 1.05
_PLANE = 2.2  # radius


def fits_node_by_node(fabric: Fabric) -> bool:
    """Whether single nodes can be told apart on one page."""
    if not fabric.tiered:
        return fabric.n_switches <= _MOST_ON_PLANE
    rows = np.bincount(fabric.tier[fabric.n_endpoints : fabric.n_endpoints + fabric.n_switches])
    if rows.max(initial=0) > _MOST_IN_ROW:
        return False
    return len(between_switches(fabric).src) <= 2 * _MOST_LINES


def draw_nodes(ax: Axes, fabric: Fabric, before: Fabric | None = None) -> tuple[float, float, float]:
    """Draw ``fabric`` node by node on ``ax``, in inches; returns the width, and the lowest and highest y.

    A line is all cables between two nodes: the thicker, the more, with their number where it is not one.
    Nodes stand where they stood ``before`` cables failed, which are dashed lines with a cross.
    """
    tree = hierarchy(before or fabric)
    return (_rows if fabric.tiered else _plane)(ax, fabric, tree, before or fabric)


def _rows(ax: Axes, fabric: Fabric, tree: Hierarchy, before: Fabric) -> tuple[float, float, float]:
    single = fabric.n_endpoints <= _MOST_ENDPOINTS
    endpoint_x, switch_x = row_layout(before, tree, _WIDTH)
    endpoint_x, switch_x = endpoint_x + _LEDGER, switch_x + _LEDGER
    trunk, access = between_switches(fabric), of_endpoints(fabric)
    y: NDArray[Any] = (tree.height + 1.0) * _ROW - (0.0 if single else 0.35 * _ROW)
    higher = draw_frames(ax, tree, switch_x, y)
    rail = rails_of(before, of_endpoints(before))
    for h in range(tree.top + 1):
        rising = (tree.height[trunk.src] == h) & (tree.height[trunk.dst] > h)
        lines = _select(trunk, rising)
        start = np.stack([switch_x[lines.src], y[lines.src] + 0.1], axis=1)
        end = np.stack([switch_x[lines.dst], y[lines.dst] - 0.1], axis=1)
        _lines(ax, start, end, lines.cables, COLOURS[1 + h % 6])
        if len(lines.src):
            words = _cable_words(lines)
            write(ax, _LEDGER - 0.15, y[lines.src[0]] + _ROW / 2, words, 6.8, ha="right", color=GREY)
    gone = failed(between_switches(before), trunk)
    gone = _select(gone, tree.height[gone.dst] > tree.height[gone.src])
    draw_failed(
        ax,
        np.stack([switch_x[gone.src], y[gone.src] + 0.1], axis=1),
        np.stack([switch_x[gone.dst], y[gone.dst] - 0.1], axis=1),
        gone.cables,
    )
    if single:
        lost = failed(of_endpoints(before), access)
        foot = np.stack([endpoint_x[lost.src], np.full(len(lost.src), 0.04)], axis=1)
        draw_failed(ax, foot, np.stack([switch_x[lost.dst], y[lost.dst] - 0.1], axis=1), lost.cables)
        start = np.stack([endpoint_x[access.src], np.full(len(access.src), 0.04)], axis=1)
        end = np.stack([switch_x[access.dst], y[access.dst] - 0.1], axis=1)
        for one in np.unique(rail[access.dst]).tolist():
            mine = rail[access.dst] == one
            _lines(ax, start[mine], end[mine], access.cables[mine], _rail_colour(one), len(start))
        _endpoints(ax, fabric, endpoint_x)
    else:
        _endpoint_counts(ax, fabric, tree, access, switch_x, y)
    for h in range(tree.top + 1):
        mine = np.flatnonzero(tree.height == h)
        _switches(ax, fabric, mine, switch_x[mine], float(y[mine[0]]), COLOURS[1 + h % 6])
        write(
            ax,
            _LEDGER - 0.15,
            float(y[mine[0]]),
            counted(len(mine), tree.names[h]),
            8.2,
            ha="right",
            weight="bold",
        )
    _rails(ax, rail, switch_x, y)
    about = [_rate_words(access, fabric.n_endpoints), *server_words(fabric)]
    write(ax, _LEDGER - 0.15, 0.0, counted(fabric.n_endpoints, "endpoint"), 8.2, ha="right", weight="bold")
    write(ax, _LEDGER - 0.15, -0.1, "\n".join(about), 6.8, ha="right", va="top", color=GREY)
    return _LEDGER + _WIDTH + 0.05, -0.2 - 0.12 * len(about), float(y.max()) + 0.2 + higher


def _select(arcs: Arcs, mine: NDArray[np.bool_]) -> Arcs:
    return Arcs(
        src=arcs.src[mine], dst=arcs.dst[mine], cables=arcs.cables[mine], capacity=arcs.capacity[mine]
    )


def _cable_words(lines: Arcs) -> str:
    total, low, high = int(lines.cables.sum()), int(lines.cables.min()), int(lines.cables.max())
    words = f"{counted(total, 'cable')}\n{format_rate(float(lines.capacity.sum()))}"
    if high > 1:
        words += f"\n{high if low == high else f'{low} to {high}'} in a line"
    return words


def _rate_words(access: Arcs, count: int) -> str:
    rate = np.bincount(access.src, weights=access.capacity, minlength=count)
    cables = np.bincount(access.src, weights=access.cables, minlength=count)
    ends = dict.fromkeys(format_rate(float(r)) for r in (rate.min(), rate.max()))
    each = " to ".join(ends)
    return f"{each} each" if cables.max() <= 1 else f"{each} on {cables.max():.0f} cables"


def _rail_colour(rail: int) -> str:
    return COLOURS[0] if rail < 0 else COLOURS[1 + rail % (len(COLOURS) - 1)]


def _rails(ax: Axes, rail: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[Any]) -> None:
    """The rail of each leaf, below it, in the colour of its cables."""
    leaves = np.flatnonzero(rail >= 0)
    room = float(np.diff(np.sort(x[leaves])).min()) if len(leaves) > 1 else 1.0
    for leaf in leaves.tolist():
        words = f"rail {rail[leaf]}" if room > 0.33 else str(rail[leaf])
        white = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        write(ax, float(x[leaf]), float(y[leaf]) - 0.17, words, 5.6, color=_rail_colour(int(rail[leaf])),
              bbox=white, zorder=4)  # fmt: skip


def _lines(
    ax: Axes,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    cables: NDArray[np.int64],
    colour: str,
    among: int = 0,
) -> None:
    """One line per pair; few bundles carry their number, where the lines have drawn apart but do not yet
    cross. ``among``: how many lines there are, these included.
    """
    thin = float(np.clip(60 / max(len(start), among, 1), 0.3, 0.9))
    width = thin * np.minimum(1 + 0.8 * (cables - 1), 4)
    segments = np.stack([start, end], axis=1)
    ax.add_collection(LineCollection(list(segments), linewidths=width, colors=colour, alpha=0.75, zorder=1))
    bundles = np.flatnonzero(cables > 1)
    if len(bundles) <= _LABELLED_LINES:
        for i in bundles:
            x, y = start[i] + 0.27 * (end[i] - start[i])
            white = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            write(ax, float(x), float(y), f"x{cables[i]}", 6.2, color=colour, bbox=white, zorder=3)


def _switches(
    ax: Axes, fabric: Fabric, mine: NDArray[np.int64], x: NDArray[np.float64], y: float, colour: str
) -> None:
    """Boxes in a row, with their names where they fit."""
    names = [printable(fabric.label(fabric.n_endpoints + int(i))) for i in mine]
    room = float(np.diff(np.sort(x)).min()) if len(x) > 1 else 1.5
    fits = letters(room * 0.92 - 0.06, 6.2) >= max(map(len, names)) and room > 0.2
    width = (
        min(room * 0.92, max(0.22, max(map(len, names)) * 0.056 + 0.08)) if fits else min(room * 0.7, 0.22)
    )
    height = 0.2 if width > 0.15 else 0.16
    for name, at in zip(names, x.tolist()):
        box(ax, at - width / 2, y - height / 2, width, height, colour=colour, fill=tint(colour, 0.25))
        if fits:
            write(ax, at, y - 0.005, name, 6.2, zorder=5)


def _endpoints(ax: Axes, fabric: Fabric, x: NDArray[np.float64]) -> None:
    """Circles, and a grey box round those of a server: dark where it has a scale-up switch."""
    gap = float(np.diff(np.sort(x)).min()) if len(x) > 1 else 0.3
    size = min(0.13, gap * 0.72)
    for server in np.unique(fabric.server[fabric.server >= 0]):
        mine = np.flatnonzero(fabric.server == server)
        edge = min(gap * 0.52, size / 2 + 0.06)
        low, high = float(x[mine].min()) - edge, float(x[mine].max()) + edge
        scaled = bool((fabric.scaleup[mine] >= 0).any())
        colour = "#777777" if scaled else "#c4c4c4"
        box(ax, low, -size / 2 - 0.04, high - low, size + 0.08, colour=colour, fill="#f1f1f1", zorder=1.2)
    circles = EllipseCollection(
        size, size, 0, units="xy", offsets=np.stack([x, np.zeros(len(x))], axis=1), transOffset=ax.transData,
        facecolors=[tint(COLOURS[0], 0.35)], edgecolors=COLOURS[0], linewidths=0.6, zorder=2,
    )  # fmt: skip
    ax.add_collection(circles)


def _endpoint_counts(
    ax: Axes, fabric: Fabric, tree: Hierarchy, access: Arcs, x: NDArray[np.float64], y: NDArray[Any]
) -> None:
    """Under every switch with endpoints, how many these are."""
    count = np.bincount(access.dst, minlength=fabric.n_switches)
    for h in range(tree.top + 1):
        mine = np.flatnonzero((count > 0) & (tree.height == h))
        if not len(mine):
            continue
        room = float(np.diff(np.sort(x[mine])).min()) if len(mine) > 1 else 0.4
        width = min(room * 0.86, 0.3)
        digits = len(str(int(count[mine].max())))
        size = min(6.8, width / digits / 0.0095)
        low = 0.0 if h == 0 else float(y[mine[0]]) - 0.3
        for i in mine:
            at = float(x[i])
            ax.plot([at, at], [low + 0.09, float(y[i]) - 0.1], color=COLOURS[0], linewidth=0.8, zorder=1)
            box(ax, at - width / 2, low - 0.09, width, 0.18, colour=COLOURS[0])
            write(ax, at, low - 0.005, str(int(count[i])), size, zorder=5)


def _plane(ax: Axes, fabric: Fabric, tree: Hierarchy, before: Fabric) -> tuple[float, float, float]:
    trunk, access, whole = between_switches(fabric), of_endpoints(fabric), between_switches(before)
    once = _select(trunk, trunk.src < trunk.dst)
    gone = failed(whole, trunk)
    gone = _select(gone, gone.src < gone.dst)
    grid = lattice_of(fabric.n_switches, whole)
    if grid:
        place = lattice_layout(grid, _WIDTH - 0.6, 2 * _PLANE)
    else:
        place = plane_layout(fabric.n_switches, whole, tree.group[0]) * _PLANE
    place += (_LEDGER + _WIDTH / 2, 0.0)
    colour = COLOURS[1]
    gap = np.linalg.norm(place[:, None] - place[None, :], axis=2) + 9 * np.eye(len(place))
    size = float(np.clip(gap.min() * 0.75, 0.1, 0.3))
    for lines, draw in ((once, partial(_lines, colour=colour)), (gone, draw_failed)):
        start, end, cables = place[lines.src], place[lines.dst], lines.cables
        if grid:
            drawn, start, end = lattice_lines(grid, place, lines, size / 2)
            cables = cables[drawn]
        draw(ax, start, end, cables)
    if not grid:
        draw_rounds(ax, place, tree.group[0], size)
    circles = EllipseCollection(
        size, size, 0, units="xy", offsets=place, transOffset=ax.transData,
        facecolors=[tint(colour, 0.25)], edgecolors=colour, linewidths=0.9, zorder=2,
    )  # fmt: skip
    ax.add_collection(circles)
    count = np.bincount(access.dst, minlength=fabric.n_switches)
    digits = len(str(int(count.max(initial=1))))
    for (x, y), number in zip(place.tolist(), count.tolist()):
        if number:
            write(ax, x, y - 0.005, str(number), min(7.0, size / digits / 0.0105), zorder=5)
    groups = 1 if grid else int(tree.group[0].max(initial=0)) + 1
    words = [counted(fabric.n_switches, "switch"), *_plane_words(fabric, once, access, groups)]
    words += ["", *lattice_words(grid)] if grid else []
    write(ax, _LEDGER - 0.15, 0.3, words[0], 8.2, ha="right", weight="bold")
    write(ax, _LEDGER - 0.15, 0.19, "\n".join(words[1:]), 6.8, ha="right", va="top", color=GREY)
    high = _PLANE + size + (0.3 if groups > 1 else 0.0)
    if grid:
        above = 0.5 * pitch_of(place) + size / 2
        high = float(np.abs(place[:, 1]).max()) + above + 0.1
        for number, (x, y) in enumerate(slices_of(grid, place).tolist()):
            write(ax, x - size / 2, y + above, f"slice {number}", 6.8, ha="left", color=GREY)
    return _LEDGER + _WIDTH, min(-high, 0.1 - 0.12 * len(words)), max(high, 0.5)


def _plane_words(fabric: Fabric, once: Arcs, access: Arcs, groups: int) -> Sequence[str]:
    words = _cable_words(once).split("\n") if len(once.src) else []
    if groups > 1:
        words.append(f"{counted(groups, 'group')}")
    words += [
        "",
        counted(fabric.n_endpoints, "endpoint"),
        "(their number",
        "in each circle)",
        _rate_words(access, fabric.n_endpoints),
    ]
    return [*words, *server_words(fabric)]
