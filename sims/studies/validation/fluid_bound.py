"""The fluid model against ``bound`` on large fabrics: equal where theory says so, else never above it."""

from __future__ import annotations

import numpy as np

from fabric import Fabric
from sims.jobs.allreduce import AllReduce
from sims.models.fluid.engine import bound_time, flow_time
from sims.studies.validation.case import Case, Point
from topologies import load

__all__ = ["lockstep", "rounds"]

_FABRICS = {
    "1,024": "fat-tree:k=16",
    "8,192": "fat-tree:k=32",
    "100,000": "preset:colossus-100k",
}
_SIZES = (8, 2**20, 2**30)
_jobs: dict[str, AllReduce] = {}


def _job(spec: str) -> AllReduce:
    """One job per fabric for all cases; the last one is kept, as the large ones take most of the time."""
    if spec not in _jobs:
        _jobs.clear()
        _jobs[spec] = AllReduce(Fabric.from_graph(load(spec)), placement="random", seed=1)
    return _jobs[spec]


def _fabrics(full: bool) -> list[tuple[str, str]]:
    return list(_FABRICS.items()) if full else list(_FABRICS.items())[:1]


def lockstep(full: bool) -> Case:
    """Phases in which all wait for the slowest: the clock and the closed form are one."""
    points = []
    for endpoints, spec in _fabrics(full):
        for algorithm in ("ring", "tree", *(("hierarchical-ring",) if "preset" in spec else ())):
            program = _job(spec).program(algorithm)
            for size in _SIZES:
                label = f"{algorithm}, {endpoints} endpoints, {size:,} B"
                expected, got = bound_time(program, size), flow_time(program, size, solve=True)
                points.append(Point(label=label, expected=expected, got=got))
    return Case(
        name="fluid and bound, lockstep",
        tested="fluid model, time",
        against="bound: latency + bytes on the fullest link",
        unit="s",
        points=tuple(points),
        rule="equal",
        tolerance=1e-9,
        basis="exact by theory: rounding of floating point",
        note="Rings and trees with ECMP's collisions, up to 100,000 endpoints.",
    )


def rounds(full: bool) -> Case:
    """Rounds of unequal latency: the fullest link and the longest way need not meet, so bound is no equal."""
    points = []
    for endpoints, spec in _fabrics(full):
        for algorithm in ("recursive-doubling", "halving-doubling"):
            program = _job(spec).program(algorithm)
            least = sum(float(np.min(stage.latency)) for stage in program.stages)
            for size in _SIZES:
                label = f"{algorithm}, {endpoints} endpoints, {size:,} B"
                flow, above = flow_time(program, size, solve=True), bound_time(program, size)
                below = least + float(program.byte_times(size)[:, 0].sum())
                points.append(Point(label=f"{label}, from above", expected=above, got=flow))
                points.append(Point(label=f"{label}, from below", expected=flow, got=below))
    return Case(
        name="fluid and bound, rounds",
        tested="fluid model, time",
        against="bound from above; bytes and the shortest ways from below",
        unit="s",
        points=tuple(points),
        rule="at most",
        tolerance=1e-9,
        basis="exact by theory: rounding of floating point",
    )
