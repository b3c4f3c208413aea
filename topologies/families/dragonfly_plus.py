"""Dragonfly+: groups of leaves and spines, any two groups joined by cables between their spines.

Knows leaves, spines and groups; how global ports are paired is in ``topologies.parts.global_cables``.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx
import numpy as np

from fabric.words.counted import counted
from topologies.families.dragonfly import require_groups, unused
from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rate, count
from topologies.parts.assemble import Edges, Nodes
from topologies.parts.builder import Call, family
from topologies.parts.global_cables import global_cables
from topologies.parts.hosts import Hosts, trunks

__all__ = ["dragonfly_plus"]


@family(
    "dragonfly-plus", "groups of leaves and spines, spines joined across groups (Shpiner et al.)", place=100
)
def dragonfly_plus(
    call: Call,
    *,
    leaves: Annotated[int, count("leaves of a group")],
    spines: Annotated[int | None, count("spines of a group; left out: as many as leaves")] = None,
    endpoints_per_leaf: Annotated[
        int | None, count("endpoints of a leaf; left out: as many as spines")
    ] = None,
    global_ports: Annotated[
        int | None, count("ports of a spine to other groups; left out: as many as leaves")
    ] = None,
    groups: Annotated[
        int | None, count("groups, spines * global_ports + 1 at most, which is taken where left out")
    ] = None,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
) -> nx.Graph:
    """Groups of ``leaves`` and ``spines``, each leaf on each spine of its group, any two groups joined.

    Endpoints are on leaves, ``endpoints_per_leaf`` each; cables between groups are on spines,
    ``global_ports`` each. Left out, ``spines`` is as many as leaves, ``endpoints_per_leaf`` as many as
    spines and ``global_ports`` as many as leaves, so that half of the ports of each switch lead up;
    ``groups`` is spines * global_ports + 1, the most there can be: then any two groups have one cable.
    ``rate`` is in bytes/s per cable; ``delay`` in seconds, for the cables endpoint-leaf, leaf-spine and
    spine-spine (the last repeats). ``gpus_per_server``, ``nvlink`` and ``nvlink_delay`` as in ``fat_tree``.

    Returns nodes 0 .. N-1 as endpoints, leaf by leaf, then all leaves (tier 1), all spines (tier 2), group
    by group, with the attributes ``pod`` and ``group`` (the endpoints: ``pod``), then scale-up switches.
    Two leaves are 2 cables apart in a group and 3 across groups. As spines of tier 2 are cabled to each
    other, the program takes the graph as one without tiers: any shortest path is legal.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Shpiner et al., "Dragonfly+: low cost topology for scaling datacenters", HiPINEB 2017.

    >>> dragonfly_plus(leaves=2).number_of_nodes()  # 5 groups of 2 leaves of 2 endpoints, and 2 spines
    40
    """
    spines = spines or leaves
    p, h = endpoints_per_leaf or spines, global_ports or leaves
    groups = groups or spines * h + 1
    limit = f"spines * global_ports + 1 with {counted(spines, 'spine')} and {counted(h, 'global port')}"
    require_groups(groups, spines * h, limit)
    hosts = Hosts.of(call, groups * leaves * p)
    trunk_edges = groups * spines * (2 * leaves + h) // 2
    hosts.require_memory(call.name, groups * (leaves + spines), trunk_edges, groups * leaves)

    leaf, spine = np.arange(groups * leaves, dtype=np.int64), np.arange(groups * spines, dtype=np.int64)
    first = leaf // leaves * spines  # the first spine of each leaf's group
    inside = Edges(
        tail=np.repeat(leaf, spines),
        head=(len(leaf) + first[:, None] + np.arange(spines)).ravel(),
        common={"rate": rate, "delay": call.delay(2)},
    )
    tail, head, cables = global_cables(groups, spines, h)
    common = {"rate": rate, "delay": call.delay(3)}
    between = trunks(len(leaf) + tail, len(leaf) + head, cables, common)
    switches = [
        Nodes(count=len(number), common={"kind": "switch", "tier": tier}, columns={"pod": of, "group": of})
        for tier, (number, of) in enumerate(((leaf, leaf // leaves), (spine, spine // spines)), start=1)
    ]
    on = np.arange(hosts.count, dtype=np.int64) // p
    notes = [
        f"{counted(hosts.count, 'endpoint')}; {counted(groups, 'group')} of {counted(leaves, 'leaf')} of "
        f"{counted(p + spines, 'port')} and "
        f"{counted(spines, 'spine')} of {counted(leaves + h, 'port')}.",
        f"Cables: {hosts.count:,} endpoint-leaf, {len(inside.tail):,} leaf-spine, "
        f"{cables.sum():,} spine-spine.",
        "Spines are cabled to spines, so this is a graph without tiers: any shortest path is legal.",
        *unused(groups * spines * h - 2 * int(cables.sum())),
        *hosts.notes(on),
    ]
    return hosts.graph(call.about(notes), on, switches, [inside, *between], {"pod": on // leaves})
