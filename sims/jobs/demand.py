"""Who sends to whom at once, as a text names it: a pattern, or the transfers of a phase of an all-reduce.

All flows are alike in size. Knows schedules and patterns; routes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce
from sims.workload.collectives import parse_algorithms
from sims.workload.placement import check_placement
from sims.workload.traffic import PATTERNS, pattern

__all__ = ["TRAFFIC", "Demand", "check_demand", "demand"]

TRAFFIC: dict[str, str] = {
    **PATTERNS,
    "alltoall": "each endpoint sends to every other one",
    "allreduce": "the transfers of one phase of allreduce:ALGORITHM, the one that moves most between leaves",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Demand:
    """Flows from ``src[i]`` to ``dst[i]``, by the endpoint ``via[i]`` where that is not -1; each (flows,).

    ``everyone``: all ordered pairs of endpoints, which are then not listed. ``note``: which phase it is.
    """

    text: str
    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    via: NDArray[np.int64] | None = None
    everyone: bool = False
    drawn: bool = False
    note: str = ""


def demand(
    text: str, fabric: Fabric, *, seed: int = 0, ranks: int | None = None, placement: str = "packed"
) -> Demand:
    """The demand that ``text`` names on all endpoints of ``fabric``.

    ``ranks`` and ``placement`` say who takes part in an all-reduce, and mean nothing for other traffic.

    Raises:
        ParameterError: unknown traffic, a parameter out of its range, fewer than two endpoints, ranks or a
            placement for a pattern.
    """
    check_demand(text, ranks=ranks, placement=placement)
    name, _, rest = text.partition(":")
    if name == "alltoall":
        if fabric.n_endpoints < 2:
            raise ParameterError("traffic", text, "needs at least two endpoints")
        none = np.empty(0, np.int64)
        return Demand(text=text, src=none, dst=none, everyone=True)
    if name != "allreduce":
        found = pattern(text, fabric.n_endpoints, 1.0, seed)
        return Demand(text=text, src=found.src, dst=found.dst, drawn=name == "permutation")
    return _phase(text, rest or "ring", fabric, seed, ranks, placement)


def check_demand(text: str, *, ranks: int | None = None, placement: str = "packed") -> None:
    """Find mistakes that need no fabric to be seen. Raises ParameterError of the first."""
    name, _, rest = text.partition(":")
    if name not in TRAFFIC:
        raise ParameterError("traffic", text, "unknown traffic", TRAFFIC)
    if name == "allreduce":
        parse_algorithms(rest or "ring")
        check_placement(placement)
        return
    if rest and name != "shift":
        raise ParameterError("traffic", text, f"{name} takes no parameter")
    for option, given in (("ranks", ranks), ("placement", None if placement == "packed" else placement)):
        if given is not None:
            raise ParameterError(
                option, given, f"applies to allreduce:ALGORITHM only: {name} takes all endpoints"
            )


def _phase(text: str, algorithm: str, fabric: Fabric, seed: int, ranks: int | None, placement: str) -> Demand:
    job = AllReduce(fabric, digest="", ranks=ranks, placement=placement, seed=seed)
    schedule = job.schedule(algorithm)
    where = job.placement
    leaf = fabric.leaf_of[where]
    moved = [
        float(np.sum(leaf[phase.src] != leaf[phase.dst])) * phase.repeat * phase.count
        for phase in schedule.phases
    ]
    chosen = int(np.argmax(moved))
    phase = schedule.phases[chosen]
    via = None
    if phase.via is not None and np.any(phase.via >= 0):
        via = np.where(phase.via >= 0, where[phase.via], -1)
    number = f"phase {chosen + 1} of {len(schedule.phases)}" if len(schedule.phases) > 1 else "its one phase"
    return Demand(
        text=text,
        src=where[phase.src],
        dst=where[phase.dst],
        via=via,
        drawn=placement == "random",
        note=f"{schedule.name}, {number}: {counted(len(phase), 'transfer')} at once",
    )
