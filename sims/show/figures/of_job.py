"""The figure of one job, as its command draws it: a step over time, jobs over time, weeks over sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from sims.jobs.goodput.job import GoodputJob, Sized
from sims.jobs.together.job import RunJob
from sims.jobs.train.job import TrainJob
from sims.show.figures.gantt import gantt_figure
from sims.show.figures.goodput import goodput_figure
from sims.show.figures.jobs import jobs_figure

__all__ = ["figure_of_job"]


def figure_of_job(
    job: TrainJob | RunJob | GoodputJob, row: Any, progress: object = None, sizes: Sequence[Sized] = ()
) -> Figure:
    """What ``job`` did, whose row is ``row``; of goodput at ``sizes``."""
    said = job.fabric.disclaimer
    if isinstance(job, TrainJob):
        return gantt_figure(row, job.run.record, job.run.usage(), [said] * bool(said))
    if isinstance(job, RunJob):
        return jobs_figure(job.all, row, said)
    return goodput_figure(sizes, row, said)
