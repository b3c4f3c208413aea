"""The blocks that the cables between two tiers form, and what each of them lacks. No rates, no routes.

Between two tiers of a fat tree, of any height and however cut short, the switches fall into *blocks* in which
every lower switch is cabled to every upper one by equally many cables: the leaves and spines of a pod, the
spines and cores of a plane. So a block says which cables are missing without any plan of the fabric. Blocks
are found by votes, not as connected components: a cable that leads into the wrong pod would join two pods.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import GPU, SWITCH
from fabric.measures.finding import usual

__all__ = ["Block", "Joint", "joints"]

_ROUNDS = 12  # of votes; regular wiring needs two
_WHOLE = 0.75  # share of its pairs that are cabled, from which on a block is meant to have them all


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Switches ``lower`` and ``upper``, each pair of which is meant to have ``cables`` cables."""

    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    cables: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Joint:
    """The cabled pairs between the nodes of two tiers; ``lower``, ``upper``, ``cables`` are (pairs,).

    ``spare_lower`` and ``spare_upper``: nodes of the two tiers without any cable in this direction, where no
    other tier could be meant.
    """

    nodes: int
    to_endpoints: bool
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    cables: NDArray[np.int64]
    spare_lower: NDArray[np.int64]
    spare_upper: NDArray[np.int64]

    @property
    def one_each(self) -> bool:
        """Whether this is the usual way to attach endpoints, each to one leaf: that makes no blocks."""
        return self.to_endpoints and bool(np.all(np.diff(self.lower)))

    @cached_property
    def block_of(self) -> NDArray[np.int64]:
        """(nodes,): a number for each block of nodes; a node outside of this joint has its own."""
        label = np.arange(self.nodes)
        for _ in range(_ROUNDS):
            before = label.copy()
            _vote(label, self.upper, label[self.lower])
            _vote(label, self.lower, label[self.upper])
            if np.array_equal(before, label):
                break
        return label

    @cached_property
    def stray(self) -> NDArray[np.bool_]:
        """(pairs,): which pairs join two blocks."""
        return self.block_of[self.lower] != self.block_of[self.upper]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that are meant to be complete; none where the joint does not consist of such blocks."""
        if self.one_each or np.mean(self.stray) > 1 - _WHOLE:
            return ()
        inside = np.flatnonzero(~self.stray)
        order = inside[np.argsort(self.block_of[self.lower[inside]], kind="stable")]
        label = self.block_of[self.lower[order]]
        start = np.flatnonzero(np.diff(label, prepend=-1))
        overall = usual(self.cables)
        found = []
        for mine in np.split(order, start[1:]):
            lower, upper = np.unique(self.lower[mine]), np.unique(self.upper[mine])
            if len(start) == 1:  # who has no cable at all can belong to no other block
                wider = np.union1d(lower, self.spare_lower), np.union1d(upper, self.spare_upper)
                if len(mine) >= _WHOLE * len(wider[0]) * len(wider[1]):
                    lower, upper = wider
            each = usual(self.cables[mine]) if len(mine) > 3 else None
            each = overall if each is None else each
            if each is not None and len(mine) >= _WHOLE * len(lower) * len(upper):
                found.append(Block(lower=lower, upper=upper, cables=int(each)))
        return tuple(found)

    @cached_property
    def expected(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(nodes,) twice: the cables up and down that a node's block gives it; -1 where no block does."""
        up, down = np.full(self.nodes, -1), np.full(self.nodes, -1)
        for block in self.blocks:
            up[block.lower] = len(block.upper) * block.cables
            down[block.upper] = len(block.lower) * block.cables
        return up, down

    @cached_property
    def total(self) -> int:
        """Cables that all blocks are meant to have."""
        return sum(len(b.lower) * len(b.upper) * b.cables for b in self.blocks)

    def uneven(self) -> tuple[NDArray[np.int64], ...]:
        """Pairs inside of blocks with other cables than meant: (lower, upper, found, expected)."""
        key = self.lower * self.nodes + self.upper  # ascending, as joints() sorts the pairs
        short: list[tuple[NDArray[np.int64], ...]] = [(np.empty(0, np.int64),) * 4]
        for block in self.blocks:
            wanted = np.add.outer(block.lower * self.nodes, block.upper).ravel()
            at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
            found = np.where(key[at] == wanted, self.cables[at], 0)
            odd = np.flatnonzero(found != block.cables)
            lower, upper = np.divmod(wanted[odd], self.nodes)
            short.append((lower, upper, found[odd], np.full(len(odd), block.cables)))
        return tuple(map(np.concatenate, zip(*short)))


def _vote(label: NDArray[np.int64], voter: NDArray[np.int64], ballot: NDArray[np.int64]) -> None:
    """Give each voter the label that most of its ballots name, of several the least."""
    values, count = np.unique(voter * len(label) + ballot, return_counts=True)
    who, choice = np.divmod(values, len(label))
    order = np.lexsort((choice, -count, who))
    first = order[np.flatnonzero(np.diff(who[order], prepend=-1))]
    label[who[first]] = choice[first]


def joints(fabric: Fabric) -> list[Joint]:
    """One joint for each two tiers that cables join, scale-up switches left out; pairs by (lower, upper)."""
    f, nodes = fabric, len(fabric.kind)
    source = np.repeat(np.arange(nodes), np.diff(f.arc_ptr))
    network = ((f.kind == GPU) | (f.kind == SWITCH))[source] & ((f.kind == GPU) | (f.kind == SWITCH))[
        f.arc_dst
    ]
    rising = np.flatnonzero(network & (f.tier[source] < f.tier[f.arc_dst]))
    lower, upper = source[rising], f.arc_dst[rising].astype(np.int64)
    order = np.argsort(lower * nodes + upper)
    lower, upper, cables = lower[order], upper[order], np.diff(f.arc_link)[rising[order]]

    risers, fallers = (np.bincount(ends, minlength=nodes) > 0 for ends in (lower, upper))
    low, high = f.tier[lower].astype(np.int64), f.tier[upper].astype(np.int64)
    step = 1 << 16
    keys = np.unique(low * step + high)
    found = []
    for key in keys.tolist():
        mine = np.flatnonzero(low * step + high == key)
        t, u = divmod(key, step)
        alone = (int(np.sum(keys // step == t)), int(np.sum(keys % step == u)))
        spare = [
            np.flatnonzero((f.tier == tier) & (f.kind == (GPU if tier == 0 else SWITCH)) & ~busy)
            for tier, busy in ((t, risers), (u, fallers))
        ]
        found.append(
            Joint(
                nodes=nodes,
                to_endpoints=t == 0,
                lower=lower[mine],
                upper=upper[mine],
                cables=cables[mine],
                spare_lower=spare[0] if alone[0] == 1 else spare[0][:0],
                spare_upper=spare[1] if alone[1] == 1 and t else spare[1][:0],
            )
        )
    return found
