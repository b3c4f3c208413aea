"""What would make the iterations of several jobs shorter: each remedy is simulated. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fabric.damage.fault import NONE
from fabric.machine.under_way import watched
from fabric.measures.places import cable_kinds
from fabric.words.errors import FabricsimError
from sims.jobs.together.job import RunJob, mean_s
from sims.models.step.several import Course
from sims.studies.explain.explainer import BALANCED, NO_FAULTS, PACKED, with_doubled

__all__ = ["explain_run"]


def explain_run(job: RunJob) -> Iterator[tuple[str, dict[str, float]]]:
    """(remedy, the mean iteration of each job with it in s), all jobs at once, one remedy after another.

    Remedies that cannot be done on the fabric are left out.
    """
    trials = [(name, partial(_changed, job, changes)) for name, changes in _remedies(job)]
    trials += [(f"without {noise.name}", partial(_without, job, noise.name)) for noise in job.bursts]
    for name, run in watched(trials, len(trials)):
        try:
            course = run()
        except FabricsimError:
            continue
        yield name, {one: mean_s(records) for one, records in course.records.items()}


def _changed(job: RunJob, changes: dict[str, str]) -> Course:
    return job.changed(**changes).course()


def _without(job: RunJob, name: str) -> Course:
    parties = [one.name for one in job.parties]
    return job.course(parties + [one.name for one in job.bursts if one.name != name])


def _remedies(job: RunJob) -> Iterator[tuple[str, dict[str, str]]]:
    said = job.scenario.settings
    for kind in cable_kinds(job.degraded)[0]:
        yield f"2x {kind}", {"upgrade": with_doubled(said["upgrade"], kind)}
    if said["routing"].partition(":")[0] not in ("adaptive", "spray"):
        yield f"{BALANCED} (routing adaptive)", {"routing": "adaptive"}
    if said["placement"] != "packed" and any(not one.placement for one in job.together.jobs):
        yield PACKED, {"placement": "packed"}
    if {said["fail"], said["degrade"]} != {NONE}:
        yield NO_FAULTS, {"fail": NONE, "degrade": NONE}
