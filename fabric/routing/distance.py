"""Distances from every switch to every leaf, by a bit-parallel breadth-first search. No flows, no policy.

64 destination leaves share a machine word, so one OR over a switch's neighbours advances 64 searches at
once (Then et al., "The More the Merrier: Efficient Multi-Source Graph Traversal", VLDB 2014). On a graph with
tiers two distances are kept: along links that only lead down, and along up*-down* paths (first up, then
down).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges

__all__ = ["NO_PATH", "Block", "Distances", "distances", "in_small_blocks", "unreached"]

NO_PATH = 65535  # in ``Distances.between`` and ``matrix``; more links than any path has

_BLOCK_BYTES = 64e6  # of one distance table; a torus has as many leaves as switches
_KEPT_BYTES = 512e6  # of all tables kept for the next flows


def unreached(table: NDArray) -> int:
    """The value that stands for "no path" in a distance table: the largest of its type."""
    return int(np.iinfo(table.dtype).max)


def _links(distance: NDArray) -> NDArray[np.uint16]:
    """Entries of a table with NO_PATH for none, whatever the type of the table."""
    return np.where(distance == unreached(distance), np.uint16(NO_PATH), distance.astype(np.uint16))


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Distances to the leaves ``first .. first + columns - 1``; rows are switches (node minus endpoints).

    ``reach[u, d]`` is the least number of links of a legal path from u to leaf d, ``down[u, d]`` that of one
    which only leads down; the largest value of the type stands for none. ``forced[u]``: on the way down from
    u, the next switch towards any leaf below it is unique. ``guess[t, d]``: which of its arcs (counted from
    the first) some switch of tier t takes down towards d; in a regular tree all of that tier do.
    """

    first: int
    reach: NDArray
    down: NDArray
    forced: NDArray[np.bool_]
    guess: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Some arcs between switches, sorted by source; ``src`` and ``dst`` are switch numbers."""

    src: NDArray[np.int32]
    dst: NDArray[np.int32]

    def merge(
        self, bits: NDArray[np.uint64], active: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Rows with an active neighbour, and the OR of the bits of those neighbours."""
        used = np.flatnonzero(active[self.dst])
        if not len(used):
            return np.empty(0, np.int64), np.empty((0, bits.shape[1]), np.uint64)
        src = self.src[used]
        starts = np.flatnonzero(np.diff(src, prepend=-1))
        return src[starts].astype(np.int64), np.bitwise_or.reduceat(bits[self.dst[used]], starts, axis=0)


