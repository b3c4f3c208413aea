"""Plan: the points of a sweep as scenarios, all checked before the first one runs. Routes nothing.

Each distinct topology is built and compiled once, one at a time; everything but routes is found out then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from fabric.words.counted import counted
from fabric.words.errors import FabricsimError, ParameterError
from sims.scenario.scenario import JOB_SETTINGS, Scenario
from sims.settings.suited import suited
from sims.settings.table import spelled
from sims.settings.texts import COLLECTIVE, DEFAULTS, assign, parts_of, taken_apart
from sims.studies.sweep.axis import Assignments
from sims.studies.sweep.condition import Value, quantity
from sims.studies.sweep.cost import Extent, estimate, needs_groups, pipelined
from sims.studies.sweep.plan_jobs import plan_jobs
from sims.studies.sweep.planned import Plan
from sims.studies.sweep.point_mistakes import PointMistakes
from sims.studies.sweep.spec import SweepError, SweepSpec
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import canonical_algorithm, sliced, usual_algorithms
from sims.workload.placement import placement_draws

if TYPE_CHECKING:
    from fabric import Fabric
    from sims.jobs.collective import CollectiveJob
    from topologies.named import NamedTopology

__all__ = ["Plan", "plan_sweep"]


_MOST_TOPOLOGIES = 1000
_MOST_PARTS = 1_000_000_000  # nodes and edges of all topologies: 1.3 us each to build and compile


@dataclass
class _Point:
    """A point on its way: the texts of its fields, then its scenario; ``out``: where excludes it."""

    number: int
    label: Assignments
    texts: dict[str, str]
    found: Scenario | None = None
    out: bool = False

    def __str__(self) -> str:
        said = ", ".join(f"{key}={text}" for key, text in self.label)
        return f"point {self.number}" + (f" ({said})" if said else "")


def plan_sweep(spec: SweepSpec, progress: Callable[[str], None] | None = None) -> Plan:
    """All points of ``spec``, ready to run; ``progress`` is told each topology before it is built.

    A point equals ``CollectiveJob(...).scenario(algorithm, size)`` of its settings, key included.

    Raises:
        SweepError: every point that cannot run, equal reasons told once; or no point is left.
    """
    if spec.kind:
        return plan_jobs(spec, progress)
    mistakes = PointMistakes(spec)
    points = _expanded(spec, mistakes)
    _exclude(spec, points, None, mistakes)
    ready = []
    for point in points:
        if not point.out and _spelled(point, mistakes):
            ready.append(point)
    ready, topology_of = _that_fit(spec, ready, mistakes)
    extents: dict[str, Extent] = {}
    ready.sort(key=lambda point: point.texts["topology"])  # stable: each topology's points stay in order
    for topology, group in groupby(ready, key=lambda point: point.texts["topology"]):
        same = list(group)
        if progress is not None:
            progress(topology)
        try:
            parting = any(point.texts["allow_partition"] == "true" for point in same)
            digest = topology_of[topology].digest
            fabric = topology_of[topology].fabric(allow_partition=parting)
        except FabricsimError as error:
            mistakes.met(error, same[0], len(same))
            continue
        extents[topology] = Extent.of(fabric)
        _exclude(spec, same, fabric.n_endpoints, mistakes)
        _find([point for point in same if not point.out], fabric, digest, mistakes)
        del fabric  # before the next one comes: memory
    if mistakes:
        raise SweepError(spec.source, mistakes)
    found = [(point.found, point.label) for point in points if point.found is not None]
    if not found:
        raise SweepError(spec.source, [f"where leaves none of {counted(len(points), 'point')}"])
    once: dict[str, tuple[Scenario, Assignments]] = {}  # by key: a file counts by its contents
    for scenario, label in found:
        once.setdefault(scenario.key, (scenario, label))
    points_once, labels = zip(*once.values())
    used = dict.fromkeys(scenario.topology for scenario in points_once)
    seconds, memory = estimate(points_once, extents)
    return Plan(
        points=points_once,
        labels=labels,
        endpoints={topology: extents[topology].endpoints for topology in used},
        excluded=sum(point.out for point in points),
        collapsed=len(found) - len(once),
        seconds=seconds,
        worker_bytes=memory,
        extents=extents,
    )


def _that_fit(
    spec: SweepSpec, points: list[_Point], mistakes: PointMistakes
) -> tuple[list[_Point], dict[str, NamedTopology]]:
    """The points whose topology can be built here, found out by counting before the first one is built.

    With each topology by its text.
    """
    from topologies.named import named

    counts: dict[str, int] = {}
    fit: list[_Point] = []
    named_by: dict[str, NamedTopology] = {}
    refused: dict[str, FabricsimError] = {}
    for point in points:
        topology = point.texts["topology"]
        if topology not in counts and topology not in refused:
            try:
                named_by[topology] = named(topology)
                size = named_by[topology].size
                counts[topology] = size.nodes + size.edges if size else 0
            except FabricsimError as error:
                refused[topology] = error
        if topology in refused:
            mistakes.met(refused[topology], point)
        else:
            fit.append(point)
    total = sum(counts.values())
    if total > _MOST_PARTS:
        figure = f"{len(counts):,} topologies of {total:,} nodes and cables in all"
        rule = f"at most {_MOST_PARTS:,}, as each is built before the first point runs: fewer or smaller ones"
        raise SweepError(spec.source, [f"{figure}: {rule}"])
    return fit, named_by


def _expanded(spec: SweepSpec, mistakes: PointMistakes) -> list[_Point]:
    """A point per combination, its fields put together: whole fields first, then their parts.

    Raises:
        SweepError: too many topologies, at the first that is one too many.
    """
    points = []
    topologies: set[str] = set()
    for number, label in enumerate(spec.combinations(), 1):
        point = _Point(number=number, label=label, texts=dict(DEFAULTS))
        try:
            given = sorted((*spec.base, *label), key=lambda pair: "." in pair[0])
            if "algorithm" not in (key for key, _ in given):
                collective = dict(given).get(COLLECTIVE, DEFAULTS[COLLECTIVE])
                point.texts["algorithm"] = _usual(spelled(COLLECTIVE, collective))
            for key, text in given:
                point.texts = assign(point.texts, key, text)
            point.texts = suited(point.texts, {key.partition(".")[0] for key, _ in given})
            rest = point.texts["engine"], point.texts["collective"]
            point.texts["algorithm"] = sliced(point.texts["algorithm"], *rest)
            points.append(point)
        except FabricsimError as error:
            mistakes.met(error, point)
            continue
        topologies.add(point.texts["topology"])
        if len(topologies) > _MOST_TOPOLOGIES:
            rule = "each is built before the first point runs: fewer values"
            raise SweepError(spec.source, [f"more than {_MOST_TOPOLOGIES:,} topologies, and {rule}"])
    return points


def _usual(collective: str) -> str:
    """The algorithm of a collective where nothing names one: the default, or its first if it lacks that."""
    names = usual_algorithms(collective)
    return DEFAULTS["algorithm"] if DEFAULTS["algorithm"] in names else names[0]


def _exclude(spec: SweepSpec, points: list[_Point], endpoints: int | None, mistakes: PointMistakes) -> None:
    """Mark what ``where`` excludes. Without ``endpoints`` only conditions that do not need them are asked."""
    needing = [c for c in spec.where if {"endpoints", "ranks"} & set(c.names)]
    asked = [c for c in spec.where if c not in needing] if endpoints is None else needing
    for point in points if asked else ():
        try:
            point.out = not all(c.holds(lambda name: _value(point, name, endpoints)) for c in asked)  # noqa: B023
        except FabricsimError as error:
            mistakes.met(error, point)
            point.out = True


def _value(point: _Point, name: str, endpoints: int | None) -> Value:
    """What ``name`` is worth in a condition: numbers where the text is one, with or without a unit."""
    if name == "endpoints":
        assert endpoints is not None
        return endpoints
    name_of, dot, part = name.partition(".")
    if not dot and name not in (*DEFAULTS, "size_bytes"):
        fits = [f for f in DEFAULTS if name in (*taken_apart(f, point.texts[f])[1], *_known(f, point))]
        name_of, part = (fits or [name])[0], name
    elif not dot:
        text = spelled("size" if name == "size_bytes" else name, point.texts[name.removesuffix("_bytes")])
        if name == "ranks" and text == "all":
            return _value(point, "endpoints", endpoints)
        return int(text) if text.isdecimal() else text
    head, parts = taken_apart(name_of, point.texts[name_of])
    if part == "name":
        return head
    given = parts.get(part) or _known(name_of, point).get(part)
    if given is None:
        raise ParameterError(
            "where", name, f"{point.texts[name_of]} does not say it and has no default for it"
        )
    found = quantity(given)
    return given if found is None else found


def _known(name: str, point: _Point) -> dict[str, str | None]:
    return dict(parts_of(name, point.texts[name]))


def _spelled(point: _Point, mistakes: PointMistakes) -> bool:
    """Put each field in its one spelling; whether all are legal and go together."""
    good = True
    for name, text in point.texts.items():
        try:
            point.texts[name] = spelled(name, text)
            if name == "algorithm":
                point.texts[name] = _algorithm_of(point)
        except FabricsimError as error:
            mistakes.met(error, point)
            good = False
    return good


def _algorithm_of(point: _Point) -> str:
    """The algorithm in the spelling of its collective, if it is one of that and the engine can run it."""
    text, collective = point.texts["algorithm"], point.texts["collective"]
    if collective not in COLLECTIVES:  # which is told of the collective
        return text
    text = canonical_algorithm(text, collective)
    if point.texts["engine"] == "bound" and pipelined(text, collective):
        rule = "engine bound has no closed form for pipelined phases, which share links: use engine flow"
        raise ParameterError("algorithm", text, rule)
    return text


_OF_JOB = tuple(name for name in JOB_SETTINGS if name != "seed")


def _find(points: list[_Point], fabric: Fabric, digest: str, mistakes: PointMistakes) -> None:
    """The scenario of each point, by the job that would run it; one serves all seeds, algorithms, sizes."""
    jobs: dict[tuple[str, ...], list[_Point]] = {}
    for point in points:
        jobs.setdefault(tuple(point.texts[name] for name in _OF_JOB), []).append(point)
    for same in jobs.values():
        try:
            job = _job(same[0], fabric, digest, seed=1)
        except FabricsimError as error:
            mistakes.met(error, same[0], len(same))
            continue
        model = job.scenario("ring", 1)
        drawn = model.seed == 1
        refused: dict[tuple[str, str], FabricsimError | None] = {}
        for point in same:
            algorithm, seed = point.texts["algorithm"], point.texts["seed"]
            random = placement_draws(point.texts["placement"])
            which = (algorithm, seed if random else "")
            if which not in refused:
                at = _job(point, fabric, digest, int(seed)) if random and _grouped(job, algorithm) else job
                refused[which] = _refusal(at, algorithm)
            refusal = refused[which]
            if refusal is not None:
                mistakes.met(refusal, point)
                continue
            own = {"algorithm": algorithm, "size_bytes": int(point.texts["size"])}
            point.found = model.model_copy(update={**own, "seed": int(seed) if drawn else 0})


def _job(point: _Point, fabric: Fabric, digest: str, seed: int) -> CollectiveJob:
    from sims.jobs.collective import CollectiveJob

    settings = {name: point.texts[name] for name in JOB_SETTINGS} | {"seed": str(seed)}
    return CollectiveJob(fabric, topology=point.texts["topology"], digest=digest, **settings)


def _grouped(job: CollectiveJob, algorithm: str) -> bool:
    return needs_groups(algorithm, job.collective.name)


def _refusal(job: CollectiveJob, algorithm: str) -> FabricsimError | None:
    """Why the ranks of the job cannot run the algorithm, or None. Building its schedule would take longer."""
    from sims.workload.collectives.hierarchical import UnequalGroupsError, group_ranks

    if _grouped(job, algorithm):
        try:
            if job.groups:
                job.groups.check(algorithm)
            else:
                group_ranks(job.members.groups)
        except UnequalGroupsError as error:
            return error.named(job.members.group_name)
    return None
