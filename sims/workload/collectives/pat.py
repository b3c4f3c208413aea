"""PAT, parallel aggregated trees: all-gather and reduce-scatter in log2 n rounds, the farthest first.

The part of each rank travels on a binomial tree of its own, which is that of every other rank shifted: in the
round of distance d a rank sends d ahead all parts that it holds whose way so far is a multiple of 2d. Ways
begin far and end near, so that few bytes go far; Bruck's rounds, the other way round, send half of all bytes
to the farthest. Transfers of a round are aggregated to one message, or to several of at most ``aggregate``
parts, as where buffers are small; how many buffers that takes is not modelled.

Source: Jeaugey, "PAT: a new algorithm for all-gather and reduce-scatter operations at scale", arXiv
2506.20252 (2025). NCCL runs it with one rank a server.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_GATHER, REDUCE_SCATTER
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.backwards import backwards
from sims.workload.collectives.group import check_ranks
from sims.workload.collectives.parameters import whole_parameter
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen

__all__ = ["pat", "pat_reduce_scatter", "rounds"]

_AGGREGATE = whole_parameter(2**31 - 1, "no collective has more parts", "64")
_MOST_ROUNDS = 4096


@algorithm(
    ALL_GATHER,
    "pat",
    "log2 n rounds from the farthest rank to the nearest, few bytes far (NCCL's PAT): any n",
    order=4,
    usual=False,
    nccl="pat",
    aggregate=_AGGREGATE,
)
def pat(n: int, *, aggregate: int = 0) -> Schedule:
    """All-gather in ceil(log2 n) rounds of distance 2^m .. 2, 1: few bytes far, half of all to the next rank.

    Args:
        n: ranks.
        aggregate: parts of a message at most; 0: all that go the same way in a round. A round of c parts
            becomes ceil(c / aggregate) rounds.

    Raises:
        ParameterError: no rank, or so small an ``aggregate`` that there would be more than 4,096 rounds.

    >>> [(phase.dst.tolist(), phase.chunks_at(0)[0].tolist()) for phase in pat(4).phases]
    [([2, 3, 0, 1], [0]), ([1, 2, 3, 0], [0, 2])]
    >>> [phase.count for phase in pat(6).phases], len(pat(8, aggregate=1).phases)
    ([1, 1, 3], 7)
    """
    return Schedule(name="pat", n=n, chunks=n, phases=rounds(n, aggregate), collective=ALL_GATHER.name)


@algorithm(
    REDUCE_SCATTER,
    "pat",
    "log2 n rounds from the nearest rank to the farthest, few bytes far (NCCL's PAT): any n",
    order=3,
    usual=False,
    nccl="pat",
    aggregate=_AGGREGATE,
)
def pat_reduce_scatter(n: int, *, aggregate: int = 0) -> Schedule:
    """Reduce-scatter as :func:`pat` backwards: sums are gathered from near, and few of them come from far.

    >>> [(phase.src.tolist(), phase.count) for phase in pat_reduce_scatter(4).phases]
    [([1, 2, 3, 0], 2), ([2, 3, 0, 1], 1)]
    """
    phases = backwards(rounds(n, aggregate), REDUCE)
    return Schedule(name="pat", n=n, chunks=n, phases=phases, collective=REDUCE_SCATTER.name)


def rounds(n: int, aggregate: int = 0) -> tuple[Phase, ...]:
    """The rounds of the all-gather. Chunk v is the part of rank v."""
    check_ranks(n)
    _check_rounds(n, aggregate)
    rank = frozen(np.arange(n))
    zeros = frozen(np.zeros(n))
    phases = []
    for bit in reversed(range(int(n - 1).bit_length())):
        distance = 1 << bit
        way = np.arange(0, n - distance, 2 * distance)  # of the parts that go on, so far
        ahead = frozen((np.arange(n, dtype=np.int64) + distance) % n)
        most = aggregate or len(way)
        for first in range(0, len(way), most):
            some = way[first : first + most]
            phases.append(
                Phase(
                    kind="round",
                    src=rank,
                    dst=ahead,
                    first=zeros,
                    count=len(some),
                    modulus=len(some),
                    op=COPY,
                    cells=partial(_cells, n, some),
                )
            )
    return tuple(phases)


def _check_rounds(n: int, aggregate: int) -> None:
    distance = 2 ** np.arange(int(n - 1).bit_length())
    parts = -(-(n - distance) // (2 * distance))  # that go on in each round
    rounds = int(np.sum(-(-parts // aggregate))) if aggregate else 0
    if rounds > _MOST_ROUNDS:
        least = next(a for a in range(aggregate, n) if np.sum(-(-parts // a)) <= _MOST_ROUNDS)
        rule = f"{rounds:,} rounds of {n:,} ranks: at most {_MOST_ROUNDS:,}, as of {least:,} parts a message"
        raise ParameterError("pat:aggregate", aggregate, rule)


def _cells(n: int, way: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 [n, ways]: the parts that each rank holds which have gone so far."""
    return (np.arange(n, dtype=np.int64)[:, None] - way) % n
