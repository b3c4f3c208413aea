"""Send and receive: every rank sends its message to the next one, all at once."""

from __future__ import annotations

import numpy as np

from sims.workload.collective import SEND_RECV
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.group import check_ranks
from sims.workload.schedule import COPY, Phase, Schedule, frozen

__all__ = ["ring_shift"]


@algorithm(SEND_RECV, "ring", "one round: each rank sends to the next one, the last one to the first")
def ring_shift(n: int) -> Schedule:
    """One round of n transfers of a whole message each, as ``sendrecv_perf`` of nccl-tests does it.

    >>> ring_shift(3).phases[0].dst.tolist()
    [1, 2, 0]
    """
    check_ranks(n)
    rank = frozen(np.arange(n))
    after = frozen((rank + 1) % n)
    phases: tuple[Phase, ...] = ()
    if n > 1:
        phases = (Phase(kind="round", src=rank, dst=after, first=rank, count=1, modulus=n, op=COPY),)
    return Schedule(name="ring", n=n, chunks=1, phases=phases, collective=SEND_RECV.name)
