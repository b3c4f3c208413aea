"""Leaf-spine fabrics: every leaf cabled to every spine. The tree of two tiers, counted switch by switch.

Knows its arguments; servers and cables are in ``topologies.parts.cluster``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx

from fabric.words.errors import ParameterError
from fabric.words.parameter import BOOLEAN, RATE, RATE_OR_ZERO, TIME, TIMES, WHOLE
from topologies.parts.builder import Builder
from topologies.parts.checks import cabling, divisor, whole
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape

__all__ = ["LEAF_SPINE", "leaf_spine", "leaf_spine_cluster", "whole_servers"]


def leaf_spine(
    *,
    leaves: int,
    spines: int,
    endpoints_per_leaf: int,
    cables: int = 1,
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 0,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
    rails: bool = False,
    trunk_rate: float | None = None,
) -> nx.Graph:
    """``leaves`` of ``endpoints_per_leaf``, each joined to each of ``spines`` by so many parallel ``cables``.

    PGFT(2; endpoints_per_leaf, leaves; 1, spines; 1, cables). Oversubscription is endpoints_per_leaf :
    spines * cables, where all cables are of one rate. ``rate`` is in bytes/s per cable of an endpoint,
    ``trunk_rate`` of a leaf to a spine (default: the same); ``delay`` in seconds, for the cables
    endpoint-leaf and leaf-spine. ``gpus_per_server``, ``nvlink``, ``nvlink_delay`` and ``rails`` as in
    ``fat_tree``.

    Returns nodes 0 .. N-1 as endpoints, then leaves, spines and scale-up switches. Between endpoints of two
    leaves there are spines * cables^2 paths, all of four cables.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    >>> leaf_spine(leaves=4, spines=2, endpoints_per_leaf=8).number_of_edges()  # 32 + 4 * 2
    40
    """
    return leaf_spine_cluster(**locals()).graph()


def leaf_spine_cluster(**arguments: Any) -> Cluster:
    """What ``leaf_spine(**arguments)`` builds, counted in closed form and not built."""
    call = {**LEAF_SPINE.defaults, **arguments}
    for name in ("leaves", "spines", "endpoints_per_leaf", "cables"):
        call[name] = whole(name, call[name], 1)
    call |= cabling(call)
    leaves, ports = call["leaves"], call["endpoints_per_leaf"]
    shape = Shape(
        down=(ports, leaves),
        parents=(1, call["spines"]),
        cables=(1, call["cables"]),
        leaves=leaves,
        endpoints=leaves * ports,
    )
    whole_servers(call, shape)
    return Cluster.of("leaf-spine", LEAF_SPINE, call, shape)


def whole_servers(call: dict[str, Any], shape: Shape) -> None:
    """Refuse servers that do not fill the full ``shape``, and rails whose leaves do not come out even."""
    g = call["gpus_per_server"]
    if g and call["rails"]:
        divisor("gpus_per_server", g, "leaves, which come in groups of one per rail", shape.leaves)
    elif g:
        divisor("gpus_per_server", g, "endpoints", shape.endpoints)
    elif call["rails"]:
        raise ParameterError("rails", True, "needs servers: give gpus_per_server, 1 or more")


LEAF_SPINE = Builder(
    function=leaf_spine,
    parameters={
        "leaves": WHOLE,
        "spines": WHOLE,
        "endpoints_per_leaf": WHOLE,
        "cables": WHOLE,
        "rate": RATE,
        "delay": TIMES,
        "gpus_per_server": WHOLE,
        "nvlink": RATE_OR_ZERO,
        "nvlink_delay": TIME,
        "rails": BOOLEAN,
        "trunk_rate": RATE,
    },
    summary="leaves of so many endpoints each, every leaf cabled to every spine",
)
