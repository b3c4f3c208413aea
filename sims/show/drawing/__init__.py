"""Pictures of a fabric: node by node, folded, or as a matrix of who is cabled to whom. Writes no file."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fabric.graph.direct import direct_arcs
from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError
from sims.show.drawing.boxes import draw_folded
from sims.show.drawing.failed import failed_words
from sims.show.drawing.matrix import MARGINS, draw_adjacency
from sims.show.drawing.nodes import draw_nodes, fits_node_by_node
from sims.show.drawing.page import GREY, counted, letters, printable, write
from sims.show.figures.labels import in_lines

__all__ = ["STYLES", "draw_topology", "topology_figure"]

STYLES = ("tiers", "folded", "adjacency")
_TITLE, _EDGE = 0.42, 0.12  # inches
_LEAST_WIDTH = 5.4


def draw_topology(
    ax: Axes, fabric: Fabric, *, style: str = "tiers", before: Fabric | None = None
) -> tuple[float, float]:
    """Draw ``fabric`` on ``ax``; returns the (width, height), in inches, of the axes for which its text has
    the right size.

    ``tiers``: node by node, endpoints below, or on a plane where there are no tiers; what is too large for
    that is drawn as ``folded``: pods that are alike once, with their number. ``adjacency``: a matrix,
    switch by switch, of the number of cables, ordered by tier and pod; above 400 switches several share a
    row. ``before``: the fabric before cables failed, which then are drawn too: dashed with a cross node by
    node, folded as a cross with their number.

    Raises:
        ParameterError: unknown style, with a list of the legal ones; or a fabric without switches.
    """
    if style not in STYLES:
        raise ParameterError("style", style, "unknown", STYLES)
    if not fabric.n_switches:
        raise ParameterError("topology", fabric.name, "has no switch but scale-up ones: nothing to draw")
    if style == "adjacency":
        return draw_adjacency(ax, fabric)
    if style == "tiers" and fits_node_by_node(fabric):
        width, low, high = draw_nodes(ax, fabric, before)
    else:
        width, low, high = draw_folded(ax, fabric, before)
    ax.set_xlim(-0.02, width)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    ax.axis("off")
    return width + 0.02, high - low


def topology_figure(fabric: Fabric, *, style: str = "tiers", before: Fabric | None = None) -> Figure:
    """A page with ``draw_topology``, the fabric's name above and its disclaimer, where it has one, below; and
    how many cables have failed of those ``before``.

    Raises:
        ParameterError: as ``draw_topology``.
    """
    figure = Figure()
    ax = figure.add_axes((0, 0, 1, 1))
    wide, high = draw_topology(ax, fabric, style=style, before=before)
    left, bottom, right, top = MARGINS if style == "adjacency" else (0.0, 0.0, 0.0, 0.0)
    width = max(left + wide + right + 2 * _EDGE, _LEAST_WIDTH)
    title = in_lines(printable(fabric.name), letters(width - 2 * _EDGE, 12.5)) or [""]
    failed = failed_words(before, fabric, _look(fabric, style)) if before else ""
    about = " ".join(filter(None, [_sentence(fabric.disclaimer), failed, _not_drawn(fabric)]))
    note = textwrap.wrap(printable(about), letters(width - 2 * _EDGE, 6.2))
    above, below = _TITLE + 0.2 * (len(title) - 1), 0.12 * len(note) + (0.14 if note else 0.0) + _EDGE
    height = above + top + high + bottom + below
    figure.set_size_inches(width, height)
    start = (width - left - wide - right) / 2 + left
    ax.set_position((start / width, (below + bottom) / height, wide / width, high / height))
    page = figure.add_axes((0, 0, 1, 1), zorder=3)
    page.set_xlim(0, width)
    page.set_ylim(0, height)
    page.axis("off")
    write(page, width / 2, height - _EDGE, "\n".join(title), 11, va="top", weight="bold")
    write(page, width / 2, _EDGE, "\n".join(note), 6.2, va="bottom", color=GREY)
    return figure


def _look(fabric: Fabric, style: str) -> str:
    """How failed cables are drawn."""
    if style == "adjacency":
        return "numbers are of what is left"
    if style == "tiers" and fits_node_by_node(fabric):
        return "dashed, with a cross"
    return "a cross with their number; all else as it was before"


def _not_drawn(fabric: Fabric) -> str:
    """What is said of cables that have no switch at either end, for which no style has a place."""
    arcs = direct_arcs(fabric)
    cables = int(np.sum(fabric.arc_link[arcs + 1] - fabric.arc_link[arcs])) // 2
    return f"{counted(cables, 'cable')} from endpoint to endpoint: not drawn." if cables else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text and not text.endswith(".") else text
