"""The best of several jobs, run again from its row. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fabric.words.errors import FabricsimError
from sims.jobs.goodput.job import GoodputJob, Sized
from sims.jobs.goodput.sizes import SIZES
from sims.scenario.job_row import JobRow
from sims.simulation import fabric_of, kind_job_of

__all__ = ["Answer", "Best", "answer_of", "best_of"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The number of a kind of row that counts: its ``column``, its name, and whether more is better."""

    column: str
    words: str
    more: bool


_ANSWERS: Mapping[str, Answer] = {
    "goodput": Answer(column="share", words="useful time (%)", more=True),
    "train": Answer(column="time_s", words="time of a step (s)", more=False),
    "run": Answer(column="makespan_s", words="end of the last job (s)", more=False),
}
_RATE = Answer(column="tokens_per_s", words="tokens a second", more=True)


def answer_of(rows: Sequence[JobRow]) -> Answer:
    """What counts of rows of one kind: of steps with unequally many tokens their rate, and not their time."""
    said = [row.scenario.settings for row in rows]
    tokens = {(one.get("batch"), one.get("sequence"), bool(one.get("steps"))) for one in said}
    return _RATE if len(tokens) > 1 else _ANSWERS[rows[0].scenario.kind]


@dataclass(frozen=True, kw_only=True, eq=False)
class Best:
    """``job``, which has run, and its ``row``; of goodput at ``sizes`` too."""

    job: Any
    row: JobRow
    sizes: tuple[Sized, ...] = ()


def best_of(rows: Sequence[JobRow]) -> Best:
    """The row of one kind that comes out best, run again.

    Raises:
        FabricsimError: it cannot run again, as a file changed or is gone, or has another result now.
    """
    answer = answer_of(rows)
    row = (max if answer.more else min)(rows, key=lambda one: getattr(one, answer.column))
    job = kind_job_of(row.scenario, fabric_of(row.scenario))
    if job.row() != row:
        raise FabricsimError(f"version {row.version} had another result than this one")
    sizes = tuple(job.sizes(SIZES)) if isinstance(job, GoodputJob) else ()
    return Best(job=job, row=row, sizes=sizes)
