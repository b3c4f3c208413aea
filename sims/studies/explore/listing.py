"""Listing: the lines that tell what a page will be made of and about how long that takes. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.words.counted import counted
from sims.studies.explore.grid import Grid
from sims.studies.sweep.listing import duration
from sims.studies.sweep.run import workers_for

__all__ = ["listing"]

_SHOWN = 8  # values of an axis


def listing(grid: Grid, jobs: int | None = None) -> Iterator[str]:
    """The values of every axis, then how many runs these are and how long they take on ``jobs`` processes."""
    for axis in grid.spec.axes:
        said = [", ".join(dict.fromkeys(text for _, text in choice)) for choice in axis.choices]
        more = [f"and {len(said) - _SHOWN:,} more"] if len(said) > _SHOWN else []
        yield f"{' and '.join(axis.keys)}: {'; '.join([*said[:_SHOWN], *more])}"
    workers, note = workers_for(grid.plan, len(grid.plan.points), jobs)
    again = grid.plan.seconds / workers + grid.seconds - grid.plan.seconds  # links are counted by one process
    collapsed = f" ({grid.plan.collapsed:,} equal to another)" if grid.plan.collapsed else ""
    runs = f"{counted(len(grid.plan.points), 'run')}{collapsed}"
    yield f"{runs}, about {duration(again)} on {counted(workers, 'worker')}"
    if note:
        yield note
