"""Leaf-spine fabrics: every leaf cabled to every spine. The tree of two tiers, counted switch by switch.

Knows its arguments; servers and cables are in ``topologies.parts.cluster``.
"""

from __future__ import annotations

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
    TrunkRate,
    count,
)
from topologies.parts.builder import Call, family
from topologies.parts.checks import divisor
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape

__all__ = ["leaf_spine", "whole_servers"]


@family("leaf-spine", "leaves of so many endpoints each, every leaf cabled to every spine", place=30)
def leaf_spine(
    call: Call,
    *,
    leaves: Annotated[int, count("leaf switches")],
    spines: Annotated[int, count("spine switches, each cabled to every leaf")],
    endpoints_per_leaf: Annotated[int, count("endpoints of a leaf")],
    cables: Annotated[int, count("parallel cables from each leaf to each spine")] = 1,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
    rails: Rails = False,
    trunk_rate: TrunkRate = None,
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
    shape = Shape(
        down=(endpoints_per_leaf, leaves),
        parents=(1, spines),
        cables=(1, cables),
        leaves=leaves,
        endpoints=leaves * endpoints_per_leaf,
    )
    whole_servers(call, shape)
    return Cluster.of(call, shape).graph()


def whole_servers(call: Call, shape: Shape) -> None:
    """Refuse servers that do not fill the full ``shape``, and rails whose leaves do not come out even."""
    g = call["gpus_per_server"]
    if g and call["rails"]:
        divisor("gpus_per_server", g, "leaves, which come in groups of one per rail", shape.leaves)
    elif g:
        divisor("gpus_per_server", g, "endpoints", shape.endpoints)
    elif call["rails"]:
        raise ParameterError("rails", True, "needs servers: give gpus_per_server, 1 or more")
