"""A distance table under construction: filled level by level, widened where a distance needs it. No graph.

Sets of columns come as bits, 64 to a word, the lowest first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["GrowingTable"]


class GrowingTable:
    """``values``: (rows, columns) of unsigned whole numbers, all ones where no level has been entered."""

    def __init__(self, rows: int, columns: int) -> None:
        self.values: NDArray = np.full((rows, columns), 255, np.uint8)
        self._level = 0

    def mark(
        self, row: NDArray[np.int64], word: NDArray[np.int64], bits: NDArray[np.uint64], level: int
    ) -> None:
        """Pairs (row, set bit) are at ``level``; ``bits``: those of some words."""
        self._widen(level)
        flags = np.unpackbits(bits.view(np.uint8), bitorder="little").view(bool)
        which, bit = np.divmod(np.flatnonzero(flags), 64)
        self.values[row[which], word[which] * 64 + bit] = level

    def _widen(self, level: int) -> None:
        if level >= 255 and self.values.dtype == np.uint8:
            none = self.values == 255
            self.values = self.values.astype(np.uint16)
            self.values[none] = 65535

    def add(
        self, rows: NDArray[np.int64], bits: NDArray[np.uint64], level: int | None = None
    ) -> NDArray[np.uint8]:
        """Pairs (row, set bit) are at ``level`` (default: the next). Returns the bits, one byte each."""
        level = self._level if level is None else level
        self._widen(level)
        columns = self.values.shape[1]
        octets = np.ascontiguousarray(bits).view(np.uint8)
        flags = np.unpackbits(octets, axis=1, count=columns, bitorder="little")
        # Each pair is set once, from "all ones": adding level + 1 wraps to level, without a masked write.
        self.values[rows] += flags * self.values.dtype.type(level + 1)
        self._level = level + 1
        return flags
