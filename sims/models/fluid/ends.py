"""The ends of flows under way, one after another, while nothing else happens: compiled.

What a clock would ask for one end at a time is computed ahead of it, to the next instant at which somebody
may act.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric import Paths
from sims.models.fluid.heap import build, pop, put
from sims.models.fluid.incremental import Sharing, justify, leave, ripple, settle, sharing
from sims.models.kernel import kernel

__all__ = ["Ahead", "ahead"]

_SAME = 1e-12  # of the time since the start: ends this near are one instant
_PATIENCE = 200_000  # changes of a flow's rate at a time: between two a caller may be interrupted
_MANY = 8  # where one flow of so many has a new end, all are put in order anew


@dataclass(frozen=True, kw_only=True, eq=False)
class Ahead:
    """Flows as they are at ``time``, each (flows,).

    ``time``: s, infinite where all stand still for ever; ``end``: s, when each has sent its last byte, nan of
    those that go on; ``left``: bytes; ``rate``: bytes/s from then on.
    """

    time: float
    end: NDArray[np.float64]
    left: NDArray[np.float64]
    rate: NDArray[np.float64]


def ahead(
    paths: Paths,
    capacity: NDArray[np.float64],
    left: NDArray[np.float64],
    rate: NDArray[np.float64],
    batch: NDArray[np.int64],
    now: float,
    until: float = np.inf,
) -> Ahead:
    """Run flows from ``now`` to the first instant at which all of a batch have ended, to ``until`` at most.

    ``left``: (flows,) bytes; ``rate``: (flows,) their max-min fair rates; ``batch``: (flows,) a number each.
    Exact: what FluidNetwork finds, solving at every end that disturbs, to rounding.

    >>> two = Paths(ptr=np.array([0, 1, 2]), link=np.array([0, 0], np.int32))
    >>> run = ahead(two, np.ones(1), np.array([1.0, 3.0]), np.full(2, 0.5), np.zeros(2, int), 0.0)
    >>> run.time, run.end.tolist()
    (4.0, [2.0, 4.0])
    """
    weight = np.ones(len(paths.link)) if paths.weight is None else paths.weight
    length, row = paths.length.astype(np.int32), paths.row.astype(np.int32)
    net = sharing(capacity, paths.ptr[:-1], length, paths.link, weight, row)
    net.rate[:] = rate
    flows = len(left)
    going = _Going(
        left=left.copy(),
        end=np.full(flows, np.nan),
        since=np.full(flows, now),
        last=np.full(flows, np.inf),
        order=np.arange(flows).astype(np.int32),
        place=np.full(flows, -1, np.int32),
        ended=np.empty(flows, np.int32),
    )
    clock, open_ = np.array([now, until, -1.0]), np.bincount(batch)
    while not _run(net, going, batch, open_, now, clock, _PATIENCE):
        pass
    return Ahead(time=float(clock[0]), end=going.end, left=going.left, rate=net.rate)


class _Going(NamedTuple):
    """(flows,) each. ``left``: bytes at ``since``; ``end``: s, when it ended; ``last``: when it will, as it
    seems; ``order``, ``place``: of those under way (sims.models.fluid.heap); ``ended``: the latest.
    """

    left: NDArray[np.float64]
    end: NDArray[np.float64]
    since: NDArray[np.float64]
    last: NDArray[np.float64]
    order: NDArray[np.int32]
    place: NDArray[np.int32]
    ended: NDArray[np.int32]


@kernel
def _run(
    net: Sharing,
    going: _Going,
    batch: NDArray[np.int64],
    open_: NDArray[np.int64],
    now: float,
    clock: NDArray[np.float64],
    patience: int,
) -> bool:
    """Whether it is done, or else has changed ``patience`` rates, and goes on when it is called again.

    ``open_``: (batches,) how many flows of each have not ended; ``clock``: the time, until when, and how many
    flows are under way, -1 before the first. Changes ``going``, ``open_`` and ``clock``.
    """
    left, end, since, last, order, place, ended = going
    flows, time, until, under_way = len(left), clock[0], clock[1], int(clock[2])
    if under_way < 0:
        justify(net)
        for flow in range(flows):
            if net.rate[flow] > 0:
                last[flow] = now + left[flow] / net.rate[flow]
        under_way = flows
        build(order, place, last, under_way)
    while True:
        if patience <= 0:
            clock[0], clock[1], clock[2] = time, until, under_way
            return False
        met = ripple(net)
        patience -= 1 + met
        many = met * _MANY > under_way
        for i in range(met):
            flow, rate = net.met[i], net.rate[net.met[i]]
            if settle(net, flow):
                left[flow] = max(left[flow] - rate * (time - since[flow]), 0.0)
                since[flow] = time
                last[flow] = time + left[flow] / net.rate[flow] if net.rate[flow] > 0 else np.inf
                if not many:
                    put(order, place, last, under_way, flow)
        if many:
            build(order, place, last, under_way)
        if under_way == 0 or last[order[0]] > until or last[order[0]] == np.inf:
            break
        border = last[order[0]] + _SAME * (last[order[0]] - now)
        gone = 0
        while under_way and last[order[0]] <= min(border, until):
            flow = order[0]
            under_way = pop(order, place, last, under_way)
            time = end[flow] = last[flow]
            left[flow] = 0.0
            leave(net, flow)
            ended[gone] = flow
            gone += 1
        for i in range(gone):
            open_[batch[ended[i]]] -= 1
            if open_[batch[ended[i]]] == 0:
                until = time
    if until < np.inf or under_way == flows:
        time = until
    for i in range(under_way if time < np.inf else 0):
        flow = order[i]
        left[flow] = max(left[flow] - net.rate[flow] * (time - since[flow]), 0.0)
    clock[0] = time
    return True
