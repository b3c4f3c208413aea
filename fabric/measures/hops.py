"""How many pairs of endpoints are how many links apart, and by which way. Counts classes, never pairs.

Endpoints cabled to the same leaves are alike, and such classes are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.graph.direct import direct_arcs
from fabric.graph.fabric import Fabric
from fabric.machine.under_way import watched
from fabric.measures.symmetry import orbits
from fabric.routing.distance import NO_PATH, Distances, distances
from fabric.words.errors import ParameterError

__all__ = [
    "PairClass",
    "Way",
    "hop_counts",
    "links_from",
    "pair_classes",
    "require_countable",
    "rows_of_links",
]

_MOST_PAIRS = 4_000_000_000  # of a switch and a leaf; 16 ns each, and as much to count them
_PAIRS_AT_ONCE = 4_000_000  # of classes of endpoints; bounds memory

Way = Literal["server", "network", "relay"]
WAYS: tuple[Way, ...] = ("server", "network", "relay")


@dataclass(frozen=True, kw_only=True)
class PairClass:
    """Ordered pairs of endpoints whose traffic goes the same ``way`` over as many ``links``.

    ``server``: over the scale-up switch that both have; ``relay``: over that of the source to another
    endpoint and from there over the network; ``network``: over the network alone.
    """

    way: Way
    links: int
    pairs: int


def require_countable(name: str, places: int, switches: int) -> None:
    """Refuse to count hops from each of ``places`` to each over ``switches`` where that would take minutes.

    A place is a set of leaves that endpoints are on; ``name`` is that of the topology.

    Raises:
        ParameterError: they are too many.
    """
    if places * switches > _MOST_PAIRS:
        rule = (
            f"the hops between {places:,} leaves over {switches:,} switches are {places * switches:,} "
            f"distances, at most {_MOST_PAIRS:,}: look at a smaller one"
        )
        raise ParameterError("topology", name, rule)


def hop_counts(f: Fabric) -> tuple[tuple[int, int], ...]:
    """(links, pairs): ordered pairs by the links that their traffic crosses, whatever its way.

    Pairs without a path are left out.
    """
    total: dict[int, int] = {}
    for found in pair_classes(f):
        total[found.links] = total.get(found.links, 0) + found.pairs
    return tuple(sorted(total.items()))


def pair_classes(f: Fabric) -> tuple[PairClass, ...]:
    """All pairs of endpoints with a path, by the way that routing takes and its links, nearest first.

    Inside a scale-up domain traffic uses it, however near the network is.
    """
    if len(direct_arcs(f)):
        return tuple(
            PairClass(way=WAYS[way], links=links, pairs=pairs)
            for (way, links), pairs in sorted(_rows_by_way(f).items())
        )
    leaves, kind, number = _alike(f)
    network = _over_network(f, leaves, number)
    lost = _lost(f, network)
    found: list[tuple[Way, int, int]] = []
    if np.any(f.scaleup >= 0):
        inside = _inside(f, leaves, kind)
        found.append(("server", 2, sum(inside.values())))
        for links, pairs in inside.items():
            if links != NO_PATH:
                network[links] -= pairs
        if lost:
            relayed = _relayed(f, leaves, kind, number)
            found += [("relay", links, pairs) for links, pairs in relayed.items()]
    found += [("network", links, pairs) for links, pairs in network.items()]
    found.sort(key=lambda item: (WAYS.index(item[0]), item[1]))
    return tuple(PairClass(way=way, links=links, pairs=pairs) for way, links, pairs in found if pairs)


def _lost(f: Fabric, network: dict[int, int]) -> bool:
    """Whether the network leaves some pair without a path; such pairs are taken out of ``network``."""
    return bool(network.pop(NO_PATH, 0)) or bool(np.any(f.attached == 0))


def links_from(f: Fabric, source: NDArray[np.int64]) -> NDArray[np.int64]:
    """(sources, endpoints): links from each of ``source`` to every endpoint over the network, or NO_PATH."""
    leaves, kind, _ = _alike(f)
    links = np.full((len(source), f.n_endpoints), NO_PATH, np.int64)
    if len(leaves):
        own = leaves[kind[source]]
        near = np.full((len(source), len(leaves)), NO_PATH, np.int64)
        for a, b in product(own.T, leaves.T):
            near = np.minimum(near, distances(f).matrix(f.leaves[a], b))
        near[kind[source] < 0] = NO_PATH
        near = np.where(near == NO_PATH, NO_PATH, near + 2)
        links = np.where(kind >= 0, near[:, kind], NO_PATH)
    arcs = direct_arcs(f)
    if len(arcs):
        row = np.full(f.n_endpoints, -1)
        row[source] = np.arange(len(source))
        tail, head = row[f.link_src[f.arc_link[arcs]]], f.arc_dst[arcs]
        links[tail[tail >= 0], head[tail >= 0]] = 1
    return links


def rows_of_links(f: Fabric) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """For some sources at a time: them, and (sources, endpoints) the links to each endpoint over the network,
    and those by a relay of the source's domain; NO_PATH where there is none, or the endpoint is the source.

    Pair by pair, as counting classes is wrong where single pairs have a cable between them. Whoever cables
    endpoints to each other has few of them.
    """
    order = np.argsort(f.scaleup, kind="stable")
    domain = f.scaleup[order]
    step = max(1, _PAIRS_AT_ONCE // f.n_endpoints)
    start = 0
    while start < len(order):
        stop = min(start + step, len(order))
        # A domain is not cut, as its endpoints relay for each other.
        while stop < len(order) and domain[stop] >= 0 and domain[stop] == domain[stop - 1]:
            stop += 1
        source = order[start:stop]
        links = links_from(f, source)
        links[np.arange(len(source)), source] = NO_PATH
        relay = np.full_like(links, NO_PATH)
        inside = np.flatnonzero(domain[start:stop] >= 0)
        if len(inside):
            first = np.flatnonzero(np.diff(domain[start:stop][inside], prepend=-2))
            least = np.minimum.reduceat(links[inside], first, axis=0)
            size = np.diff(np.append(first, len(inside)))
            relay[inside] = np.where(least < NO_PATH, least + 2, NO_PATH).repeat(size, axis=0)
        yield source, links, relay
        start = stop


def _rows_by_way(f: Fabric) -> dict[tuple[int, int], int]:
    """Pairs by (index into WAYS, links)."""
    found: dict[tuple[int, int], int] = {}
    for source, network, relay in rows_of_links(f):
        own = f.scaleup[source][:, np.newaxis]
        inside = (own >= 0) & (own == f.scaleup)
        inside[np.arange(len(source)), source] = False
        joined = ~inside & (network < NO_PATH)
        relayed = ~inside & ~joined & (relay < NO_PATH)
        relayed &= (own != f.scaleup) & (source[:, np.newaxis] != np.arange(f.n_endpoints))
        for way, which, links in (
            (0, inside, np.full_like(network, 2)),
            (1, joined, network),
            (2, relayed, relay),
        ):
            for value, pairs in zip(*(x.tolist() for x in np.unique(links[which], return_counts=True))):
                found[way, value] = found.get((way, value), 0) + pairs
    return found


def _alike(f: Fabric) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(classes, most attachments): their leaves; (endpoints,): the class of each, -1 without a cable to the
    network; (classes,): how many endpoints each has.

    Who has fewer attachments than the most repeats the first.
    """
    node = np.flatnonzero(f.attached)
    if not len(node):
        return np.zeros((0, 0), np.int64), np.full(f.n_endpoints, -1, np.int64), np.zeros(0, np.int64)
    most = int(f.attached.max(initial=0))
    place = np.arange(most) * (np.arange(most) < f.attached[node, np.newaxis])
    leaf = f.leaf_index[f.arc_dst[f.arc_up[node, np.newaxis] + place]].astype(np.int64)
    leaves, kind, number = np.unique(leaf, axis=0, return_inverse=True, return_counts=True)
    kinds = np.full(f.n_endpoints, -1, np.int64)
    kinds[node] = kind.ravel()
    return leaves, kinds, number


