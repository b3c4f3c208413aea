"""Generalised fat trees by their lists: XGFT(h; m; w), and PGFT(h; m; w; p) with parallel cables.

The other trees here are instances of these. Knows their arguments; the arithmetic is in ``parts.tree``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Annotated

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.families.leaf_spine import whole_servers
from topologies.parts.argument import (
    Delays,
    GpusPerServer,
    Nvlink,
    NvlinkDelay,
    Rails,
    Rate,
    TrunkRate,
    counts,
)
from topologies.parts.builder import Call, family
from topologies.parts.checks import wholes
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape

__all__ = ["pgft", "xgft"]


def _trimmed(name: str, value: object) -> list[int]:
    cables = wholes(name, value, 1)
    while len(cables) > 1 and cables[-1] == 1:  # what is not said is 1
        cables.pop()
    return cables


Children = Annotated[Sequence[int], counts("children of a switch of each tier, from the leaf up")]
Parents = Annotated[Sequence[int], counts("parents of a node below each tier, from the endpoints up")]
_PARALLEL = counts("parallel cables from a node to each of its parents, per tier; what is not said is 1")
Parallel = Annotated[Sequence[int], replace(_PARALLEL, check=_trimmed)]


@family(
    "pgft", "generalised fat tree: children m, parents w and parallel cables p per tier (Zahavi)", place=50
)
def pgft(
    call: Call,
    *,
    m: Children,
    w: Parents,
    p: Parallel = (1,),
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
    rails: Rails = False,
    trunk_rate: TrunkRate = None,
) -> nx.Graph:
    """The parallel-ports generalised fat tree PGFT(h; m; w; p): h tiers of switches over endpoints.

    A switch of tier i has ``m[i-1]`` children, a node one tier below it ``w[i-1]`` parents, and between the
    two are ``p[i-1]`` cables (what is not said is 1). Tier i has prod(m[i:]) * prod(w[:i]) switches, the
    endpoints are prod(m). With w[0] > 1 every endpoint is on w[0] leaves, each of a ``plane`` of its own.
    ``rate`` is in bytes/s per cable of an endpoint, ``trunk_rate`` between switches (default: the same);
    ``delay`` in seconds, for the cables into tier 1, 2, ... (the last repeats). ``gpus_per_server``,
    ``nvlink``, ``nvlink_delay`` and ``rails`` as in ``fat_tree``.

    Returns nodes 0 .. N-1 as endpoints, then switches tier by tier, then scale-up switches; ``pod`` as in
    ``fat_tree``.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Zahavi, "D-Mod-K Routing Providing Non-Blocking Traffic for Shift Permutations on Real Life Fat
    Trees", 2010; without p, Ohring, Ibel, Das, Kumar, "On Generalized Fat Trees", IPPS 1995.

    >>> pgft(m=(32, 32), w=(1, 16), p=(1, 2)).number_of_nodes()  # four SuperPOD units: 1024 + 32 + 16
    1072
    """
    return _built(call, call["p"])


@family("xgft", "generalised fat tree: children m and parents w per tier (Ohring et al.)", place=40)
def xgft(
    call: Call,
    *,
    m: Children,
    w: Parents,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
    rails: Rails = False,
    trunk_rate: TrunkRate = None,
) -> nx.Graph:
    """The extended generalised fat tree XGFT(h; m; w): ``pgft`` with one cable wherever there is any.

    Arguments, result and errors as ``pgft``. The k-ary tree of three tiers is XGFT(3; k/2, k/2, k; 1, k/2,
    k/2).

    Source: Ohring, Ibel, Das, Kumar, "On Generalized Fat Trees", IPPS 1995.

    >>> xgft(m=(2, 2, 4), w=(1, 2, 2)).number_of_nodes()  # the k-ary tree of k = 4
    36
    """
    return _built(call, [1])


def _built(call: Call, cables: Sequence[int]) -> nx.Graph:
    m, w = call["m"], call["w"]
    if len(w) != len(m):
        near = "/".join(map(str, [*w, *[1] * len(m)][: len(m)]))
        rule = f"one number per tier, and m has {len(m)}: a near legal value is {near}"
        raise ParameterError("w", "/".join(map(str, w)), rule)
    if len(cables) > len(m):
        rule = f"at most one number per tier, and m has {len(m)}"
        raise ParameterError("p", "/".join(map(str, cables)), rule)
    shape = Shape(
        down=tuple(m),
        parents=tuple(w),
        cables=(*cables, *[1] * (len(m) - len(cables))),
        leaves=prod(m[1:]),
        endpoints=prod(m),
    )
    whole_servers(call, shape)
    return Cluster.of(call, shape).graph()
