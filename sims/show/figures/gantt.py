"""A step over time: what every stage computes and sends, and how busy the links are. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sims.models.step.clock import Record
from sims.scenario.train_row import TrainRow
from sims.show.figures.page import Page
from sims.show.figures.style import COLOURS, GREY, bare, styled
from sims.workload.job.tasks import COMPUTE

__all__ = ["gantt_figure", "plot_gantt", "plot_link_use"]

_WIDTH, _ROW, _LINKS, _FRAME = 7.2, 0.17, 1.1, 1.2  # inches: of a lane, of the lower axes, of all round them
_MOST_ROWS = 64
_MANY = 600  # bars of one kind, from which edges would pale them
_FORWARD, _BACKWARD = "forward", "backward"
_FIXED = {_FORWARD: COLOURS[5], _BACKWARD: COLOURS[0], COMPUTE: COLOURS[5], "optimizer": COLOURS[6]}
_OTHERS = (COLOURS[1], COLOURS[2], COLOURS[3], COLOURS[4], "#8c564b", "#7f7f7f", "#bcbd22")
_STEPS = 400  # points of time at which use of links is drawn
Use = Mapping[str, Mapping[str, float]]


def _lanes(record: Record) -> list[str]:
    """The lanes that compute, at most so many of them, evenly chosen: the first and the last among them."""
    lanes = list(dict.fromkeys(task.lane for task in record.tasks if task.computes))
    if len(lanes) <= _MOST_ROWS:
        return lanes
    return [lanes[i] for i in np.unique(np.linspace(0, len(lanes) - 1, _MOST_ROWS).astype(int))]


def _colours(record: Record) -> dict[str, str]:
    """The colour of each kind of part; of computing, one for forward and one for backward."""
    kinds = dict.fromkeys(part.kind for task in record.tasks for part in task.parts)
    others = [kind for kind in kinds if kind not in _FIXED]
    return {**_FIXED, **{kind: _OTHERS[i % len(_OTHERS)] for i, kind in enumerate(others)}}


def plot_gantt(ax: Axes, record: Record) -> list[tuple[Patch, str]]:
    """A row for each lane that computes, and in its lower third what is sent on its behalf. The legend's
    entries: what is drawn of each colour.
    """
    lanes, colours = _lanes(record), _colours(record)
    row = {lane: i for i, lane in enumerate(lanes)}
    bars: dict[str, list[tuple[float, float, float, float]]] = {}
    for number, task in enumerate(record.tasks):
        own = task.lane in row
        place = row.get(task.lane, row.get(_owner(task.lane)))
        if place is None:
            continue
        now = float(record.begin[number])
        for part, end in zip(task.parts, record.parts[number]):
            kind = part.kind
            if kind == COMPUTE and task.name[:1] in "FB" and task.name[1:2].isdigit():
                kind = _FORWARD if task.name.startswith("F") else _BACKWARD
            if end > now:
                top, height = (place - 0.42, 0.52) if own else (place + 0.14, 0.28)
                bars.setdefault(kind, []).append((now, end, top, height))
            now = end
    for kind, found in bars.items():
        boxes = [[(a, top), (b, top), (b, top + high), (a, top + high)] for a, b, top, high in found]
        ax.add_collection(
            PolyCollection(
                boxes,
                facecolors=colours[kind],
                edgecolors="white",
                linewidths=0.15 if len(found) < _MANY else 0.0,
            )
        )
    ax.set_xlim(record.start, record.start + record.time)
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    ax.set_yticks(range(len(lanes)), [lane.removeprefix("stage ") for lane in lanes])
    ax.set_ylabel("stage" if lanes and lanes[0].startswith("stage") else "")
    bare(ax, "x")
    return [(Patch(color=colours[kind]), kind) for kind in bars]


def _owner(lane: str) -> str:
    """The lane that computes on whose behalf another one sends: ``3>4`` and ``stage 3 dp`` are of stage 3."""
    source, sends, _ = lane.partition(">")
    return f"stage {source}" if sends else lane.rpartition(" ")[0]


def plot_link_use(ax: Axes, record: Record, usage: Mapping[str, Use]) -> list[str]:
    """The share of each kind of cable that is used over time; names those that are drawn.

    ``usage``: of each call and kind of link, ``mean``: the seconds that a byte takes on a link, in the mean.
    """
    edges = record.start + np.linspace(0.0, record.time, _STEPS + 1)
    total: dict[str, NDArray[np.float64]] = {}
    for number, task in enumerate(record.tasks):
        now = float(record.begin[number])
        for part, end in zip(task.parts, record.parts[number]):
            if part.call and end > now:
                inside = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], now), 0.0, None)
                for kind, seconds in _both_ways(usage[part.call]).items():
                    share = seconds * part.size * part.times * inside / (end - now) / np.diff(edges)
                    total[kind] = total.get(kind, np.zeros(_STEPS)) + share
            now = end
    chosen = sorted(total, key=lambda kind: -float(total[kind].sum()))[: len(COLOURS)]
    for kind, colour in zip(chosen, COLOURS):
        ax.stairs(100 * total[kind], edges, color=colour, linewidth=0.9, label=kind)
    ax.set_xlim(record.start, record.start + record.time)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("links in use (%)")
    ax.set_xlabel("time (s)")
    if chosen:
        ax.legend(loc="upper left", ncols=3, frameon=False, fontsize=6.5)
        ax.set_ylim(top=1.45 * max(100 * float(total[kind].max()) for kind in chosen) or 1.0)
    bare(ax)
    return chosen


def _both_ways(usage: Use) -> dict[str, float]:
    """Of each kind of cable the busier way: seconds that a byte takes, in the mean."""
    found: dict[str, float] = {}
    for kind, one in usage.items():
        low, _, high = kind.partition(" -> ")
        name = f"{high} - {low}" if f"{high} - {low}" in found else f"{low} - {high}"
        found[name] = max(found.get(name, 0.0), one["mean"])
    return {kind: seconds for kind, seconds in found.items() if seconds}


def gantt_figure(
    row: TrainRow, record: Record, usage: Mapping[str, Use], notes: Sequence[str] = ()
) -> Figure:
    """The step of ``row``: stages above, links below."""
    said, lanes = row.scenario.settings, _lanes(record)
    what = "a step by hand" if said["steps"] else said["model"]
    above = [said["topology"], f"{what} on {row.gpus:,} GPUs", said["groups"].removeprefix("mesh:")]
    below = [
        "Above what is computed, below it what is sent; links: of each kind the mean, its busier way.",
        *(f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes),
        f"Simulated with fabricsim {row.version}: exact for the stated model, not a measurement.",
    ]
    every = len({task.lane for task in record.tasks if task.computes})
    if every > len(lanes):
        below.insert(1, f"{len(lanes):,} of {every:,} stages are drawn.")
    with styled():
        height = max(1.0, _ROW * len(lanes)) + _LINKS + _FRAME
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        ratios = [max(1.0, _ROW * len(lanes)), _LINKS]
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
        legend = plot_gantt(upper, record)
        if not plot_link_use(lower, record, usage):
            lower.text(
                0.5, 0.5, "nothing uses the network", transform=lower.transAxes, ha="center", color=GREY
            )
        upper.tick_params(labelbottom=False)
        Page(figure=figure, grow=True, inside=False).frame((above, below), None, legend)
    return figure
