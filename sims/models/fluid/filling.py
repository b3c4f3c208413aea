"""How a pipeline fills and drains: the first segment's way through the stages, and how the second follows.

A segment alone shares links with those that make the same stage, and with no others: what is full where all
stages run at once is not while the first segment comes in and the last one leaves. The second one follows a
stage behind, so that two shares the links of neighbouring stages; from the third on all stages run. Knows no
size, and no latency, which delays every segment alike.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric import Paths
from sims.workload.schedule import REDUCE, Phase

__all__ = ["NONE", "Filling", "adding_way", "filling"]


class Filling(NamedTuple):
    """Seconds that one byte of every transfer takes. ``way``: of the first segment, through all stages alone;
    ``pair``: on the fullest link of two neighbouring stages.
    """

    way: float
    pair: float

    def steps(self, segments: float, peak: float) -> float:
        """Full steps, of ``peak`` seconds a byte, that so many segments take: never fewer than there are.

        Part of a segment takes its part of the time, so that more bytes never take less.

        >>> both = Filling(way=6.0, pair=2.0)
        >>> both.steps(1, 4.0), both.steps(1.5, 4.0), both.steps(2, 4.0), both.steps(10, 4.0)
        (1.5, 1.75, 2.0, 10.0)
        """
        second = min(segments - 1, 1.0)
        return float(max(segments, (self.way + second * self.pair) / peak + segments - 1 - second))


NONE = Filling(0.0, 0.0)


def filling(
    phase: Phase,
    paths: Paths,
    capacity: NDArray[np.float64],
    share: NDArray[np.float64] | float,
    chunks: int,
) -> Filling:
    """Of a pipeline. ``paths``: of each transfer and queue pair; ``capacity``: (links,) in bytes/s;
    ``share``: bytes of each flow per byte of a transfer; ``chunks``: of the schedule.

    Two send to a third, which sends on: 2 seconds in, 1 out, and of both stages together the first is fuller.

    >>> both = Phase(kind="pipeline", src=[0, 1, 2], dst=[2, 2, 3], first=[0, 0, 0], count=1, modulus=1,
    ...              stage=[0, 0, 1], segment_bytes=1)
    >>> ways = Paths(ptr=np.array([0, 1, 2, 3]), link=np.array([5, 5, 6], np.int32))
    >>> filling(both, ways, np.ones(7), 1.0, 1)
    Filling(way=3.0, pair=2.0)
    """
    assert phase.stage is not None
    order, cuts = phase.by_stage
    pairs = np.arange(len(paths) // len(phase), dtype=np.int64)[:, np.newaxis] * len(phase)
    ways = paths.expanded()
    source, target = _cells(phase, chunks)
    ready = np.zeros(int(max(source.max(), target.max())) + 1)
    now, before = np.zeros(len(capacity)), np.zeros(len(capacity))
    pair, last = 0.0, np.empty(0, np.intp)
    for a, b in pairwise(cuts.tolist()):  # stage by stage, each of which is small enough to stay at hand
        transfers = order[a:b]
        flows = (pairs + transfers).ravel()
        taken = ways.take(flows)
        links = taken.link.astype(np.intp)  # converted once, not by each that looks up
        amounts = _amounts(taken, share[flows] if isinstance(share, np.ndarray) else share)
        np.add.at(now, links, amounts / capacity[links])
        seconds = now[links]
        pair = max(pair, float((seconds + before[links]).max(initial=0.0)))
        before[last] = 0.0
        now, before, last = before, now, links
        alone, some = np.zeros(len(flows)), np.flatnonzero(taken.length)
        if len(some):
            alone[some] = np.maximum.reduceat(seconds, taken.ptr[some])
        _pass_on(ready, source[transfers], target[transfers], alone.reshape(len(pairs), b - a).max(axis=0))
    return Filling(way=float(ready.max()), pair=pair)


def adding_way(phase: Phase, chunks: int) -> float:
    """How many messages of a pipeline are added, one after another, on the longest way of the first segment,
    and at least by the rank that adds most of it.

    >>> both = Phase(kind="pipeline", src=[0, 1, 2], dst=[2, 2, 3], first=[0, 0, 0], count=1, modulus=1,
    ...              op=REDUCE, stage=[0, 0, 1], segment_bytes=1)
    >>> adding_way(both, 1)
    3.0
    """
    order, cuts = phase.by_stage
    source, target = _cells(phase, chunks)
    adds = np.broadcast_to(np.asarray(phase.op) == REDUCE, len(phase))
    ready = np.zeros(int(max(source.max(), target.max())) + 1)
    for a, b in pairwise(cuts.tolist()):
        own = order[a:b]
        _, place, count = np.unique(target[own], return_inverse=True, return_counts=True)
        _pass_on(ready, source[own], target[own], adds[own] * count[place].astype(float))
    return max(float(ready.max()), float(phase.additions(1)))


def _cells(phase: Phase, chunks: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(transfers,) each: a number for the chunk that leaves its sender, and for where it arrives."""
    chunk = (phase.first + phase.base) % chunks
    source, target = (end.astype(np.int64) * chunks + chunk for end in (phase.src, phase.dst))
    return source, target


def _amounts(taken: Paths, share: NDArray[np.float64] | float) -> NDArray[np.float64] | float:
    """What each crossing carries, (crossings,), or one for all; ``share``: of each flow, or one for all."""
    each = np.repeat(share, taken.length) if np.ndim(share) else share
    return each if taken.weight is None else each * taken.weight


def _pass_on(
    ready: NDArray[np.float64],
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    alone: NDArray[np.float64],
) -> None:
    """When the ranks to which a stage sends have the first segment, into ``ready``: when each rank has it.

    ``alone``: (transfers,), what all at once of the stage take. Those that one rank waits for share its link:
    they have come when all that begin at some moment or later, each with its part of what it takes, would
    have come one after another from then on,

        ready = max over k of begin[k] + the sum of the parts from k on, in the order in which they begin.
    """
    begin = ready[source]
    by = np.lexsort((begin, target))
    to, begin, takes = target[by], begin[by], alone[by]
    first = np.flatnonzero(np.diff(to, prepend=-1))
    arrival = begin + takes
    if len(first) < len(to):
        count = np.diff(first, append=len(to))
        part = takes / np.repeat(count, count)
        sums = np.cumsum(part)
        from_here = np.repeat(sums[first + count - 1], count) - sums + part
        arrival = np.maximum.reduceat(begin + from_here, first)
    ready[to[first]] = np.maximum(ready[to[first]], arrival)
