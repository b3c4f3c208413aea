"""Multi-plane fabrics: several trees side by side, and endpoints on all of them or on one each.

Knows planes; the tree of a plane is in ``topologies.parts.tree``, servers in ``topologies.parts.cluster``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.parts.argument import (
    Delays,
    GpusPerServer,
    Nvlink,
    NvlinkDelay,
    Rails,
    Rate,
    Ratios,
    count,
    one_of,
)
from topologies.parts.builder import Call, family
from topologies.parts.checks import divisor, servers
from topologies.parts.cluster import Cluster
from topologies.parts.tree import smallest

__all__ = ["multi_plane"]


@family(
    "multi-plane", "planes of smaller trees: each NIC split over all planes, or each GPU on one", place=80
)
def multi_plane(
    call: Call,
    *,
    planes: Annotated[int, count("trees side by side")],
    endpoints: Annotated[int, count("endpoints in all")],
    radix: Annotated[int, count("ports of a switch", 4, even=True)],
    attach: Annotated[
        str,
        one_of(
            "each endpoint on all planes, its rate split over them, or on one",
            "how an endpoint is on the planes",
            "split",
            "one",
        ),
    ] = "split",
    tiers: Annotated[int | None, count("tiers of a plane, 4 at most; left out: the fewest that do")] = None,
    oversubscription: Ratios = 1,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
    rails: Rails = False,
) -> nx.Graph:
    """``planes`` equal trees of ``radix``-port switches, none joined to another, over ``endpoints``.

    With ``attach="split"`` every endpoint is on all planes, and its NIC of ``rate`` (bytes/s) is split: all
    cables of the fabric are of rate/planes. Two planes are dual top-of-rack. With ``attach="one"`` every
    endpoint is on one plane, by cables of ``rate``: GPU r of a server on plane r mod planes, and another
    plane is reached over the server's scale-up switch; so ``planes`` divides ``gpus_per_server``, and
    ``nvlink`` is above zero. A plane is the smallest tree for its endpoints, as in ``fat_tree`` with
    ``tiers``, ``oversubscription`` and ``rails``; the other arguments as there.

    Returns nodes 0 .. N-1 as endpoints, then switches tier by tier with their ``plane``, then scale-up
    switches; with ``attach="one"`` endpoints have their ``plane`` too.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Sources: split, as reported of arXiv:2605.04333; one, the "MPFT" of DeepSeek-V3 insights, ISCA 2025; dual
    top-of-rack, Alibaba HPN, SIGCOMM 2024.

    >>> G = multi_plane(planes=2, endpoints=32, radix=8)  # two trees of 8 leaves and 4 spines
    >>> G.number_of_nodes(), G.edges[0, 32]["rate"]
    (56, 25000000000.0)
    """
    n, g, apart = endpoints, gpus_per_server, attach == "one"
    if apart and not g:
        raise ParameterError(
            "gpus_per_server", g, f"attach=one spreads servers over {planes} planes: give it"
        )
    if apart:
        divisor("planes", planes, "GPUs of a server", g)
    servers("endpoints", n, g)
    share, together = (n // planes, g // planes) if apart else (n, g)
    try:
        plane = smallest(share, radix, tiers, call["oversubscription"], together if rails else 0)
    except ParameterError as error:
        if error.name != "endpoints" or not apart:
            raise
        raise ParameterError("endpoints", n, f"{share:,} on each of {planes} planes: {error.rule}") from None
    shape = replace(plane, parents=(planes, *plane.parents[1:]), endpoints=n, apart=apart)
    return Cluster.of(call, shape, radix=radix).graph()
