"""Fans of a policy that chooses by destination: flows that meet in a switch go on as one.

What a kind of berths sends to an endpoint is one flow (``fabric.routing.fans``) until flows of several kinds
meet, which on a fat tree they do in a core switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import ranges
from fabric.routing.block import Block
from fabric.routing.cells import Exceptions
from fabric.routing.distance import distances
from fabric.routing.draw import Draw
from fabric.routing.fans import Fans, pieces
from fabric.routing.policy import Policy
from fabric.routing.walk import Step

__all__ = ["Towards"]

_AT_ONCE = 500_000  # flows


@dataclass(eq=False)
class Towards:
    """Flows from the ``fans`` of an exchange to its members, on a fabric of one plane.

    Rows are a member and a fan of its group, member by member; behind them one for each member and kind of
    berth of ``exceptions`` that the group has no fan of.
    """

    fans: Fans
    policy: Policy
    exceptions: Exceptions

    def __post_init__(self) -> None:
        self.cells, self.f, self.berths = self.fans.cells, self.fans.f, self.fans.berths
        demand = self.cells.demand
        self.home = self.berths.of[demand.endpoint]
        self.fan_ptr = np.searchsorted(self.cells.fan_group, np.arange(len(demand.ptr)))
        self.first = np.concatenate([[0], np.cumsum(np.diff(self.fan_ptr)[demand.group])])  # row of a member
        self.row, self.strange = self._rows()
        number = int(self.first[-1]) + len(self.strange)
        self.extra = np.bincount(self.row, weights=self.exceptions.amount, minlength=number)
        self.port = np.full(number, -1, np.int32)  # of the first link of each row, where it stands for others

    @cached_property
    def draw(self) -> Draw:
        to = self.cells.demand.endpoint
        return self.policy.draw(self.f, to, to, np.zeros(len(to), np.uint64))

    @cached_property
    def leaf(self) -> NDArray[np.int64]:
        """(members,): the leaf of each, as an index."""
        return self.f.leaf_index[self.berths.leaf[self.home, 0]].astype(np.int64)

    def load(self) -> NDArray[np.float64]:
        """(links,): what the links between switches carry."""
        cells, demand = self.cells, self.cells.demand
        load = np.zeros(self.f.n_links)
        sent = np.zeros(len(cells.fan_group) * self.fans.width)
        number = distances(self.f).number(self.leaf)
        for block in np.unique(number).tolist():
            tables, mine = distances(self.f).block(block), np.flatnonzero(number == block)
            through = np.cumsum(self.first[mine + 1] - self.first[mine])
            for to in np.split(mine, np.flatnonzero(np.diff(through // _AT_ONCE)) + 1):
                load += self._sent(tables, to, sent)
            kind, member = np.divmod(self.strange, len(self.home))
            rest = np.flatnonzero(number[member] == block)
            for part in pieces(len(rest), _AT_ONCE):
                each = rest[part]
                some = self.berths.some[kind[each]]
                src = np.where(some == self.home[member[each]], self.berths.other[kind[each]], some)
                load += self._carried(tables, int(self.first[-1]) + each, member[each], src, 0.0)
        load += self.fans.from_all(sent)
        own = self.first[:-1] + cells.fan[cells.of] - self.fan_ptr[demand.group]
        for row, berth, amount in (
            (own, self.home, -demand.weight * cells.count[cells.of]),
            (self.row, self.exceptions.berth, self.exceptions.amount),
        ):
            at = np.flatnonzero(self.port[row] >= 0)
            load += self.fans.onto(berth[at], self.port[row[at]].astype(np.int64), amount[at])
        return load

    def _rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The row of each exception; and kind * members + member of those that no fan is of."""
        cells, kinds = self.cells, len(self.berths.some)
        member, kind = self.exceptions.member, self.berths.kind[self.exceptions.berth]
        group = cells.demand.group[member]
        fan = np.searchsorted(cells.fan_group * kinds + cells.fan_kind, group * kinds + kind)
        fan = np.minimum(fan, len(cells.fan_group) - 1)
        row = self.first[member] + fan - self.fan_ptr[group]
        strange = np.flatnonzero((cells.fan_kind[fan] != kind) | (cells.fan_group[fan] != group))
        key, place = np.unique(kind[strange] * len(self.home) + member[strange], return_inverse=True)
        row[strange] = self.first[-1] + place.reshape(-1)
        return row, key

    def _sent(self, block: Block, to: NDArray[np.int64], sent: NDArray[np.float64]) -> NDArray[np.float64]:
        """What all fans send to the members ``to`` loads, but for first links, of which ``sent`` is told."""
        cells, demand, fans = self.cells, self.cells.demand, self.fans
        member = np.repeat(to, self.first[to + 1] - self.first[to])
        fan = ranges(self.fan_ptr[demand.group[to]], self.fan_ptr[demand.group[to] + 1])
        row = ranges(self.first[to], self.first[to + 1])
        pair = fans.pair[fans.first[fan] + cells.of[member] - cells.ptr[demand.group[member]]]
        good = (fans.src[pair] >= 0) & fans.reached[pair]
        member, fan, row, pair = member[good], fan[good], row[good], pair[good]
        own = cells.fan_kind[fan] == self.berths.kind[self.home[member]]
        all_of_it = demand.weight[member] * (cells.fan_count[fan] - own * cells.count[cells.of[member]])
        load = self._carried(block, row, member, fans.src[pair], all_of_it)
        at = np.flatnonzero(self.port[row] >= 0)
        number = fan[at] * fans.width + self.port[row[at]]
        sent += np.bincount(number, weights=demand.weight[member[at]], minlength=len(sent))
        return load

    def _carried(
        self,
        block: Block,
        row: NDArray[np.int64],
        member: NDArray[np.int64],
        src: NDArray[np.int64],
        amount: NDArray[np.float64] | float,
    ) -> NDArray[np.float64]:
        """(links,): what rows from the berths ``src`` load, but for first links that stand for others.

        ``amount`` and what ``extra`` has of each row; ``port`` is filled.
        """
        f, n = self.f, self.f.n_endpoints
        carried = amount + self.extra[row]
        step = Step(f, block, self.draw, member, self.berths.leaf[src, 0], self.leaf[member])
        load = np.zeros(f.n_links)
        first = True
        while len(step.flow):
            link, late = step.advance(), np.ones(len(step.flow), bool)
            if first:
                port = self.fans.ports(src, link)
                self.port[row], late, first = port, port < 0, False
            load += np.bincount(link[late], weights=carried[late], minlength=f.n_links)
            state = (step.flow * f.n_switches + step.node - n) * 2 + step.rising
            state, place = np.unique(state, return_inverse=True)
            carried = np.bincount(place.reshape(-1), weights=carried).astype(float)
            flow, at, rising = state // (2 * f.n_switches), state // 2 % f.n_switches, state % 2 == 1
            left = np.where(rising, block.reach(at, self.leaf[flow]), block.down(at, self.leaf[flow]))
            on = left > 0
            carried, flow, at = carried[on], flow[on], at[on]
            step = Step(f, block, self.draw, flow, at + n, self.leaf[flow])
            step.left, step.rising = left[on].astype(np.int64), rising[on]
        return load
