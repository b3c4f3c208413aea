"""What a policy picks: an index below a count, for flows at nodes.

Knows hashes and destinations, no paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH
from fabric.routing.policies import Dmodk, Ecmp, Policy, Static, mix

__all__ = ["Draw"]


@dataclass
class Draw:
    """The policy's choice for flows at nodes, as an index below a count."""

    fabric: Fabric
    policy: Policy
    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    qp: NDArray[np.uint64]

    def __post_init__(self) -> None:
        f = self.fabric
        # A user's tables are by destination too: what they leave open is picked as D-Mod-K does.
        self.by_destination = isinstance(self.policy, (Dmodk, Static))
        if self.by_destination:
            self.position = f.position[self.dst]
            self.divisor = _divisors(f)
        else:
            seed = mix(np.array([self.policy.seed % 2**64], np.uint64))
            self.pair = mix(mix(self.src.astype(np.uint64)) ^ self.dst.astype(np.uint64))
            self.flow = mix(self.pair + self.qp)
            alone = isinstance(self.policy, Ecmp) and self.policy.salt == "none"
            node = np.zeros(len(f.kind), np.uint64) if alone else np.arange(len(f.kind), dtype=np.uint64)
            self.salt = mix(node ^ seed)

    def index(self, flow: NDArray, node: NDArray, count: NDArray, round_: int = 0) -> NDArray[np.int64]:
        """Below ``count``: by hash of flow and node, or by destination and the node's level."""
        if self.by_destination:
            return self.position[flow] // self.divisor[node] % count
        value = mix(self.flow[flow] ^ self.salt[node] ^ np.uint64(round_ << 8))
        return ((value >> np.uint64(32)) * count.astype(np.uint64) >> np.uint64(32)).astype(np.int64)

    def attachment(self, flow: NDArray, count: NDArray) -> NDArray[np.int64]:
        """Below ``count``, the pairs of an attachment of the source and one of the destination, in order.

        Queue pairs of one transfer are dealt over them in turn; where each goes with each, so that both ends
        come to their next attachment with every queue pair.
        """
        if self.by_destination:
            return self.position[flow] % count
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

    def upward(self, flow: NDArray, node: NDArray) -> NDArray[np.int64]:
        """The link up from ``node`` that the flow would take if all its links up led there."""
        f = self.fabric
        first, arcs = f.arc_link[f.arc_up[node]], f.arc_ptr[node + 1] - f.arc_up[node]
        total = f.arc_link[f.arc_ptr[node + 1]] - first
        pick = self.index(flow, node, total)
        if self.by_destination:
            # Ports are numbered round the parents first, then their second cables (Zahavi's PGFT).
            per = total // arcs
            even = per * arcs == total
            pick = np.where(even, pick % arcs * per + pick // arcs, pick)
        return first + pick

    def cable(self, flow: NDArray, node: NDArray, arc: NDArray) -> NDArray[np.int64]:
        """One of the parallel cables of ``arc``, which leaves ``node``."""
        f = self.fabric
        first = f.arc_link[arc]
        count = f.arc_link[arc + 1] - first
        if not np.any(count > 1):
            return first
        if self.by_destination:
            # The mirror of the way up: what goes up on a parent's cable c comes down on its cable c.
            rises = (node < f.n_endpoints) | (arc >= f.arc_up[node])
            below = np.where(rises, node, f.arc_dst[arc])
            parents = np.maximum(f.arc_ptr[below + 1] - f.arc_up[below], 1)
            return first + self.position[flow] // self.divisor[below] // parents % count
        return first + self.index(flow, node, count, 1)


def _divisors(f: Fabric) -> NDArray[np.int64]:
    """(nodes,): w_1 ... w_L of the level L of each node, w the most parents a node of the level below has."""
    parents = np.diff(f.arc_ptr) - (f.arc_up - f.arc_ptr[:-1])
    product = np.ones(len(f.kind), np.int64)
    if f.tiered:
        running = 1
        for tier in range(1, int(f.tier.max()) + 1):
            lower = (f.tier == tier - 1) & (f.kind != NVSWITCH)
            running *= max(1, int(parents[lower].max(initial=1)))
            product[f.tier == tier] = running
    return product
