"""What is picked for flows at nodes: an index below a count, by hash or by destination. Knows no paths."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH
from fabric.routing.hashing import mix

__all__ = ["ByDestination", "Draw", "Hashed"]


@dataclass
class Draw(ABC):
    """The choice for flows at nodes, as an index below a count. A kind of draw needs no more than ``index``.

    ``src``, ``dst``: (flows,) endpoints; ``qp``: (flows,), which tells the queue pairs of a transfer apart.
    """

    fabric: Fabric
    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    qp: NDArray[np.uint64]

    @abstractmethod
    def index(self, flow: NDArray, node: NDArray, count: NDArray, round_: int = 0) -> NDArray[np.int64]:
        """A number below ``count`` per flow at its node; ``round_`` tells choices at one node apart."""

    def of(self, src: NDArray, dst: NDArray, qp: NDArray) -> Self:
        """The same kind of choice for other flows."""
        return replace(self, src=src, dst=dst, qp=qp)

    def attachment(self, flow: NDArray, count: NDArray) -> NDArray[np.int64]:
        """Which of ``count`` pairs of attachments, of source and destination, each flow takes."""
        return self.index(flow, self.src[flow], count)

    def upward(self, flow: NDArray, node: NDArray) -> NDArray[np.int64]:
        """The link up from ``node`` that the flow would take if all its links up led there."""
        first, arcs, links = _upward(self.fabric)
        total = links[node]
        return first[node] + self._port(self.index(flow, node, total), arcs[node], total)

    def cable(self, flow: NDArray, node: NDArray, arc: NDArray) -> NDArray[np.int64]:
        """One of the parallel cables of ``arc``, which leaves ``node``."""
        first = self.fabric.arc_link[arc]
        if self.fabric.single:
            return first
        count = self.fabric.arc_link[arc + 1] - first
        if not np.any(count > 1):
            return first
        return first + self._parallel(flow, node, arc, count)

    def _port(self, pick: NDArray, arcs: NDArray, total: NDArray) -> NDArray[np.int64]:
        """The link that ``pick`` counts among ``total`` over ``arcs``, which come parent by parent."""
        return pick

    def _parallel(self, flow: NDArray, node: NDArray, arc: NDArray, count: NDArray) -> NDArray[np.int64]:
        """Which of ``count`` parallel cables of the arc each flow takes."""
        return self.index(flow, node, count, 1)


@dataclass
class Hashed(Draw):
    """A choice by a hash of flow and node; ``seed`` draws salts of nodes, one for all if not ``salted``."""

    seed: int = 0
    salted: bool = True

    @cached_property
    def pair(self) -> NDArray[np.uint64]:
        return mix(mix(self.src.astype(np.uint64)) ^ self.dst.astype(np.uint64))

    @cached_property
    def flow(self) -> NDArray[np.uint64]:
        return mix(self.pair + self.qp)

    @cached_property
    def salt(self) -> NDArray[np.uint64]:
        nodes = len(self.fabric.kind)
        node = np.arange(nodes, dtype=np.uint64) if self.salted else np.zeros(nodes, np.uint64)
        return mix(node ^ mix(np.array([self.seed % 2**64], np.uint64)))

    def index(self, flow: NDArray, node: NDArray, count: NDArray, round_: int = 0) -> NDArray[np.int64]:
        value = mix(self.flow[flow] ^ self.salt[node] ^ np.uint64(round_ << 8))
        return ((value >> np.uint64(32)) * count.astype(np.uint64) >> np.uint64(32)).astype(np.int64)

    def attachment(self, flow: NDArray, count: NDArray) -> NDArray[np.int64]:
        """Which pair of attachments each flow takes: queue pairs of one transfer are dealt over them in turn.

        Where every pairing is allowed, both ends move to their next attachment with each queue pair.
        """
        hashed = mix(self.pair[flow] ^ self.salt[self.src[flow]]) >> np.uint64(1)
        first = (hashed % count.astype(np.uint64)).astype(np.int64)
        turn = (self.qp[flow] % np.uint64(2**32)).astype(np.int64)
        ours, theirs = (self.fabric.attached[end[flow]] for end in (self.src, self.dst))
        every = (count == ours * theirs) & (ours > 1) & (theirs > 1)
        if not every.any():
            return (first + turn) % count
        ours, theirs = np.where(every, ours, 1), np.where(every, theirs, 1)
        rounds, both = turn // np.lcm(ours, theirs), np.gcd(ours, theirs)
        out, into = (first // theirs + turn) % ours, (first + turn + rounds % both) % theirs
        return np.where(every, out * theirs + into, (first + turn) % count)


@dataclass
class ByDestination(Draw):
    """By the position of the destination and the level of the node, as D-Mod-K: the source never matters."""

    def __post_init__(self) -> None:
        self.position = self.fabric.position[self.dst]
        self.divisor = _divisors(self.fabric)

    def index(self, flow: NDArray, node: NDArray, count: NDArray, round_: int = 0) -> NDArray[np.int64]:
        return self.position[flow] // self.divisor[node] % count

    def attachment(self, flow: NDArray, count: NDArray) -> NDArray[np.int64]:
        return self.position[flow] % count

    def _port(self, pick: NDArray, arcs: NDArray, total: NDArray) -> NDArray[np.int64]:
        # Ports are numbered round the parents first, then their second cables (Zahavi's PGFT).
        if self.fabric.single:
            return pick
        per = total // arcs
        return np.where(per * arcs == total, pick % arcs * per + pick // arcs, pick)

    def _parallel(self, flow: NDArray, node: NDArray, arc: NDArray, count: NDArray) -> NDArray[np.int64]:
        # The mirror of the way up: what goes up on a parent's cable c comes down on its cable c.
        f = self.fabric
        rises = (node < f.n_endpoints) | (arc >= f.arc_up[node])
        below = np.where(rises, node, f.arc_dst[arc])
        parents = np.maximum(f.arc_ptr[below + 1] - f.arc_up[below], 1)
        return self.position[flow] // self.divisor[below] // parents % count


def _upward(f: Fabric) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(nodes,) each: the first link up of each node, its arcs up, and its links up; kept with the fabric."""
    if "upward" not in f.derived:
        first = f.arc_link[f.arc_up]
        f.derived["upward"] = first, f.arc_ptr[1:] - f.arc_up, f.arc_link[f.arc_ptr[1:]] - first
    found: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] = f.derived["upward"]
    return found


def _divisors(f: Fabric) -> NDArray[np.int64]:
    """(nodes,): w_1 ... w_L of the level L of each node, w the most parents a node of the level below has;
    kept with the fabric.
    """
    if "divisors" not in f.derived:
        f.derived["divisors"] = _products(f)
    found: NDArray[np.int64] = f.derived["divisors"]
    return found


def _products(f: Fabric) -> NDArray[np.int64]:
    parents = np.diff(f.arc_ptr) - (f.arc_up - f.arc_ptr[:-1])
    product = np.ones(len(f.kind), np.int64)
    if f.tiered:
        running = 1
        for tier in range(1, int(f.tier.max()) + 1):
            lower = (f.tier == tier - 1) & (f.kind != NVSWITCH)
            running *= max(1, int(parents[lower].max(initial=1)))
            product[f.tier == tier] = running
    return product
