"""Multi-plane fabrics: several trees side by side, and endpoints on all of them or on one each.

Knows planes; the tree of a plane is in ``topologies.parts.tree``, servers in ``topologies.parts.cluster``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import networkx as nx

from fabric.words.errors import ParameterError
from fabric.words.parameter import BOOLEAN, RATE, RATE_OR_ZERO, RATIOS, TIME, TIMES, WHOLE, choice
from topologies.parts.builder import Builder
from topologies.parts.checks import cabling, divisor, servers, whole
from topologies.parts.cluster import Cluster
from topologies.parts.tree import smallest

__all__ = ["MULTI_PLANE", "multi_plane", "multi_plane_cluster"]

_ATTACH = ("split", "one")


def multi_plane(
    *,
    planes: int,
    endpoints: int,
    radix: int,
    attach: str = "split",
    tiers: int | None = None,
    oversubscription: float | Sequence[float] = 1,
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 0,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
    rails: bool = False,
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
    return multi_plane_cluster(**locals()).graph()


def multi_plane_cluster(**arguments: Any) -> Cluster:
    """What ``multi_plane(**arguments)`` builds, counted in closed form and not built."""
    call = {**MULTI_PLANE.defaults, **arguments}
    for name, least in (("planes", 1), ("endpoints", 1), ("radix", 4), ("tiers", 1)):
        if call[name] is not None or name != "tiers":
            call[name] = whole(name, call[name], least, even=name == "radix")
    if call["attach"] not in _ATTACH:
        raise ParameterError("attach", call["attach"], "how an endpoint is on the planes", _ATTACH)
    call |= cabling(call)
    planes, n, g, apart = (call[name] for name in ("planes", "endpoints", "gpus_per_server", "attach"))
    apart = apart == "one"
    if apart and not g:
        raise ParameterError(
            "gpus_per_server", g, f"attach=one spreads servers over {planes} planes: give it"
        )
    if apart:
        divisor("planes", planes, "GPUs of a server", g)
    servers("endpoints", n, g)
    share, together = (n // planes, g // planes) if apart else (n, g)
    try:
        plane = smallest(
            share, call["radix"], call["tiers"], call["oversubscription"], together if call["rails"] else 0
        )
    except ParameterError as error:
        if error.name != "endpoints" or not apart:
            raise
        raise ParameterError("endpoints", n, f"{share:,} on each of {planes} planes: {error.rule}") from None
    shape = replace(plane, parents=(planes, *plane.parents[1:]), endpoints=n, apart=apart)
    return Cluster.of("multi-plane", MULTI_PLANE, call, shape, radix=call["radix"])


MULTI_PLANE = Builder(
    function=multi_plane,
    parameters={
        "planes": WHOLE,
        "endpoints": WHOLE,
        "radix": WHOLE,
        "attach": choice(*_ATTACH),
        "tiers": WHOLE,
        "oversubscription": RATIOS,
        "rate": RATE,
        "delay": TIMES,
        "gpus_per_server": WHOLE,
        "nvlink": RATE_OR_ZERO,
        "nvlink_delay": TIME,
        "rails": BOOLEAN,
    },
    summary="planes of smaller trees: each NIC split over all planes, or each GPU on one",
)
