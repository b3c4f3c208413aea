"""How far all switches are from the leaves of one block: what was searched, looked up. Searches nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALWAYS", "EVERY", "Block", "Lookup", "Pairs"]

Pairs = tuple[NDArray, NDArray]  # (pairs,) each: switches, counted from 0, and leaves, by index

ALWAYS = 2  # levels that are searched in any case
EVERY = slice(None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Distances to the ``leaves`` of one block, indices into ``Fabric.leaves``.

    ``forced[u]``: on the way down from switch u, the next switch towards any leaf of the block that is below
    it is unique. ``guess[t, d]``: which of its arcs (counted from the first) some switch of tier t takes down
    towards leaf d; in a regular tree all of that tier do. ``none`` stands for "no path" in all distances;
    where the tables are not ``whole``, also for "farther than was looked". ``joined``: every leaf of the
    fabric is known to have a way to all of these.
    """

    leaves: NDArray[np.int64]
    forced: NDArray[np.bool_]
    guess: NDArray[np.int32]
    none: int
    whole: bool
    joined: bool
    _row: NDArray[np.int64]  # (switches,), where its row begins in the tables
    _column: NDArray[np.int64]  # (leaves of the fabric,), in the tables
    _own: (
        NDArray[np.int64] | None
    )  # (leaves of the fabric,), the switch of each; None where there are no twins
    _reach: NDArray  # row after row
    _down: NDArray

    def reach(self, switch: NDArray, leaf: NDArray) -> NDArray:
        """The least number of links of a legal path from ``switch`` (node minus endpoints) to ``leaf``.

        The two are broadcast against each other.
        """
        return self._of(self._reach, switch, leaf)

    def down(self, switch: NDArray, leaf: NDArray) -> NDArray:
        """The same of a path that only leads down."""
        return self._of(self._down, switch, leaf)

    def lookup(self, leaf: NDArray) -> Lookup:
        """The same to ``leaf``, for some flows, hop by hop."""
        own = None if self._own is None else self._own[leaf]
        return Lookup(self, self._column[leaf], own)

    def _of(self, table: NDArray, switch: NDArray, leaf: NDArray) -> NDArray:
        own = None if self._own is None else self._own[leaf]
        return self._at(table, switch, self._column[leaf], own)

    def _at(self, table: NDArray, switch: NDArray, column: NDArray, own: NDArray | None) -> NDArray:
        found: NDArray = table.take(self._row[switch] + column)
        if own is not None:
            found *= switch != own
        return found

    def share(self, near: Pairs) -> float:
        """Of all pairs of a switch and a leaf of the block, those that a search for ``near`` meets."""
        farthest = max(ALWAYS, int(self.reach(*near).max(initial=0)))
        return float(np.mean(self._reach <= farthest))

    def tells(self, near: Pairs) -> bool:
        """Whether the tables hold the distances of these pairs, and with them all that are shorter."""
        return self.whole or not np.any(self.reach(*near) == self.none)


class Lookup:
    """The distances of a block to the leaf of each of some flows; what the leaf says is looked up once."""

    def __init__(self, block: Block, column: NDArray, own: NDArray | None) -> None:
        self._block, self._column, self._own = block, column, own

    def keep(self, which: NDArray) -> None:
        """Forget all flows but these."""
        self._column = self._column[which]
        self._own = None if self._own is None else self._own[which]

    def reach(self, switch: NDArray, which: NDArray | slice = EVERY) -> NDArray:
        """As of the block, from the switch where each of ``which`` flows is."""
        return self._of(self._block._reach, switch, which)

    def down(self, switch: NDArray, which: NDArray | slice = EVERY) -> NDArray:
        """The same of a path that only leads down."""
        return self._of(self._block._down, switch, which)

    def _of(self, table: NDArray, switch: NDArray, which: NDArray | slice) -> NDArray:
        own = None if self._own is None else self._own[which]
        return self._block._at(table, switch, self._column[which], own)
