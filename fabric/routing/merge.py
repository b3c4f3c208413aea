"""The fat tree that a fabric's switches merge into under perfect load balancing. No flows, no policy.

Merge the switches of one tier >= 2 that share a leaf below, and sum the capacities of what then runs side by
side: Leiserson's original *fat* tree, with one path between any two leaves. On regular wiring nothing is
lost: an even split over the members of a class is a legal routing with the same load on every cable. Where
cables are missing, any routing on the true graph is still one on the merged graph, so its rates are an upper
bound.

Switches are merged when their sets of leaves overlap, not only when they are equal: with equality a spine
that lost one cable would leave its class, traffic would have to choose between the classes, and the bound
would fail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.contraction import contract
from fabric.graph.fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.words.errors import ParameterError

__all__ = ["balanced", "classes", "merged"]


def merged(fabric: Fabric) -> Fabric:
    """``fabric`` contracted: endpoints, leaves and scale-up switches as they are, one node per class above.

    Every link's capacity is the sum, and its delay the largest, of the links that it stands for.

    Raises:
        ParameterError: the fabric has no tiers (some cable joins two switches of one tier).
    """
    if not fabric.tiered:
        rule = f"needs a graph with tiers, and {fabric.name} has none"
        raise ParameterError("routing", "adaptive", rule, ("ecmp", "dmodk", "spray"))
    known = fabric.contraction
    if known and not known.by_rate:
        return fabric
    if "merged" not in fabric.derived:
        fabric.derived["merged"] = contract(fabric, classes(fabric), by_rate=False)
    contracted: Fabric = fabric.derived["merged"]
    return contracted


def classes(fabric: Fabric) -> NDArray[np.int64]:
    """(nodes,): a representative of each node's class; endpoints and leaves stand for themselves."""
    own = np.arange(len(fabric.kind))
    source = np.repeat(own, np.diff(fabric.arc_ptr))
    trunk = (fabric.kind[source] == SWITCH) & (fabric.kind[fabric.arc_dst] == SWITCH)
    falling = trunk & (fabric.tier[source] > fabric.tier[fabric.arc_dst])
    upper, lower = source[falling], fabric.arc_dst[falling].astype(np.int64)
    for tier in range(2, int(fabric.tier.max()) + 1):
        mine = fabric.tier[upper] == tier
        above, below = upper[mine], own[lower[mine]]
        # Connected components of this tier over the classes below it, by spreading the least label.
        label = np.arange(len(own))
        while True:
            least = np.full(len(own), len(own))
            np.minimum.at(least, below, label[above])
            spread = label.copy()
            np.minimum.at(spread, above, least[below])
            if np.array_equal(spread, label):
                break
            label = spread
        members = (fabric.tier == tier) & (fabric.kind == SWITCH)
        own[members] = label[members]
    return own


def balanced(fabric: Fabric) -> bool:
    """Whether an even split over the members of each class loads them alike, so that the merged rates are
    exact.

    So it is where every member has the same capacity towards each class that any of them is cabled to.
    """
    own = classes(fabric)
    members = np.bincount(own, minlength=len(own))
    merging = members[own[fabric.link_src]] > 1
    member, other = fabric.link_src[merging].astype(np.int64), own[fabric.link_dst[merging]]
    towards, each = np.unique(member * len(own) + other, return_inverse=True)
    capacity = np.bincount(each, weights=fabric.capacity[merging])
    pair, group = np.unique(own[towards // len(own)] * len(own) + towards % len(own), return_inverse=True)
    low, high = np.full(len(pair), np.inf), np.zeros(len(pair))
    np.minimum.at(low, group, capacity)
    np.maximum.at(high, group, capacity)
    everyone = np.bincount(group, minlength=len(pair)) == members[pair // len(own)]
    return bool(np.all(everyone) and np.all(high <= low * (1 + 1e-9)))