def _over_network(f: Fabric, leaves: NDArray[np.int64], number: NDArray[np.int64]) -> dict[int, int]:
    """Pairs by links over the network, those inside a server included; NO_PATH: those without a path.

    Raises:
        ParameterError: so many switches and leaves that counting would take minutes.
    """
    require_countable(f.name, len(leaves), f.n_switches)
    step = max(1, _PAIRS_AT_ONCE // max(1, len(leaves)))
    total = np.zeros(NO_PATH + 1)
    tables, towards, count = _targets(f, leaves, number)
    blocks = range(0, len(towards), step)
    for first in watched(blocks, len(blocks)):
        to, weight = towards[first : first + step], count[first : first + step]
        nearest = np.full((len(leaves), len(to)), NO_PATH, np.uint16)
        for a, b in product(leaves.T, to.T):
            np.minimum(nearest, tables.matrix(f.leaves[a], b), out=nearest)
        weights = np.multiply.outer(number, weight)
        total += np.bincount(nearest.ravel(), weights=weights.ravel(), minlength=NO_PATH + 1)
    total[0] -= number.sum()  # an endpoint and itself are no pair
    cabled = int(number.sum())
    total[NO_PATH] += f.n_endpoints * (f.n_endpoints - 1) - cabled * (cabled - 1)
    return {_links(d): int(total[d]) for d in np.flatnonzero(total).tolist()}


def _targets(
    f: Fabric, leaves: NDArray[np.int64], number: NDArray[np.int64]
) -> tuple[Distances, NDArray[np.int64], NDArray[np.int64]]:
    """Classes of endpoints to count the way to, their leaves as indices into the tables; for how many each
    stands.

    Without tiers, and where endpoints have one leaf each, one of each orbit stands for all of it. (With
    tiers the tables themselves hold alike leaves once.)
    """
    if f.tiered or not f.one_way_out or not len(leaves):
        return distances(f), leaves, number
    orbit, root = np.unique(orbits(f), return_inverse=True)
    if len(orbit) == len(leaves):
        return distances(f), leaves, number
    index = np.full(len(f.kind), -1, np.int32)
    index[f.leaves[orbit]] = np.arange(len(orbit), dtype=np.int32)
    few = replace(f, leaves=f.leaves[orbit], leaf_index=index, derived={})
    return Distances(few), np.arange(len(orbit))[:, np.newaxis], np.bincount(root, weights=number).astype(int)


def _links(between: int) -> int:
    """Links between endpoints whose leaves are ``between`` apart."""
    return between if between == NO_PATH else between + 2


def _sorts(f: Fabric, kind: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(sorts, most members): the classes of a server's endpoints, padded by -2; (sorts,): how many have them.

    Servers whose endpoints are of the same classes are alike, and such sorts of server are few.
    """
    inside = np.flatnonzero(f.scaleup >= 0)
    inside = inside[np.lexsort((kind[inside], f.scaleup[inside]))]
    server, place = np.unique(f.scaleup[inside], return_inverse=True)
    size = np.bincount(place)
    sorts = np.full((len(server), int(size.max())), -2, np.int64)
    sorts[place, np.arange(len(inside)) - (np.cumsum(size) - size)[place]] = kind[inside]
    return np.unique(sorts, axis=0, return_counts=True)


def _inside(f: Fabric, leaves: NDArray[np.int64], kind: NDArray[np.int64]) -> dict[int, int]:
    """Pairs of one scale-up domain by the links between them over the network; NO_PATH: none."""
    sorts, count = _sorts(f, kind)
    members = sorts.shape[1]
    first, second = np.nonzero(~np.eye(members, dtype=bool))
    a, b, weight = sorts[:, first].ravel(), sorts[:, second].ravel(), np.repeat(count, len(first))
    there = (a > -2) & (b > -2)
    a, b, weight = a[there], b[there], weight[there]
    nearest = np.full(len(a), NO_PATH, np.int64)
    cabled = np.flatnonzero((a >= 0) & (b >= 0))
    for i, j in product(leaves.T, leaves.T):
        between = distances(f).between(f.leaves[i[a[cabled]]], j[b[cabled]])
        nearest[cabled] = np.minimum(nearest[cabled], between)
    total = np.bincount(nearest, weights=weight, minlength=NO_PATH + 1)
    return {_links(d): int(total[d]) for d in np.flatnonzero(total).tolist()}


def _relayed(
    f: Fabric, leaves: NDArray[np.int64], kind: NDArray[np.int64], number: NDArray[np.int64]
) -> dict[int, int]:
    """Pairs of different servers that only an endpoint of the source's server joins, by links."""
    near = np.full((len(leaves), len(leaves)), NO_PATH, np.int64)
    for a, b in product(leaves.T, leaves.T):
        near = np.minimum(near, distances(f).matrix(f.leaves[a], b))
    found: dict[int, int] = {}
    for row, servers in zip(*_sorts(f, kind)):
        members = row[row >= 0]
        own = np.bincount(members, minlength=len(leaves))
        if not len(members):
            continue
        relay = near[members].min(axis=0)
        for member in row[row > -2].tolist():  # -1: one without a cable, whom all others are far from
            far = (near[member] == NO_PATH) | (member < 0)
            for links in np.unique(relay[far & (relay < NO_PATH)]).tolist():
                pairs = int(servers * (number - own)[far & (relay == links)].sum())
                found[links + 4] = found.get(links + 4, 0) + pairs
    return found
