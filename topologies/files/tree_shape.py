"""The shape of a graph that is a parallel-ports generalised fat tree, PGFT(h; m; w; p), read off its cables.

Knows nodes, tiers and cables; no family and no file format.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import networkx as nx

from fabric.graph.schema import GPU, NVSWITCH, Columns

__all__ = ["TreeShape", "tree_shape"]


@dataclass(frozen=True, kw_only=True)
class TreeShape:
    """Per tier, from the endpoints up: children ``m`` and parallel cables ``p`` of a switch, parents ``w`` of
    a node below; ``rate`` (bytes/s) and ``delay`` (s) of the cables up to it.
    """

    m: tuple[int, ...]
    w: tuple[int, ...]
    p: tuple[int, ...]
    rate: tuple[float, ...]
    delay: tuple[float, ...]

    @property
    def full(self) -> bool:
        """Whether no switch has less capacity up than down."""
        up = [w * p * r for w, p, r in zip(self.w, self.p, self.rate)]
        down = [m * p * r for m, p, r in zip(self.m, self.p, self.rate)]
        return all(u >= d * (1 - 1e-9) for u, d in zip(up[1:], down))


def tree_shape(c: Columns) -> TreeShape | None:
    """The shape, up to the numbering of switches; None where the graph is no such tree, or cables of one tier
    differ. Scale-up switches are left out of sight.

    By its definition: a tree of h tiers is m_h trees of h - 1 tiers, alike; their tops with the same place
    share w_h parents, each with p_h cables.
    """
    top = int(c.tier.max(initial=0))
    edges: dict[int, list[tuple[int, int, int, float, float]]] = {tier: [] for tier in range(1, top + 1)}
    for e, (u, v, n) in enumerate(zip(c.tail.tolist(), c.head.tolist(), c.cables.tolist())):
        if NVSWITCH in (c.kind[u], c.kind[v]):
            continue
        low, high = (u, v) if c.tier[u] < c.tier[v] else (v, u)
        if c.tier[high] != c.tier[low] + 1 or e in c.cable_rates:
            return None
        edges[int(c.tier[high])].append((low, high, n, float(c.rate[e]), float(c.delay[e])))
    nodes = [i for i, kind in enumerate(c.kind.tolist()) if kind != NVSWITCH]
    trees = nx.utils.UnionFind(nodes)
    tops = {i: frozenset([i]) for i in nodes if c.kind[i] == GPU}  # of each tree, by its name in ``trees``
    shape: list[tuple[int, int, int, float, float]] = []
    for tier in range(1, top + 1):
        alike = {(n, rate, delay) for _, _, n, rate, delay in edges[tier]}
        parents: dict[int, set[int]] = {}
        for low, high, *_ in edges[tier]:
            parents.setdefault(low, set()).add(high)
        if len(alike) != 1 or len({len(own) for own in parents.values()}) != 1:
            return None
        groups = {
            root: sorted({frozenset(parents.get(low, ())) for low in found}, key=sorted)
            for root, found in tops.items()
        }
        for low, high, *_ in edges[tier]:
            trees.union(low, high)
        above: dict[int, list[list[frozenset[int]]]] = {}
        sizes = {root: len(found) for root, found in tops.items()}
        for root, found in groups.items():
            # Tops of one tree have parents of their own, and no group of parents meets another.
            if len(found) != sizes[root] or sum(map(len, found)) != len(frozenset().union(*found)):
                return None
            above.setdefault(trees[root], []).append(found)
        counts = Counter(len(found) for found in above.values())
        if len(counts) != 1 or any(one != found[0] for found in above.values() for one in found):
            return None
        (children,) = counts
        n, rate, delay = next(iter(alike))
        shape.append((children, len(next(iter(parents.values()))), n, rate, delay))
        tops = {root: frozenset().union(*found[0]) for root, found in above.items()}
    if len(tops) != 1 or sum(1 for i in nodes if trees[i] == next(iter(tops))) != len(nodes):
        return None
    return TreeShape(**dict(zip(("m", "w", "p", "rate", "delay"), zip(*shape))))
