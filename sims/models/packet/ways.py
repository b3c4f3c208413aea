"""Ways: the links that a packet may take next when it is not bound to one path. Knows no queue, no clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.routing.distance import distances

__all__ = ["Ways", "cables", "last_leg", "targets"]


def last_leg(fabric: Fabric, links: list[int]) -> int:
    """How many links of a path are behind the last endpoint that sends on it: 0, but where one relays."""
    source, n = fabric.link_src, fabric.n_endpoints
    return next(hop for hop in reversed(range(len(links))) if source[links[hop]] < n)


def targets(fabric: Fabric, src: int, dst: int) -> tuple[int, ...]:
    """The switches by which traffic may reach an endpoint: that of the server of both, else its leaves."""
    if fabric.scaleup[src] >= 0 and fabric.scaleup[src] == fabric.scaleup[dst]:
        return (int(fabric.scaleup[dst]),)
    return tuple(fabric.arc_dst[fabric.arc_up[dst] : fabric.arc_ptr[dst + 1]].tolist())


def cables(fabric: Fabric, node: int, other: int) -> list[int]:
    """The parallel links from a node to its neighbour."""
    first, stop = int(fabric.arc_ptr[node]), int(fabric.arc_ptr[node + 1])
    arc = first + int(np.flatnonzero(fabric.arc_dst[first:stop] == other)[0])
    return list(range(int(fabric.arc_link[arc]), int(fabric.arc_link[arc + 1])))


class Ways:
    """Next links towards the nearest of some switches, by the link on which a packet came.

    As in routing (fabric.walk): any neighbour one link nearer, and with tiers never up again after down.
    """

    def __init__(self, fabric: Fabric, targets: tuple[int, ...]) -> None:
        """``targets``: the nodes of the switches to which they lead, as of the function of that name."""
        self.fabric, self.targets = fabric, targets
        self.reach = self.down = np.zeros(0, np.int64)  # (switches,): links to the nearest target
        if all(fabric.kind[node] == SWITCH for node in targets):
            blocks = distances(fabric)
            leaves, switches = fabric.leaf_index[list(targets)], np.arange(fabric.n_switches)
            found = [(blocks.block(b), leaf) for b, leaf in zip(blocks.number(leaves).tolist(), leaves)]
            self.reach = _least([block.reach(switches, leaf) for block, leaf in found])
            self.down = _least([block.down(switches, leaf) for block, leaf in found])

    def out_of(self, endpoint: int) -> list[int]:
        """The links on which a packet may leave an endpoint: all cables to its nearest switches."""
        f, n = self.fabric, self.fabric.n_endpoints
        if not len(self.reach):
            return cables(f, endpoint, self.targets[0])
        arcs = range(int(f.arc_up[endpoint]), int(f.arc_ptr[endpoint + 1]))
        left = [int(self.reach[int(f.arc_dst[arc]) - n]) for arc in arcs]
        near = [arc for arc, distance in zip(arcs, left) if distance == min(left)]
        return [link for arc in near for link in range(int(f.arc_link[arc]), int(f.arc_link[arc + 1]))]

    def after(self, link: int) -> list[int]:
        """The links that a packet may take after ``link``, which leads into a switch; at a target none."""
        f = self.fabric
        node, n = int(f.link_dst[link]), f.n_endpoints
        if node in self.targets:
            return []
        came = int(f.link_src[link])
        fell = f.tiered and came >= n and f.tier[came] > f.tier[node]
        table = self.down if fell else self.reach
        left = int(table[node - n])
        assert left != np.iinfo(table.dtype).max
        found: list[int] = []
        for arc in range(int(f.arc_ptr[node]), int(f.arc_up[node] if fell else f.arc_ptr[node + 1])):
            other = int(f.arc_dst[arc])
            if f.kind[other] != SWITCH:
                continue
            ahead = self.reach if arc >= f.arc_up[node] else self.down
            if int(ahead[other - n]) == left - 1:
                found += range(int(f.arc_link[arc]), int(f.arc_link[arc + 1]))
        return found


def _least(columns: list[NDArray]) -> NDArray:
    return columns[0] if len(columns) == 1 else np.min(columns, axis=0)
