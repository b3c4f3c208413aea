"""Goodput over time, with the faults that struck meanwhile. Draws what a run recorded; runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fabric.words.counted import counted
from fabric.words.units import format_time
from sims.scenario.row import Row
from sims.show.figures.page import Page, words_of
from sims.show.figures.style import COLOURS, bare, styled

if TYPE_CHECKING:
    from sims.models.fluid.faults.timeline import Timeline

__all__ = ["flows_timeline_figure", "plot_timeline", "timeline_figure"]

_SIZE = (3.5, 2.4)  # inches
_TIMES = ((1e-6, "ns", 1e9), (1e-3, "µs", 1e6), (1.0, "ms", 1e3), (300.0, "s", 1.0), (1e4, "min", 1 / 60))
_RATES = ((1e15, "PB/s"), (1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s"))
_NAMED = 6  # faults with a number each
_FAULT = COLOURS[1]


def plot_timeline(ax: Axes, record: Timeline) -> None:
    """Goodput as steps, and above them a bar for every fault from when it struck to when it was repaired.

    Few faults have a number and a dotted line each.
    """
    edges, rates = record.steps()
    unit, per_second = next(((u, f) for most, u, f in _TIMES if record.end < most), ("h", 1 / 3600))
    peak = float(rates.max(initial=0.0))
    scale, rate_unit = next((step for step in _RATES if peak >= step[0]), _RATES[-1])
    ax.stairs(rates / scale, edges * per_second, color=COLOURS[0], linewidth=1.1, fill=False)
    ax.stairs(rates / scale, edges * per_second, color=COLOURS[0], alpha=0.18, fill=True)
    ax.set_xlim(0, record.end * per_second)
    ax.set_ylim(0, peak / scale * 1.05 if peak else 1)
    marks = [mark for mark in record.marks if mark[0] <= record.end]
    lanes = _lanes(marks, 0.02 * record.end)
    above = ax.get_xaxis_transform()
    for number, ((at, until, _), lane) in enumerate(zip(marks, lanes), 1):
        height = 1.03 + 0.06 * (lane if len(marks) <= _NAMED else 0)
        span = [at * per_second, min(until, record.end) * per_second]
        width = 2.4 if len(marks) <= _NAMED else 0.8
        ax.plot(span, [height] * 2, color=_FAULT, linewidth=width, solid_capstyle="butt", transform=above,
                clip_on=False)  # fmt: skip
        marker = "v" if len(marks) <= _NAMED else "|"
        ax.plot(
            span[:1], [height], color=_FAULT, marker=marker, markersize=4.2, transform=above, clip_on=False
        )
        if len(marks) <= _NAMED:
            ax.axvline(span[0], color=_FAULT, linewidth=0.8, linestyle=(0, (1, 1.5)))
            ax.annotate(str(number), (span[0], height), xycoords=above, xytext=(-4.5, 0), fontsize=7,
                        textcoords="offset points", ha="right", va="center", color=_FAULT)  # fmt: skip
    ax.set_xlabel(f"time ({unit})")
    ax.set_ylabel(f"goodput of all transfers ({rate_unit})")
    bare(ax)


def timeline_figure(record: Timeline, row: Row) -> Figure:
    """The timeline of the run of ``row``."""
    above, below = words_of([row])
    return _figure(record, above, [_note(record), *below])


def flows_timeline_figure(record: Timeline, title: str) -> Figure:
    """The timeline of a run of plain flows."""
    claim = "Simulated with fabricsim: exact for the stated model, not a measurement."
    return _figure(record, title.split(", "), [_note(record), claim])


def _figure(record: Timeline, above: Sequence[str], below: Sequence[str]) -> Figure:
    with styled():
        figure = Figure(figsize=_SIZE, layout="constrained")
        plot_timeline(figure.subplots(), record)
        Page(figure=figure, grow=True).frame((above, below), None, [])
    return figure


def _note(record: Timeline) -> str:
    """What the marks mean, in words."""
    marks = [mark for mark in record.marks if mark[0] <= record.end]
    if not marks:
        return "No fault struck."
    if len(marks) > _NAMED:
        faults = counted(len(marks), "fault")
        return f"Above: {faults}, a tick where each struck and a line until it was repaired."
    said = []
    for number, (at, until, what) in enumerate(marks, 1):
        lasted = f"for {format_time(until - at)}" if np.isfinite(until) else "for good"
        said.append(f"{number} {what} {lasted}")
    return f"Faults: {'; '.join(said)}."


def _lanes(marks: Sequence[tuple[float, float, str]], apart: float) -> list[int]:
    """For each mark the lowest lane in which no earlier one still lasts."""
    free: list[float] = []
    lanes = []
    for at, until, _ in marks:
        lane = next((i for i, end in enumerate(free) if end + apart < at), len(free))
        free[lane : lane + 1] = [until]
        lanes.append(lane)
    return lanes
