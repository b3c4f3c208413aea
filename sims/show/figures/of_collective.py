"""The figures of a run of a collective, as files by path. Runs nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sims.scenario.row import Row
from sims.show.figures.kinds.allreduce import allreduce_figure
from sims.show.figures.panels import figure_of
from sims.show.figures.style import figure_file
from sims.show.figures.timeline import timeline_figure

if TYPE_CHECKING:
    from sims.models.fluid.faults.timeline import Timeline

__all__ = ["collective_figures"]


def collective_figures(
    rows: Sequence[Row],
    disclaimer: str,
    record: Timeline | None,
    plot: Path | None,
    explain_plot: Path | None,
    timeline: Path | None,
) -> dict[Path, bytes]:
    """What is to be in each file that has a path: times and bandwidth (of groups, the time of each), what
    would be gained, and the run that ``record`` holds.
    """
    files = {}
    if plot:
        many = all(row.group_times for row in rows)
        figure = figure_of(rows, figure="groups") if many else allreduce_figure(rows, disclaimer)
        files[plot] = figure_file(figure, plot, rows)
    if explain_plot:
        facet = "algorithm" if len({row.scenario.algorithm for row in rows}) > 1 else None
        files[explain_plot] = figure_file(figure_of(rows, figure="gains", facet=facet), explain_plot, rows)
    if timeline and record:
        files[timeline] = figure_file(timeline_figure(record, rows[0]), timeline, rows)
    return files
