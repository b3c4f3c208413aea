"""All-to-all: all at once, in rounds of one partner each, by doubling, and by the rails of servers.

The chunk from rank s to rank d has the number s n + d. ``parts``, where given, has for each rank the share of
every input that is sent to it, over 1/n.

Sources: Bruck, Ho, Kipnis, Upfal and Weathersby, "Efficient algorithms for all-to-all communications in
multiport message-passing systems", IEEE TPDS 1997; NVIDIA, "Doubling all2all Performance with NVIDIA
Collective Communication Library 2.12" (PXN: by the GPU of the sender's server on the destination's rail).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sims.workload.collective import ALL_TO_ALL
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.group import check_ranks
from sims.workload.collectives.hierarchical import group_ranks
from sims.workload.collectives.parameters import PIPELINE
from sims.workload.schedule import COPY, Phase, Schedule, frozen
from sims.workload.total_exchange import TotalExchange

__all__ = ["bruck_all_to_all", "linear", "pairwise", "rail"]

_MOST_ROUNDS = 512  # that are run one by one
_SPANS = 64  # of the rounds of more ranks, of each of which one is run

Factors = NDArray[np.float64] | None


@algorithm(ALL_TO_ALL, "linear", "every part at once, straight to its rank", order=1)
def linear(n: int, *, parts: ArrayLike | None = None) -> Schedule:
    """All n (n - 1) parts in one phase.

    >>> linear(100_000)
    <Schedule linear: 100,000 ranks, 1 phase, 9,999,900,000 transfers>
    """
    check_ranks(n)
    everyone = TotalExchange(
        ranks=np.arange(n),
        group=np.zeros(n),
        count=1,
        chunks_of=lambda src, dst: (src.astype(np.int64) * n + dst)[:, None],
        factor=_factors(parts),
    )
    return _schedule("linear", n, (everyone,) if n > 1 else ())


@algorithm(ALL_TO_ALL, "pairwise", "n-1 rounds, in round k from rank i to rank i + k", order=3, usual=False)
def pairwise(n: int, *, parts: ArrayLike | None = None) -> Schedule:
    """n - 1 rounds, in each of which every rank sends one part and receives one.

    Of more than 512 rounds one is run for each of 64 equal spans of k, drawn once for all, and stands for
    its span: which is exact where rounds take equally long, and said in ``note``.

    >>> [phase.dst.tolist() for phase in pairwise(4).phases]
    [[1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]]
    """
    check_ranks(n)
    rank, factor = frozen(np.arange(n)), _factors(parts)
    steps, repeats = np.arange(1, n), np.ones(max(0, n - 1), int)
    note = ""
    if n - 1 > _MOST_ROUNDS:
        edges = np.linspace(0, n - 1, _SPANS + 1).astype(int)
        repeats = np.diff(edges)
        steps = 1 + edges[:-1] + np.random.default_rng(n).integers(0, repeats)
        note = f"{n - 1:,} rounds: {_SPANS} are run, each for a span of {repeats[0]:,} or so"
    phases = []
    for step, repeat in zip(steps.tolist(), repeats.tolist()):
        to = (np.arange(n, dtype=np.int64) + step) % n
        weight = None if factor is None else frozen(factor[to], np.float64)
        chunks = (np.arange(n) * n + to)[:, None]
        phases.append(_round(rank, to, 1, chunks, weight, repeat))
    return _schedule("pairwise", n, tuple(phases), note)


@algorithm(
    ALL_TO_ALL, "bruck", "log2 n rounds of about half the input each: least latency, most bytes", order=4
)
def bruck_all_to_all(n: int, *, parts: ArrayLike | None = None) -> Schedule:
    """ceil(log2 n) rounds: in round k a rank passes to the one 2^k ahead the parts that have bit k of their
    way, which is (d - s) mod n, still to go.

    A rank sends as many parts in all as there are ones in the numbers 1 .. n - 1.

    >>> [(phase.dst.tolist(), phase.count) for phase in bruck_all_to_all(3).phases]
    [([1, 2, 0], 1), ([2, 0, 1], 1)]
    """
    check_ranks(n)
    rank, factor = np.arange(n, dtype=np.int64), _factors(parts)
    way = np.arange(n, dtype=np.int64)
    phases = []
    for bit in range((n - 1).bit_length()):
        moving = way[way >> bit & 1 == 1]
        source = -(moving & ((1 << bit) - 1))  # of a part that is at rank 0 now: it has gone its lower bits
        weight = None if factor is None else _sums(factor, source + moving) / len(moving)
        to = (rank + (1 << bit)) % n
        # Made when asked for: all of them together are n^2 log2(n) / 2.
        phases.append(_round(frozen(rank), to, len(moving), _Bruck(n, source, moving), weight))
    return _schedule("bruck", n, tuple(phases))


@algorithm(
    ALL_TO_ALL,
    "rail",
    "inside each server to the rank on the destination's rail, then along the rails (PXN)",
    order=2,
    pipeline=PIPELINE,
)
def rail(
    n: int, *, groups: ArrayLike | None = None, parts: ArrayLike | None = None, pipeline: int = 1
) -> Schedule:
    """Two phases: inside each group to the member in the destination's place, then between the members in
    that place of all groups.

    Each of the g members of a group sends n/g parts to each of the others, then g parts, one of every member,
    to its fellow in each other group: no byte crosses from rail to rail outside a server.

    >>> rail(8, groups=[0, 0, 0, 0, 1, 1, 1, 1]).phases
    (<Phase round: 24 transfers of 2 chunks>, <Phase round: 8 transfers of 4 chunks>)
    """
    check_ranks(n)
    ranks = group_ranks(np.zeros(n, np.int64) if groups is None else groups)
    count, g = ranks.shape
    place, group = np.empty((2, n), np.int64)
    place[ranks], group[ranks] = np.arange(g), np.arange(count)[:, None]
    factor = _factors(parts)
    phases = []
    if g > 1:
        weight = None
        if factor is not None:
            weight = np.bincount(place, weights=factor)[place] / count
        phases.append(
            TotalExchange(
                ranks=ranks.ravel(),
                group=np.repeat(np.arange(count), g),
                count=count,
                chunks_of=lambda src, dst: src.astype(np.int64)[:, None] * n + ranks[:, place[dst]].T,
                factor=None if weight is None else weight[ranks.ravel()],
            )
        )
    if count > 1:
        phases.append(
            TotalExchange(
                ranks=ranks.T.ravel(),
                group=np.repeat(np.arange(g), count),
                count=g,
                chunks_of=lambda src, dst: ranks[group[src]].astype(np.int64) * n + dst[:, None],
                factor=None if factor is None else factor[ranks.T.ravel()],
            )
        )
    note = f"{pipeline:,} slices, one behind the other" if pipeline > 1 and len(phases) > 1 else ""
    return _schedule("rail", n, tuple(phases), note, pipeline)


class _Bruck:
    """The chunks of one round of ``bruck``: int64 [n, count]."""

    def __init__(self, n: int, source: NDArray[np.int64], way: NDArray[np.int64]) -> None:
        self.n, self.source, self.way = n, source, way

    def __call__(self) -> NDArray[np.int64]:
        src = (np.arange(self.n)[:, None] + self.source) % self.n
        return src * self.n + (src + self.way) % self.n


def _sums(factor: NDArray[np.float64], ahead: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,): for each rank r the sum of ``factor`` of the ranks r + ahead[i], by a circular convolution."""
    n = len(factor)
    kernel = np.bincount((-ahead) % n, minlength=n).astype(float)
    return np.fft.irfft(np.fft.rfft(factor) * np.fft.rfft(kernel), n)


def _round(
    src: NDArray[np.int32], dst: NDArray[Any], count: int, chunks: Any, weight: Factors, repeat: int = 1
) -> Phase:
    cells = chunks if callable(chunks) else lambda: chunks
    return Phase(
        kind="round",
        src=src,
        dst=frozen(dst),
        first=frozen(np.zeros(len(src))),
        count=count,
        modulus=count,
        op=COPY,
        repeat=repeat,
        weight=None if weight is None else frozen(weight, np.float64),
        cells=cells,
    )


def _factors(parts: ArrayLike | None) -> Factors:
    return None if parts is None else np.asarray(parts, float)


def _schedule(name: str, n: int, phases: tuple[Phase, ...], note: str = "", pipeline: int = 1) -> Schedule:
    return Schedule(
        name=name, n=n, chunks=n, phases=phases, note=note, pipeline=pipeline, collective=ALL_TO_ALL.name
    )
