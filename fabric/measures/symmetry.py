"""Leaves that a symmetry of the network maps onto each other: what is counted from one holds for all of them.

A symmetry is guessed from the numbers of the switches, as grids are numbered line by line: a step along an
axis, or an axis turned round. It counts only where it is proven: it keeps all neighbours, all tiers and how
many endpoints each switch has.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, components

__all__ = ["orbits"]

_TRIED = 256  # arcs that a guess has to keep before all are looked at


def orbits(f: Fabric) -> NDArray[np.int64]:
    """(leaves,): the least of the leaves, as an index, that proven symmetries map each to.

    Only of fabrics whose endpoints are cabled to one switch each.
    """
    n, s = f.n_endpoints, f.n_switches
    network = _Network(f)
    found = [image for image in _guesses(s, network.steps) if network.keeps(image)]
    if not found:
        return np.arange(len(f.leaves))
    root = components(s, np.tile(np.arange(s), len(found)), np.concatenate(found))
    return f.leaf_index[root[f.leaves - n] + n].astype(np.int64)


class _Network:
    """The switches, counted from 0, and who is whose neighbour."""

    def __init__(self, f: Fabric) -> None:
        n, s = f.n_endpoints, f.n_switches
        trunk = (f.link_src >= n) & (f.link_src < n + s) & (f.link_dst >= n) & (f.link_dst < n + s)
        self.key = np.unique((f.link_src[trunk].astype(np.int64) - n) * s + f.link_dst[trunk] - n)
        self.ends = np.divmod(self.key, max(s, 1))
        endpoints = np.bincount(f.arc_dst[f.arc_up[:n]][f.attached > 0] - n, minlength=s)
        self.own = np.stack([f.tier[n : n + s], endpoints])
        # How far apart the numbers of the first switch and of its neighbours are.
        self.steps = self.ends[1][self.ends[0] == 0]
        self.some = np.linspace(0, len(self.key) - 1, min(_TRIED, len(self.key))).astype(np.int64)

    def keeps(self, image: NDArray[np.int64]) -> bool:
        """Whether the permutation ``image`` of the switches is a symmetry."""
        src, dst = (image[end[self.some]] for end in self.ends)
        tried = src * len(image) + dst
        at = np.minimum(np.searchsorted(self.key, tried), len(self.key) - 1)
        return bool(
            np.array_equal(self.key[at], tried)
            and np.array_equal(self.own[:, image], self.own)
            and np.array_equal(np.sort(image[self.ends[0]] * len(image) + image[self.ends[1]]), self.key)
        )


def _guesses(switches: int, steps: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Permutations of the switches: of each step, along lines of every length, on by one and turned round."""
    number = np.arange(switches)
    divisors = [d for d in range(1, int(switches**0.5) + 1) if switches % d == 0]
    divisors = sorted({*divisors, *(switches // d for d in divisors)})
    for step in np.unique(steps).tolist():
        for length in (block // step for block in divisors if block % step == 0 and block > step):
            place = number // step % length
            yield number + ((place + 1) % length - place) * step
            yield number + (length - 1 - 2 * place) * step
