"""Paths: which flow loads which link with which weight. All that sharing and time know of routing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.fabric import ranges

__all__ = ["Paths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """A weighted incidence, flows x links, in compressed rows.

    Flow f loads ``link[ptr[f]:ptr[f+1]]``, in the order in which it crosses them, with ``weight`` bytes per
    byte of the flow (``None``: one everywhere, a flow on a single path).
    """

    ptr: NDArray[np.int64]  # (flows + 1,)
    link: NDArray[np.int32]  # (crossings,)
    weight: NDArray[np.float64] | None = None  # (crossings,)

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @classmethod
    def from_columns(cls, hops: Sequence[NDArray[np.int32]]) -> Paths:
        """From one column of links per hop, -1 where a flow has no such hop."""
        table = np.stack(hops, axis=1) if len(hops) else np.empty((0, 0), np.int32)
        used = table >= 0
        ptr = np.zeros(len(table) + 1, np.int64)
        np.cumsum(used.sum(axis=1), out=ptr[1:])
        return cls(ptr=ptr, link=table[used])

    @classmethod
    def lockstep(cls, load: NDArray[np.float64]) -> Paths:
        """One entity that loads each link l with ``load[l]`` bytes per byte of its largest transfer."""
        link = np.flatnonzero(load).astype(np.int32)
        return cls(ptr=np.array([0, len(link)]), link=link, weight=load[link])

    @property
    def length(self) -> NDArray[np.int64]:
        """(flows,): number of links of each flow."""
        return np.diff(self.ptr)

    @property
    def row(self) -> NDArray[np.int64]:
        """(crossings,): the flow of each crossing."""
        return np.repeat(np.arange(len(self)), self.length)

    def take(self, flows: NDArray[np.int64]) -> Paths:
        """The chosen flows, in that order."""
        start, stop = self.ptr[flows], self.ptr[flows + 1]
        where = ranges(start, stop)
        ptr = np.concatenate([[0], np.cumsum(stop - start)])
        weight = None if self.weight is None else self.weight[where]
        return Paths(ptr=ptr, link=self.link[where], weight=weight)

    def load(self, amount: NDArray[np.float64] | float, n_links: int) -> NDArray[np.float64]:
        """(links,): the sum of ``amount`` (one per flow, or the same for all) over the flows of each link."""
        if np.ndim(amount) == 0:
            total = np.bincount(self.link, weights=self.weight, minlength=n_links).astype(np.float64)
            return total * float(amount)
        per = np.repeat(np.asarray(amount, float), self.length)
        per = per if self.weight is None else per * self.weight
        return np.bincount(self.link, weights=per, minlength=n_links).astype(float)

    def total(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(flows,): the sum of ``value`` (one per link) along each flow.

        Of one that is split, the mean over its ways.
        """
        each = value[self.link] if self.weight is None else value[self.link] * self.weight
        nonempty = self.ptr[:-1] < self.ptr[1:]
        result = np.zeros(len(self))
        result[nonempty] = np.add.reduceat(each, self.ptr[:-1][nonempty])
        return result

    @staticmethod
    def stack(parts: Sequence[Paths]) -> Paths:
        """The flows of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        offsets = np.cumsum([0] + [len(p.link) for p in parts])
        ptr = np.concatenate([p.ptr[:-1] + o for p, o in zip(parts, offsets)] + [offsets[-1:]])
        weight = None
        if any(p.weight is not None for p in parts):
            weight = np.concatenate([np.ones(len(p.link)) if p.weight is None else p.weight for p in parts])
        return Paths(ptr=ptr, link=np.concatenate([p.link for p in parts]), weight=weight)

    @staticmethod
    def join(first: Paths, second: Paths) -> Paths:
        """Flow by flow, the path of ``first`` followed by that of ``second``."""
        both = Paths.stack([first, second])
        n = len(first)
        return _regroup(both, np.stack([np.arange(n), np.arange(n) + n], axis=1))


def _regroup(paths: Paths, groups: NDArray[np.int64]) -> Paths:
    """Rows of ``groups`` become one flow each."""
    taken = paths.take(groups.ravel())
    return Paths(ptr=taken.ptr[:: groups.shape[1]], link=taken.link, weight=taken.weight)
