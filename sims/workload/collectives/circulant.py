"""Circulant: reduce-scatter and all-gather in rounds in which every rank sends equally far ahead.

With skips 1 = s_0 < s_1 < ... < s_q = n, none more than twice the one before it, an all-gather takes q
rounds: in round k a rank holds s_k parts, its own and those of the ranks ahead of it, and sends the first
s_{k+1} - s_k of them to the rank s_k behind it. Each rank sends (n-1)/n of the message in all, for every n.
A reduce-scatter is the same backwards.

Sources: Bruck, Ho, Kipnis, Upfal and Weathersby, "Efficient algorithms for all-to-all communications in
multiport message-passing systems", IEEE TPDS 1997; Traff, "Optimal, non-pipelined reduce-scatter and
allreduce algorithms", arXiv 2410.14234 (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sims.workload.collective import ALL_GATHER
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.group import check_ranks
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen

__all__ = ["bruck", "doubled", "gathering", "halved", "reducing"]


def halved(n: int) -> list[int]:
    """The skips up to ``n`` by halving it, rounded up.

    >>> halved(8), halved(11)
    ([1, 2, 4, 8], [1, 2, 3, 6, 11])
    """
    skips = [n]
    while skips[-1] > 1:
        skips.append(-(-skips[-1] // 2))
    return skips[::-1]


def doubled(n: int) -> list[int]:
    """The skips up to ``n`` by doubling 1; the last round is what is left.

    >>> doubled(8), doubled(11)
    ([1, 2, 4, 8], [1, 2, 4, 8, 11])
    """
    return [*(2**k for k in range((n - 1).bit_length())), n]


def gathering(n: int, skips: Sequence[int], *, root: int = 0) -> tuple[Phase, ...]:
    """The rounds of an all-gather by ``skips`` from 1 to n. Chunk v is that of the rank v behind ``root``.

    >>> [(p.dst.tolist(), p.count) for p in gathering(3, [1, 2, 3])]
    [([2, 0, 1], 1), ([1, 2, 0], 1)]
    """
    rank = np.arange(n)
    own = frozen((rank - root) % n)
    return tuple(
        Phase(
            kind="round",
            src=frozen(rank),
            dst=frozen((rank - skip) % n),
            first=own,
            count=beyond - skip,
            modulus=n,
            op=COPY,
        )
        for skip, beyond in pairwise(skips)
    )


def reducing(n: int, skips: Sequence[int], *, root: int = 0) -> tuple[Phase, ...]:
    """The rounds of a reduce-scatter by ``skips`` from 1 to n, largest first. Chunks as of ``gathering``.

    >>> [(p.dst.tolist(), p.first.tolist()) for p in reducing(3, [1, 2, 3])]
    [([2, 0, 1], [2, 0, 1]), ([1, 2, 0], [1, 2, 0])]
    """
    rank = np.arange(n)
    return tuple(
        Phase(
            kind="round",
            src=frozen(rank),
            dst=frozen((rank + skip) % n),
            first=frozen((rank + skip - root) % n),
            count=beyond - skip,
            modulus=n,
            op=REDUCE,
        )
        for skip, beyond in zip(skips[-2::-1], skips[:0:-1])
    )


@algorithm(
    ALL_GATHER,
    "bruck",
    "ceil(log2 n) rounds of S/n, 2S/n, ... to the rank 1, 2, 4, ... behind: all bandwidth, few steps, any n",
    order=3,
)
def bruck(n: int) -> Schedule:
    """All-gather in ceil(log2 n) rounds: the parts that a rank holds double, until the last round brings the
    rest.

    >>> [phase.count for phase in bruck(6).phases]
    [1, 2, 2]
    """
    check_ranks(n)
    return Schedule(name="bruck", n=n, chunks=n, phases=gathering(n, doubled(n)), collective=ALL_GATHER.name)
