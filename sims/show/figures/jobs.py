"""Several jobs over time: a line each, what it computes and what it waits for; background below.

Draws sims.models.step.several.Course; runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sims.models.step.clock import Record
from sims.models.step.several import Course
from sims.scenario.run_row import RunRow
from sims.show.figures.page import Page
from sims.show.figures.style import COLOURS, GREY, HATCHES, bare, styled
from sims.workload.job.tasks import COMPUTE

__all__ = ["jobs_figure", "plot_jobs"]

_UNITS = ((1e-6, "ns", 1e9), (1e-3, "µs", 1e6), (1.0, "ms", 1e3), (600.0, "s", 1.0))
_HIGH = 0.36  # of half a bar


def jobs_figure(course: Course, row: RunRow, disclaimer: str = "") -> Figure:
    """The jobs of ``row`` as they ran in ``course``."""
    lines = len(course.records) + len(course.bursts)
    with styled():
        figure = Figure(figsize=(3.5, 1.1 + 0.32 * lines), layout="constrained")
        ax = figure.subplots()
        plot_jobs(ax, course, row)
        said = row.scenario.settings
        foot = [
            "Behind each job: how many times as long its iterations take as alone.",
            f"Routing {said['routing']}, latency profile {said['latency_profile']}.",
            f"Simulated with fabricsim {row.version}: exact for the stated model, not a measurement.",
            f"{disclaimer[:1].upper()}{disclaimer[1:].rstrip('.')}." if disclaimer else "",
        ]
        entries: list[tuple[Any, str]] = [
            (Patch(facecolor=COLOURS[0]), "computing"),
            (
                Patch(facecolor=COLOURS[4], hatch=HATCHES[1], edgecolor="white", linewidth=0),
                "waiting for the network",
            ),
        ]
        if course.bursts:
            entries.append((Patch(facecolor=GREY), "background"))
        head = [said["topology"], "several jobs"]
        Page(figure=figure, grow=True, inside=False).frame((head, [t for t in foot if t]), None, entries)
    return figure


def plot_jobs(ax: Axes, course: Course, row: RunRow) -> None:
    """A line for each job, its iterations one after another, and one for each background."""
    unit, scale = next(((u, f) for most, u, f in _UNITS if row.makespan_s < most), ("h", 1 / 3600))
    names = [*course.records, *course.bursts]

    def at(seconds: float) -> float:
        return (course.since + seconds) * scale

    for place, (name, records) in enumerate(course.records.items()):
        whole = [(at(record.start), record.time * scale) for record in records]
        ax.broken_barh(
            whole,
            (place - _HIGH, 2 * _HIGH),
            facecolors=COLOURS[4],
            hatch=HATCHES[1],
            edgecolor="white",
            linewidth=0,
        )
        computing = [(at(begin), length * scale) for r in records for begin, length in _computing(r)]
        ax.broken_barh(computing, (place - _HIGH, 2 * _HIGH), facecolors=COLOURS[0], linewidth=0)
        for record in records[1:]:
            ax.plot([at(record.start)] * 2, [place - _HIGH, place + _HIGH], color="white", linewidth=0.6)
        told = f" {row.jobs[name]['slowdown']:.2f}"
        end = at(float(records[-1].end.max()))
        ax.annotate(told, (end, place), va="center", ha="left", fontsize=7, color=GREY)
    for place, times in enumerate(course.bursts.values(), len(course.records)):
        bars = [(at(begin), (end - begin) * scale) for begin, end in times]
        ax.broken_barh(bars, (place - _HIGH / 2, _HIGH), facecolors=GREY, linewidth=0)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, row.makespan_s * scale * 1.09)
    ax.set_xlabel(f"time ({unit})")
    bare(ax, "x")


def _computing(record: Record) -> Sequence[tuple[float, float]]:
    """(begin, length) of each part of an iteration in which ranks compute, in s."""
    found = []
    for task, begin, ends in zip(record.tasks, record.begin.tolist(), record.parts):
        for part, end in zip(task.parts, ends):
            if part.kind == COMPUTE and end > begin:
                found.append((begin, end - begin))
            begin = end
    return found
