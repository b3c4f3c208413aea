"""Tori and meshes of one to three dimensions.

Knows coordinates and wrap-around; no routing in dimension order.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Annotated

import networkx as nx
import numpy as np

from fabric.words.counted import counted
from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rate, count, counts, switch
from topologies.parts.assemble import Edges, Nodes
from topologies.parts.builder import Call, family
from topologies.parts.hosts import Hosts

__all__ = ["torus"]

_AXES = ("x", "y", "z")


@family("torus", "switches on a grid of one to three dimensions, with wrap-around (dims=8/8/8)", place=110)
def torus(
    call: Call,
    *,
    dims: Annotated[
        int | Sequence[int],
        counts("switches in each dimension", 2, most=len(_AXES), rule="one to three sizes, such as 8/8/8"),
    ],
    endpoints_per_switch: Annotated[int, count("endpoints of a switch")] = 1,
    wrap: Annotated[bool, switch("cables from the last switch of a line to its first, else a mesh")] = True,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
) -> nx.Graph:
    """A torus of ``dims`` switches, one to three sizes of 2 or more, such as (8, 8, 8).

    Each switch has ``endpoints_per_switch`` endpoints and a cable to the next switch either way in each
    dimension, across the edge too where ``wrap`` is true (else it is a mesh). In a dimension of size 2 both
    ways lead to the same switch: they are one cable, as in ``nx.grid_graph(dims, periodic=True)``, and not
    two parallel ones. ``rate`` is in bytes/s per cable; ``delay`` in seconds, for the cables
    endpoint-switch and switch-switch. ``gpus_per_server``, ``nvlink`` and ``nvlink_delay`` as in
    ``fat_tree``.

    Returns nodes 0 .. N-1 as endpoints, switch by switch, then switches, the last dimension varying
    fastest, all of tier 1, with their coordinates ``x``, ``y`` and ``z``, then scale-up switches. A torus
    is regular, with 2 cables to other switches per dimension (1 where the size is 2), and sum(size // 2) of
    them across; a mesh has sum(size - 1) across. The graph has no tiers, so any shortest path is legal.

    Raises:
        ParameterError: naming the parameter, its value and the rule.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Dally, Towles, "Principles and Practices of Interconnection Networks" (2004), chapter 5.

    >>> torus(dims=(4, 4)).number_of_edges()  # 16 endpoints on 16 switches of 2 + 2 neighbours
    48
    """
    sizes, p, switches = call["dims"], endpoints_per_switch, prod(call["dims"])
    hosts = Hosts.of(call, switches * p)
    steps = [size if wrap and size > 2 else size - 1 for size in sizes]  # cables along one line
    trunks = sum(switches // size * step for size, step in zip(sizes, steps))
    hosts.require_memory(call.name, switches, trunks)

    grid = np.arange(switches, dtype=np.int64).reshape(sizes)
    common = {"rate": rate, "delay": call.delay(2)}
    cables = []
    for axis, step in enumerate(steps):
        following = np.roll(grid, -1, axis)
        tail, head = (np.take(g, np.arange(step), axis).ravel() for g in (grid, following))
        cables.append(Edges(tail=tail, head=head, common=common))
    coordinates = dict(zip(_AXES, (axis.ravel() for axis in np.indices(sizes))))
    block = Nodes(count=switches, common={"kind": "switch", "tier": 1}, columns=coordinates)
    shape = " x ".join(map(str, sizes))
    most = p + sum(2 if size > 2 else 1 for size in sizes)
    on = np.arange(hosts.count, dtype=np.int64) // p
    notes = [
        f"{counted(hosts.count, 'endpoint')}; {shape} switches "
        f"of {'' if wrap else 'up to '}{counted(most, 'port')}.",
        f"Cables: {hosts.count:,} endpoint-switch, {trunks:,} switch-switch.",
        *(["A dimension of size 2 has one cable between its two switches."] if wrap and 2 in sizes else []),
        *hosts.notes(on),
    ]
    return hosts.graph(call.about(notes), on, [block], cables)
