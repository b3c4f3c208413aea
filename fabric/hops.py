"""How many pairs of endpoints are how many links apart, and by which way. Counts classes, never pairs.

Endpoints cabled to the same leaves are alike, and such classes are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.distance import NO_PATH, distances
from fabric.fabric import Fabric

__all__ = ["PairClass", "Way", "hop_counts", "links_from", "pair_classes"]

_PAIRS_AT_ONCE = 4_000_000  # of classes of endpoints; bounds memory

Way = Literal["server", "network", "relay"]


@dataclass(frozen=True, kw_only=True)
class PairClass:
    """Ordered pairs of endpoints whose traffic goes the same ``way`` over as many ``links``.

    ``server``: over the scale-up switch that both have; ``relay``: over that of the source to another
    endpoint and from there over the network; ``network``: over the network alone.
    """

    way: Way
    links: int
    pairs: int


def hop_counts(f: Fabric) -> tuple[tuple[int, int], ...]:
    """(links, pairs): ordered pairs by the links between them over the network, nearest leaves counting.

    Over the scale-up switch, and by a relay of the server, only where the network does not join them. Pairs
    without a path are left out.
    """
    leaves, kind, number = _alike(f)
    found = _over_network(f, leaves, number)
    if found.pop(NO_PATH, 0) and np.any(f.scaleup >= 0):
        beside = _inside(f, leaves, kind).get(NO_PATH, 0)
        for links, pairs in ((2, beside), *_relayed(f, leaves, kind, number).items()):
            found[links] = found.get(links, 0) + pairs
    return tuple(sorted((links, pairs) for links, pairs in found.items() if pairs))


def pair_classes(f: Fabric) -> tuple[PairClass, ...]:
    """All pairs of endpoints with a path, by the way that routing takes and its links, nearest first.

    Inside a scale-up domain traffic uses it, however near the network is.
    """
    leaves, kind, number = _alike(f)
    network = _over_network(f, leaves, number)
    lost = network.pop(NO_PATH, 0)
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
    order = ("server", "network", "relay")
    found.sort(key=lambda item: (order.index(item[0]), item[1]))
    return tuple(PairClass(way=way, links=links, pairs=pairs) for way, links, pairs in found if pairs)


def links_from(f: Fabric, source: NDArray[np.int64]) -> NDArray[np.int64]:
    """(sources, endpoints): links from each of ``source`` to every endpoint over the network, or NO_PATH."""
    leaves, kind, _ = _alike(f)
    own = leaves[kind[source]]
    near = np.full((len(source), len(leaves)), NO_PATH, np.int64)
    for a, b in product(own.T, leaves.T):
        near = np.minimum(near, distances(f).matrix(f.leaves[a], b))
    near[kind[source] < 0] = NO_PATH
    near = np.where(near == NO_PATH, NO_PATH, near + 2)
    return np.where(kind >= 0, near[:, kind], NO_PATH)


def _alike(f: Fabric) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(classes, most attachments): their leaves; (endpoints,): the class of each, -1 without a cable to the
    network; (classes,): how many endpoints each has.

    Who has fewer attachments than the most repeats the first.
    """
    node = np.flatnonzero(f.attached)
    most = int(f.attached.max(initial=0))
    place = np.arange(most) * (np.arange(most) < f.attached[node, np.newaxis])
    leaf = f.leaf_index[f.arc_dst[f.arc_up[node, np.newaxis] + place]].astype(np.int64)
    leaves, kind, number = np.unique(leaf, axis=0, return_inverse=True, return_counts=True)
    kinds = np.full(f.n_endpoints, -1, np.int64)
    kinds[node] = kind.ravel()
    return leaves, kinds, number


def _over_network(f: Fabric, leaves: NDArray[np.int64], number: NDArray[np.int64]) -> dict[int, int]:
    """Pairs by links over the network, those inside a server included; NO_PATH: those without a path."""
    step = max(1, _PAIRS_AT_ONCE // max(1, len(leaves)))
    total = np.zeros(NO_PATH + 1)
    for first in range(0, len(leaves), step):
        to, weight = leaves[first : first + step], number[first : first + step]
        nearest = np.full((len(leaves), len(to)), NO_PATH, np.uint16)
        for a, b in product(leaves.T, to.T):
            np.minimum(nearest, distances(f).matrix(f.leaves[a], b), out=nearest)
        weights = np.multiply.outer(number, weight)
        total += np.bincount(nearest.ravel(), weights=weights.ravel(), minlength=NO_PATH + 1)
    total[0] -= number.sum()  # an endpoint and itself are no pair
    cabled = int(number.sum())
    total[NO_PATH] += f.n_endpoints * (f.n_endpoints - 1) - cabled * (cabled - 1)
    return {_links(d): int(total[d]) for d in np.flatnonzero(total).tolist()}


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
        relay = near[members].min(axis=0, initial=NO_PATH)
        for member in row[row > -2].tolist():  # -1: one without a cable, whom all others are far from
            far = (near[member] == NO_PATH) | (member < 0)
            for links in np.unique(relay[far & (relay < NO_PATH)]).tolist():
                pairs = int(servers * (number - own)[far & (relay == links)].sum())
                found[links + 4] = found.get(links + 4, 0) + pairs
    return found
