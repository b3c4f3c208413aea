"""Broadcast, and reduce, which is the same backwards: binomial, chain, tree, and by way of parts.

Ranks are counted from the root: the rank v behind the root (cyclically) has the place v.

Sources: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH",
IJHPCA 2005, sections 4.2 and 4.4; Sanders, Speck and Traff, as in sims.workload.collectives.tree.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from sims.workload.collective import BROADCAST, REDUCE, Collective
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.backwards import backwards
from sims.workload.collectives.circulant import gathering, halved, reducing
from sims.workload.collectives.group import check_ranks
from sims.workload.collectives.parameters import CHANNELS, SEGMENT
from sims.workload.collectives.ring import rings_of
from sims.workload.collectives.scatter import from_root, scattered
from sims.workload.collectives.tree import SEGMENT as SEGMENT_BYTES
from sims.workload.collectives.tree import two_trees
from sims.workload.schedule import COPY, Phase, Schedule, frozen
from sims.workload.schedule import REDUCE as ADD

__all__ = ["binomial", "chain", "scatter_allgather", "tree"]


def _schedule(
    collective: Collective, name: str, n: int, chunks: int, phases: list[Phase], root: int
) -> Schedule:
    """``phases``, which spread, as those of ``collective``."""
    told = backwards(phases, ADD) if collective.reduces else tuple(phases)
    return Schedule(name=name, n=n, chunks=chunks, phases=told, collective=collective.name, root=root)


def binomial(n: int, *, root: int = 0, collective: Collective = BROADCAST) -> Schedule:
    """Broadcast in ceil(log2 n) rounds of the whole message: whoever has it sends it on, the farthest first.

    Args:
        n: ranks.
        root: the rank that has the message.
        collective: ``REDUCE`` for the same backwards.

    >>> [list(zip(p.src.tolist(), p.dst.tolist())) for p in binomial(5).phases]
    [[(0, 4)], [(0, 2)], [(0, 1), (2, 3)]]
    """
    check_ranks(n)
    phases = []
    for k in reversed(range((n - 1).bit_length())):
        place = np.arange(0, n - 2**k, 2 ** (k + 1))
        src, dst = from_root(place, n, root), from_root(place + 2**k, n, root)
        first = frozen(np.zeros(len(place)))
        phases.append(Phase(kind="round", src=src, dst=dst, first=first, count=1, modulus=1, op=COPY))
    return _schedule(collective, "binomial", n, 1, phases, root)


def chain(
    n: int,
    *,
    root: int = 0,
    servers: ArrayLike | None = None,
    channels: int | None = None,
    segment: int = SEGMENT_BYTES,
    collective: Collective = BROADCAST,
) -> Schedule:
    """Broadcast from rank to rank, pipelined in segments, on the rings of an all-reduce cut before the root.

    A segment takes n - 1 stages and each rank sends the message once at most: all bandwidth for large
    messages, most steps. With ``servers`` the channels enter and leave each server on different NICs, as
    those of :func:`sims.workload.collectives.ring.ring`, whose arguments these are.

    Args:
        n: ranks.
        root: the rank that has the message.
        servers, channels: as of ``ring``.
        segment: bytes of a segment.
        collective: ``REDUCE`` for the same backwards.

    >>> phase = chain(4, root=2).phases[0]
    >>> list(zip(phase.src.tolist(), phase.dst.tolist(), phase.stage.tolist()))
    [(2, 3, 0), (3, 0, 1), (0, 1, 2)]
    """
    rings, via = rings_of(n, None, servers, channels)
    if n == 1:
        return _schedule(collective, "chain", n, len(rings), [], root)
    channel, at = np.nonzero(rings == root)
    turned = (at[:, None] + np.arange(n)) % n
    chains = np.take_along_axis(rings, turned, axis=1)
    relays = None if via is None else np.take_along_axis(via.reshape(rings.shape), turned, axis=1)
    phase = Phase(
        kind="pipeline",
        src=frozen(chains[:, :-1].ravel()),
        dst=frozen(chains[:, 1:].ravel()),
        first=frozen(np.repeat(channel, n - 1)),
        count=1,
        modulus=len(rings),
        op=COPY,
        stage=frozen(np.tile(np.arange(n - 1), len(rings))),
        segment_bytes=segment,
        via=None if relays is None else frozen(relays[:, :-1].ravel()),
    )
    return _schedule(collective, "chain", n, len(rings), [phase], root)


def tree(
    n: int, *, root: int = 0, segment: int = SEGMENT_BYTES, collective: Collective = BROADCAST
) -> Schedule:
    """Broadcast down two binary trees over the other ranks, half the message each, pipelined in segments.

    No rank has children in both trees, so that each sends the message once at most, and the root twice half
    of it; a segment takes floor(log2 (n-1)) + 1 stages.

    Args:
        n: ranks.
        root: the rank that has the message.
        segment: bytes of a segment.
        collective: ``REDUCE`` for the same backwards.

    >>> phase = tree(4).phases[0]
    >>> list(zip(phase.src.tolist(), phase.dst.tolist(), phase.stage.tolist()))[:3]
    [(0, 2, 0), (2, 1, 1), (2, 3, 1)]
    """
    check_ranks(n)
    src, dst, stage = [], [], []
    for parent, depth in zip(*two_trees(n - 1)) if n > 1 else ():
        order = np.argsort(depth, kind="stable")
        src.append(from_root(parent[order] + 1, n, root))  # -1, of a tree's root, is the place 0
        dst.append(from_root(order + 1, n, root))
        stage.append(depth[order])
    phases = (
        []
        if n == 1
        else [
            Phase(
                kind="pipeline",
                src=frozen(np.concatenate(src)),
                dst=frozen(np.concatenate(dst)),
                first=frozen(np.repeat([0, 1], n - 1)),
                count=1,
                modulus=2,
                op=COPY,
                stage=frozen(np.concatenate(stage)),
                segment_bytes=segment,
            )
        ]
    )
    return _schedule(collective, "tree", n, 2, phases, root)


@algorithm(
    BROADCAST,
    "scatter-allgather",
    "a scatter by halves, then an all-gather: nearly all bandwidth, 2 log2 n rounds",
    order=4,
)
def scatter_allgather(n: int, *, root: int = 0) -> Schedule:
    """Broadcast as a binomial scatter and an all-gather: each rank receives the message once, cut in parts.

    2 ceil(log2 n) rounds; the root sends (n-1)/n of the message in the first half, each rank as much in the
    second.

    Args:
        n: ranks.
        root: the rank that has the message.

    >>> len(scatter_allgather(8).phases)
    6
    """
    phases = [*scattered(n, root), *gathering(n, halved(n), root=root)]
    return _schedule(BROADCAST, "scatter-allgather", n, n, phases, root)


@algorithm(
    REDUCE,
    "reduce-scatter-gather",
    "a reduce-scatter, then a gather by halves: nearly all bandwidth, 2 log2 n rounds",
    order=4,
)
def reduce_scatter_gather(n: int, *, root: int = 0) -> Schedule:
    """Reduce as a reduce-scatter and a binomial gather: :func:`scatter_allgather` backwards.

    >>> [phase.op for phase in reduce_scatter_gather(4).phases]
    [0, 0, 1, 1]
    """
    phases = (*reducing(n, halved(n), root=root), *backwards(scattered(n, root), COPY))
    return Schedule(
        name="reduce-scatter-gather", n=n, chunks=n, phases=phases, collective=REDUCE.name, root=root
    )


def _enter() -> None:
    for collective, way, far in ((BROADCAST, "from", "down"), (REDUCE, "to", "up")):
        rounds = f"ceil(log2 n) rounds of the whole message {way} the root"
        algorithm(collective, "binomial", rounds, order=1)(partial(binomial, collective=collective))
        line = f"{way} the root rank by rank, pipelined: all bandwidth, most steps"
        entry = algorithm(collective, "chain", line, order=2, nccl="ring", channels=CHANNELS, segment=SEGMENT)
        entry(partial(chain, collective=collective))
        trees = f"{far} two binary trees with half the data each, pipelined"
        entry = algorithm(collective, "tree", trees, order=3, segment=SEGMENT)
        entry(partial(tree, collective=collective))


_enter()
