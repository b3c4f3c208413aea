"""Flows carried from leaf to leaf hop by hop, all at once. Knows distances and draws; no attachments, no
relays.

Two short cuts keep the work per hop proportional to the flows, not to flows x ports: going up, the link that
the policy would take were all of them good is tried first; going down where the way is unique, the arc that
another switch of the tier takes is tried first, then those near it. Each try is checked against the
distances; what fails is listed in full. Both leave the outcome as it is defined: of the good next hops, one
by hash or by destination.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges
from fabric.graph.schema import SWITCH
from fabric.routing.block import EVERY, Block
from fabric.routing.distance import distances
from fabric.routing.draw import Draw

__all__ = ["Step", "between", "walk"]

# A cable that is missing, here or at the switch that the guess is from, moves the arcs behind it by one.
_SHIFTS = (0, -1, 1, -2, 2)
_LISTED_AT_ONCE = 4_000_000  # candidate arcs; bounds memory


def walk(f: Fabric, flow: NDArray, first: NDArray, last: NDArray, draw: Draw) -> list[NDArray[np.int32]]:
    """Columns of links, one per hop over all flows of the draw; only those in ``flow`` are filled.

    Each of ``flow`` leaves its source by the arc ``first`` and reaches its destination by the arc ``last``.
    """
    here, leaf = f.arc_dst[first].astype(np.int64), f.link_src[f.arc_link[last]]
    out, into = (np.full(len(draw.src), -1, np.int32) for _ in range(2))
    which = EVERY if len(flow) == len(draw.src) else flow
    out[which] = draw.cable(flow, draw.src[which], first)
    into[which] = draw.cable(flow, leaf, last)
    return [out, *between(f, flow, here, f.leaf_index[leaf].astype(np.int64), draw), into]


def between(f: Fabric, flow: NDArray, here: NDArray, leaf: NDArray, draw: Draw) -> list[NDArray[np.int32]]:
    """As ``walk``, from the switch ``here`` of each of ``flow`` to its leaf, an index into ``f.leaves``."""
    columns: list[NDArray[np.int32]] = []
    for block, mine in distances(f).parts(leaf, here):
        step = Step(f, block, draw, flow[mine], here[mine], leaf[mine])
        hop = 0
        while True:
            step.keep(step.left > 0)
            if not len(step.flow):
                break
            if hop == len(columns):
                columns.append(np.full(len(draw.src), -1, np.int32))
            columns[hop][step.flow] = step.advance()
            hop += 1
    return columns


class Step:
    """Flows under way in one block: where each is, how many links are left, whether it may still go up."""

    def __init__(
        self, f: Fabric, block: Block, draw: Draw, flow: NDArray, node: NDArray, leaf: NDArray
    ) -> None:
        self.f, self.block, self.draw = f, block, draw
        self.flow, self.node, self.leaf = flow, node, leaf
        self.far = block.lookup(leaf)
        self.left = self.far.reach(node - f.n_endpoints).astype(np.int64)
        self.rising = np.ones(len(flow), bool)

    def keep(self, which: NDArray) -> None:
        if which.all():
            return
        self.far.keep(which)
        for name in ("flow", "node", "leaf", "left", "rising"):
            setattr(self, name, getattr(self, name)[which])

    def advance(self) -> NDArray[np.int64]:
        """Take one link with every flow; returns the links."""
        f, row = self.f, self.node - self.f.n_endpoints
        link = np.full(len(self.flow), -1, np.int64)
        falls = self.far.down(row) == self.left  # a way down is among the shortest
        rise = np.flatnonzero(~falls)
        if len(rise):
            self._rise(link, rise if len(rise) < len(link) else EVERY)
        if len(rise) < len(link):
            falls &= self.block.forced[row]
            if self.rising.any():  # all ways lead down
                falls &= ~self.rising | (self.left == 1) | (f.arc_up[self.node] == f.arc_ptr[self.node + 1])
            self._fall(link, np.flatnonzero(falls))
        for part in self._chunks(np.flatnonzero(link < 0)):
            link[part] = self._listed(part)
            if f.tiered:
                self.rising[part] &= link[part] >= f.arc_link[f.arc_up[self.node[part]]]
        self.node = f.link_dst[link].astype(np.int64)
        self.left = self.left - 1
        return link

    def _rise(self, link: NDArray[np.int64], which: NDArray | slice) -> None:
        """Enter the links up that the policy would take were all of them good, where these are."""
        tried = self.draw.upward(self.flow[which], self.node[which])
        left = self.far.reach(self.f.link_dst[tried] - self.f.n_endpoints, which)
        link[which] = np.where(left == self.left[which] - 1, tried, -1)

    def _fall(self, link: NDArray[np.int64], fall: NDArray) -> None:
        """Enter the links of flows that have one next switch, no choice but that of the cable: if guessed."""
        f = self.f
        for shift in _SHIFTS:
            if not len(fall):
                break
            which = fall if len(fall) < len(link) else EVERY
            node, leaf = self.node[which], self.leaf[which]
            first, last = f.arc_ptr[node], f.arc_up[node] - 1
            arc = np.clip(first + (self.block.guess[f.tier[node], leaf] + shift), first, last)
            child = f.arc_dst[arc] - f.n_endpoints  # below zero: an endpoint
            left = self.far.down(np.maximum(child, 0), which)
            good = (child >= 0) & (left == self.left[which] - 1)
            rest = fall[:0]
            if not good.all():
                which, node, arc, rest = fall[good], node[good], arc[good], fall[~good]
            link[which] = self.draw.cable(self.flow[which], node, arc)
            self.rising[which] &= not f.tiered
            fall = rest

    def _chunks(self, rest: NDArray) -> list[NDArray]:
        if not len(rest):
            return []
        arcs = np.cumsum(np.diff(self.f.arc_ptr)[self.node[rest]])
        return np.split(rest, np.searchsorted(arcs, np.arange(_LISTED_AT_ONCE, arcs[-1], _LISTED_AT_ONCE)))

    def _listed(self, part: NDArray) -> NDArray[np.int64]:
        """A link for each flow of ``part``, from the full list of its good next hops and their cables."""
        f, n = self.f, self.f.n_endpoints
        node, leaf, left, rising = self.node[part], self.leaf[part], self.left[part], self.rising[part]
        stop = np.where(rising, f.arc_ptr[node + 1], f.arc_up[node])
        which = np.repeat(np.arange(len(part)), stop - f.arc_ptr[node])
        arc = ranges(f.arc_ptr[node], stop)
        to_switch = f.kind[f.arc_dst[arc]] == SWITCH
        which, arc = which[to_switch], arc[to_switch]
        row = f.arc_dst[arc] - n
        ahead = np.where(
            arc >= f.arc_up[node[which]],
            self.block.reach(row, leaf[which]) == left[which] - 1,
            self.block.down(row, leaf[which]) == left[which] - 1,
        )
        which, arc = which[ahead], arc[ahead]
        cables = f.arc_link[arc + 1] - f.arc_link[arc]
        through = np.cumsum(cables)
        total = np.bincount(which, weights=cables, minlength=len(part)).astype(np.int64)
        before = np.cumsum(total) - total
        pick = before + self.draw.index(self.flow[part], node, total, 3)
        at = np.searchsorted(through, pick, side="right")
        return f.arc_link[arc[at]] + pick - (through[at] - cables[at])
