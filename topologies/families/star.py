"""One switch with everything on it: the tree of one tier, and the bound that every other fabric is held to.

Knows its arguments; servers and cables are in ``topologies.parts.cluster``.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx

from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rate, count
from topologies.parts.builder import Call, family
from topologies.parts.checks import servers
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape

__all__ = ["star"]


@family("star", "all endpoints on one switch", place=20)
def star(
    call: Call,
    *,
    endpoints: Annotated[int, count("endpoints in all")],
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
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
    servers("endpoints", endpoints, gpus_per_server)
    shape = Shape(down=(endpoints,), parents=(1,), cables=(1,), leaves=1, endpoints=endpoints)
    return Cluster.of(call, shape).graph()
