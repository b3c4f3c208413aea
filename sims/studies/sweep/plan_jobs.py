"""The points of a sweep of jobs that are no single collective, all checked before the first one runs.

Each distinct topology is built once; a point is the scenario of the job that would run it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from fabric.words.counted import counted
from fabric.words.errors import FabricsimError
from sims.scenario.job_scenario import JobScenario
from sims.settings.suited import suited
from sims.settings.table import spelled
from sims.settings.texts import assign, defaults_of
from sims.simulation import kind_job
from sims.studies.sweep.axis import Assignments
from sims.studies.sweep.cost import Extent, worker_bytes
from sims.studies.sweep.job_value import job_value
from sims.studies.sweep.planned import Plan
from sims.studies.sweep.point_mistakes import PointMistakes
from sims.studies.sweep.spec import SweepError, SweepSpec

__all__ = ["plan_jobs"]

_SECONDS = 10.0  # of a job on a fabric of 100,000 endpoints, by and large; in proportion


@dataclass
class _Point:
    number: int
    label: Assignments
    texts: dict[str, str]
    found: JobScenario | None = None

    def __str__(self) -> str:
        said = ", ".join(f"{key}={text}" for key, text in self.label)
        return f"point {self.number}" + (f" ({said})" if said else "")


def plan_jobs(spec: SweepSpec, progress: Callable[[str], None] | None = None) -> Plan:
    """All points of ``spec``, ready to run. Arguments and errors as of sims.studies.sweep.plan.plan_sweep."""
    from topologies.named import named

    mistakes, points, excluded = PointMistakes(spec), [], 0
    for number, label in enumerate(spec.combinations(), 1):
        point = _Point(number, label, defaults_of(spec.kind))
        try:
            given = sorted((*spec.base, *label), key=lambda pair: "." in pair[0])
            for key, text in given:
                point.texts = assign(point.texts, key, text, spec.kind)
            point.texts = suited(point.texts, {key.partition(".")[0] for key, _ in given})
            point.texts = {name: spelled(name, text, spec.kind) for name, text in point.texts.items()}
            holds = all(c.holds(lambda name: job_value(point.texts, name, spec.kind)) for c in spec.where)  # noqa: B023
            points += [point] if holds else []
            excluded += not holds
        except FabricsimError as error:
            mistakes.met(error, point)
    extents: dict[str, Extent] = {}
    points.sort(key=lambda point: point.texts["topology"])
    for text, group in groupby(points, key=lambda point: point.texts["topology"]):
        same = list(group)
        if progress is not None:
            progress(text)
        try:
            topology = named(text)
            parting = any(point.texts.get("allow_partition") == "true" for point in same)
            fabric = topology.fabric(allow_partition=parting)
        except FabricsimError as error:
            mistakes.met(error, same[0], len(same))
            continue
        extents[text] = Extent.of(fabric)
        for point in same:
            try:
                rest = {name: said for name, said in point.texts.items() if name != "topology"}
                point.found = kind_job(spec.kind, fabric, text, topology.digest, **rest).scenario
            except FabricsimError as error:
                mistakes.met(error, point)
        del fabric
    if mistakes:
        raise SweepError(spec.source, mistakes)
    points.sort(key=lambda point: point.number)
    once = {point.found.key: point for point in reversed(points) if point.found is not None}
    kept = [point for point in points if point.found is not None and once[point.found.key] is point]
    if not kept:
        raise SweepError(spec.source, [f"where leaves none of {counted(spec.points, 'point')}"])
    ends = {point.texts["topology"]: extents[point.texts["topology"]].endpoints for point in kept}
    return Plan(
        points=tuple(point.found for point in kept if point.found is not None),
        labels=tuple(point.label for point in kept),
        endpoints=ends,
        excluded=excluded,
        collapsed=len(points) - len(kept),
        seconds=sum(1 + _SECONDS * ends[point.texts["topology"]] / 1e5 for point in kept),
        worker_bytes=max(worker_bytes(extents[text]) for text in ends),
    )
