"""Distances from every switch to every leaf, by a bit-parallel breadth-first search. No flows, no policy.

Switches that are equally far from every leaf are searched from once, and leaves that are twins are searched
for once (``twins.py``). 64 destinations share a machine word, so one OR over a switch's neighbours advances
64 searches at once (Then et al., "The More the Merrier: Efficient Multi-Source Graph Traversal", VLDB 2014).
On a graph with tiers two distances are kept: along links that only lead down, and along up*-down* paths
(first up, then down).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges
from fabric.routing.block import ALWAYS, Block, Pairs
from fabric.routing.growing_table import GrowingTable
from fabric.routing.twins import classes

__all__ = ["NO_PATH", "Distances", "distances", "in_small_blocks"]

NO_PATH = 65535  # in ``Distances.between`` and ``matrix``; more links than any path has

_BLOCK_BYTES = 64e6  # of one distance table; a torus has as many leaves as switches
_KEPT_BYTES = 512e6  # of all tables kept for the next flows
_THIN = 8  # after so many levels, where fewer than one word in so many has a bit, these are followed alone


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Some arcs between classes of switches, sorted by source; there may be several of the same ends."""

    src: NDArray[np.int32]
    dst: NDArray[np.int64]

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
        self._classes = classes(fabric)
        rows, leaves = len(self._classes.first), len(self._classes.twins)
        columns = columns or int(_BLOCK_BYTES / max(rows, 1)) // 64 * 64
        self.columns = max(64, min(columns, -(-leaves // 64) * 64))
        self._kept: dict[int, Block] = {}
        self._most = max(1, int(_KEPT_BYTES / (2 * rows * self.columns + 1)))
        first = n + self._classes.first
        source = np.arange(rows, dtype=np.int32)

        def arcs(start: NDArray[np.int64], stop: NDArray[np.int64]) -> _Arcs:
            """Those of the first switch of each class."""
            dst, src = fabric.arc_dst[ranges(start, stop)], np.repeat(source, stop - start)
            trunk = (dst >= n) & (dst < n + s)
            return _Arcs(src[trunk], self._classes.row[dst[trunk] - n])

        self._down = arcs(fabric.arc_ptr[first], fabric.arc_up[first])
        self._up = arcs(fabric.arc_up[first], fabric.arc_ptr[first + 1])

    def __iter__(self) -> Iterator[Block]:
        for number in range(-(-len(self._classes.twins) // self.columns)):
            yield self.block(number)

    @property
    def pairs(self) -> int:
        """Of a switch and a leaf, alike ones counted once."""
        return len(self._classes.first) * len(self._classes.twins)

    @property
    def joined(self) -> bool:
        """Whether every leaf is known to have a way to every other: where that costs nothing, in a tree."""
        return self.fabric.tiered and len(self._classes.twins) <= self.columns and self.block(0).joined

    def keeps(self, blocks: int) -> bool:
        """Whether the tables of so many blocks stay for the next flows."""
        return blocks <= self._most

    def number(self, leaf: NDArray) -> NDArray[np.int64]:
        """In which block each of some leaves is, indices into ``Fabric.leaves``."""
        found: NDArray[np.int64] = self._classes.column[leaf] // self.columns
        return found

    def parts(
        self, leaf: NDArray, switch: NDArray | None = None
    ) -> Iterator[tuple[Block, NDArray[np.int64] | slice]]:
        """The blocks of some leaves, indices into ``Fabric.leaves``, each with the places of those in it.

        ``switch``: nodes, one for each leaf; no more may be told than how far these pairs are, and what is
        nearer.
        """
        if len(self._classes.twins) <= self.columns:
            if len(leaf):
                yield self.block(0, self._pairs(leaf, switch)), slice(None)
            return
        number = self.number(leaf)
        for b in np.unique(number).tolist():
            mine = np.flatnonzero(number == b)
            yield self.block(b, self._pairs(leaf[mine], None if switch is None else switch[mine])), mine

    def _pairs(self, leaf: NDArray, switch: NDArray | None) -> Pairs | None:
        """In a tree all is near: then it is not worth looking twice."""
        return None if switch is None or self.fabric.tiered else (switch - self.fabric.n_endpoints, leaf)

    def block(self, number: int, near: Pairs | None = None) -> Block:
        """The tables for the leaves of this block; ``near``: whole only where these pairs ask for it.

        A search from all switches of a large torus to all leaves takes a minute, and one to neighbours none.
        """
        kept = self._kept.get(number)
        if kept is None and len(self._kept) >= self._most:
            self._kept.pop(next(iter(self._kept)))
        if kept is None:
            kept = self._kept[number] = self._search(number, near)
        elif not (kept.whole if near is None else kept.tells(near)):
            kept = self._kept[number] = self._search(number)
        return kept

    def between(self, switch: NDArray, leaf: NDArray) -> NDArray[np.int64]:
        """(n,): links from node ``switch[i]`` to leaf index ``leaf[i]`` on a legal path; NO_PATH if none."""
        result = np.empty(len(switch), np.int64)
        for block, mine in self.parts(leaf, switch):
            found = block.reach(switch[mine] - self.fabric.n_endpoints, leaf[mine])
            result[mine] = np.where(found == block.none, np.uint16(NO_PATH), found)
        return result

    def matrix(self, switch: NDArray, leaf: NDArray) -> NDArray[np.uint16]:
        """(a, b): links from each of a nodes ``switch`` to each of b leaf indices ``leaf``, or NO_PATH."""
        result = np.empty((len(switch), len(leaf)), np.uint16)
        for block, mine in self.parts(leaf):
            found = block.reach(switch[:, np.newaxis] - self.fabric.n_endpoints, leaf[mine])
            result[:, mine] = np.where(found == block.none, np.uint16(NO_PATH), found)
        return result

    def _search(self, number: int, near: Pairs | None = None) -> Block:
        c, n = self._classes, self.fabric.n_endpoints
        own = self.fabric.leaves.astype(np.int64) - n
        here = slice(number * self.columns, (number + 1) * self.columns)
        twins, rows = c.twins[here], len(c.first)
        column, place = np.arange(len(twins)), np.empty(len(c.twins), np.int64)
        place[c.column] = c.row[own]
        start = np.zeros((rows, -(-len(twins) // 64)), np.uint64)
        start[place[here], column // 64] = np.uint64(1) << (column % 64).astype(np.uint64)

        # What each level newly reaches going down: rows, and their bits.
        falling: list[tuple[NDArray[np.int64], NDArray[np.uint64]]] = []
        down, below = GrowingTable(rows, len(twins)), _Balance(self._down, rows, twins)
        seen = start.copy()
        level, new = place[here], start[place[here]]
        while len(level):
            falling.append((level, new))
            below.add(level, down.add(level, new))
            level, new = _advance(self._down, level, new, seen)
        asked = None if near is None else (c.row[near[0]], c.column[near[1]] - here.start)
        reach, whole = self._rise(falling, start, len(twins), asked)

        # A table says how far it is to another of the leaves of a class: up and down again, if at all.
        twin, none = twins > 1, int(np.iinfo(reach.dtype).max)
        above = np.bincount(self._up.src, minlength=rows)[place[here]] > 0
        reach[place[here][twin], column[twin]] = np.where(above[twin], 2, none)
        lower = down.values.astype(reach.dtype)
        lower[down.values == np.iinfo(down.values.dtype).max] = none
        lower[place[here][twin], column[twin]] = none
        return Block(
            leaves=np.flatnonzero((c.column >= here.start) & (c.column < here.stop)),
            forced=below.forced[c.row],
            guess=self._guess,
            none=none,
            whole=whole,
            joined=whole and bool(np.all(reach[place] != none)),
            _row=c.row * reach.shape[1],
            _column=c.column - here.start,
            _own=own if twin.any() else None,
            _reach=reach.ravel(),
            _down=lower.ravel(),
        )

    def _rise(
        self,
        falling: list[tuple[NDArray[np.int64], NDArray[np.uint64]]],
        start: NDArray[np.uint64],
        columns: int,
        asked: Pairs | None,
    ) -> tuple[NDArray, bool]:
        """The table of legal paths, made of those which only lead down, and whether it is whole.

        ``asked``: rows and columns of pairs; the search ends when it has met them all. To a twin the way is
        two links, and a table says 0 until all is known: so many are always looked at.
        """
        reach, seen, frontier = GrowingTable(len(start), columns), np.zeros_like(start), np.zeros_like(start)
        active = np.zeros(len(start), bool)
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
            if asked is not None and level > ALWAYS and _all_met(seen, *asked):
                return reach.values, False
            if level > max(_THIN, len(falling)) and np.count_nonzero(fresh) * _THIN < fresh.size:
                whole = self._rise_thinly(reach, seen, fresh, level, asked)
                return reach.values, whole
        return reach.values, True

    def _rise_thinly(
        self,
        reach: GrowingTable,
        seen: NDArray[np.uint64],
        frontier: NDArray[np.uint64],
        level: int,
        asked: Pairs | None,
    ) -> bool:
        """The rest of ``_rise`` where few words of a level have a bit, as on a long ring: word by word."""
        words, known = seen.shape[1], seen.reshape(-1)
        order = np.argsort(self._up.dst, kind="stable")
        back = self._up.src[order].astype(np.int64) * words
        ptr = np.searchsorted(self._up.dst[order], np.arange(len(seen) + 1))
        key = np.flatnonzero(frontier)
        bits = frontier.reshape(-1)[key]
        row, word = np.divmod(key, words)
        while len(key):
            many = ptr[row + 1] - ptr[row]
            key = back[ranges(ptr[row], ptr[row + 1])] + np.repeat(word, many)
            order = np.argsort(key)
            starts = np.flatnonzero(np.diff(key[order], prepend=-1))
            key = key[order[starts]]
            bits = np.bitwise_or.reduceat(np.repeat(bits, many)[order], starts) & ~known[key]
            fresh = bits != 0
            key, bits = key[fresh], bits[fresh]
            known[key] |= bits
            row, word = np.divmod(key, words)
            reach.mark(row, word, bits, level)
            level += 1
            if asked is not None and _all_met(seen, *asked):
                return False
        return True

    @cached_property
    def _guess(self) -> NDArray[np.int32]:
        """That of all blocks."""
        f, n, s = self.fabric, self.fabric.n_endpoints, self.fabric.n_switches
        guess = np.zeros((int(f.tier.max(initial=0)) + 1, len(f.leaves)), np.int32)
        switches = np.arange(n, n + s)
        down = ranges(f.arc_ptr[switches], f.arc_up[switches])
        source = np.repeat(switches, f.arc_up[switches] - f.arc_ptr[switches])
        key = source * len(f.kind) + f.arc_dst[down]  # ascending, as arcs are sorted by both
        here, column = f.leaves.astype(np.int64), np.arange(len(f.leaves))
        while f.tiered and len(here):
            above = f.arc_up[here] < f.arc_ptr[here + 1]
            here, column = here[above], column[above]
            parent = f.arc_dst[f.arc_up[here]].astype(np.int64)
            back = down[np.searchsorted(key, parent * len(f.kind) + here)]
            guess[f.tier[parent], column] = back - f.arc_ptr[parent]
            here = parent
        return guess


def _all_met(seen: NDArray[np.uint64], row: NDArray, column: NDArray) -> bool:
    bits = seen[row, column // 64] >> (column % 64).astype(np.uint64)
    return bool(np.all(bits & np.uint64(1)))


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


class _Balance:
    """Counts leaves below each class level by level, to see where the way down is unique.

    The leaves one link further from u than from its children are a disjoint union exactly where their numbers
    add up.
    """

    def __init__(self, down: _Arcs, rows: int, twins: NDArray[np.int64]) -> None:
        self._down, self._twins = down, twins
        self._last: NDArray[np.int64] | None = None  # before level 0, on which each leaf reaches itself
        self.forced = np.ones(rows, bool)

    def add(self, rows: NDArray[np.int64], flags: NDArray[np.uint8]) -> None:
        count = np.zeros(len(self.forced), np.int64)
        if self._last is None:
            count[rows] = 1
        else:
            count[rows] = np.einsum("ij,j->i", flags, self._twins)
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
