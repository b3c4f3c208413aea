"""Fat trees: the k-ary one of Al-Fares, and the smallest one that holds a number of endpoints.

Knows ports, servers and rails; the arithmetic of the tree itself is in ``topologies.parts.tree``.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rails, Rate, Ratios, count
from topologies.parts.builder import Call, family
from topologies.parts.checks import servers
from topologies.parts.cluster import Cluster
from topologies.parts.tree import Shape, smallest

__all__ = ["fat_tree"]


@family(
    "fat-tree",
    "k-ary fat tree (k), or the smallest tree of radix-port switches for so many endpoints",
    place=10,
)
def fat_tree(
    call: Call,
    *,
    k: Annotated[int | None, count("ports of a switch of the full tree", 2, even=True)] = None,
    endpoints: Annotated[int | None, count("endpoints in all, given with radix and instead of k")] = None,
    radix: Annotated[int | None, count("ports of a switch, given with endpoints", 4, even=True)] = None,
    tiers: Annotated[int | None, count("tiers of switches, 4 at most; left out: the fewest that do")] = None,
    oversubscription: Ratios = 1,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9, 500e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
    rails: Rails = False,
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
    return Cluster.of(call, _shape(call), radix=k or radix or 0).graph()


def _shape(call: Call) -> Shape:
    """The tree that the checked arguments ask for."""
    k, n, radix, g, rails = (call[name] for name in ("k", "endpoints", "radix", "gpus_per_server", "rails"))
    if k is not None:
        for name in ("endpoints", "radix", "tiers", "oversubscription"):
            if call.is_given(name):
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
