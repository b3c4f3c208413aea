"""The least time that a collective can take on the links of its ranks, whatever runs. Runs nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.nic import sending_rate
from sims.jobs.collective import CollectiveJob

__all__ = ["least_time"]

_WHOLE = ("all-reduce", "broadcast", "reduce", "send-recv")


def least_time(job: CollectiveJob, size: float) -> float:
    """Seconds below which no run of ``size`` bytes ends, even where switches add up and spread.

    g of n ranks that share links must send or receive S over them (all-reduce, broadcast, reduce, and what
    goes to the next rank), (n - g)/n S (an n-th for each other rank), or g times that (all-to-all). It holds
    for the ranks of a server and the cables of their NICs, and for one rank and all its links; of servers
    that differ the one with most bandwidth to spare tells it. 0 for one rank.

    >>> from fabric import Fabric
    >>> from topologies import star
    >>> job = CollectiveJob(Fabric.from_graph(star(endpoints=4, rate=50e9)), collective="all-gather")
    >>> round(least_time(job, 200e9), 9)
    3.0
    """
    f, endpoint, servers = job.degraded, job.placement, job.members.servers
    alone = int(servers.max(initial=-1)) + 1 + np.arange(len(servers))
    return max(
        _least(job, size, np.where(servers >= 0, servers, alone), sending_rate(f)[endpoint]),
        _least(job, size, alone, sending_rate(f, scaleup=True)[endpoint]),
    )


def _least(job: CollectiveJob, size: float, unit: NDArray[np.int64], rate: NDArray[np.float64]) -> float:
    """``unit``: (ranks,), which ranks share links; ``rate``: (ranks,), bytes/s that each adds to them."""
    _, which, ranks = np.unique(unit, return_inverse=True, return_counts=True)
    n, total = len(unit), np.bincount(which.ravel(), weights=rate)
    rest = (n - ranks) / n
    part = {"all-to-all": ranks * rest}.get(job.collective.name, rest)
    if job.collective.name in _WHOLE:
        part = (ranks < n).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds = np.where(part > 0, part * size / total, 0.0)
    return float(seconds.min(initial=np.inf)) if n > 1 else 0.0
