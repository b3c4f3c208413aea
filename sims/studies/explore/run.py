"""Explore: run a grid, and find where its traffic goes; what a page one can play with is made of. Draws
nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fabric.words.card import Card
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.job_row import JobRow
from sims.scenario.row import Failure, Row
from sims.studies.explore.grid import Grid, pictured
from sims.studies.explore.use import Picture, pictures_of
from sims.studies.sweep.run import run_sweep
from sims.studies.sweep.spec import sweep_text

__all__ = ["Explored", "explore", "folder_beside"]

Result = Row | JobRow | Failure
Watch = Callable[[Iterator[Result], int], Iterator[Result]]


@dataclass(frozen=True, kw_only=True, repr=False)
class Explored(Card):
    """What a page shows: the ``results`` of the grid, the ``pictures`` of its fabrics, the ``sweep`` as a
    file that ``fabricsim sweep`` reads, and the settings that have ``fewer`` values than on a smaller
    fabric.
    """

    results: tuple[Row | Failure, ...]
    pictures: tuple[Picture, ...]
    sweep: str
    fewer: tuple[str, ...] = ()

    def card(self) -> tuple[str, dict[str, str]]:
        return f"Explored {counted(len(self.results), 'point')}", {
            "fabrics": str(len(self.pictures)),
            "failed": str(sum(isinstance(one, Failure) for one in self.results)),
        }


def explore(
    grid: Grid,
    rows: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    say: Callable[[str], None] | None = None,
    watch: Watch | None = None,
    step: Callable[[str], None] | None = None,
) -> Explored:
    """Run what is missing of ``grid`` in the folder ``rows``, and find the use of every link that a picture
    shows.

    ``jobs``, ``say``, ``watch``: as of run_sweep; ``step``: told what is done now.

    Raises:
        FabricsimError: as run_sweep; what was finished stays in the folder, and the same call goes on.
    """
    tell = step or (lambda text: None)
    tell(f"running {counted(len(grid.plan.points), 'point')}")
    done = 0

    def counting(results: Iterator[Result], total: int) -> Iterator[Result]:
        nonlocal done
        done = len(grid.plan.points) - total
        for result in watch(results, total) if watch else results:
            done += isinstance(result, Row)
            yield result

    try:
        outcome = run_sweep(grid.spec, rows, jobs=jobs, planned=grid.plan, say=say, watch=counting)
    except KeyboardInterrupt:
        if say:
            points = counted(len(grid.plan.points), "point")
            say(f"{rows}: {done:,} of {points} are kept; the same command goes on")
        raise
    good: Sequence[Row] = [one for one in outcome.results if isinstance(one, Row)]
    wanted = pictured([row.scenario for row in good])
    pictures = pictures_of(wanted, tell)
    return Explored(
        results=tuple(one for one in outcome.results if isinstance(one, Row | Failure)),
        pictures=tuple(pictures),
        sweep=sweep_text(grid.spec),
        fewer=grid.fewer,
    )


def folder_beside(page: str | os.PathLike[str] | None) -> Path:
    """The folder of the rows of a page, beside it.

    Raises:
        ParameterError: the page is no file.

    >>> folder_beside("out/page.html").as_posix()
    'out/page-rows'
    """
    if page is None or str(page) == "-":
        raise ParameterError("--rows", None, "a folder for the rows, as the page is no file: --rows FOLDER")
    return Path(page).with_name(f"{Path(page).stem}-rows")
