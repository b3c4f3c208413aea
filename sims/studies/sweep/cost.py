"""What a sweep will take, roughly: seconds of one core, bytes of one worker.

Counts transfers; routes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fabric import Fabric
from fabric.routing.policies import parse_policy
from sims.scenario.scenario import Scenario
from sims.studies.sweep.bench import share_key
from sims.workload.collectives import AUTO, algorithms, build, contenders, is_auto, parse_algorithms
from sims.workload.mesh import group_size
from sims.workload.schedule import Schedule

__all__ = ["Extent", "building", "estimate", "needs_groups", "pipelined", "worker_bytes"]

# Bytes. Measured as the largest resident size (ru_maxrss) of a process that runs a ring or halving-doubling
# on fat trees of k = 16, 32, 48 and 74 and on 100,000 GPUs in servers: 62 MB of program, 502 to 565 per node
# or edge, 3 to 4 per pair of a switch and a leaf, up to 280 per flow of a phase and 40 per flow that is kept.
# The formula gives 1.0 to 1.1 of what was measured where that is above 200 MB.
_PROGRAM, _PER_PART, _PER_PAIR, _ROUTING, _ROUTED = 65e6, 550, 4, 280, 40

# Seconds. Measured in the same runs: building and compiling 1.2 us per node or edge, distances 6 to 16 ns per
# pair, routing 0.5 to 0.8 us per flow, a size 1 ms, and per transfer of a round 0.16 us at the first size
# and 0.03 us at further ones.
_START, _BUILD, _PAIR, _FLOW = 0.4, 1.3e-6, 15e-9, 0.7e-6
_SIZE, _FIRST, _FURTHER = 1e-3, 0.16e-6, 0.03e-6

_SAMPLE = 256  # ranks of the schedule that a larger one is judged by


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How large a compiled fabric is. ``parts``: nodes and edges; ``pairs``: switches times leaves;
    ``server``: endpoints of a scale-up domain, 1 without; ``group``: of a server or leaf, in the mean.
    """

    endpoints: int
    parts: int
    pairs: int
    server: int
    group: int
    tiered: bool = True

    @classmethod
    def of(cls, fabric: Fabric) -> Extent:
        server = fabric.n_endpoints // fabric.n_scaleup if fabric.n_scaleup else 1
        leaves = max(1, len(fabric.leaves))
        return cls(
            endpoints=fabric.n_endpoints,
            parts=len(fabric.kind) + len(fabric.arc_dst) // 2,
            pairs=fabric.n_switches * leaves,
            server=max(1, server),
            group=server if server > 1 else max(1, fabric.n_endpoints // leaves),
            tiered=fabric.tiered,
        )


def estimate(points: Iterable[Scenario], extents: dict[str, Extent]) -> tuple[float, float]:
    """About how many seconds one core needs for all points, and bytes a worker at its fullest.

    ``extents``: of each topology. Points that share fabric, job and algorithm share what is built and routed.
    """
    seconds, memory = 0.0, _PROGRAM
    seen: set[object] = set()
    kept: dict[object, float] = {}  # bytes of paths of all algorithms of a job
    for point in points:
        fabric, job, algorithm = share_key(point)
        extent, policy = extents[point.topology], parse_policy(point.routing)
        pieces = policy.pieces(extent.tiered)
        together = group_size(point.groups, point.experts, point.over, point.ranks)
        pieces *= point.ranks / together
        distinct, largest, rounds = (
            pieces * count for count in _flows(point.collective, algorithm, together, extent)
        )
        if fabric not in seen:
            seen.add(fabric)
            seconds += building(extent)
        first = (fabric, job, algorithm) not in seen
        if first:
            seen.add((fabric, job, algorithm))
            seconds += _FLOW * distinct
            kept[fabric, job] = kept.get((fabric, job), 0.0) + _ROUTED * distinct
            graph = _PROGRAM + _PER_PART * extent.parts + _PER_PAIR * extent.pairs
            memory = max(memory, graph + _ROUTING * largest + kept[fabric, job])
        seconds += _SIZE + (_FIRST if first else _FURTHER) * rounds
    return seconds + (_START if seen else 0.0), memory


def building(extent: Extent) -> float:
    """About how many seconds one core builds and compiles a fabric, and finds its distances."""
    return _BUILD * extent.parts + _PAIR * extent.pairs


def worker_bytes(extent: Extent) -> float:
    """About what a process needs that routes one flow of each endpoint on a fabric."""
    pairs = _PER_PAIR * extent.pairs
    return _PROGRAM + _PER_PART * extent.parts + pairs + (_ROUTING + _ROUTED) * extent.endpoints


@lru_cache(maxsize=4096)
def _flows(collective: str, algorithm: str, ranks: int, extent: Extent) -> tuple[float, float, float]:
    """Transfers with paths of their own, those of the fullest phase, and those of all rounds."""
    if is_auto(algorithm):
        each = [_flows(collective, name, ranks, extent) for name in contenders(algorithm, collective)]
        return sum(e[0] for e in each), max(e[1] for e in each), sum(e[2] for e in each)
    size = extent.group if needs_groups(algorithm, collective) else extent.server
    n = max(2, size, min(ranks, _SAMPLE) // size * size)
    schedule = _sample(algorithm, collective, n, size)
    ranks_more = ranks / n
    rounds_more = ranks_more * max(1.0, math.log2(max(2, ranks / size)) / math.log2(max(2, n / size)))
    distinct: dict[tuple[int, ...], float] = {}
    rounds = 0.0
    for phase in schedule.phases:
        more = ranks_more if phase.lockstep else rounds_more
        distinct[phase.transfers] = len(phase) * more
        rounds += 0.0 if phase.lockstep else len(phase) * more
    largest = max((len(phase) for phase in schedule.phases), default=0) * ranks_more
    return sum(distinct.values()), largest, rounds


@lru_cache(maxsize=4096)
def _sample(algorithm: str, collective: str, ranks: int, size: int) -> Schedule:
    """A schedule of few ranks in servers or groups of ``size``."""
    ((name, parameters),) = parse_algorithms(algorithm, collective)
    label = np.arange(ranks) // size
    servers = label if size > 1 else None
    return build(name, parameters, ranks, collective=collective, servers=servers, groups=label)


@lru_cache(maxsize=4096)
def needs_groups(algorithm: str, collective: str) -> bool:
    """Whether the algorithm runs in groups of ranks, which then must be equal."""
    ((name, _),) = parse_algorithms(algorithm, collective)
    # What does not fit auto leaves out.
    return name != AUTO and "groups" in algorithms(collective)[name].needs


@lru_cache(maxsize=4096)
def pipelined(algorithm: str, collective: str) -> bool:
    """Whether phases of the algorithm overlap.

    Raises:
        ParameterError: a parameter that no number of ranks can have.
    """
    names = contenders(algorithm, collective) if is_auto(algorithm) else (algorithm,)
    return any(_sample(name, collective, 4, 2).pipeline > 1 for name in names)
