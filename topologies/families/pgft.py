"""Generalised fat trees by their lists: XGFT(h; m; w), and PGFT(h; m; w; p) with parallel cables.

The other trees here are instances of these. Knows their arguments; the arithmetic is in ``parts.tree``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import networkx as nx

from fabric.words.errors import ParameterError
from fabric.words.parameter import BOOLEAN, RATE, RATE_OR_ZERO, TIME, TIMES, WHOLE, WHOLES
from topologies.families.leaf_spine import whole_servers
from topologies.parts.builder import Builder
from topologies.parts.checks import cabling, wholes
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape

__all__ = ["PGFT", "XGFT", "pgft", "pgft_cluster", "xgft", "xgft_cluster"]


def pgft(
    *,
    m: Sequence[int],
    w: Sequence[int],
    p: Sequence[int] = (1,),
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 0,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
    rails: bool = False,
    trunk_rate: float | None = None,
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
    return pgft_cluster(**locals()).graph()


def pgft_cluster(**arguments: Any) -> Cluster:
    """What ``pgft(**arguments)`` builds, counted in closed form and not built."""
    call = {**PGFT.defaults, **arguments}
    call["p"] = wholes("p", call["p"], 1)
    while len(call["p"]) > 1 and call["p"][-1] == 1:  # what is not said is 1
        call["p"].pop()
    return _cluster("pgft", PGFT, call, call["p"])


def xgft(
    *,
    m: Sequence[int],
    w: Sequence[int],
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 0,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
    rails: bool = False,
    trunk_rate: float | None = None,
) -> nx.Graph:
    """The extended generalised fat tree XGFT(h; m; w): ``pgft`` with one cable wherever there is any.

    Arguments, result and errors as ``pgft``. The k-ary tree of three tiers is XGFT(3; k/2, k/2, k; 1, k/2,
    k/2).

    Source: Ohring, Ibel, Das, Kumar, "On Generalized Fat Trees", IPPS 1995.

    >>> xgft(m=(2, 2, 4), w=(1, 2, 2)).number_of_nodes()  # the k-ary tree of k = 4
    36
    """
    return xgft_cluster(**locals()).graph()


def xgft_cluster(**arguments: Any) -> Cluster:
    """What ``xgft(**arguments)`` builds, counted in closed form and not built."""
    return _cluster("xgft", XGFT, {**XGFT.defaults, **arguments}, [1])


def _cluster(family: str, builder: Builder, call: dict[str, Any], cables: Sequence[int]) -> Cluster:
    call |= {"m": wholes("m", call["m"], 1), "w": wholes("w", call["w"], 1), **cabling(call)}
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
    return Cluster.of(family, builder, call, shape)


_AFTER_LISTS = {
    "rate": RATE,
    "delay": TIMES,
    "gpus_per_server": WHOLE,
    "nvlink": RATE_OR_ZERO,
    "nvlink_delay": TIME,
    "rails": BOOLEAN,
    "trunk_rate": RATE,
}
PGFT = Builder(
    function=pgft,
    parameters={"m": WHOLES, "w": WHOLES, "p": WHOLES, **_AFTER_LISTS},
    summary="generalised fat tree: children m, parents w and parallel cables p per tier (Zahavi)",
)
XGFT = Builder(
    function=xgft,
    parameters={"m": WHOLES, "w": WHOLES, **_AFTER_LISTS},
    summary="generalised fat tree: children m and parents w per tier (Ohring et al.)",
)
