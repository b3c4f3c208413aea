"""The fabric whose alike switches are one, for traffic that is split evenly. No flows, no policy.

Switches are alike by the coarsest *equitable* partition in which endpoints, leaves and scale-up switches
stand alone: all members of a class have, for every class, every rate and every delay, equally many cables of
both to it. All of them are then equally far from every leaf, and by induction along the hops, even splits
over the next cables load all cables between two classes, of one rate and direction, alike. So nothing is
lost, on any graph: what the quotient says of a link holds for each link that it stands for, with the largest
of their delays, as what is split over all has come when the last of it has. An intact fat tree becomes one
switch per tier and pod; with every missing cable classes fall apart, in the end into single switches.

The partition is found by colour refinement (Cardon and Crochemore, "Partitioning a graph in O(|A| log |V|)",
Theoretical Computer Science 19, 1982, here in rounds over all links at once).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.contraction import contract
from fabric.graph.fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.routing.hashing import mix

__all__ = ["alike", "quotient"]


def quotient(fabric: Fabric) -> Fabric:
    """``fabric`` with one node per class of alike switches, and between two classes a cable for each rate."""
    known = fabric.contraction
    if known and known.by_rate:
        return fabric
    if "quotient" not in fabric.derived:
        fabric.derived["quotient"] = contract(fabric, alike(fabric), by_rate=True)
    found: Fabric = fabric.derived["quotient"]
    return found


def alike(f: Fabric) -> NDArray[np.int64]:
    """(nodes,): the first of the switches that are alike with each; all other nodes stand for themselves.

    Neighbourhoods are compared by 64-bit sums of hashes: two that differ pass for equal about once in 2^64
    comparisons.
    """
    n, s = f.n_endpoints, f.n_switches
    own = np.arange(len(f.kind))
    if not s:
        return own
    leaf = f.leaf_index[n : n + s].astype(np.int64)
    colour = np.unique(np.where(leaf >= 0, leaf, len(f.leaves) + f.tier[n : n + s]), return_inverse=True)[1]
    trunk = np.flatnonzero((f.kind[f.link_src] == SWITCH) & (f.kind[f.link_dst] == SWITCH))
    source, other = f.link_src[trunk] - n, f.link_dst[trunk] - n
    start = np.flatnonzero(np.diff(source, prepend=-1))  # links are sorted by their source
    rate = mix(mix(f.capacity[trunk].view(np.uint64)) ^ f.delay[trunk].view(np.uint64))
    while len(trunk):
        around = np.zeros(s, np.uint64)
        around[source[start]] = np.add.reduceat(mix(mix(colour[other].astype(np.uint64)) ^ rate), start)
        kinds, seen = np.unique(around, return_inverse=True)
        finer = np.unique(colour * len(kinds) + seen, return_inverse=True)[1]
        if finer.max() == colour.max():
            break
        colour = finer
    first = np.unique(colour, return_index=True)[1]
    own[n : n + s] = n + first[colour]
    return own
