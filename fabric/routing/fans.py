"""Fans: what all berths of a kind send to the targets of a group, routed once for the whole kind.

A flow leaves every berth of a kind by the port of the same number (``fabric.routing.berths``) and goes on
alike. So its later links carry what the whole kind sends to the target, and its first link, at each berth,
what that one sends. Targets are berths here, as for policies that treat all endpoints of one alike; those
that choose by destination are in ``fabric.routing.towards``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import ranges
from fabric.routing.cells import Cells, Exceptions
from fabric.routing.distance import NO_PATH, distances
from fabric.routing.policy import Policy
from fabric.routing.route import route
from fabric.words.errors import ParameterError

__all__ = ["Fans", "pieces"]

_MOST_ROWS = 40_000_000  # of pairs of a fan and a cell, and of numbers for ports
_AT_ONCE = 500_000  # flows routed at a time


class Fans:
    """The fans of ``cells`` with the berths that they send to. ``kind``, ``berth``: (pairs,) of each pair of
    a kind and a berth; ``src``: another berth of the kind, -1 for none; ``reached``: whether switches join
    the two. ``fan``, ``cell``, ``pair``: (rows,) of each fan with each cell of its group.
    """

    def __init__(self, cells: Cells, relayed: Exceptions | None = None) -> None:
        """``relayed``: what is sent from berths of kinds that the group may have no member on."""
        self.f, self.cells, self.berths = cells.f, cells, cells.berths
        self.most = max(1, int(self.berths.ports.max(initial=1)))
        self.width = self.most * self.berths.planes
        start, stop = cells.ptr[cells.fan_group], cells.ptr[cells.fan_group + 1]
        if max(int(np.sum(stop - start)), len(start) * self.width) > _MOST_ROWS:
            raise ParameterError("fabric", self.f.name, "too many kinds of leaves to count flows by them")
        self.first = np.concatenate([[0], np.cumsum(stop - start)])
        self.fan, self.cell = np.repeat(np.arange(len(start)), stop - start), ranges(start, stop)
        key = cells.fan_kind[self.fan] * len(self.berths) + cells.berth[self.cell]
        if relayed is not None:
            home = self.berths.of[cells.demand.endpoint[relayed.member]]
            key = np.append(key, self.berths.kind[relayed.berth] * len(self.berths) + home)
        self._key, pair = np.unique(key, return_inverse=True)
        self.pair = pair.reshape(-1)[: len(self.fan)]
        self.kind, self.berth = np.divmod(self._key, len(self.berths))
        some = self.berths.some[self.kind]
        self.src = np.where(some == self.berth, self.berths.other[self.kind], some)
        self.reached = self._reach(self.src, self.berth)

    def _reach(self, src: NDArray[np.int64], berth: NDArray[np.int64]) -> NDArray[np.bool_]:
        there, reach = np.flatnonzero(src >= 0), np.ones(len(src), bool)
        leaf = self.berths.leaf[:, 0]
        to = self.f.leaf_index[leaf[berth[there]]].astype(np.int64)
        reach[there] = distances(self.f).between(leaf[src[there]], to) < NO_PATH
        return reach

    def _of_exceptions(self, exceptions: Exceptions) -> NDArray[np.int64]:
        """The pair of each."""
        target = self.berths.of[self.cells.demand.endpoint[exceptions.member]]
        return self._pair(self.berths.kind[exceptions.berth], target)

    def _product(self, each: NDArray[np.float64]) -> NDArray[np.float64]:
        """(rows,): what all of the fan send to a cell where one of it sends ``each`` (cells,)."""
        cells = self.cells
        own = self.berths.kind[cells.berth[self.cell]] == cells.fan_kind[self.fan]
        total: NDArray[np.float64] = each[self.cell] * (
            cells.fan_count[self.fan] - own * cells.count[self.cell]
        )
        return total

    def ends(self, exceptions: Exceptions) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The pairs between which anything is sent, and an endpoint on the ``src`` and one on the berth of
        each.

        Not of one server, whose traffic would stay there.
        """
        flows = np.bincount(self.pair, weights=self._product(self.cells.count), minlength=len(self._key) + 1)
        flows += np.bincount(self._of_exceptions(exceptions), exceptions.flows, minlength=len(flows))
        one, other = self.berths.first, self.berths.apart
        domain = self.f.scaleup
        pairs = np.flatnonzero((self.src >= 0) & self.reached & (flows[:-1] > 0.5))
        a, b = self.src[pairs], self.berth[pairs]
        out, into = one[a], one[b]
        same = (domain[out] >= 0) & (domain[out] == domain[into])
        swap = same & (other[b] >= 0)
        out, into = np.where(same & ~swap & (other[a] >= 0), other[a], out), np.where(swap, other[b], into)
        apart = (domain[out] < 0) | (domain[out] != domain[into])
        return pairs[apart], out[apart], into[apart]

    def by_leaf(self, policy: Policy, exceptions: Exceptions) -> NDArray[np.float64]:
        """(links,): loads of the links between switches where a policy treats a berth's endpoints alike.

        ``exceptions``: none of them to a member on the berth itself.
        """
        cells, berths = self.cells, self.berths
        pairs, out, into = self.ends(exceptions)
        flow = np.full(len(self._key) + 1, len(pairs))  # of each pair; the last: none
        flow[pairs] = np.arange(len(pairs))
        weight, special = cells.weight[self.cell], flow[self._of_exceptions(exceptions)]
        total = self._product(cells.weight)
        carried = np.bincount(flow[self.pair], weights=total, minlength=len(pairs) + 1)
        carried += np.bincount(special, weights=exceptions.amount, minlength=len(pairs) + 1)
        load = np.zeros(self.f.n_links)
        entries: list[tuple[NDArray, NDArray, NDArray]] = []
        for begin in range(0, len(pairs), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            paths = route(self.f, out[part], into[part], policy).expanded()
            row, link = begin + paths.row, paths.link.astype(np.int64)
            share = np.ones(len(link)) if paths.weight is None else paths.weight
            port = self.ports(self.src[pairs[row]], link)
            late = port < 0
            load += np.bincount(link[late], (share * carried[row])[late], minlength=self.f.n_links)
            entries.append((row[~late], port[~late], share[~late]))
        load[self.f.access] = 0.0
        none = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        row, port = (np.concatenate([one[i] for one in (none, *entries)]) for i in (0, 1))
        share = np.concatenate([one[2] for one in (none, *entries)])
        ptr = np.searchsorted(row, np.arange(len(pairs) + 2))
        sent = np.zeros(len(cells.fan_group) * self.width)
        for part in pieces(len(self.fan)):
            at, count = _entries(ptr, flow[self.pair[part]])
            number = np.repeat(self.fan[part] * self.width, count) + port[at]
            sent += np.bincount(number, np.repeat(weight[part], count) * share[at], minlength=len(sent))
        load += self.from_all(sent)
        mine = flow[self._pair(berths.kind[cells.berth], cells.berth)]
        for which, berth, amount in (
            (mine, cells.berth, -cells.count * cells.weight),
            (special, exceptions.berth, exceptions.amount),
        ):
            at, count = _entries(ptr, which)
            load += self.onto(np.repeat(berth, count), port[at], share[at] * np.repeat(amount, count))
        return load

    def _pair(self, kind: NDArray[np.int64], berth: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pair of each kind and berth, the number of pairs where there is none."""
        key = kind * len(self.berths) + berth
        at = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        return np.where(self._key[at] == key, at, len(self._key))

    def ports(self, src: NDArray[np.int64], link: NDArray[np.int64]) -> NDArray[np.int64]:
        """The port of each link that is the first of its flow and stands for other berths'; else -1."""
        node, leaves = self.f.link_src[link], self.berths.leaf[src]
        mine = leaves == node[:, np.newaxis]
        first = mine.any(axis=1) & ~self.f.access[link] & ~self.berths.single[self.berths.kind[src]]
        number = np.argmax(mine, axis=1) * self.most + link - self.berths.link[node]
        return np.where(first, number, -1)

    def from_all(self, sent: NDArray[np.float64]) -> NDArray[np.float64]:
        """(links,): what one member of each fan sends by each port, from every cell of it."""
        each, load, cells = sent.reshape(-1, self.width), np.zeros(self.f.n_links), self.cells
        for part in pieces(len(cells.fan), max(1, 4 * _AT_ONCE // self.width)):
            cell, port = np.nonzero(each[cells.fan[part]])
            cell += part.start
            amount = each[cells.fan[cell], port] * cells.count[cell]
            load += self.onto(cells.berth[cell], port, amount)
        return load

    def onto(self, berth: NDArray, port: NDArray, amount: NDArray[np.float64]) -> NDArray[np.float64]:
        """(links,): ``amount`` on the ports of berths."""
        plane, number = np.divmod(port, self.most)
        link = self.berths.link[self.berths.leaf[berth, plane]] + number
        return np.bincount(link, weights=amount, minlength=self.f.n_links).astype(float)


def pieces(count: int, each: int = _AT_ONCE) -> Iterator[slice]:
    """Consecutive parts of ``count`` things, ``each`` or fewer in one."""
    for begin in range(0, count, each):
        yield slice(begin, min(begin + each, count))


def _entries(ptr: NDArray[np.int64], row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the entries of each row stand, one row after another, and how many each has."""
    return ranges(ptr[row], ptr[row + 1]), ptr[row + 1] - ptr[row]
