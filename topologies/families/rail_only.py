"""Rail-only fabrics: the GPUs of equal rank are joined, each rail by itself, and no spine joins the rails.

Knows rails as planes apart; the tree of a rail is in ``parts.tree``, servers in ``parts.cluster``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.parts.argument import Delays, Nvlink, NvlinkDelay, Rate, Ratios, count, gpus
from topologies.parts.builder import Call, family
from topologies.parts.checks import divisor
from topologies.parts.cluster import Cluster
from topologies.parts.tree import leaf_ports, smallest

__all__ = ["rail_only"]


@family(
    "rail-only",
    "a fabric per rail and none between them: other rails are reached over the scale-up switch",
    place=70,
)
def rail_only(
    call: Call,
    *,
    servers: Annotated[int, count("servers, each a scale-up domain with GPUs on every rail")],
    radix: Annotated[int, count("ports of a switch", 4, even=True)],
    tiers: Annotated[int | None, count("tiers of a rail, 4 at most; left out: the fewest that do")] = None,
    oversubscription: Ratios = 1,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: Annotated[int, gpus(2)] = 8,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
    rails_per_server: Annotated[
        int | None, count("rails, GPU r on rail r mod so many; left out: one for each GPU", 2)
    ] = None,
    servers_per_group: Annotated[
        int | None, count("servers that share a leaf of each rail; left out: all that fit")
    ] = None,
    top_switches: Annotated[
        int | None, count("switches of the top tier of a rail; left out: the fewest that do")
    ] = None,
    planes: Annotated[int, count("trees of a rail, over which each NIC is split")] = 1,
) -> nx.Graph:
    """``servers`` (scale-up domains) of g GPUs on g rails: GPU r of every server is on rail r, and no other.

    With ``rails_per_server`` = q, a divisor of g, there are q rails and GPU r is on rail r mod q: trays of q
    GPUs under one scale-up switch. ``servers_per_group`` share a leaf of each rail; without it a leaf is
    filled whatever servers it cuts. ``top_switches`` may be more than the fewest, as where a tier above is
    planned; they divide the uplinks of a switch below. With ``planes`` a rail is so many equal trees, none
    joined to another, and the NIC of ``rate`` of each GPU is split over those of its rail: all cables are of
    rate/planes.

    A rail is the smallest tree of ``radix``-port switches for so many servers, as ``fat_tree`` has it with
    ``tiers`` and ``oversubscription``: one switch for up to radix servers, two tiers for up to radix^2 / 2.
    Between rails there is no cable: a GPU reaches another server's GPU of another rail over the scale-up
    switch of its own server and the NIC of the GPU there that is on that rail. So ``nvlink`` is above zero
    and ``gpus_per_server`` at least 2; the other arguments as in ``fat_tree``.

    Returns nodes as ``fat_tree`` does, server by server; endpoints and switches have their ``rail``.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Wang, Ghobadi, Shakeri, Zhang, Hasani, "Rail-only: A Low-Cost High-Performance Network for
    Training LLMs with Trillion Parameters", arXiv:2307.12169.

    >>> rail_only(servers=64, radix=64).graph["notes"][0]
    '512 endpoints; switches of 64 ports: 8 leaf.'
    >>> rail_only(servers=4, radix=4, gpus_per_server=2, planes=2).graph["notes"][1][:49]
    '2 rails of 2 planes, each plane a tree of its own'
    """
    n, g, rails = servers, gpus_per_server, rails_per_server or gpus_per_server
    divisor("rails_per_server", rails, "GPUs of a server", g)
    ratios, nics = call["oversubscription"], g // rails
    leaf = leaf_ports(servers_per_group, radix, ratios[0], nics) if servers_per_group else 0
    try:
        rail = smallest(n * nics, radix, tiers, ratios, 0, leaf=leaf, top=top_switches)
    except ParameterError as error:
        if error.name != "endpoints":
            raise
        each = f"{nics} GPUs of each are on every rail" if nics > 1 else "each is on every rail"
        raise ParameterError("servers", n, f"{each}, and {error.rule}") from None
    trees = (rails * planes, *rail.parents[1:])
    shape = replace(rail, parents=trees, endpoints=n * g, apart=True, share=planes)
    return Cluster.of(call, shape, radix=radix, lane="rail").graph()
