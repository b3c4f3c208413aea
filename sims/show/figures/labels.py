"""Names beside points and words in cells, where they have room. Placed when drawn, as only then sizes are
known. Knows nothing of what they name.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform, ScaledTranslation

__all__ = ["CellLabels", "CellText", "PointLabels", "in_lines"]

_TURNS = np.deg2rad([0, 180, 60, 120, -60, -120, 30, 150, -30, -150, 90, -90])
_REACHES = (5, 9, 14, 20, 28, 38, 50)  # points from the middle of a mark to the edge of its name
_NEAR = 9  # how far the name of a point that is not among the first may be


def in_lines(name: str, most: int) -> list[str]:
    """A name in lines of at most ``most`` letters, broken after commas where it can be.

    >>> in_lines("torus:dims=4/4/4,rate=400Gbps, 64 ranks", 24)
    ['torus:dims=4/4/4,', 'rate=400Gbps, 64 ranks']
    """
    lines = [""]
    for part in re.findall(r"[^,]*,? *", name):
        for piece in textwrap.wrap(part, most, break_on_hyphens=False, drop_whitespace=False):
            if len((lines[-1] + piece).rstrip()) > most:
                lines.append("")
            lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


class CellText(NamedTuple):
    """A line of words in a cell: the middle of the cell, points above it, and the style."""

    x: float
    y: float
    words: str
    style: dict[str, Any]
    above: float = 0.0


class CellLabels(Artist):
    """Words in cells of one by one: of several ways to write them the first of which all have room, or none.

    ``placed``: the texts written when last drawn.
    """

    def __init__(self, ax: Axes, ways: Sequence[Sequence[CellText]]) -> None:
        super().__init__()
        self.ways = ways
        self.placed: list[Text] = []
        self.set_zorder(4)
        self.set_in_layout(False)
        ax.add_artist(self)
        self.set_clip_on(False)

    def draw(self, renderer: Any) -> None:
        """Write the first way that fits."""
        assert self.axes is not None
        figure = self.get_figure(root=True)
        assert figure is not None
        low, high = self.axes.transData.transform([(0, 0), (1, 1)])
        width, height = high - low
        self.placed = []
        for way in self.ways:
            texts = []
            for one in way:
                text = Text(one.x, one.y, one.words, ha="center", va="center", **one.style)
                text.set_figure(figure)
                text.set_transform(
                    self.axes.transData + ScaledTranslation(0, one.above / 72, figure.dpi_scale_trans)
                )
                texts.append(text)
            lines = max(Counter((one.x, one.y) for one in way).values(), default=1)
            boxes = [text.get_window_extent(renderer) for text in texts]
            if all(box.width < 0.9 * width and box.height * lines * 1.6 < height for box in boxes):
                self.placed = texts
                break
        for text in self.placed:
            text.draw(renderer)


class PointLabels(Artist):
    """The names of points in ``ax``.

    Names come in the order of their weight: what finds no room is left out, the last first; but the ``first``
    may stand further off. No name crosses ``line``. ``placed``: the texts that found room when last drawn.
    """

    def __init__(
        self,
        ax: Axes,
        points: Sequence[tuple[float, float]],
        names: Sequence[str],
        *,
        size: float,
        first: int,
        line: Line2D,
    ) -> None:
        super().__init__()
        self.points, self.names, self.size = list(points), list(names), size
        self.first, self.line = first, line
        self.placed: list[Text] = []
        self.set_zorder(4)
        self.set_in_layout(False)
        ax.add_artist(self)
        self.set_clip_on(False)

    def draw(self, renderer: Any) -> None:
        """Place and draw what fits."""
        assert self.axes is not None
        figure = self.get_figure(root=True)
        assert figure is not None
        unit = figure.dpi / 72
        pixels = self.axes.transData.transform(self.points)
        taken = [Bbox.from_extents(x - 3 * unit, y - 3 * unit, x + 3 * unit, y + 3 * unit) for x, y in pixels]
        self.placed = []
        said: list[tuple[tuple[float, float], str]] = []
        line = self.line.get_transform().transform_path(self.line.get_path())
        if self.line.get_drawstyle().startswith("steps"):
            x_steps, y_steps = STEP_LOOKUP_MAP[self.line.get_drawstyle()](*np.asarray(line.vertices).T)
            line = Path(np.column_stack([x_steps, y_steps]))
        for place, ((x, y), name) in enumerate(zip(pixels, self.names)):
            text = Text(0, 0, name, fontsize=self.size, color="#222222", transform=IdentityTransform())
            same = (there for there, words in said if words == name)
            if any(abs(x - u) < 8 * unit and abs(y - v) < 12 * unit for u, v in same):
                continue  # it would stand twice, side by side
            text.set_path_effects([withStroke(linewidth=1.5, foreground="white")])
            text.set_figure(figure)
            box = text.get_window_extent(renderer)
            for reach, corner in self._corners(box, x, y, unit):
                there = Bbox.from_bounds(corner[0], corner[1], box.width, box.height).padded(0.6 * unit)
                if place >= self.first and reach > _NEAR:
                    break
                if not self._free(there, taken) or line.intersects_bbox(there, filled=False):
                    continue
                text.set_position((text.get_position()[0] + corner[0] - box.x0, corner[1] - box.y0))
                if reach > 9:
                    lead = self._lead((x, y), there)
                    lead.set_figure(figure)
                    lead.draw(renderer)
                text.draw(renderer)
                taken.append(there)
                self.placed.append(text)
                said.append(((x, y), name))
                break

    def _corners(self, box: Bbox, x: float, y: float, unit: float) -> Any:
        """Where the lower left corner of a name may stand, the nearest first."""
        for reach in _REACHES:
            for turn in _TURNS:
                right, up = np.cos(turn), np.sin(turn)
                middle_x = x + right * (reach * unit + box.width / 2 * abs(right))
                middle_y = y + up * (reach * unit + box.height / 2)
                # Steeply above or below, the name slides to the side that it leans to.
                middle_x += np.sign(round(right, 6)) * box.width / 2 * (1 - abs(right))
                yield reach, (middle_x - box.width / 2, middle_y - box.height / 2)

    def _free(self, box: Bbox, taken: Sequence[Bbox]) -> bool:
        assert self.axes is not None
        frame = self.axes.bbox
        inside = box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1
        return bool(inside) and not any(box.overlaps(other) for other in taken)

    def _lead(self, point: tuple[float, float], box: Bbox) -> Line2D:
        """A thin line from a point to its name where they are not side by side."""
        end = (np.clip(point[0], box.x0, box.x1), np.clip(point[1], box.y0, box.y1))
        line = Line2D([point[0], end[0]], [point[1], end[1]], color="#999999", linewidth=0.5)
        line.set_transform(IdentityTransform())
        return line
