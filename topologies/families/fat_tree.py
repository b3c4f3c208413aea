"""Fat trees: the k-ary one of Al-Fares, and the smallest one that holds a number of endpoints.

Knows ports, servers and rails; the arithmetic of the tree itself is in ``topologies.parts.tree``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx

from fabric.words.errors import ParameterError
from fabric.words.parameter import BOOLEAN, RATE, RATE_OR_ZERO, RATIOS, TIME, TIMES, WHOLE
from topologies.parts.builder import Builder
from topologies.parts.checks import cabling, servers, whole
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape, smallest

__all__ = ["FAT_TREE", "fat_tree", "fat_tree_cluster", "fat_tree_size"]


def fat_tree(
    *,
    k: int | None = None,
    endpoints: int | None = None,
    radix: int | None = None,
    tiers: int | None = None,
    oversubscription: float | Sequence[float] = 1,
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 0,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
    rails: bool = False,
) -> nx.Graph:
    """A fat tree as a graph of the schema, by ``k`` alone or by ``endpoints`` and ``radix``.

    By ``k`` (even): the three-tier tree of Al-Fares et al.: k pods of k/2 leaves and k/2 spines, (k/2)^2
    cores, k^3/4 endpoints. By ``endpoints`` and ``radix`` (ports of a switch, even, 4 or more): the fewest
    ``tiers`` (1 to 4), leaves and pods that hold exactly so many endpoints; the last leaf and the last pod
    may be partly filled, and a partial pod keeps all its spines. The top has, per plane, c switches, the
    smallest divisor of the u uplinks below it for which the ports suffice, each joined to each switch below
    by u/c parallel ``cables``: so all are reached alike.

    ``oversubscription`` is ports down : ports up of the leaf, or a list for leaf, spine, ... (what is not
    said is 1); where it does not split all ports, as many as it does are used and the others are free.
    ``rate`` is in bytes/s per cable; ``delay`` in seconds, for the cables endpoint-leaf, leaf-spine,
    spine-core, ... (the last repeats): 5, 50 and 100 m of fibre at 5 ns/m. ``gpus_per_server`` = g > 0 makes
    endpoints g*s .. g*s + g-1 server s, and with ``nvlink`` (bytes/s per GPU) above zero and g > 1 joins them
    by a scale-up switch. GPUs of a server share a leaf where g divides its ports. With ``rails``, as many
    servers as a leaf has ports down share g leaves, and GPU r is on the leaf of rail r.

    Returns nodes 0 .. N-1 as endpoints, then switches tier by tier, then scale-up switches. Every switch
    below the top uses all its uplinks and none uses more than its ports. With three tiers or more, ``pod`` is
    on the endpoints and switches of each two-tier block; ``graph["params"]`` builds the graph again,
    ``graph["notes"]`` counts it.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Al-Fares, Loukissas, Vahdat, SIGCOMM 2008, section 3; the partial tree is a PGFT (Zahavi 2010).

    >>> fat_tree(k=4).number_of_nodes()  # 16 endpoints, 8 leaves, 8 spines, 4 cores
    36
    """
    return fat_tree_cluster(**locals()).graph()


def fat_tree_cluster(**arguments: Any) -> Cluster:
    """What ``fat_tree(**arguments)`` builds, counted in closed form and not built."""
    call = _checked({**FAT_TREE.defaults, **arguments})
    return Cluster.of("fat-tree", FAT_TREE, call, _shape(call), radix=call["k"] or call["radix"])


def fat_tree_size(**arguments: Any) -> tuple[int, int]:
    """(nodes, edges) of ``fat_tree(**arguments)``, in closed form: nothing is built.

    >>> fat_tree_size(k=74)
    (108151, 303918)
    """
    return fat_tree_cluster(**arguments).size


def _checked(call: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as plain Python values, each legal by itself: whole numbers as int, lists as list."""
    values = {**call, **cabling(call)}
    for name, least in (("k", 2), ("endpoints", 1), ("radix", 4), ("tiers", 1)):
        if call[name] is not None:
            values[name] = whole(name, call[name], least, even=name in ("k", "radix"))
    return values


def _shape(call: Mapping[str, Any]) -> Shape:
    """The tree that the checked arguments ask for."""
    k, n, radix, g, rails = (call[name] for name in ("k", "endpoints", "radix", "gpus_per_server", "rails"))
    if k is not None:
        given = FAT_TREE.given(call)
        for name in ("endpoints", "radix", "tiers", "oversubscription"):
            if name in given:
                rule = "k stands alone: leave this out, or give endpoints and radix without k"
                raise ParameterError(name, call[name], rule)
        _require_servers_of_k(k, g, rails)
        return Shape.k_ary(k)
    for name in ("endpoints", "radix"):
        if call[name] is None:
            raise ParameterError(name, None, "needed: give k alone, or endpoints and radix")
    servers("endpoints", n, g)
    return smallest(n, radix, call["tiers"], call["oversubscription"], g if rails else 0)


def _require_servers_of_k(k: int, g: int, rails: bool) -> None:
    """A full k-ary tree is full of whole servers, and with rails of whole groups of g leaves."""

    def fits(k: int) -> bool:
        return (k**2 // 2 if rails else k**3 // 4) % g == 0

    if g == 0 or fits(k):
        return
    below, above = range(k - 2, 1, -2), range(k + 2, k + 4 * g, 2)
    near = [str(next(filter(fits, way))) for way in (below, above) if any(map(fits, way))]
    whole = (
        f"{k**2 // 2:,} leaves in groups of {g}" if rails else f"{k**3 // 4:,} endpoints in servers of {g}"
    )
    rule = f"{whole} do not come out even: the nearest legal k are {' and '.join(near)}"
    raise ParameterError("k", k, rule)


FAT_TREE = Builder(
    function=fat_tree,
    parameters={
        "k": WHOLE,
        "endpoints": WHOLE,
        "radix": WHOLE,
        "tiers": WHOLE,
        "oversubscription": RATIOS,
        "rate": RATE,
        "delay": TIMES,
        "gpus_per_server": WHOLE,
        "nvlink": RATE_OR_ZERO,
        "nvlink_delay": TIME,
        "rails": BOOLEAN,
    },
    summary="k-ary fat tree (k), or the smallest tree of radix-port switches for so many endpoints",
)
