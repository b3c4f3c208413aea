"""In-network: switches add up and spread, in servers (NVLS) and on a tree of the network for each rail."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.words.errors import ParameterError
from fabric.words.parameter import RATE
from sims.workload.collective import ALL_REDUCE
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.group import by_label, check_ranks
from sims.workload.collectives.parameters import PIPELINE, whole_parameter
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen
from sims.workload.switch_limits import NO_LIMITS, SwitchLimits

__all__ = ["in_network"]

_RADIX = whole_parameter(65_536, "no switch has more ports", "64")
_TREES = whole_parameter(65_536, "no job has more", "1")


@algorithm(
    ALL_REDUCE,
    "in-network",
    "switches add up and spread: in servers, and on a tree of the network for each rail (NVLS and SHARP)",
    in_slices=True,
    order=9,
    usual=False,
    asked=True,
    nccl="nvls",
    pipeline=PIPELINE,
    radix=_RADIX,
    trees=_TREES,
    port_trees=_TREES,
    port_rate=RATE,
)
def in_network(
    n: int,
    *,
    servers: ArrayLike | None = None,
    pipeline: int = 1,
    radix: int = 0,
    trees: int = 0,
    port_trees: int = 0,
    port_rate: float = 0.0,
) -> Schedule:
    """All-reduce by switches: in each server, then on a tree for each rail, then in each server again.

    With g ranks in a server (the largest) the message has g shards, and shard j is that of member j mod m of
    a server of m. Ranks send all shards into their scale-up switch, which sends the sum of each to its
    member; the members of a shard send it into a tree of network switches, which sends them the sum; and they
    send it to their server through the scale-up switch again. So each rank sends and receives S (1 + 1/g)
    inside and S/g outside. Without servers each sends and receives S once.

    Args:
        n: ranks.
        servers: int [n], the scale-up domain of each rank, -1 alone.
        pipeline: slices of the message that follow each other through the three phases.
        radix, trees, port_trees, port_rate: what the switches of trees can do at most, as of SwitchLimits; 0:
            any number, and the rate of their links.

    Returns:
        A schedule of g chunks, of at most three switched phases.

    Sources: Klenk et al., "An in-network architecture for accelerating shared-memory multiprocessor
    collectives", ISCA 2020 (NVLS); Graham et al., "Scalable Hierarchical Aggregation Protocol (SHARP)",
    COM-HPC 2016.

    >>> [len(phase) for phase in in_network(4, servers=[0, 0, 1, 1]).phases]
    [12, 8, 12]
    """
    check_ranks(n)
    label = np.full(n, -1) if servers is None else np.asarray(servers)
    if label.shape != (n,) or label.dtype.kind not in "iu":
        raise ParameterError("servers", servers, f"one whole-number label for each of {n} ranks")
    order, sizes = by_label(label)
    g, start = int(sizes.max()), np.cumsum(sizes) - sizes
    shard, server = (one.ravel() for one in np.meshgrid(np.arange(g), np.arange(len(sizes))))
    owner = order[start[server] + shard % sizes[server]]  # of each shard in each server
    shared = np.flatnonzero(sizes[server] > 1)
    members = np.repeat(shared, sizes[server[shared]])  # a shard of a server once for each of its ranks
    within = np.arange(len(members)) - np.repeat(
        np.cumsum(sizes[server[shared]]) - sizes[server[shared]], sizes[server[shared]]
    )
    every = order[start[server[members]] + within]
    inside = (every, members), (owner[shared], shared)
    phases = []
    if len(shared):
        phases.append(_phase(*inside, shard, server, g))
    if len(sizes) > 1:
        of = owner, np.arange(len(owner))
        limits = SwitchLimits(radix=radix, trees=trees, port_trees=port_trees, port_rate=port_rate)
        phases.append(_phase(of, of, shard, np.zeros_like(server), g, limits))
    if len(shared):
        phases.append(_phase(*inside[::-1], shard, server, g))
    return Schedule(name="in-network", n=n, chunks=g, phases=tuple(phases), pipeline=pipeline)


_Ranks = tuple[NDArray[np.int32], NDArray[np.int64]]


def _phase(
    givers: _Ranks,
    takers: _Ranks,
    shard: NDArray[np.int64],
    server: NDArray[np.int64],
    g: int,
    limits: SwitchLimits = NO_LIMITS,
) -> Phase:
    """``givers`` send into trees, ``takers`` receive from them: ranks, and each time where in ``shard`` and
    ``server``, which together say the tree.
    """
    ranks = frozen(np.concatenate([givers[0], takers[0]]))
    where = np.concatenate([givers[1], takers[1]])
    ops = np.repeat(np.array([REDUCE, COPY], np.int8), [len(givers[0]), len(takers[0])])
    return Phase(
        kind="switched",
        src=ranks,
        dst=ranks,
        first=frozen(shard[where]),
        count=1,
        modulus=g,
        op=frozen(ops, np.int8),
        tree=frozen(server[where] * g + shard[where]),
        limits=limits,
    )
