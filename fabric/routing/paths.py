"""Paths: which flow loads which link with which weight. All that sharing and time know of routing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import ranges

__all__ = ["Paths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """A weighted incidence, flows x links, in compressed rows.

    Flow f loads ``link[ptr[f]:ptr[f+1]]``, in the order in which it crosses them, with ``weight`` bytes per
    byte of the flow (``None``: one everywhere, a flow on a single path). Where many flows are split alike
    over many links, those links stand in ``shared``, once for all of them, and only the rest here;
    ``expanded`` writes them out.

    ``begins`` marks the crossings at which a part of a flow sets out that keeps to one way up to the next
    mark; None: a flow that is split may change from one of its ways to another at every node.
    """

    ptr: NDArray[np.int64]  # (flows + 1,)
    link: NDArray[np.int32]  # (crossings,)
    weight: NDArray[np.float64] | None = None  # (crossings,)
    shared: Shared | None = None
    begins: NDArray[np.bool_] | None = None  # (crossings,)

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @classmethod
    def from_columns(cls, hops: Sequence[NDArray[np.int32]]) -> Paths:
        """From one column of links per hop, -1 where a flow has no such hop."""
        table = np.stack(hops, axis=1) if len(hops) else np.empty((0, 0), np.int32)
        used = table >= 0
        if used.all():
            return cls(ptr=np.arange(len(table) + 1, dtype=np.int64) * len(hops), link=table.ravel())
        ptr = np.zeros(len(table) + 1, np.int64)
        for column in hops:
            ptr[1:] += column >= 0
        np.cumsum(ptr, out=ptr)
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
        shared = self.shared and Shared(use=self.shared.use.take(flows), bundles=self.shared.bundles)
        begins = None if self.begins is None else self.begins[where]
        return Paths(ptr=ptr, link=self.link[where], weight=weight, shared=shared, begins=begins)

    def load(self, amount: NDArray[np.float64] | float, n_links: int) -> NDArray[np.float64]:
        """(links,): the sum of ``amount`` (one per flow, or the same for all) over the flows of each link."""
        per = self.weight
        if np.ndim(amount):
            per = np.repeat(np.asarray(amount, float), self.length)
            per = per if self.weight is None else per * self.weight
        link = self.link.astype(np.intp, copy=False)  # bincount converts what is narrower piece by piece
        count = np.bincount(link, weights=per, minlength=n_links)
        total = np.asarray(count if np.ndim(amount) else count * float(amount), np.float64)
        if self.shared:
            each = self.shared.use.load(amount, len(self.shared.bundles))
            total += self.shared.bundles.load(each, n_links)
        return total

    def total(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(flows,): the sum of ``value`` (one per link) along each flow.

        Of one that is split, the mean over its ways (fabric.slowest has the largest).
        """
        each = value[self.link] if self.weight is None else value[self.link] * self.weight
        nonempty = self.ptr[:-1] < self.ptr[1:]
        result = np.zeros(len(self))
        result[nonempty] = np.add.reduceat(each, self.ptr[:-1][nonempty])
        if self.shared:
            result += self.shared.use.total(self.shared.bundles.total(value))
        return result

    def largest(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(flows,): the largest of ``value`` (one per link, zero or more) along each flow."""
        nonempty = self.ptr[:-1] < self.ptr[1:]
        result = np.zeros(len(self))
        if nonempty.any():
            result[nonempty] = np.maximum.reduceat(value[self.link], self.ptr[:-1][nonempty])
        if self.shared:
            result = np.maximum(result, self.shared.use.largest(self.shared.bundles.largest(value)))
        return result

    def expanded(self) -> Paths:
        """The same without ``shared``: every link of every flow, its own before those that it shares."""
        if self.shared is None:
            return self
        use, bundles = self.shared.use, self.shared.bundles
        taken = bundles.take(use.link.astype(np.int64))
        if use.weight is not None:
            taken = taken.scaled(use.weight)
        own = Paths(ptr=self.ptr, link=self.link, weight=self.weight)
        return Paths.join(own, taken.grouped(use.length))

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
        begins = None
        if any(p.begins is not None for p in parts):
            begins = np.concatenate([p._marks() for p in parts])
        link = np.concatenate([p.link for p in parts])
        uses, bundles = _pooled(parts)
        shared = None if bundles is None else Shared(use=Paths.stack(uses), bundles=bundles)
        return Paths(ptr=ptr, link=link, weight=weight, shared=shared, begins=begins)

    @staticmethod
    def merged(parts: Sequence[tuple[NDArray[np.int64], Paths]], count: int) -> Paths:
        """``count`` flows; each part has the numbers of some, and the path of each. Others have no links."""
        parts = [(flows, paths) for flows, paths in parts if len(flows)]
        if len(parts) == 1 and len(parts[0][0]) == count and np.all(np.diff(parts[0][0]) == 1):
            return parts[0][1]
        length = np.zeros(count, np.int64)
        for flows, paths in parts:
            length[flows] = paths.length
        ptr = np.zeros(count + 1, np.int64)
        np.cumsum(length, out=ptr[1:])
        link = np.empty(ptr[-1], np.int32)
        weight = np.ones(ptr[-1]) if any(paths.weight is not None for _, paths in parts) else None
        begins = np.zeros(ptr[-1], bool) if any(paths.begins is not None for _, paths in parts) else None
        for flows, paths in parts:
            place = paths._placed(ptr[flows])
            link[place] = paths.link
            if weight is not None and paths.weight is not None:
                weight[place] = paths.weight
            if begins is not None:
                begins[place] = paths._marks()
        uses, bundles = _pooled([paths for _, paths in parts])
        shared = None
        if bundles is not None:
            use = Paths.merged([(flows, use) for (flows, _), use in zip(parts, uses)], count)
            shared = Shared(use=use, bundles=bundles)
        return Paths(ptr=ptr, link=link, weight=weight, shared=shared, begins=begins)

    def _placed(self, start: NDArray[np.int64]) -> NDArray[np.int64]:
        """(crossings,): where each is to stand if the first of each flow stands at ``start``."""
        hops = self._hops
        if hops >= 0:
            return (start[:, np.newaxis] + np.arange(hops)).ravel()
        return ranges(start, start + self.length)

    @property
    def _hops(self) -> int:
        """How many links each flow has; -1 where they differ."""
        hops = int(self.ptr[1]) if len(self) else 0
        return hops if np.array_equal(self.ptr, np.arange(len(self.ptr)) * hops) else -1

    @staticmethod
    def join(*legs: Paths) -> Paths:
        """Flow by flow, the path of the first leg followed by those of the others."""
        n = len(legs[0])
        plain = all(leg.weight is None and leg.shared is None and leg.begins is None for leg in legs)
        if plain and n and all(leg._hops >= 0 for leg in legs):
            table = np.concatenate([leg.link.reshape(n, leg._hops) for leg in legs], axis=1)
            return Paths(ptr=np.arange(n + 1, dtype=np.int64) * table.shape[1], link=table.ravel())
        flows = np.arange(n)[:, np.newaxis] + np.arange(len(legs)) * n
        return Paths.stack(legs).take(flows.ravel()).grouped(np.full(n, len(legs)))

    def grouped(self, count: NDArray[np.int64]) -> Paths:
        """Consecutive flows as one: flow i is made of the next ``count[i]``."""
        ptr = self.ptr[np.concatenate([[0], np.cumsum(count)])]
        shared = self.shared and Shared(use=self.shared.use.grouped(count), bundles=self.shared.bundles)
        return Paths(ptr=ptr, link=self.link, weight=self.weight, shared=shared, begins=self.begins)

    def scaled(self, factor: NDArray[np.float64]) -> Paths:
        """``factor``: (flows,), by which all weights of each flow are multiplied."""
        each = np.repeat(np.asarray(factor, float), self.length)
        weight = each if self.weight is None else each * self.weight
        shared = self.shared and Shared(use=self.shared.use.scaled(factor), bundles=self.shared.bundles)
        return Paths(ptr=self.ptr, link=self.link, weight=weight, shared=shared, begins=self.begins)

    def evenly(self, parts: int) -> Paths:
        """Every ``parts`` consecutive flows, each on a single path, as equal parts of one.

        A link of several parts is named once for each. Of flows that share nothing.
        """
        return Paths(
            ptr=self.ptr[::parts],
            link=self.link,
            weight=np.full(len(self.link), 1.0 / parts),
            begins=self._marks(),
        )

    def _marks(self) -> NDArray[np.bool_]:
        """``begins``, written out where it is None."""
        if self.begins is not None:
            return self.begins
        if self.weight is not None:
            return np.ones(len(self.link), bool)
        marks = np.zeros(len(self.link), bool)
        marks[self.ptr[:-1][self.length > 0]] = True
        return marks


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """Links that flows load by the bundle.

    ``use``: flows x bundles, ``bundles``: bundles x links, neither with anything shared of its own. A byte of
    flow f loads a link with the sum over its bundles of ``use`` times ``bundles``.
    """

    use: Paths
    bundles: Paths


def _pooled(parts: Sequence[Paths]) -> tuple[list[Paths], Paths | None]:
    """What the flows of all parts use of bundles, part by part, and the bundles: None where there are none.

    Bundles that several parts have in common stand there once.
    """
    known = {id(p.shared.bundles): p.shared.bundles for p in parts if p.shared}
    if not known:
        return [], None
    sizes = np.cumsum([0] + [len(bundles) for bundles in known.values()])
    first = dict(zip(known, sizes.tolist()))
    uses = []
    for part in parts:
        if part.shared is None:
            uses.append(Paths(ptr=np.zeros(len(part) + 1, np.int64), link=np.empty(0, np.int32)))
            continue
        use, offset = part.shared.use, np.int32(first[id(part.shared.bundles)])
        uses.append(Paths(ptr=use.ptr, link=use.link + offset, weight=use.weight))
    return uses, Paths.stack(list(known.values()))
