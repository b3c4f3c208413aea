"""Scatter, and gather, which is the same backwards: parts between the root and the ranks that they are of."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sims.workload.collective import GATHER, SCATTER, Collective
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.backwards import backwards
from sims.workload.collectives.group import check_ranks
from sims.workload.schedule import COPY, Phase, Schedule, frozen

__all__ = ["binomial_gather", "binomial_scatter", "from_root", "linear_gather", "linear_scatter", "scattered"]


def from_root(place: ArrayLike, n: int, root: int) -> NDArray[np.int32]:
    """The ranks so many places behind the root.

    >>> from_root([0, 1, 2], 4, 3).tolist()
    [3, 0, 1]
    """
    return frozen((np.asarray(place) + root) % n)


def scattered(n: int, root: int) -> list[Phase]:
    """Rounds after which the rank at each place holds the chunk of that number, all of which the root had.

    Whoever holds more than half of the most that any holds gives away so many: all transfers of a round are
    equal, for every n, and there are ceil(log2 n) rounds.

    >>> [(p.dst.tolist(), p.count) for p in scattered(6, 0)]
    [([3], 3), ([2, 5], 1), ([1, 4], 1)]
    """
    check_ranks(n)
    start, size, most = np.array([0]), np.array([n]), n
    phases = []
    while most > 1:
        given = most // 2
        gives = np.flatnonzero(size > given)
        size[gives] -= given
        taken = start[gives] + size[gives]
        src, dst = from_root(start[gives], n, root), from_root(taken, n, root)
        first = frozen(taken)
        phases.append(Phase(kind="round", src=src, dst=dst, first=first, count=given, modulus=n, op=COPY))
        start = np.append(start, taken)
        size = np.append(size, np.full(len(taken), given))
        most -= given
    return phases


def _all_at_once(n: int, root: int) -> list[Phase]:
    check_ranks(n)
    place = np.arange(1, n)
    src, dst = from_root(np.zeros(n - 1, int), n, root), from_root(place, n, root)
    first = frozen(place)
    if n == 1:
        return []
    return [Phase(kind="round", src=src, dst=dst, first=first, count=1, modulus=n, op=COPY)]


def _schedule(collective: Collective, name: str, n: int, phases: list[Phase], root: int) -> Schedule:
    told = tuple(phases) if collective is SCATTER else backwards(phases, COPY)
    return Schedule(name=name, n=n, chunks=n, phases=told, collective=collective.name, root=root)


@algorithm(SCATTER, "binomial", "ceil(log2 n) rounds, in which parts are handed on by halves", order=1)
def binomial_scatter(n: int, *, root: int = 0) -> Schedule:
    """Scatter by halves: the root sends (n-1)/n of the message, in ceil(log2 n) rounds.

    >>> binomial_scatter(6)
    <Schedule binomial: 6 ranks, 3 phases, 5 transfers>
    """
    return _schedule(SCATTER, "binomial", n, scattered(n, root), root)


@algorithm(SCATTER, "linear", "the root sends each rank its part, all at once", order=2)
def linear_scatter(n: int, *, root: int = 0) -> Schedule:
    """Scatter in one round: n - 1 transfers leave the root at once, as NCCL does it.

    >>> linear_scatter(4, root=2).phases[0].dst.tolist()
    [3, 0, 1]
    """
    return _schedule(SCATTER, "linear", n, _all_at_once(n, root), root)


@algorithm(GATHER, "binomial", "ceil(log2 n) rounds, in which ever larger pieces are handed on", order=1)
def binomial_gather(n: int, *, root: int = 0) -> Schedule:
    """Gather: :func:`binomial_scatter` backwards.

    >>> [phase.count for phase in binomial_gather(6).phases]
    [1, 1, 3]
    """
    return _schedule(GATHER, "binomial", n, scattered(n, root), root)


@algorithm(GATHER, "linear", "each rank sends the root its part, all at once", order=2)
def linear_gather(n: int, *, root: int = 0) -> Schedule:
    """Gather in one round: n - 1 transfers arrive at the root at once, as NCCL does it.

    >>> linear_gather(4, root=2).phases[0].src.tolist()
    [3, 0, 1]
    """
    return _schedule(GATHER, "linear", n, _all_at_once(n, root), root)
