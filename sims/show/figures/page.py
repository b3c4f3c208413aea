"""What stands round the axes of a figure: a title, what all rows share, what is claimed, and the legend.

Measures its texts, so that they fit. Knows no kind of figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import XAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from sims.scenario.row import Row
from sims.settings.table import asides
from sims.show.figures.columns import short_size
from sims.show.figures.parts import parts
from sims.show.figures.style import GREY
from topologies.catalogue import disclaimers

__all__ = ["Page", "heading", "renderer_of", "words_of"]

_INSIDE = 5  # entries of a legend that may stand inside the axes, where they hide nothing
_CORNERS = ("upper left", "upper right", "lower right", "lower left", "center left", "center right")
_GAP = 0.04  # inches between texts
_MARGIN = 0.08  # inches at the sides
_FOOT = 0.38  # inches of the foot
_SMALL = 7  # points
_PRESETS = "Presets are illustrations made of public figures, not the designs of their operators"


def _shared(rows: Sequence[Row]) -> dict[str, Any]:
    """The settings that all rows share."""
    names = [name for name in type(rows[0].scenario).model_fields if not name.endswith("_digest")]
    found = {name: {getattr(row.scenario, name) for row in rows} for name in names}
    return {name: values.pop() for name, values in found.items() if len(values) == 1}


def operation(rows: Sequence[Row]) -> str:
    """The collective that the rows are of, or all of them."""
    return " and ".join(dict.fromkeys(row.scenario.collective for row in rows))


def heading(rows: Sequence[Row]) -> tuple[str, str]:
    """What was run, and how: of all that the rows share."""
    same = _shared(rows)
    what = operation(rows)
    subject = f"{same['topology']}: {what}" if "topology" in same else what
    subject += f" of {same['ranks']:,} ranks" if "ranks" in same else ""
    texts = {
        "placement": "placement {}",
        "routing": "routing {}",
        "latency_profile": "latency profile {}",
        "engine": "{} model",
    }
    how = [text.format(same[name]) for name, text in texts.items() if name in same]
    # What is at rest needs no mention.
    usual = {name: field.default for name, field in type(rows[0].scenario).model_fields.items()}
    how += [
        one.in_words(same[one.field])
        for one in asides()
        if same.get(one.field, usual[one.field]) != usual[one.field]
    ]
    return subject, ", ".join(how)


def words_of(rows: Sequence[Row], over_seeds: str = "", note: str = "") -> tuple[list[str], list[str]]:
    """The parts of a title, the most telling first, and the sentences below it all.

    Below stand ``over_seeds`` (what becomes of several seeds), ``note`` (how to read the figure), the
    settings that all rows share, the claim, and the disclaimers of presets.
    """
    same = _shared(rows)
    families = {parts("topology", row.scenario.topology)["family"] for row in rows}
    above = [same["topology"]] if "topology" in same else sorted(families)[: 2 * (len(families) < 3)]
    size = f" of {short_size(same['size_bytes'])}" if "size_bytes" in same else ""
    above.append(f"{operation(rows)}{size}")
    above += [f"{same['ranks']:,} ranks"] if "ranks" in same else []
    above += [same["algorithm"]] if "algorithm" in same else []
    setting = heading(rows)[1]
    versions = "/".join(dict.fromkeys(row.version for row in rows))
    said = disclaimers(row.scenario.topology for row in rows)
    if len(said) > 1:
        said = [_PRESETS]
    seeds = len({row.scenario.seed for row in rows})
    below = [f"{seeds} seeds: {over_seeds}"] if seeds > 1 and over_seeds else []
    claim = f"Simulated with fabricsim {versions}: exact for the stated model, not a measurement"
    below += [text[:1].upper() + text[1:] for text in (note, setting, claim, *said) if text]
    return above, [f"{text.rstrip('.')}." for text in below]


def renderer_of(figure: Figure) -> Any:
    """What measures the texts of a figure as they will be drawn."""
    return FigureCanvasAgg(figure).get_renderer()


@dataclass(kw_only=True)
class Page:
    """The frame of a figure: what it holds above, below and beside its axes, in inches."""

    figure: Figure
    grow: bool  # whether the figure may become higher for what stands outside its axes
    inside: bool = True  # whether a legend may stand inside the axes

    def frame(
        self, words: tuple[Sequence[str], Sequence[str]], title: str | None, legend: Sequence[tuple[Any, str]]
    ) -> None:
        """Write title and foot, place the legend, and fit the axes into what is left.

        ``words``: the parts of a title, used where there is no ``title``, and the foot. Parts for which the
        title has no room stand at the head of the foot.
        """
        self.figure.patch.set_in_layout(True)  # a notebook cuts to what is laid out: not title and foot
        width, height = self.figure.get_size_inches()
        above, below = words
        top, left_out = self._above(above, title)
        foot = self._text(0.5, 0, " ".join([*left_out, *below]), va="bottom", color=GREY, fontsize=_SMALL)
        bottom = self._wrap(foot, width - 2 * _MARGIN)
        beside: Legend | None = None
        outside = not self.inside or len(self._drawn()) > 1 or len(legend) > _INSIDE
        if outside or not self._inside(legend, top, bottom):
            beside = self._below(legend, width)
        room = self._inches(beside).height + _GAP if beside else 0.0
        if self.grow:
            # One line of title and three of foot belong to the size of a figure; more makes it higher.
            more = max(0.0, bottom - _FOOT) + room
            height += more
            self.figure.set_size_inches(width, height)
        foot.set_position((0.5, _GAP / height))
        if beside:
            beside.set_bbox_to_anchor((0, (bottom + 1.5 * _GAP) / height, 1, 1), self.figure.transFigure)
        self._fit(bottom + room + _GAP, top)
        for text in self.figure.texts[:1] if top else ():
            text.set_position((0.5, 1 - _GAP / height))

    def _above(self, words: Sequence[str], title: str | None) -> tuple[float, list[str]]:
        """One line of title: as given, or of the parts that fit. Its height, and what to say below."""
        width = self.figure.get_size_inches()[0] - 2 * _MARGIN
        text = self._text(0.5, 1, title or "", va="top", fontsize=8, fontweight="bold")
        if title is not None:
            return (self._wrap(text, width) + _GAP if title else 0.0), []
        kept: list[str] = []
        left_out: list[str] = []
        for part in words:
            for form in dict.fromkeys((part, part.partition(":")[0])):  # of a topology its family at least
                text.set_text(", ".join([*kept, form]))
                if self._inches(text).width <= width:
                    kept.append(form)
                    break
            if part not in kept:
                left_out.append(part)
        text.set_text(", ".join(kept))
        return self._wrap(text, width) + _GAP, [f"{', '.join(left_out)}."] * bool(left_out)

    def _text(self, x: float, y: float, words: str, **style: Any) -> Any:
        return self.figure.text(x, y, words, ha="center", linespacing=1.15, in_layout=False, **style)

    def _inches(self, artist: Any) -> Any:
        box = artist.get_window_extent(renderer_of(self.figure))
        return box.transformed(self.figure.dpi_scale_trans.inverted())

    def _wrap(self, text: Any, width: float) -> float:
        """Break ``text`` into lines that fit into ``width``; returns its height in inches."""
        lines: list[str] = []
        for word in text.get_text().split():
            text.set_text(word)
            # What is longer than a line breaks after commas, as the text of a topology does.
            pieces = [word] if self._inches(text).width <= width else re.findall(r"[^,]+,?", word)
            for i, piece in enumerate(pieces):
                joined = f"{lines[-1]}{'' if i else ' '}{piece}" if lines else piece
                text.set_text(joined)
                if lines and self._inches(text).width <= width:
                    lines[-1] = joined
                else:
                    lines.append(piece)
        text.set_text("\n".join(lines))
        height: float = self._inches(text).height
        return height

    def _drawn(self) -> list[Axes]:
        return [ax for ax in self.figure.axes if ax.get_visible()]

    def _fit(self, bottom: float, top: float) -> None:
        """Lay the axes out between foot and title, once and for all."""
        self._lay_out(bottom, top)
        if self._shorten():
            self.figure.draw_without_rendering()
        for ax in self._drawn():
            self._thin(ax.xaxis)
        self.figure.set_layout_engine("none")
        for ax in self.figure.axes:  # the solver's last digit differs from run to run
            left, bottom, width, height = (round(float(side), 9) for side in ax.get_position().bounds)
            ax.set_position((left, bottom, width, height))

    def _lay_out(self, bottom: float, top: float) -> None:
        height = self.figure.get_size_inches()[1]
        engine = self.figure.get_layout_engine()
        assert isinstance(engine, ConstrainedLayoutEngine)
        rect = (0, bottom / height, 1, 1 - (bottom + top) / height)
        engine.set(rect=rect, w_pad=0.04, h_pad=0.03, wspace=0.05)
        self.figure.draw_without_rendering()

    def _shorten(self) -> bool:
        """Break the labels that are longer than their axes before the unit; whether there were any."""
        found = False
        renderer = renderer_of(self.figure)
        for ax in self._drawn():
            for label, room in ((ax.xaxis.label, ax.bbox.width), (ax.yaxis.label, ax.bbox.height)):
                box = label.get_window_extent(renderer)
                if max(box.width, box.height) > room and " (" in label.get_text():
                    label.set_text(label.get_text().replace(" (", "\n(", 1))
                    found = True
            title = ax.title
            while title.get_window_extent(renderer).width > 0.95 * ax.bbox.width and ", " in title.get_text():
                head, _, tail = title.get_text().rpartition(", ")
                title.set_text(f"{head},\n{tail}")
                found = True
        return found

    def _thin(self, axis: XAxis) -> None:
        """Fewer ticks, where these are round numbers and their labels meet."""
        ticks = axis.get_major_locator()
        for most in range(5, 1, -1):
            if not isinstance(ticks, MaxNLocator) or not _meet(axis):
                return
            ticks.set_params(nbins=most)
            self.figure.draw_without_rendering()

    def _inside(self, entries: Sequence[tuple[Any, str]], top: float, bottom: float) -> bool:
        """Put the legend into a corner of the only axes where it hides nothing; False if there is none."""
        if len(entries) < 2:
            return True
        (ax,) = self._drawn()
        self._lay_out(bottom + _GAP, top)
        for corner in _CORNERS:
            legend = ax.legend(*zip(*entries), frameon=False, loc=corner)
            legend.set_in_layout(False)
            box = legend.get_window_extent(renderer_of(self.figure)).padded(2)
            fits = box.x0 >= ax.bbox.x0 - 2 and box.x1 <= ax.bbox.x1 + 2 and box.height < ax.bbox.height
            if fits and not any(_touches(ax, box)):
                return True
            legend.remove()
        return False

    def _below(self, entries: Sequence[tuple[Any, str]], width: float) -> Legend | None:
        """A legend under the axes, in as many columns as fit; where none does, its names are broken."""
        if len(entries) < 2:
            return None
        legend = None
        for columns in range(min(len(entries), 6), 0, -1):
            if legend is not None:
                legend.remove()
            legend = self.figure.legend(
                *zip(*entries),
                loc="lower center",
                ncols=columns,
                frameon=False,
                borderaxespad=0,
                handleheight=1.0,
            )
            legend.set_in_layout(False)
            over = self._inches(legend).width - (width - 2 * _GAP)
            if over <= 0:
                return legend
        assert legend is not None
        room = max(self._inches(text).width for text in legend.get_texts()) - over
        for text in legend.get_texts():
            self._wrap(text, room)
        return legend


def _meet(axis: XAxis) -> bool:
    """Whether labels of neighbouring ticks have less than a letter between them."""
    boxes = [label.get_window_extent() for label in axis.get_majorticklabels() if label.get_text()]
    boxes.sort(key=lambda box: box.x0)
    return any(right.x0 - left.x1 < 0.4 * left.height for left, right in pairwise(boxes))


def _touches(ax: Axes, box: Bbox) -> Iterable[bool]:
    """For everything drawn in ``ax``, whether it reaches into ``box`` (in pixels)."""
    for line in ax.get_lines():
        path = line.get_transform().transform_path(line.get_path())
        yield path.intersects_bbox(box, filled=False)
    for patch in ax.patches:
        path = patch.get_transform().transform_path(patch.get_path())
        yield path.intersects_bbox(box, filled=True)
    for collection in ax.collections:
        to_pixels = collection.get_transform()
        offsets = collection.get_offset_transform().transform(collection.get_offsets())
        if isinstance(collection, PathCollection):
            yield from (box.padded(3).contains(*offset) for offset in offsets)
        else:
            yield from (
                to_pixels.transform_path(path).intersects_bbox(box) for path in collection.get_paths()
            )
    for text in ax.texts:
        yield box.overlaps(text.get_window_extent())
