"""Cells: the members of groups by berth and by server, and what they send where. Knows no policy.

All members of a group on one berth send alike, so what leaves a berth for a target is a product of two
numbers, but for what stays in a server or needs a relay. That is listed apart, as *exceptions*.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges
from fabric.routing.berths import berths

__all__ = ["Cells", "Exceptions", "Exchange"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exchange:
    """Endpoints that send to each other: each member to every other member of its group.

    ``endpoint``, ``group``, ``weight``: (members,) where it is, the number of its group from 0 on, and the
    bytes that it receives from each of the others. Members stand group by group.
    """

    endpoint: NDArray[np.int64]
    group: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, endpoint: NDArray, group: NDArray | None = None, weight: NDArray | None = None) -> Exchange:
        """From members in any order; by default all are one group, and of weight 1."""
        group = np.zeros(len(endpoint), np.int64) if group is None else np.asarray(group, np.int64)
        order = np.argsort(group, kind="stable")
        return cls(
            endpoint=np.asarray(endpoint, np.int64)[order],
            group=np.unique(group[order], return_inverse=True)[1].reshape(-1),
            weight=np.ones(len(order)) if weight is None else np.asarray(weight, float)[order],
        )

    @cached_property
    def ptr(self) -> NDArray[np.int64]:
        """(groups + 1,): where the members of each group stand."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.group))])

    @property
    def flows(self) -> int:
        """Pairs of members that send to each other, both ways."""
        size = np.diff(self.ptr)
        return int(np.sum(size * (size - 1)))

    def targets(self, members: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs of one of ``members`` and another member of its group."""
        start, stop = self.ptr[self.group[members]], self.ptr[self.group[members] + 1]
        src, dst = np.repeat(members, stop - start), ranges(start, stop)
        apart = src != dst
        return src[apart], dst[apart]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exceptions:
    """What is sent besides the product: ``amount`` bytes in so many ``flows``, from a berth to a member.

    Both are below zero for what is not sent.
    """

    berth: NDArray[np.int64]
    member: NDArray[np.int64]
    flows: NDArray[np.float64]
    amount: NDArray[np.float64]

    def take(self, which: NDArray[np.int64]) -> Exceptions:
        return Exceptions(**{name: column[which] for name, column in vars(self).items()})

    def with_more(self, other: Exceptions) -> Exceptions:
        more = vars(other)
        return Exceptions(**{name: np.append(column, more[name]) for name, column in vars(self).items()})


class Cells:
    """(group, berth) by (group, berth): who is where.

    ``group``, ``berth``, ``count``, ``weight``: (cells,) of each cell its group, its berth, its members and
    the sum of their weights; cells stand group by group, ``ptr`` (groups + 1,). ``of``: (members,).
    ``fan``: (cells,) the (group, kind of berth) of each; of these ``fan_group``, ``fan_kind``, ``fan_count``.
    """

    def __init__(self, f: Fabric, demand: Exchange) -> None:
        self.f, self.demand, self.berths = f, demand, berths(f)
        own = self.berths.of[demand.endpoint]
        key, self.of = _unique(demand.group * len(self.berths) + own)
        self.group, self.berth = np.divmod(key, len(self.berths))
        self.count = np.bincount(self.of).astype(float)
        self.weight = np.bincount(self.of, weights=demand.weight).astype(float)
        self.ptr = np.searchsorted(self.group, np.arange(len(demand.ptr)))
        kinds = len(self.berths.some)
        key, self.fan = _unique(self.group * kinds + self.berths.kind[self.berth])
        self.fan_group, self.fan_kind = np.divmod(key, kinds)
        self.fan_count = np.bincount(self.fan, weights=self.count)
        server = f.scaleup[demand.endpoint].astype(np.int64)
        alone = np.flatnonzero(server < 0)
        server[alone] = len(f.kind) + np.arange(len(alone))
        # (group, server) and (group, server, berth): of each member, and of the second its first.
        self.box = _unique(demand.group * (len(f.kind) + len(server)) + server)[1]
        key, self.seat = _unique(self.box * len(self.berths) + own)
        self.seat_box, self.seat_berth = np.divmod(key, len(self.berths))
        self.seat_count = np.bincount(self.seat).astype(float)
        self.seat_first = np.unique(self.seat, return_index=True)[1]
        self.seat_server = server[self.seat_first]

    def exceptions(self) -> Exceptions:
        """What the product has too much: what stays in a server whose members are on several berths."""
        box_ptr = np.searchsorted(self.seat_box, np.arange(int(self.box.max(initial=0)) + 2))
        several = np.flatnonzero(np.diff(box_ptr)[self.box] > 1)
        start, stop = box_ptr[self.box[several]], box_ptr[self.box[several] + 1]
        member, seat = np.repeat(several, stop - start), ranges(start, stop)
        apart = seat != self.seat[member]
        member, seat = member[apart], seat[apart]
        flows = -self.seat_count[seat]
        amount = flows * self.demand.weight[member]
        return Exceptions(berth=self.seat_berth[seat], member=member, flows=flows, amount=amount)

    def neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Two members of different servers in every cell that has such."""
        order = np.lexsort((self.box, self.of))
        first = np.searchsorted(self.of[order], np.arange(len(self.count)))
        one, other = order[first], order[np.append(first[1:], len(order)) - 1]
        apart = self.box[one] != self.box[other]
        return one[apart], other[apart]

    def ends(self) -> tuple[NDArray[np.float64], ...]:
        """(members,) each: what a member sends to and receives from the network; what it sends and receives
        inside its server."""
        w, box = self.demand.weight, self.box
        of_box = np.bincount(box, weights=w).astype(float)
        of_group = np.bincount(self.demand.group, weights=w).astype(float)
        inside, everyone = np.bincount(box).astype(float), np.bincount(self.demand.group)
        return (
            of_group[self.demand.group] - of_box[box],
            w * (everyone[self.demand.group] - inside[box]),
            of_box[box] - w,
            w * (inside[box] - 1.0),
        )


def _unique(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    found, place = np.unique(key, return_inverse=True)
    return found, place.reshape(-1)