class Distances:
    """The distance tables of a fabric, made by blocks of leaves when asked for and kept while few."""

    def __init__(self, fabric: Fabric, columns: int = 0) -> None:
        """``columns``: leaves in a block, a multiple of 64; by default as many as memory allows."""
        self.fabric = fabric
        n, s = fabric.n_endpoints, fabric.n_switches
        columns = columns or int(_BLOCK_BYTES / max(s, 1)) // 64 * 64
        self.columns = max(64, min(columns, -(-len(fabric.leaves) // 64) * 64))
        self._kept: dict[int, Block] = {}
        self._most = max(1, int(_KEPT_BYTES / (2 * s * self.columns + 1)))
        switches = np.arange(n, n + s)
        down = ranges(fabric.arc_ptr[switches], fabric.arc_up[switches])
        up = ranges(fabric.arc_up[switches], fabric.arc_ptr[switches + 1])
        source = np.repeat(np.arange(s, dtype=np.int32), np.diff(fabric.arc_ptr)[switches])
        offset = int(fabric.arc_ptr[n]) if s else 0

        def arcs(which: NDArray[np.int64]) -> _Arcs:
            which = which[fabric.arc_dst[which] >= n]
            return _Arcs(source[which - offset], fabric.arc_dst[which] - n)

        self._down, self._up = arcs(down), arcs(up)

    def __iter__(self) -> Iterator[Block]:
        for number in range(-(-len(self.fabric.leaves) // self.columns)):
            yield self.block(number)

    def block(self, number: int) -> Block:
        """The tables for leaves ``number * columns`` onwards."""
        if number not in self._kept:
            if len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[number] = self._search(number * self.columns)
        return self._kept[number]

    def between(self, switch: NDArray, leaf: NDArray) -> NDArray[np.int64]:
        """(n,): links from node ``switch[i]`` to leaf index ``leaf[i]`` on a legal path; NO_PATH if none."""
        result = np.empty(len(switch), np.int64)
        number = leaf // self.columns
        for b in np.unique(number).tolist():
            block, mine = self.block(b), np.flatnonzero(number == b)
            row, column = switch[mine] - self.fabric.n_endpoints, leaf[mine] - block.first
            result[mine] = _links(block.reach[row, column])
        return result

    def matrix(self, switch: NDArray, leaf: NDArray) -> NDArray[np.uint16]:
        """(a, b): links from each of a nodes ``switch`` to each of b leaf indices ``leaf``, or NO_PATH."""
        result = np.empty((len(switch), len(leaf)), np.uint16)
        number = leaf // self.columns
        for b in np.unique(number).tolist():
            block, mine = self.block(b), np.flatnonzero(number == b)
            cells = np.ix_(switch - self.fabric.n_endpoints, leaf[mine] - block.first)
            result[:, mine] = _links(block.reach[cells])
        return result

    def _search(self, first: int) -> Block:
        f = self.fabric
        leaves = f.leaves[first : first + self.columns].astype(np.int64) - f.n_endpoints
        start = np.zeros((f.n_switches, -(-len(leaves) // 64)), np.uint64)
        column = np.arange(len(leaves))
        start[leaves, column // 64] = np.uint64(1) << (column % 64).astype(np.uint64)

        # What each level newly reaches going down: rows, and their bits.
        falling: list[tuple[NDArray[np.int64], NDArray[np.uint64]]] = []
        down, below = _Table(f.n_switches, len(leaves)), _Balance(self._down, f.n_switches)
        seen = start.copy()
        rows, new = leaves, start[leaves]
        while len(rows):
            falling.append((rows, new))
            below.add(rows, down.add(rows, new))
            rows, new = _advance(self._down, rows, new, seen)

        reach, seen = _Table(f.n_switches, len(leaves)), np.zeros_like(start)
        frontier = np.zeros_like(start)
        active = np.zeros(f.n_switches, bool)
        level = 0
        while level < len(falling) or active.any():
            up_rows, up_bits = self._up.merge(frontier, active)
            fresh = np.zeros_like(start)
            fresh[up_rows] = up_bits
            if level < len(falling):
                fresh[falling[level][0]] |= falling[level][1]
            fresh &= ~seen
            seen |= fresh
            active = np.any(fresh, axis=1)
            if active.any():
                rows = np.flatnonzero(active)
                reach.add(rows, fresh[rows], level)
            frontier = fresh
            level += 1
        guess = self._guess(leaves)
        return Block(first=first, reach=reach.values, down=down.values, forced=below.forced, guess=guess)

    @cached_property
    def _parent(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each switch its first switch upwards (-1: none), and which arc of that parent leads back."""
        s = self.fabric.n_switches
        parent, back = np.full(s, -1, np.int64), np.full(s, -1, np.int64)
        if self.fabric.tiered and len(self._up.src):
            rows, at = np.unique(self._up.src, return_index=True)
            parent[rows] = self._up.dst[at]
            key = self._down.src.astype(np.int64) * s + self._down.dst
            arc = np.searchsorted(key, parent[rows] * s + rows)
            n = self.fabric.n_endpoints
            down_arcs = ranges(self.fabric.arc_ptr[n : n + s], self.fabric.arc_up[n : n + s])
            down_arcs = down_arcs[self.fabric.arc_dst[down_arcs] >= n]
            back[rows] = down_arcs[arc] - self.fabric.arc_ptr[parent[rows] + n]
        return parent, back

    def _guess(self, leaves: NDArray[np.int64]) -> NDArray[np.int32]:
        f = self.fabric
        tier = f.tier[f.n_endpoints : f.n_endpoints + f.n_switches]
        guess = np.zeros((int(tier.max(initial=0)) + 1, len(leaves)), np.int32)
        parent, back = self._parent
        here, column = leaves.copy(), np.arange(len(leaves))
        while len(here):
            above = parent[here] >= 0
            here, column = here[above], column[above]
            guess[tier[parent[here]], column] = back[here]
            here = parent[here]
        return guess


def distances(fabric: Fabric) -> Distances:
    """The distance tables of ``fabric``, made once."""
    if "distances" not in fabric.derived:
        fabric.derived["distances"] = Distances(fabric)
    tables: Distances = fabric.derived["distances"]
    return tables


def in_small_blocks(fabric: Fabric) -> Fabric:
    """``fabric``, which from now on searches 64 leaves at a time: cheaper where few flows are routed."""
    fabric.derived.setdefault("distances", Distances(fabric, columns=64))
    return fabric


class _Table:
    """A distance table under construction: filled level by level, widened where a distance needs it."""

    def __init__(self, rows: int, columns: int) -> None:
        self.values: NDArray = np.full((rows, columns), 255, np.uint8)
        self._level = 0

    def add(
        self, rows: NDArray[np.int64], bits: NDArray[np.uint64], level: int | None = None
    ) -> NDArray[np.uint8]:
        """Pairs (row, set bit) are at ``level`` (default: the next). Returns the bits, one byte each."""
        level = self._level if level is None else level
        if level >= 255 and self.values.dtype == np.uint8:
            none = self.values == 255
            self.values = self.values.astype(np.uint16)
            self.values[none] = 65535
        columns = self.values.shape[1]
        octets = np.ascontiguousarray(bits).view(np.uint8)
        flags = np.unpackbits(octets, axis=1, count=columns, bitorder="little")
        # Each pair is set once, from "all ones": adding level + 1 wraps to level, without a masked write.
        self.values[rows] += flags * self.values.dtype.type(level + 1)
        self._level = level + 1
        return flags


class _Balance:
    """Counts leaves below each switch level by level, to see where the way down is unique.

    The leaves one link further from u than from its children are a disjoint union exactly where their numbers
    add up.
    """

    def __init__(self, down: _Arcs, switches: int) -> None:
        self._down = down
        self._last: NDArray[np.int64] | None = None  # before level 0, on which each leaf reaches itself
        self.forced = np.ones(switches, bool)

    def add(self, rows: NDArray[np.int64], flags: NDArray[np.uint8]) -> None:
        count = np.zeros(len(self.forced), np.int64)
        count[rows] = flags.sum(axis=1, dtype=np.int64)
        if self._last is not None:
            offered = np.bincount(self._down.src, weights=self._last[self._down.dst], minlength=len(count))
            self.forced &= (offered == count) | (count == 0)
        self._last = count


def _advance(
    arcs: _Arcs, rows: NDArray[np.int64], new: NDArray[np.uint64], seen: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """One level on: the rows that see something new, and what; ``seen`` is updated."""
    frontier = np.zeros_like(seen)
    frontier[rows] = new
    active = np.zeros(len(seen), bool)
    active[rows] = True
    rows, merged = arcs.merge(frontier, active)
    merged &= ~seen[rows]
    seen[rows] |= merged
    kept = merged.any(axis=1)
    return rows[kept], merged[kept]
