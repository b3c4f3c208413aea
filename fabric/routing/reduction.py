"""Reduction trees: from some endpoints up to one switch, and down again, each link once. No time.

Switches on the way add up what comes from below and send one sum up; the sum is spread on the same links.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges
from fabric.graph.schema import KINDS
from fabric.routing.paths import Paths
from fabric.words.errors import ParameterError

__all__ = ["ReductionTree", "reduction_tree"]

_SWITCH = KINDS.index("switch")
_TRIED = 256  # switches of a tier that are tried as the root


@dataclass(frozen=True, kw_only=True, eq=False)
class ReductionTree:
    """``up``: the links from each endpoint to the root; ``down``: back, in the order of the endpoints.

    ``root``: a node; ``children``: the most of any switch, which is ``widest``.
    """

    root: int
    up: Paths
    down: Paths
    children: int
    widest: int


def reduction_tree(fabric: Fabric, endpoints: NDArray[np.int64], turn: int = 0) -> ReductionTree:
    """The tree over ``endpoints`` whose root is as low as can be.

    Args:
        endpoints: (k,), each once.
        turn: trees of other turns take other planes, roots and parallel cables, where there are several.

    Raises:
        ParameterError: no switch has links that only lead down to all of them.

    >>> from topologies import load
    >>> tree = Fabric.from_graph(load("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=2"))
    >>> found = reduction_tree(tree, np.arange(4))
    >>> found.up.length.tolist(), len(np.unique(found.up.link)), tree.label(found.root)
    ([2, 2, 2, 2], 6, '6')
    """
    first = fabric.arc_up[endpoints]
    count = fabric.arc_ptr[endpoints + 1] - first
    if not fabric.tiered or np.any(count == 0):
        rule = "no tree: its switches have no tiers" if not fabric.tiered else "some endpoint has no switch"
        raise ParameterError("in-network", fabric.name, rule)
    arc = first + turn % count
    leaf = fabric.arc_dst[arc].astype(np.int64)
    parent = _parents(fabric, np.unique(leaf), turn)
    root = int(np.flatnonzero(parent == -2)[0])
    up, down = [_link(fabric, arc, turn)], [_link(fabric, fabric.arc_back[arc].astype(np.int64), turn)]
    at = leaf
    back = _back(fabric)
    while np.any(at != root):
        below = at != root
        down_arc = np.where(below, parent[at], 0)
        above = fabric.link_src[fabric.arc_link[down_arc]].astype(np.int64)
        up.append(np.where(below, _link(fabric, back.of(at, above, down_arc), turn), -1))
        down.append(np.where(below, _link(fabric, down_arc, turn), -1))
        at = np.where(below, above, at)
    tree_up = Paths.from_columns([one.astype(np.int32) for one in up])
    tree_down = Paths.from_columns([one.astype(np.int32) for one in reversed(down)])
    fan = np.bincount(fabric.link_src[np.unique(tree_down.link)], minlength=len(parent))
    return ReductionTree(
        root=root, up=tree_up, down=tree_down, children=int(fan.max()), widest=int(np.argmax(fan))
    )


def _link(fabric: Fabric, arc: NDArray[np.int64], turn: int) -> NDArray[np.int64]:
    """One of the parallel cables of each arc that is not dead."""
    start, stop = fabric.arc_link[arc], fabric.arc_link[arc + 1]
    link = start + turn % (stop - start)
    for i in np.flatnonzero(fabric.capacity[link] == 0):
        link[i] = start[i] + int(np.argmax(fabric.capacity[start[i] : stop[i]]))
    return link


def _back(fabric: Fabric) -> _Back:
    """Kept with the fabric."""
    if "back" not in fabric.derived:
        fabric.derived["back"] = _Back(fabric)
    found: _Back = fabric.derived["back"]
    return found


class _Back:
    """The arc the other way of an arc between two switches."""

    def __init__(self, fabric: Fabric) -> None:
        src = fabric.link_src[fabric.arc_link[:-1]].astype(np.int64)
        self.width = len(fabric.kind)
        key = src * self.width + fabric.arc_dst
        self.order = np.argsort(key, kind="stable")
        self.key = key[self.order]

    def of(self, src: NDArray, dst: NDArray, where: NDArray) -> NDArray[np.int64]:
        """From ``src`` to ``dst``; ``where`` there is none, any."""
        at = np.searchsorted(self.key, src * self.width + dst)
        return self.order[np.minimum(at, len(self.key) - 1)]


def _alive(fabric: Fabric) -> NDArray[np.bool_]:
    """(arcs,): which have a cable that is not dead."""
    found: NDArray[np.bool_] = np.maximum.reduceat(fabric.capacity, fabric.arc_link[:-1]) > 0
    return found


def _parents(fabric: Fabric, leaves: NDArray[np.int64], turn: int) -> NDArray[np.int64]:
    """(nodes,): the arc that leads down to each switch of the tree, -2 at its root, -1 elsewhere."""
    alive = _alive(fabric)
    level = leaves[:1]
    while len(level):
        for root in np.roll(level, -turn)[:_TRIED].tolist():
            parent = _below(fabric, root, alive)
            if np.all(parent[leaves] != -1):
                return parent
        arcs = ranges(fabric.arc_up[level], fabric.arc_ptr[level + 1])
        level = np.unique(fabric.arc_dst[arcs[alive[arcs]]]).astype(np.int64)
    rule = f"no tree: no switch has links that only lead down to all {len(leaves):,} leaves of the ranks"
    raise ParameterError("in-network", fabric.name, rule)


def _below(fabric: Fabric, root: int, alive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """As ``_parents``, of all switches to which links only lead down from ``root``."""
    parent = np.full(len(fabric.kind), -1, np.int64)
    parent[root] = -2
    front = np.array([root], np.int64)
    while len(front):
        arcs = ranges(fabric.arc_ptr[front], fabric.arc_up[front])
        to = fabric.arc_dst[arcs]
        new = alive[arcs] & (fabric.kind[to] == _SWITCH) & (parent[to] == -1)
        node, at = np.unique(to[new], return_index=True)
        parent[node] = arcs[new][at]
        front = node.astype(np.int64)
    return parent
