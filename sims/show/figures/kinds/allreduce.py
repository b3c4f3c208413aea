"""Bus bandwidth and time over message size, and the figure that shows both side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sims.scenario.row import Row
from sims.show.figures.kind import BAND, figure
from sims.show.figures.kinds.lines import legend_over, plot_lines
from sims.show.figures.measured import measured_note
from sims.show.figures.page import heading
from sims.show.figures.series import require_rows
from sims.show.figures.style import styled
from sims.show.words.band import FOOT, has_band

if TYPE_CHECKING:
    from sims.studies.nccl_log import NcclLog

__all__ = ["allreduce_figure", "plot_busbw", "plot_time"]

_WIDE = {"lines.linewidth": 1.6, "lines.markersize": 4, "text.parse_math": False}


@figure(
    "busbw",
    "bus bandwidth over message size",
    takes=("color", "overlay"),
    seeds=BAND,
    legend=legend_over("size_bytes"),
    place=20,
)
def plot_busbw(
    ax: Axes,
    rows: Sequence[Row],
    color: str | None = "algorithm",
    *,
    overlay: Sequence[NcclLog] = (),
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """Bus bandwidth over message size, one line per algorithm; more as in lines.plot_lines."""
    plot_lines(ax, rows, "size_bytes", "busbw_GBps", color, overlay=overlay, panels=panels)


@figure(
    "time",
    "time over message size",
    takes=("color", "overlay"),
    seeds=BAND,
    legend=legend_over("size_bytes"),
    place=30,
)
def plot_time(
    ax: Axes,
    rows: Sequence[Row],
    color: str | None = "algorithm",
    *,
    overlay: Sequence[NcclLog] = (),
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """Time over message size, both logarithmic, one line per algorithm; more as in plot_busbw."""
    plot_lines(ax, rows, "size_bytes", "time_s", color, overlay=overlay, panels=panels)


_BOTTOM, _LINE = 0.132, 0.0265  # of the height: the axis' own words, and a line of the foot


def allreduce_figure(rows: Sequence[Row], disclaimer: str = "", *, overlay: Sequence[NcclLog] = ()) -> Figure:
    """Bus bandwidth and time side by side, with what was run above and what it claims below."""
    require_rows(rows)
    with styled(_WIDE):
        figure = Figure(figsize=(9.6, 4.4))
        left, right = figure.subplots(1, 2)
        plot_busbw(left, rows, overlay=overlay)
        plot_time(right, rows, overlay=overlay)
        count = len(left.get_lines())
        # Many lines fill the corner: their names then stand in the corner that the time leaves free too.
        left.legend(frameon=count > 6, framealpha=0.85, edgecolor="none", fontsize=8, loc="upper left")
        subject, setting = heading(rows)
        figure.text(0.5, 0.975, subject, ha="center", va="top", fontsize=12, fontweight="bold")
        figure.text(0.5, 0.915, setting, ha="center", va="top", fontsize=8, color="#444444")
        pale = f"{FOOT}. " if any(map(has_band, rows)) else ""
        claim = "Simulated with fabricsim: exact for the stated model, an illustration and not a measurement."
        note = f"{measured_note(overlay)}. " if overlay else ""
        said = f"{note}{pale}{claim} {disclaimer[:1].upper()}{disclaimer[1:]}"
        words = textwrap.wrap(said.strip(), 170)
        bottom = _BOTTOM + _LINE * len(words)
        figure.subplots_adjust(left=0.065, right=0.985, top=0.86, bottom=bottom, wspace=0.24)
        figure.text(0.5, 0.015, "\n".join(words), ha="center", va="bottom", fontsize=7, color="#555555")
    return figure
