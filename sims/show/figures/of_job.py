"""The figure of one job, as its command draws it: a step over time, jobs over time, weeks over sizes.

Draws what the job has run, or runs it for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from matplotlib.figure import Figure

from sims.jobs.goodput.job import GoodputJob
from sims.jobs.goodput.sizes import SIZES
from sims.jobs.together.job import RunJob
from sims.jobs.train.job import TrainJob
from sims.show.figures.gantt import gantt_figure
from sims.show.figures.goodput import goodput_figure
from sims.show.figures.jobs import jobs_figure

__all__ = ["figure_of_job"]

T = TypeVar("T")


class Watch(Protocol):
    """What counts the sizes of a job as they are found."""

    def each(self, items: Iterable[T], total: int) -> Iterator[T]: ...


def figure_of_job(
    job: TrainJob | RunJob | GoodputJob, row: Any, watch: Watch | None = None, sizes: Sequence[int] = SIZES
) -> Figure:
    """What ``job`` did, whose row is ``row``; of goodput over ``sizes``, numbers of GPUs."""
    said = job.fabric.disclaimer
    if isinstance(job, TrainJob):
        return gantt_figure(row, job.run.record, job.run.usage(), [said] * bool(said))
    if isinstance(job, RunJob):
        return jobs_figure(job.all, row, said)
    found = job.sizes(sizes)
    return goodput_figure(list(watch.each(found, len(sizes)) if watch else found), row, said)
