"""Ways: the links that a packet may take next when it is not bound to one path. Knows no queue, no clock."""

from __future__ import annotations

import numpy as np

from fabric import Fabric
from fabric.distance import distances, unreached
from fabric.schema import SWITCH

__all__ = ["Ways", "fixed_hops"]


def fixed_hops(fabric: Fabric, links: list[int]) -> int:
    """How many links of a path stay as they are when packets are spread: those up to its first switch.

    The last link of a path stays too. All of them stay where there is nothing to choose between: on a way
    inside one server, and where a path does not end on a link from a switch to an endpoint.
    """
    into = fabric.kind[fabric.link_dst[links]] == SWITCH
    if not into.any() or fabric.kind[fabric.link_src[links[-1]]] != SWITCH:
        return len(links)
    first = int(np.argmax(into)) + 1
    rest = links[first - 1 : -1]
    if not all(fabric.kind[fabric.link_dst[link]] == SWITCH for link in rest):
        return len(links)
    return first


class Ways:
    """Next links towards one leaf, by the link on which a packet came; found when first asked for.

    As in routing (fabric.walk): any neighbour one link nearer, and with tiers never up again after down.
    """

    def __init__(self, fabric: Fabric, leaf: int) -> None:
        """``leaf``: the node of the switch to which they lead."""
        self.fabric, self.leaf = fabric, leaf
        tables = distances(fabric)
        index = int(fabric.leaf_index[self.leaf])
        block = tables.block(index // tables.columns)
        self.reach, self.down = block.reach[:, index - block.first], block.down[:, index - block.first]

    def after(self, link: int) -> list[int]:
        """The links that a packet may take after ``link``, which leads into a switch; at the leaf none."""
        f = self.fabric
        node, n = int(f.link_dst[link]), f.n_endpoints
        if node == self.leaf:
            return []
        came = int(f.link_src[link])
        fell = f.tiered and came >= n and f.tier[came] > f.tier[node]
        table = self.down if fell else self.reach
        left = int(table[node - n])
        assert left != unreached(table)
        found: list[int] = []
        for arc in range(int(f.arc_ptr[node]), int(f.arc_up[node] if fell else f.arc_ptr[node + 1])):
            other = int(f.arc_dst[arc])
            if f.kind[other] != SWITCH:
                continue
            ahead = self.reach if arc >= f.arc_up[node] else self.down
            if int(ahead[other - n]) == left - 1:
                found += range(int(f.arc_link[arc]), int(f.arc_link[arc + 1]))
        return found
