"""Reduction trees packet by packet: a switch sends up what has come from all below, and spreads the sum.

Each link of a tree is a flow of its own, so that trees and slices take turns at ports. A switch adds up whole
packets: what is ahead of its siblings waits for them in the switch, which has room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.graph.nic import planes
from fabric.graph.schema import SWITCH
from fabric.routing.reduction import reduction_tree
from sims.models.packet.parts import Flow
from sims.models.packet.routes import Latencies
from sims.models.packet.sending import Sending
from sims.workload.schedule import REDUCE, Phase

__all__ = ["Climb", "Tree", "slowed", "trees_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """One tree of a phase.

    ``up``, ``down``: the links that lead to ``root`` and from it; ``givers``: by their own link up, the rank
    and its way to the root and back; ``takers``: by their own link down, the rank; ``share``: of the bytes of
    a transfer, what goes over this tree.
    """

    root: int
    up: tuple[int, ...]
    down: tuple[int, ...]
    givers: dict[int, tuple[int, Paths]]
    takers: dict[int, int]
    share: float


def trees_of(phase: Phase, fabric: Fabric, placement: NDArray[np.int64]) -> Iterator[Tree]:
    """The trees of a switched phase, as the fluid model lays them (sims.models.fluid.switched): one on each
    plane.
    """
    assert phase.tree is not None
    who, gives = placement[phase.src], phase.ops_at(0) == REDUCE
    for number in np.unique(phase.tree).tolist():
        own = np.flatnonzero(phase.tree == number)
        domain = np.unique(fabric.scaleup[who[own]])
        ends, place = np.unique(who[own], return_inverse=True)
        laid: list[tuple[int, Paths, Paths]] = []
        if len(domain) == 1 and domain[0] >= 0:
            arc = fabric.arc_up[ends] - 1
            arcs = arc, fabric.arc_back[arc].astype(np.int64)
            up, down = (Paths.from_columns([fabric.arc_link[one].astype(np.int32)]) for one in arcs)
            laid.append((int(domain[0]), up, down))
        else:
            split = planes(fabric)
            for plane in range(split):
                found = reduction_tree(fabric, ends, number * split + plane)
                laid.append((found.root, found.up, found.down))
        up_of, down_of = place[gives[own]], place[~gives[own]]
        share = 1.0 if phase.weight is None else float(phase.weight[own[0]])
        for root, up, down in laid:
            rising, falling = up.take(up_of), down.take(down_of)
            both = Paths.join(up, down)
            firsts, lasts = rising.link[rising.ptr[:-1]], falling.link[falling.ptr[1:] - 1]
            givers = zip(phase.src[own[gives[own]]].tolist(), up_of.tolist())
            yield Tree(
                root=root,
                up=tuple(np.unique(rising.link).tolist()),
                down=tuple(np.unique(falling.link).tolist()),
                givers={
                    link: (rank, both.take(np.array([at])))
                    for link, (rank, at) in zip(firsts.tolist(), givers)
                },
                takers=dict(zip(lasts.tolist(), phase.src[own[~gives[own]]].tolist())),
                share=share / len(laid),
            )


def slowed(
    fabric: Fabric, phases: Sequence[Phase], trees: Sequence[Sequence[Tree]], goodput: float
) -> Fabric:
    """``fabric``, whose links carry no more payload on ``trees`` of network switches, those of each phase,
    than the limits of the phase say. ``goodput``: payload over all bytes.
    """
    capacity = fabric.capacity.copy()
    for phase, planted in zip(phases, trees):
        if phase.limits.port_rate:
            own = [tree.up + tree.down for tree in planted if fabric.kind[tree.root] == SWITCH]
            links = np.unique(np.concatenate([np.empty(0, np.int64), *map(np.asarray, own)]).astype(np.int64))
            capacity[links] = phase.limits.slowed(capacity[links], goodput)
    return fabric if np.array_equal(capacity, fabric.capacity) else fabric.with_capacity(capacity)


class Climb:
    """One slice of a message on its way over a tree.

    ``done`` is called with each rank that has received all of it. ``factor``: of the latency of messages;
    ``extra``: s that each giver waits besides.
    """

    def __init__(
        self,
        tree: Tree,
        network: Sending,
        latencies: Latencies,
        size: float,
        order: int,
        *,
        factor: float,
        extra: float,
        done: Callable[[int], None],
    ) -> None:
        self.tree, self.network, self.done = tree, network, done
        self.packets = network.settings.packets(size * tree.share)
        self.rest = size * tree.share - (self.packets - 1) * network.settings.mtu  # bytes of the last one
        f = network.fabric
        self.to = {link: int(f.link_dst[link]) for link in (*tree.up, *tree.down)}
        self.flows: dict[int, Flow] = {
            link: network.open([link], order, fixed=True) for link in (*tree.up, *tree.down)
        }
        self.above = {int(f.link_src[link]): link for link in tree.up}
        self.below: dict[int, list[int]] = {}
        for link in tree.down:
            self.below.setdefault(int(f.link_src[link]), []).append(link)
        self.children: dict[int, int] = {}
        for link in tree.up:
            self.children[self.to[link]] = self.children.get(self.to[link], 0) + 1
        self.come: dict[tuple[int, int], int] = {}  # by switch and packet: from how many children
        self.got = dict.fromkeys(tree.takers, 0)
        self.delay = {link: latencies.once(way)[0] * factor + extra for link, (_, way) in tree.givers.items()}

    def give(self, link: int) -> None:
        """The rank whose link up this is begins to send."""
        wait = self.network.env.timeout(self.delay[link])
        wait.callbacks.append(partial(self._begin, link))

    def _begin(self, link: int, _: simpy.Event) -> None:
        for packet in range(min(self.packets, self.network.port(link).slots)):
            self._send(link, packet, 0.0)

    def _send(self, link: int, packet: int, delay: float) -> None:
        size = self.network.settings.mtu if packet < self.packets - 1 else self.rest
        come = self.network.send(self.flows[link], size, delay)
        come.callbacks.append(partial(self._received, link, packet))

    def _received(self, link: int, packet: int, _: simpy.Event) -> None:
        """A packet has come over a link. What a switch takes to send it on is in the port's latency."""
        if link in self.got:
            self.got[link] += 1
            if self.got[link] == self.packets:
                self.done(self.tree.takers[link])
            return
        port, node = self.network.port(link), self.to[link]
        inside = port.latency - port.delay
        if self.above.get(int(self.network.fabric.link_src[link])) != link:  # on its way down
            for below in self.below[node]:
                self._send(below, packet, inside)
            return
        if link in self.tree.givers and packet + port.slots < self.packets:
            self._send(link, packet + port.slots, 0.0)
        come = self.come.pop((node, packet), 0) + 1
        if come < self.children[node]:
            self.come[node, packet] = come
            return
        for further in self.below[node] if node == self.tree.root else [self.above[node]]:
            self._send(further, packet, inside)
