"""One switch with everything on it: the tree of one tier, and the bound that every other fabric is held to.

Knows its arguments; servers and cables are in ``topologies.parts.cluster``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx

from fabric.words.parameter import RATE, RATE_OR_ZERO, TIME, TIMES, WHOLE
from topologies.parts.builder import Builder
from topologies.parts.checks import cabling, servers, whole
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape

__all__ = ["STAR", "star", "star_cluster"]


def star(
    *,
    endpoints: int,
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 0,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
) -> nx.Graph:
    """``endpoints`` on one switch that has a port for each: PGFT(1; endpoints; 1; 1).

    ``rate`` is in bytes/s per cable, ``delay`` in seconds (of a list the first is taken);
    ``gpus_per_server``, ``nvlink`` and ``nvlink_delay`` as in ``fat_tree``.

    Returns nodes 0 .. N-1 as endpoints, then the switch, N, then scale-up switches.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    >>> sorted(star(endpoints=4)[4])
    [0, 1, 2, 3]
    """
    return star_cluster(**locals()).graph()


def star_cluster(**arguments: Any) -> Cluster:
    """What ``star(**arguments)`` builds, counted in closed form and not built."""
    call = {**STAR.defaults, **arguments}
    call |= {"endpoints": whole("endpoints", call["endpoints"], 1), **cabling(call)}
    n = call["endpoints"]
    servers("endpoints", n, call["gpus_per_server"])
    return Cluster.of("star", STAR, call, Shape(down=(n,), parents=(1,), cables=(1,), leaves=1, endpoints=n))


STAR = Builder(
    function=star,
    parameters={
        "endpoints": WHOLE,
        "rate": RATE,
        "delay": TIMES,
        "gpus_per_server": WHOLE,
        "nvlink": RATE_OR_ZERO,
        "nvlink_delay": TIME,
    },
    summary="all endpoints on one switch",
)
