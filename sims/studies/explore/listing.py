"""Listing: the lines that tell what a page will be made of and about how long that takes. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.words.counted import counted
from fabric.words.units import format_size
from sims.settings.table import spelled
from sims.studies.explore.grid import Grid
from sims.studies.sweep.listing import duration
from sims.studies.sweep.run import workers_for

__all__ = ["listing"]

_SHOWN = 8  # values of an axis
_PAGE = 4.0  # seconds: of the page alone, of which its library takes most


def listing(grid: Grid, jobs: int | None = None) -> Iterator[str]:
    """The values of every axis, then how many runs these are and how long they take on ``jobs`` processes."""
    for axis in grid.spec.axes:
        said = [", ".join(dict.fromkeys(map(_said, choice))) for choice in axis.choices]
        more = [f"and {len(said) - _SHOWN:,} more"] if len(said) > _SHOWN else []
        yield f"{' and '.join(axis.keys)}: {'; '.join([*said[:_SHOWN], *more])}"
    workers, note = workers_for(grid.plan, len(grid.plan.points), jobs)
    # The use of links is found by one process, which then writes the page.
    again = grid.plan.seconds / workers + grid.seconds - grid.plan.seconds + _PAGE
    collapsed = f" ({grid.plan.collapsed:,} equal to another)" if grid.plan.collapsed else ""
    runs = f"{counted(len(grid.plan.points), 'run')}{collapsed}"
    yield f"{runs}, about {duration(again)} on {counted(workers, 'worker')}"
    if note:
        yield note


def _said(pair: tuple[str, str]) -> str:
    key, text = pair
    return format_size(int(spelled("size", text))) if key == "size" else text
