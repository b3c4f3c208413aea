"""What would make a training step shorter: each remedy is simulated. Prints nothing.

Remedies that leave paths as they are keep them; others route anew. What they save does not add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fabric.damage.fault import NONE
from fabric.measures.places import slug
from sims.jobs.train.job import TrainJob
from sims.jobs.train.steps import StepRun
from sims.scenario.train_row import TrainRow
from sims.studies.explain.explainer import (
    BALANCED,
    NO_FAULTS,
    NO_LATENCY,
    PACKED,
    Explanation,
    Remedy,
    differing,
    doublings,
    options,
    remedy,
    silent,
)
from sims.studies.explain.trials import Trial, tried
from sims.workload.job.step import step_tasks
from sims.workload.job.tasks import COMPUTE, Task

__all__ = ["explain_train"]


def explain_train(job: TrainJob, row: TrainRow) -> Explanation:
    """What each doubled kind of link, better routing, placement and the like would save of the step."""
    left_out: list[str] = []
    silence: Trial = NO_LATENCY, partial(_silent, job, row)
    trials = [*_twice(job, row, left_out), *_settings(job, row, left_out), silence, *_free(job, row)]
    remedies = tried(trials, left_out)
    return Explanation(
        time_s=row.time_s,
        latency_share=0.0,
        phases=1,
        hotspots=(),
        remedies=remedies,
        left_out=tuple(left_out),
    )


def _twice(job: TrainJob, row: TrainRow, left_out: list[str]) -> Iterator[Trial]:
    """Every kind of link twice as fast, scale-up links among them; and computing."""
    fabric = next((one.fabric for one in job.run.programs.values()), job.degraded)
    load = job.run.loads() if job.run.programs else np.zeros(fabric.n_links)
    if job.training and job.crew.inside:  # what is simulated once loads the links of servers too
        for program in job.crew.kept():
            for stage in program.stages:
                load = load + stage.paths.load(stage.share, fabric.n_links)
    for kind, capacity in doublings(fabric, load, left_out):
        factor = np.divide(capacity, fabric.capacity, out=np.ones(len(capacity)), where=fabric.capacity > 0)
        yield f"2x {kind}", partial(_faster, job, row, kind, factor)
    if job.training:
        yield "2x computing", partial(_computing, job, row)


def _faster(job: TrainJob, row: TrainRow, kind: str, factor: NDArray[np.float64]) -> Remedy:
    run = job.run.with_capacity(factor, _tasks(job, factor))
    return remedy(f"2x {kind}", f"--upgrade {slug(kind)}", row.time_s, run.record.time)


def _computing(job: TrainJob, row: TrainRow) -> Remedy:
    faster = replace(job.crew.job, speed=2 * job.crew.job.speed)
    run = StepRun(step_tasks(faster, job.crew.once), job.run.programs)
    return remedy("2x computing", "GPUs of twice the speed", row.time_s, run.record.time)


def _tasks(job: TrainJob, factor: NDArray[np.float64]) -> list[Task] | None:
    """Those of the step over faster links, where some of it is simulated once inside servers."""
    if not job.training or not job.crew.inside:
        return None
    return step_tasks(job.crew.job, job.crew.over(factor).once)


def _settings(job: TrainJob, row: TrainRow, left_out: list[str]) -> Iterator[Trial]:
    """One setting replaced at a time."""
    said = row.scenario.settings
    changes: list[tuple[str, dict[str, str]]] = [
        (BALANCED, {"routing": "adaptive"}),
        (PACKED, {"placement": "packed"}),
        (NO_FAULTS, {"fail": NONE, "degrade": NONE}),
    ]
    if job.training and job.training.replicated and job.training.sharding in ("plain", "zero1"):
        changes.append(("all overlapped", {"overlap": "all"}))
    for name, settings in changes:
        if new := differing(name, settings, said, left_out):
            yield name, partial(_changed, job, row, name, new)


def _changed(job: TrainJob, row: TrainRow, name: str, new: dict[str, str]) -> Remedy:
    how = "--overlap all" if "overlap" in new else options(new)
    return remedy(name, how, row.time_s, job.changed(**new).run.record.time)


def _silent(job: TrainJob, row: TrainRow) -> Remedy:
    quiet = silent(job.profile)
    tasks = job.run.tasks
    if job.training:
        tasks = step_tasks(job.crew.job, job.crew.with_profile(quiet).once)
    how = f"--latency-profile {quiet.spec}"
    return remedy(NO_LATENCY, how, row.time_s, job.run.with_latency(quiet, tasks).record.time)


def _free(job: TrainJob, row: TrainRow) -> Iterator[Trial]:
    """Each kind of communication that takes no time: a bound for whatever would make it faster."""
    for kind in job.run.kinds:
        if kind != COMPUTE:
            yield f"{kind} in no time", partial(_without, job, row, kind)


def _without(job: TrainJob, row: TrainRow, kind: str) -> Remedy:
    return remedy(f"{kind} in no time", "a bound", row.time_s, job.run.without([kind]))
