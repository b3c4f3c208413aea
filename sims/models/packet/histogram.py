"""Histogram: percentiles of a stream in memory that does not grow with it. Knows nothing of packets."""

from __future__ import annotations

import math

__all__ = ["SCALE", "Histogram"]

_STEP = 1.01  # upper over lower edge of a bin
SCALE = 1.0 / math.log(_STEP)


class Histogram:
    """Counts of positive values in bins whose edges are powers of 1.01.

    A percentile is the middle (geometric) of the bin in which it falls, so it is within 0.5% of the value of
    that rank. The largest value and the mean are exact. ``counts`` grows with the ratio of the largest to the
    smallest value only: 232 bins for each factor of ten.
    """

    __slots__ = ("counts", "number", "total", "worst")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.number = 0
        self.total = 0.0
        self.worst = 0.0

    def add(self, value: float) -> None:
        """Count one value above zero."""
        index = math.floor(math.log(value) * SCALE)
        counts = self.counts
        counts[index] = counts.get(index, 0) + 1
        self.number += 1
        self.total += value
        if value > self.worst:
            self.worst = value

    @property
    def mean(self) -> float:
        """Of all values; 0 where there is none."""
        return self.total / self.number if self.number else 0.0

    def percentile(self, percent: float) -> float:
        """The value below or at which ``percent`` of all lie, within 0.5%; 0 where there is none."""
        rank = math.ceil(round(percent * self.number / 100, 6))  # a whole rank stays one
        seen = 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= rank:
                return float(min(_STEP ** (index + 0.5), self.worst))
        return 0.0
