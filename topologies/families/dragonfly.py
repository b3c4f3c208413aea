"""Dragonflies: groups of fully connected routers, any two groups joined by global cables.

Knows routers and groups; how global ports are paired is in ``topologies.parts.global_cables``.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx
import numpy as np

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rate, count
from topologies.parts.assemble import Edges, Nodes
from topologies.parts.builder import Call, family
from topologies.parts.global_cables import global_cables
from topologies.parts.hosts import Hosts, trunks

__all__ = ["dragonfly", "require_groups", "unused"]


@family(
    "dragonfly",
    "groups of a fully connected routers, p endpoints and h global ports each (Kim et al.)",
    place=90,
)
def dragonfly(
    call: Call,
    *,
    p: Annotated[int, count("endpoints of a router")],
    a: Annotated[int | None, count("routers of a group; left out: 2p")] = None,
    h: Annotated[int | None, count("global ports of a router; left out: p")] = None,
    groups: Annotated[int | None, count("groups, a*h + 1 at most, which is taken where left out")] = None,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
) -> nx.Graph:
    """The canonical dragonfly: ``groups`` of ``a`` routers with ``p`` endpoints and ``h`` global ports each.

    The routers of a group are fully connected, and any two groups are joined. Left out, ``a`` is 2p, ``h``
    is p (the balance a = 2p = 2h) and ``groups`` is a*h + 1, the most there can be: then any two groups
    have one cable. Fewer groups have as many each, one more or less; ``global_cables`` says which. ``rate``
    is in bytes/s per cable; ``delay`` in seconds, for the cables endpoint-router, in a group and between
    groups (the last repeats). ``gpus_per_server``, ``nvlink`` and ``nvlink_delay`` as in ``fat_tree``:
    consecutive endpoints are a server.

    Returns nodes 0 .. N-1 as endpoints, router by router, then routers group by group, all of tier 1 and with
    the attributes ``pod`` and ``group`` (the endpoints: ``pod``), then scale-up switches. Each router uses
    p + a-1 + h ports, and any two are at most 3 cables apart: local, global, local. The graph has no tiers,
    so any shortest path is legal.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Kim, Dally, Scott, Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008.

    >>> dragonfly(p=2).number_of_nodes()  # 9 groups of 4 routers of 2 endpoints (the paper's example)
    108
    """
    a, h = a or 2 * p, h or p
    groups = groups or a * h + 1
    require_groups(groups, a * h, f"a*h + 1 with a = {a} and h = {h}")
    hosts = Hosts.of(call, groups * a * p)
    hosts.require_memory(call.name, groups * a, groups * (a * (a - 1) + a * h) // 2)

    group = np.repeat(np.arange(groups, dtype=np.int64), a)
    one, other = np.triu_indices(a, 1)
    first = np.arange(groups, dtype=np.int64)[:, None] * a
    local = Edges(
        tail=(first + one).ravel(),
        head=(first + other).ravel(),
        common={"rate": rate, "delay": call.delay(2)},
    )
    tail, head, cables = global_cables(groups, a, h)
    between = trunks(tail, head, cables, {"rate": rate, "delay": call.delay(3)})
    routers = Nodes(
        count=groups * a, common={"kind": "switch", "tier": 1}, columns={"pod": group, "group": group}
    )
    router = np.arange(hosts.count, dtype=np.int64) // p
    notes = [
        f"{counted(hosts.count, 'endpoint')}; {counted(groups, 'group')} of {counted(a, 'router')} "
        f"of {counted(p + a - 1 + h, 'port')}.",
        f"Cables: {hosts.count:,} endpoint-router, {len(local.tail):,} in groups, "
        f"{cables.sum():,} between groups.",
        *unused(groups * a * h - 2 * int(cables.sum())),
        *hosts.notes(router),
    ]
    return hosts.graph(call.about(notes), router, [routers], [local, *between], {"pod": router // a})


def require_groups(groups: int, global_ports: int, what: str) -> None:
    """Refuse more groups than so many global ports of each can join; ``what`` words the limit."""
    if groups > global_ports + 1:
        rule = f"at most {what}: the nearest legal is {global_ports + 1:,}"
        raise ParameterError("groups", groups, rule)


def unused(ports: int) -> list[str]:
    """The note on global ports without a cable."""
    return [f"{ports:,} global {'port is' if ports == 1 else 'ports are'} free."] if ports else []
