"""What joins one half of the endpoints to the other, on a fabric in one part or in several.

Knows parts, their sizes and what their cables carry; no tiers, no routes.
"""

from __future__ import annotations

from collections import Counter
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, components

__all__ = ["half_capacity", "part_of"]


def part_of(fabric: Fabric) -> NDArray[np.int64]:
    """(nodes,): the part that each node is in, the endpoints' parts counted from 0; -1 where it has none.

    Whatever cables join is one part, scale-up switches counting as well: planes that only endpoints or
    servers join are one. An endpoint without a cable is a part by itself.
    """
    f = fabric
    root = components(len(f.kind), f.link_src.astype(np.int64), f.link_dst.astype(np.int64))
    names = np.unique(root[: f.n_endpoints])
    number = np.full(len(f.kind) + 1, -1)
    number[names] = np.arange(len(names))
    return number[root]


def half_capacity(sizes: NDArray[np.int64], capacity: NDArray[np.float64]) -> float:
    """The least capacity between two halves of the endpoints, over all ways to halve them.

    ``sizes`` (parts,): endpoints of each part. ``capacity`` (parts,): what x of a part's n endpoints and the
    others exchange is taken to be capacity * min(x, n - x) / n, as in a regular tree; NaN: not known. One
    part is cut in the middle. Of several, n // 2 endpoints go to one side, and as the sum of such functions
    is concave between whole parts, its least value is where at most one part is cut. 0 where none is.

    >>> half_capacity(np.array([8]), np.array([16.0])), half_capacity(np.array([4, 4]), np.array([8.0, 8.0]))
    (8.0, 0.0)
    >>> half_capacity(np.array([4, 4, 4]), np.array([8.0, 8.0, 8.0]))  # two of the four against two
    4.0
    """
    if len(sizes) == 1:
        return float(capacity[0]) / 2
    half = int(sizes.sum()) // 2
    count = Counter(sizes.tolist())
    if _sums(count, half) >> half & 1:
        return 0.0
    least = nan
    for size in count:
        weakest = float(np.min(capacity[sizes == size]))
        sums = _sums(count - Counter({size: 1}), half)  # of whole parts on the first half's side
        full = sums.bit_length() - 1
        start = max(half - size, 0)
        above = sums >> start
        for whole in (full, start + (above & -above).bit_length() - 1):
            x = half - whole
            if above and 0 <= x <= size:
                cost = weakest * min(x, size - x) / size
                least = cost if isnan(least) else min(least, cost)
    return least


def _sums(count: Counter[int], most: int) -> int:
    """Bit s is set where some of the parts, ``count`` of each size, have s endpoints together; s <= most."""
    bits, mask = 1, (1 << (most + 1)) - 1
    for size, times in count.items():
        taken = 1
        while times:
            taken = min(taken, times)
            bits |= bits << (size * taken) & mask
            times -= taken
            taken *= 2
    return bits
