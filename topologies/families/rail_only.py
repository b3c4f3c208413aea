"""Rail-only fabrics: the GPUs of equal rank are joined, each rail by itself, and no spine joins the rails.

Knows rails as planes apart; the tree of a rail is in ``parts.tree``, servers in ``parts.cluster``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import networkx as nx

from fabric.words.errors import ParameterError
from fabric.words.parameter import RATE, RATE_OR_ZERO, RATIOS, TIME, TIMES, WHOLE
from topologies.parts.builder import Builder
from topologies.parts.checks import cabling, whole
from topologies.parts.cluster import Cluster
from topologies.parts.tree import smallest

__all__ = ["RAIL_ONLY", "rail_only", "rail_only_cluster"]


def rail_only(
    *,
    servers: int,
    radix: int,
    tiers: int | None = None,
    oversubscription: float | Sequence[float] = 1,
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 8,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
) -> nx.Graph:
    """``servers`` (scale-up domains) of g GPUs on g rails: GPU r of every server is on rail r, and no other.

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
    """
    return rail_only_cluster(**locals()).graph()


def rail_only_cluster(**arguments: Any) -> Cluster:
    """What ``rail_only(**arguments)`` builds, counted in closed form and not built."""
    call = {**RAIL_ONLY.defaults, **arguments}
    for name, least in (("servers", 1), ("radix", 4), ("tiers", 1), ("gpus_per_server", 2)):
        if call[name] is not None or name != "tiers":
            call[name] = whole(name, call[name], least, even=name == "radix")
    call |= cabling(call)
    n, g = call["servers"], call["gpus_per_server"]
    try:
        rail = smallest(n, call["radix"], call["tiers"], call["oversubscription"], 0)
    except ParameterError as error:
        if error.name != "endpoints":
            raise
        raise ParameterError("servers", n, f"each is on every rail, and {error.rule}") from None
    shape = replace(rail, parents=(g, *rail.parents[1:]), endpoints=n * g, apart=True)
    return Cluster.of("rail-only", RAIL_ONLY, call, shape, radix=call["radix"], lane="rail")


RAIL_ONLY = Builder(
    function=rail_only,
    parameters={
        "servers": WHOLE,
        "radix": WHOLE,
        "tiers": WHOLE,
        "oversubscription": RATIOS,
        "rate": RATE,
        "delay": TIMES,
        "gpus_per_server": WHOLE,
        "nvlink": RATE_OR_ZERO,
        "nvlink_delay": TIME,
    },
    summary="a fabric per rail and none between them: other rails are reached over the scale-up switch",
)
