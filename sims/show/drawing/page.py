"""A page measured in inches: text that fits, boxes, stacks of boxes, bands. Knows no fabric."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Polygon

from fabric.words.counted import counted

__all__ = ["COLOURS", "GREY", "INK", "band", "box", "counted", "letters", "printable", "tint", "write"]

# Okabe and Ito's colours, apart for all common kinds of colour blindness: endpoints, then tier by tier.
COLOURS = ("#5F6B73", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, GREY = "#1a1a1a", "#666666"
_LETTER = 0.0082  # inches of width per point of size: a little more than the mean of DejaVu Sans


def printable(text: str) -> str:
    """``text`` without what a picture cannot hold, such as line ends and control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def letters(width: float, size: float) -> int:
    """How many letters of ``size`` points fit into ``width`` inches."""
    return max(6, int(width / (_LETTER * size)))


def tint(colour: str, share: float = 0.16) -> tuple[float, float, float]:
    """The colour thinned with white."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (1 - share * (1 - part) for part in parts)
    return r, g, b


def write(ax: Axes, x: float, y: float, text: str, size: float = 7.5, **style: Any) -> None:
    """Text as it is: no dollar sign starts a formula."""
    given: dict[str, Any] = {"ha": "center", "va": "center", "color": INK, "linespacing": 1.25, **style}
    ax.text(x, y, "\n".join(map(printable, text.split("\n"))), fontsize=size, parse_math=False, **given)


def box(
    ax: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    lines: Sequence[str] = (),
    *,
    colour: str,
    fill: Any = None,
    stack: int = 0,
    line: str = "-",
    zorder: float = 2,
) -> None:
    """A box with its lower left corner at (x, y), the first line bold; ``stack`` more of it stand behind."""
    for step in range(stack, -1, -1):
        shift = 0.05 * step
        patch = FancyBboxPatch(
            (x + shift, y + shift),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={min(0.06, width / 5, height / 3):.4f}",
            edgecolor=colour,
            facecolor=fill if fill is not None else tint(colour),
            linewidth=0.9,
            linestyle=line,
            zorder=zorder - 0.1 * step / max(stack, 1),
        )
        ax.add_patch(patch)
    rows = [wrapped for text in lines for wrapped in textwrap.wrap(text, letters(width - 0.08, 6.8))]
    pitch = min(0.135, (height - 0.06) / max(len(rows), 1))
    top = y + height / 2 + pitch * (len(rows) - 1) / 2
    for i, row in enumerate(rows):
        size, weight = (8.2, "bold") if i == 0 else (6.8, "normal")
        write(ax, x + width / 2, top - pitch * i, row, size, weight=weight, zorder=5)


def band(ax: Axes, x: float, low: float, high: float, width: float, colour: str) -> None:
    """A bundle of cables, ``width`` wide, from height ``low`` to ``high`` about the middle ``x``."""
    left, right = x - width / 2, x + width / 2
    corners = [(left, low), (right, low), (right, high), (left, high)]
    patch = Polygon(corners, facecolor=tint(colour, 0.3), edgecolor=colour, linewidth=0.5, zorder=1.5)
    ax.add_patch(patch)
