"""Rail-optimised fabrics: each group of servers has a leaf for every rail, and spines join all leaves.

Knows groups, rails and ports; servers and cables are in ``topologies.parts.cluster``.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.parts.argument import Delays, Nvlink, NvlinkDelay, Rate, Ratios, count, gpus
from topologies.parts.builder import Call, family
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape, leaf_ports, splits, tops

__all__ = ["rail_optimized"]


@family("rail-optimized", "a leaf per rail for each group of servers, joined by spines and cores", place=60)
def rail_optimized(
    call: Call,
    *,
    servers: Annotated[int, count("servers in all")],
    radix: Annotated[int, count("ports of a switch", 2)],
    servers_per_group: Annotated[
        int | None, count("servers that share a leaf for each rail; left out: all that fit")
    ] = None,
    oversubscription: Ratios = 1,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: Annotated[int, gpus(1)] = 8,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
) -> nx.Graph:
    """``servers`` of g GPUs in groups: GPU r of every server of a group is on the group's leaf of rail r.

    A group is ``servers_per_group`` servers (as many as a leaf of ``radix`` ports has ports down, where left
    out) on g leaves; the last group may be partly filled. ``oversubscription`` is ports down : ports up of
    the leaf, or a list for leaf and spine; 1 is full bisection. Where all leaves fit on one spine there are
    two tiers; else pods of as many whole groups as a spine has ports down for, with as many spines as a leaf
    has uplinks, and cores above. The top tier has the fewest switches that all below reach equally, as in
    ``fat_tree``. The other arguments as in ``fat_tree``, but that there is no fabric of this kind without
    servers.

    Returns nodes as ``fat_tree`` does, server by server; endpoints and leaves have their ``rail``. GPUs of
    one rail and group are two cables apart, others of the pod four, or three links over the scale-up switch
    of a server that has both rails.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: NVIDIA DGX SuperPOD reference architecture RA-11333-001 V11, compute fabric.

    >>> G = rail_optimized(servers=128, radix=64, servers_per_group=32)  # four scalable units
    >>> G.graph["notes"][0]
    '1,024 endpoints; switches of 64 ports: 32 leaf, 16 spine.'
    """
    return Cluster.of(call, _shape(call), radix=radix, rails=True).graph()


def _shape(call: Call) -> Shape:
    """The smallest tree for the groups that the checked arguments ask for."""
    n, g, radix, ratios = (call[k] for k in ("servers", "gpus_per_server", "radix", "oversubscription"))
    if len(ratios) > 2:
        raise ParameterError("oversubscription", ratios, "at most two numbers: for leaf and spine")
    size = leaf_ports(call["servers_per_group"], radix, ratios[0])
    leaves, up = -(-n // size) * g, round(size / ratios[0])
    if leaves <= radix:
        if any(ratio != 1 for ratio in ratios[1:]):
            rule = "the spines of two tiers have no uplinks: one number, for the leaf"
            raise ParameterError("oversubscription", ratios, rule)
        if leaves == 1:
            return Shape(down=(size,), parents=(1,), cables=(1,), leaves=1, endpoints=n)
        c = tops(up, leaves, radix)
        return Shape(down=(size, leaves), parents=(1, c), cables=(1, up // c), leaves=leaves, endpoints=n * g)
    ratio = ratios[1] if len(ratios) > 1 else 1
    pod = max((d for d in splits(radix, ratio) if d % g == 0), default=0)
    if not pod:
        rule = (
            f"a spine of {radix} ports, {ratio} : 1, has none down for a leaf of each rail and whole ones up"
        )
        raise ParameterError("gpus_per_server", g, rule)
    pods, above = -(-leaves // pod), round(pod / ratio)
    if pods > radix:
        most = radix * (pod // g) * size
        rule = f"three tiers of {radix}-port switches hold at most {most:,}: fewer, or a larger radix"
        raise ParameterError("servers", n, rule)
    c = tops(above, pods, radix)
    return Shape(
        down=(size, pod, pods),
        parents=(1, up, c),
        cables=(1, 1, above // c),
        leaves=leaves,
        endpoints=n * g,
    )
