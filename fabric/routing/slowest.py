"""The slowest way of each flow: what its last byte waits for. Knows paths and their links; no profile, no
clock.

The bytes of a flow that is split have come when those on its slowest way have. Where parts keep to their ways
(``valiant``, ``ugal``) that is the slowest part. Where every node splits anew (``spray``) every chain of a
flow's links is a way, so it is the longest path through them, found by relaxation as Bellman and Ford do. A
flow that an endpoint relays passes the same switch twice: the ways from each endpoint are kept apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.routing.paths import Paths

__all__ = ["slowest"]


def slowest(paths: Paths, f: Fabric, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """(flows,): the largest sum of ``value`` (one per link of ``f``, none below zero) along a way of each.

    Never below ``paths.total``, the mean over the ways, and equal to it for a flow that has one.
    """
    if paths.weight is None and paths.shared is None:
        return paths.total(value)
    pieces = _Pieces(paths, f, value)
    reached = np.zeros(int(max(pieces.tail.max(initial=-1), pieces.head.max(initial=-1))) + 1)
    while True:
        further = reached.copy()
        np.maximum.at(further, pieces.head, reached[pieces.tail] + pieces.cost)
        if np.array_equal(further, reached):
            break
        reached = further
    found = np.zeros(len(paths))
    np.maximum.at(found, pieces.flow, reached[pieces.head])
    return found


class _Pieces:
    """What ways are made of: links, whole parts or bundles, each from a ``tail`` to a ``head``.

    Both are numbered so that flows, and the ways of a flow from each endpoint, have no switch in common.
    """

    def __init__(self, paths: Paths, f: Fabric, value: NDArray[np.float64]) -> None:
        link, row, n = paths.link, paths.row, f.n_endpoints
        first = np.arange(len(link)) if paths.begins is None else np.flatnonzero(paths.begins)
        last = np.append(first[1:], len(link))[: len(first)] - 1
        self.cost = np.add.reduceat(value[link], first) if len(first) else np.empty(0)
        self.flow, tail, head = row[first], f.link_src[link[first]], f.link_dst[link[last]]
        start = np.maximum.accumulate(np.where(tail < n, np.arange(len(tail)), 0))  # where an endpoint sends
        leg = np.cumsum(np.diff(self.flow * n + tail[start], prepend=-1) != 0) if len(tail) else start
        if paths.shared:
            use, bundles = paths.shared.use, paths.shared.bundles
            some = bundles.length[use.link] > 0  # from a leaf to itself there is none
            taken, owner = use.link[some].astype(np.int64), use.row[some]
            self.cost = np.concatenate([self.cost, slowest(bundles, f, value)[taken]])
            tail = np.concatenate([tail, f.link_src[bundles.link[bundles.ptr[taken]]]])
            head = np.concatenate([head, f.link_dst[bundles.link[bundles.ptr[taken + 1] - 1]]])
            # Bundles lie in the network, to which relays come first: in the flow's last leg.
            leg = np.concatenate([leg, leg[np.searchsorted(self.flow, owner, side="right") - 1]])
            self.flow = np.concatenate([self.flow, owner])
        nodes = len(f.kind)
        ends = [np.where(end < n, self.flow, leg) * nodes + end for end in (tail, head)]
        index = np.unique(np.concatenate(ends), return_inverse=True)[1]
        self.tail, self.head = np.split(index, 2)
