"""Doubling: recursive doubling, and halving-doubling (Rabenseifner): rounds between ranks 1, 2, 4 ... apart.

With n = 2^m + r ranks the first 2r fold in pairs: rank 2i hands its data to 2i + 1, which takes part for
both, and gets the result back at the end, as in MPICH.

Sources: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH",
IJHPCA 2005, sections 4.3-4.5; Rabenseifner, "Optimization of collective reduction operations", ICCS 2004.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sims.workload.collective import ALL_GATHER, ALL_REDUCE, REDUCE_SCATTER, Collective
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.backwards import backwards
from sims.workload.collectives.group import check_ranks
from sims.workload.collectives.pat import rounds
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen

__all__ = [
    "halving_doubling",
    "recursive_doubling",
    "recursive_doubling_all_gather",
    "recursive_halving",
]


@algorithm(
    ALL_REDUCE,
    "recursive-doubling",
    "log2 n exchanges of the whole message: fewest steps, most bytes",
    order=2,
    usual=False,
)
def recursive_doubling(n: int) -> Schedule:
    """All-reduce in log2 n rounds: in round k partners at distance 2^k exchange all they have and both add.

    Each rank sends log2 n times the message: the fewest steps, for small messages.

    Args:
        n: ranks; r = n - 2^m of them fold in and out, which costs two rounds more and is said in ``note``.

    Returns:
        A schedule of one chunk.

    >>> [list(zip(p.src.tolist(), p.dst.tolist())) for p in recursive_doubling(4).phases]
    [[(0, 1), (1, 0), (2, 3), (3, 2)], [(0, 2), (1, 3), (2, 0), (3, 1)]]
    """
    m, members = _members(n)
    zeros = frozen(np.zeros(len(members)))
    rounds = [
        Phase(
            kind="round", src=members, dst=_partners(members, k), first=zeros, count=1, modulus=1, op=REDUCE
        )
        for k in range(m)
    ]
    return _folded("recursive-doubling", n, m, 1, rounds)


@algorithm(
    ALL_REDUCE,
    "halving-doubling",
    "2 log2 n exchanges of S/2, S/4, ... and back (Rabenseifner): all bandwidth, few steps",
    order=4,
)
def halving_doubling(n: int) -> Schedule:
    """All-reduce as a reduce-scatter by vector halving and an all-gather by vector doubling: 2 log2 n rounds.

    The first exchange is half the message with the neighbour, the next a quarter at distance 2, and so on, so
    that most bytes stay near; the all-gather goes the same way back. Each rank sends 2(n-1)/n of the message.

    Args:
        n: ranks; r = n - 2^m of them fold in and out with the whole message, which is said in ``note``.

    Returns:
        A schedule of 2^m chunks. A reduce-scatter round and its all-gather round share ``src`` and ``dst``.

    >>> [(p.dst.tolist(), p.first.tolist(), p.count) for p in halving_doubling(4).phases[:2]]
    [([1, 0, 3, 2], [2, 0, 2, 0], 2), ([2, 3, 0, 1], [1, 3, 0, 2], 1)]
    """
    m, members = _members(n)
    scatter, gather, _ = _halved(members)
    return _folded("halving-doubling", n, m, 2**m, [*scatter, *gather])


@algorithm(
    REDUCE_SCATTER,
    "recursive-halving",
    "log2 n exchanges of S/2, S/4, ...: all bandwidth, few steps",
    order=2,
)
def recursive_halving(n: int) -> Schedule:
    """Reduce-scatter: the first half of :func:`halving_doubling`. For n that is no power of two, the rounds
    of :func:`sims.workload.collectives.pat.rounds` backwards: as near first, and no byte more.

    >>> [phase.count for phase in recursive_halving(8).phases], len(recursive_halving(6).phases)
    ([4, 2, 1], 3)
    """
    check_ranks(n)
    if n & (n - 1):
        return _half(REDUCE_SCATTER, "recursive-halving", backwards(rounds(n), REDUCE), np.arange(n))
    scatter, _, owned = _halved(_members(n)[1])
    return _half(REDUCE_SCATTER, "recursive-halving", scatter, owned)


@algorithm(
    ALL_GATHER,
    "recursive-doubling",
    "log2 n exchanges of S/n, 2S/n, ...: all bandwidth, few steps",
    order=2,
)
def recursive_doubling_all_gather(n: int) -> Schedule:
    """All-gather: the second half of :func:`halving_doubling`, else as :func:`recursive_halving`.

    >>> [phase.count for phase in recursive_doubling_all_gather(8).phases]
    [1, 2, 4]
    """
    check_ranks(n)
    if n & (n - 1):
        return _half(ALL_GATHER, "recursive-doubling", rounds(n), np.arange(n))
    _, gather, owned = _halved(_members(n)[1])
    return _half(ALL_GATHER, "recursive-doubling", gather, owned)


def _half(collective: Collective, name: str, phases: Sequence[Phase], owned: NDArray[np.int64]) -> Schedule:
    """One half of halving-doubling; ``owned``: the chunk of each rank between the two."""
    n = len(owned)
    parts = np.empty(n, dtype=np.int32)
    parts[owned] = np.arange(n)
    return Schedule(
        name=name, n=n, chunks=n, phases=tuple(phases), collective=collective.name, parts=frozen(parts)
    )


def _halved(members: NDArray[np.int32]) -> tuple[list[Phase], list[Phase], NDArray[np.int64]]:
    """Reduce-scatter by halving, all-gather by doubling back, and the chunk of each member in between."""
    chunks = len(members)
    index = np.arange(chunks)
    start = np.zeros(chunks, dtype=np.int64)  # of what each member still reduces
    scatter: list[Phase] = []
    gather: list[Phase] = []
    for k in range(chunks.bit_length() - 1):
        half = chunks >> (k + 1)
        upper = index >> k & 1  # whether the member keeps the upper half
        dst, given = _partners(members, k), frozen(start + (1 - upper) * half)
        start = start + upper * half
        scatter.append(
            Phase(kind="round", src=members, dst=dst, first=given, count=half, modulus=chunks, op=REDUCE)
        )
        gather.append(
            Phase(
                kind="round", src=members, dst=dst, first=frozen(start), count=half, modulus=chunks, op=COPY
            )
        )
    return scatter, gather[::-1], start


def _members(n: int) -> tuple[int, NDArray[np.int32]]:
    """m with 2^m <= n < 2^(m+1), and int32 [2^m]: the ranks that take part after the fold."""
    check_ranks(n)
    m = int(n).bit_length() - 1
    index = np.arange(2**m)
    r = n - 2**m
    return m, frozen(np.where(index < r, 2 * index + 1, index + r))


def _partners(members: NDArray[np.int32], k: int) -> NDArray[np.int32]:
    return frozen(members[np.arange(len(members)) ^ (1 << k)])


def _folded(name: str, n: int, m: int, chunks: int, rounds: list[Phase]) -> Schedule:
    """``rounds`` between the fold and the unfold of the r ranks beyond 2^m."""
    r = n - 2**m
    if not r:
        return Schedule(name=name, n=n, chunks=chunks, phases=tuple(rounds))
    even, odd = frozen(2 * np.arange(r)), frozen(2 * np.arange(r) + 1)
    first = frozen(np.zeros(r))
    fold = Phase(kind="round", src=even, dst=odd, first=first, count=chunks, modulus=chunks, op=REDUCE)
    unfold = Phase(kind="round", src=odd, dst=even, first=first, count=chunks, modulus=chunks, op=COPY)
    fold_in = "1 rank folds in and out" if r == 1 else f"{r} ranks fold in and out"
    note = f"n = {n} = 2^{m} + {r}: {fold_in}, which costs 2 (a + S/B)"
    return Schedule(name=name, n=n, chunks=chunks, phases=(fold, *rounds, unfold), note=note)
