"""Switches that are equally far from every leaf, so that one row of distances does for all of them. No flows.

Leaves are *twins* where they stand in one tier and have the same neighbours: they are equally far from all
others, two links from each other, or not joined at all. All other switches are alike by the coarsest
equitable partition above those: the members of a class have, upwards and downwards, equally many neighbours
in each class, so by induction over the links they are equally far from every leaf. A whole fat tree comes
down to a class of leaves and one of spines for each pod and one class of cores; a torus to its switches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.routing.hashing import mix

__all__ = ["Classes", "classes"]


class Classes(NamedTuple):
    """``row``: (switches,) the class of each; ``column``: (leaves,) that among the classes of twins.

    ``first``: (classes,) the first switch of each; ``twins``: (columns,) how many leaves are in each.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    first: NDArray[np.int64]
    twins: NDArray[np.int64]


def classes(f: Fabric) -> Classes:
    """The classes of the switches of a fabric. Switches are counted from 0.

    Neighbourhoods are compared by 64-bit sums of hashes: two that differ pass for equal about once in 2^64
    comparisons.
    """
    n, s = f.n_endpoints, f.n_switches
    tier, leaves = f.tier[n : n + s].astype(np.int64), f.leaves.astype(np.int64) - n
    around = _Neighbours(f)
    hood = np.unique(around.of(np.arange(s)), return_inverse=True)[1]
    twin = np.unique(tier[leaves] * s + hood[leaves], return_inverse=True)[1]
    row = tier + s  # beyond all leaves
    row[leaves] = twin
    row = np.unique(row, return_inverse=True)[1]
    while (count := int(row.max(initial=-1)) + 1) < s:
        _, hood = np.unique(around.of(row), return_inverse=True)
        row = np.unique(row * s + hood, return_inverse=True)[1]
        if int(row.max()) + 1 == count:
            break
    _, first = np.unique(row, return_index=True)
    column = np.unique(row[leaves], return_inverse=True)[1]
    return Classes(row, column, first, np.bincount(column))


class _Neighbours:
    """The neighbours of each switch among the switches, those above told from those below."""

    def __init__(self, f: Fabric) -> None:
        n, s = f.n_endpoints, f.n_switches
        begin, end = int(f.arc_ptr[n]), int(f.arc_ptr[n + s])
        to, source = f.arc_dst[begin:end], np.repeat(np.arange(s), np.diff(f.arc_ptr[n : n + s + 1]))
        trunk = np.flatnonzero((to >= n) & (to < n + s))
        source, self.other = source[trunk], to[trunk] - n
        self.shift = (trunk + begin >= f.arc_up[source + n]).astype(np.int64) * s  # those above
        self.start = np.flatnonzero(np.diff(source, prepend=-1))  # arcs are sorted by their source
        self.source, self.count = source[self.start], s

    def of(self, row: NDArray[np.int64]) -> NDArray[np.uint64]:
        """(switches,): a hash of the classes ``row`` of the neighbours of each."""
        found = np.zeros(self.count, np.uint64)
        if len(self.start):
            label = mix(np.arange(2 * self.count, dtype=np.uint64))  # few, and so looked up
            found[self.source] = np.add.reduceat(label[self.shift + row[self.other]], self.start)
        return found
