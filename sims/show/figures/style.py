"""How a figure looks and how it is written: colours, marks, type sizes, and files that say what they show.

Knows no axis and no kind of figure.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fabric.machine.whole_file import replaced
from fabric.words.counted import counted
from sims.scenario.job_row import JobRow
from sims.scenario.row import Row

__all__ = [
    "COLOURS",
    "DASHES",
    "GREY",
    "HATCHES",
    "MARKERS",
    "Mark",
    "bare",
    "figure_file",
    "mark",
    "provenance",
    "save_figure",
    "styled",
    "svg_text",
]

# Okabe and Ito's colours, apart for all common kinds of colour blindness; markers, dashes and hatches keep
# them apart in grey. The lists have lengths without a common factor, so a mark repeats after 7 * 8 * 5 only.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "os^Dv<>P"
DASHES: tuple[Any, ...] = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)))
HATCHES = ("", "////", "xxxx", "\\\\\\\\", "||||", "----", "++++", "...")  # dots take 200 kB in SVG
GREY = "#555555"

# Type and lines for a column of 3.5 inches; nothing is set smaller than 7 points.
PAGE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.6,
    "lines.markeredgewidth": 0.9,
    "hatch.linewidth": 0.5,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.5,
    "ytick.major.pad": 2.5,
    "axes.labelpad": 2.5,
    "legend.handlelength": 2.6,
    "legend.borderaxespad": 0.4,
    "legend.labelspacing": 0.35,
    "legend.columnspacing": 1.2,
    "legend.handletextpad": 0.6,
    "legend.borderpad": 0.3,
    "text.parse_math": False,
}
# What makes the same rows the same bytes, and texts that can be searched for.
_WRITING: dict[str, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "sans-serif",
}
_DPI = 220
# What no XML may hold, in UTF-8: control characters, and the two that are none.
_NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


class Mark(NamedTuple):
    """What tells one series from the others, in colour and in grey."""

    colour: str
    marker: str
    dash: Any
    hatch: str

    def line(self) -> dict[str, Any]:
        """The arguments of ``Axes.plot``; a marker is hollow, so that of lines that meet both can be seen."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": self.dash,
            "markerfacecolor": "white",
        }


def mark(place: int, variant: int | None = None) -> Mark:
    """The mark of the series that comes at ``place`` (from 0).

    ``variant``: which of several series of that place; they share the colour and differ in the dash, and from
    the sixth on in the marker: 7 places of 35 variants each have marks of their own.
    """
    dash, turn = (place, 0) if variant is None else (variant, variant // len(DASHES))
    return Mark(
        COLOURS[place % len(COLOURS)],
        MARKERS[(place + turn) % len(MARKERS)],
        DASHES[dash % len(DASHES)],
        HATCHES[(place + 3 * (variant or 0)) % len(HATCHES)],
    )


@contextmanager
def styled(style: Mapping[str, Any] = PAGE) -> Iterator[None]:
    """While a figure is made or written: how it looks. What the font has no letter for is a box, unsaid."""
    with matplotlib.rc_context({**style}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


def bare(ax: Axes, grid: Literal["both", "x", "y", ""] = "both") -> None:
    """Axes without a box, over a faint grid along ``grid`` (x, y, both or nothing)."""
    if grid:
        ax.grid(True, which="major", axis=grid, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def provenance(rows: Sequence[Row | JobRow]) -> str:
    """Versions, number of rows, keys of the first and the last: what stands in the file of a figure."""
    if not rows:
        return "fabricsim"
    versions = "/".join(dict.fromkeys(row.version for row in rows))
    return f"fabricsim {versions}, {counted(len(rows), 'row')}, keys {rows[0].key} to {rows[-1].key}"


def save_figure(figure: Figure, path: str | Path, rows: Sequence[Row | JobRow] = ()) -> None:
    """Write ``figure`` as .svg, .png or .pdf by its ending, whole or not at all; same rows, same bytes.

    The file's metadata holds the version, the number of rows and the keys of the first and last.
    """
    with replaced(path, "wb") as file:
        file.write(figure_file(figure, path, rows))


def figure_file(figure: Figure, path: str | Path, rows: Sequence[Row | JobRow] = ()) -> bytes:
    """What ``save_figure`` writes to ``path``."""
    kind = Path(path).suffix[1:] or "svg"
    words = provenance(rows)
    formats: dict[str, dict[str, Any]] = {
        "svg": {"Description": words, "Creator": words.split(",")[0], "Date": None},
        "png": {"Description": words, "Software": words.split(",")[0]},
        "pdf": {"Subject": words, "Creator": words.split(",")[0], "CreationDate": None},
    }
    return _written(figure, kind, formats[kind], dpi=_DPI)


def _written(figure: Figure, kind: str, metadata: dict[str, Any], salt: str = "", **more: Any) -> bytes:
    """The contents of the file of a figure."""
    file = io.BytesIO()
    with styled({**_WRITING, "svg.hashsalt": f"fabricsim {salt}".rstrip()}):
        figure.savefig(file, format=kind, metadata=metadata, **more)
    return (
        _NO_XML.sub("\N{REPLACEMENT CHARACTER}".encode(), file.getvalue())
        if kind == "svg"
        else file.getvalue()
    )


def svg_text(figure: Figure, rows: Sequence[Row | JobRow], title: str, description: str) -> str:
    """``figure`` as an <svg> element that can stand in a page of HTML, beside others of its kind.

    It scales to the width of what holds it; ``title`` and ``description`` say the same in words; no id and no
    rule of style reaches outside.
    """
    salt = hashlib.sha256("\0".join([title, description, provenance(rows)]).encode()).hexdigest()[:10]
    text = _written(figure, "svg", {"Date": None}, salt).decode("utf-8")
    head = re.search(r"<svg\b[^>]*>", text)
    assert head is not None
    box = re.search(r'viewBox="([^"]*)"', head[0])
    assert box is not None
    body = text[head.end() : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    # A <style> of its own would speak to the whole page: the two properties are inherited from the root.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="f{salt}-', body)
    body = re.sub(r'xlink:href="#', f'href="#f{salt}-', body)
    body = body.replace("url(#", f"url(#f{salt}-")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box[1]}" width="100%" role="img" '
        f'aria-labelledby="f{salt}-title f{salt}-desc" '
        'style="stroke-linejoin: round; stroke-linecap: butt">\n'
        f'<title id="f{salt}-title">{html.escape(title)}</title>\n'
        f'<desc id="f{salt}-desc">{html.escape(description)}</desc>\n'
        f"<metadata>{html.escape(provenance(rows))}</metadata>{body}</svg>\n"
    )
