"""Crowd: a total exchange on a fabric whose transfers are too many to have a rate each: links are counted.

By classes where those are exact under a policy; where flows are hashed one by one, a few million are routed
and counted, and of more the loads are drawn (``fabric.routing.exchange``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths, route
from fabric.routing.cells import Exchange
from fabric.routing.exchange import Exchanged, exchanged, listed
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from sims.workload.schedule import Phase
from sims.workload.total_exchange import TotalExchange

__all__ = ["Crowd", "crowded"]

_MOST_ROUTED = 8_000_000  # flows
_SAMPLE = 2_000_000  # flows that tell the times of groups


_Part = tuple[NDArray[np.int64], NDArray[np.int64], Paths]  # senders, receivers, as members, and their paths


@dataclass(frozen=True, kw_only=True, eq=False)
class Crowd:
    """The flows of ``phase`` on ``fabric``, the carrier of ``policy``: ``demand``, at the endpoints."""

    phase: TotalExchange
    fabric: Fabric
    policy: Policy
    demand: Exchange
    _routed: list[_Part] = field(default_factory=list)  # every transfer, where each was routed

    def loads(self) -> Exchanged:
        """Bytes on each link of one byte of a transfer.

        Raises:
            ParameterError: too many to be routed, and not known by classes under this policy.
        """
        on, policy = self.fabric, self.policy
        few = self.demand.flows * policy.pieces(on.tiered) <= _MOST_ROUTED
        if few and policy.uniform(on.tiered) in (None, "drawn"):
            return listed(on, self.demand, policy, lambda *part: self._routed.append(part))
        try:
            return exchanged(on, self.demand, policy, policy.seed)
        except ParameterError as error:
            if few:
                return listed(on, self.demand, policy)
            what = f"{self.demand.flows:,} at once under {policy}"
            raise ParameterError("transfers", what, f"at most {_MOST_ROUTED:,}: {error.rule}") from None

    def fullest(
        self, seconds: NDArray[np.float64], owner: NDArray[np.int32], groups: int
    ) -> NDArray[np.float64]:
        """(groups,): the largest of ``seconds`` (links,) on the links of each group, which ``owner`` tells of
        ranks.

        Of flows that were not routed each, a sample tells, in which every rank sends and receives.
        """
        found, whose = np.zeros(groups), owner[self.phase.ranks]
        for source, _, paths in self._routed or self._sampled():
            np.maximum.at(found, whose[source], paths.largest(seconds))
        found[np.argmax(found)] = seconds.max()  # where the sample has missed it
        return found

    def last(self, seconds: NDArray[np.float64]) -> int:
        """A rank that receives over the link with the most ``seconds`` (links,), as far as flows tell."""
        found, most = 0, -1.0
        for _, target, paths in self._routed or self._sampled():
            busy = paths.largest(seconds)
            first = int(np.argmax(busy >= busy.max() * (1 - 1e-9)))
            if busy[first] > most * (1 + 1e-9):
                found, most = int(target[first]), float(busy[first])
        return int(self.phase.ranks[found])

    def of_group(self, owner: NDArray[np.int32], group: int) -> Paths:
        """The paths of the transfers of one group, or of some of them where they are very many."""
        mine = np.flatnonzero(owner[self.phase.ranks] == group)
        demand = Exchange.of(self.demand.endpoint[mine], self.demand.group[mine], self.demand.weight[mine])
        if demand.flows > _SAMPLE:
            own = Crowd(phase=self.phase, fabric=self.fabric, policy=self.policy, demand=demand)
            return Paths.stack([paths for *_, paths in own._sampled()])
        source, target = demand.targets(np.arange(len(mine)))
        return route(self.fabric, demand.endpoint[source], demand.endpoint[target], self.policy)

    def across(self, link: int, owner: NDArray[np.int32]) -> NDArray[np.int32]:
        """The groups whose transfers cross a link; none where the transfers were not routed each."""
        found = [
            owner[self.phase.ranks[np.unique(source[paths.row[paths.link == link]])]]
            for source, _, paths in self._routed
        ]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int32)

    def _sampled(self) -> Iterator[_Part]:
        """Some shifts round each group."""
        demand, count = self.demand, len(self.demand.group)
        size = np.diff(demand.ptr)[demand.group]
        first, place = demand.ptr[demand.group], np.arange(count) - demand.ptr[demand.group]
        most = int(size.max())
        for step in np.unique(np.linspace(1, most - 1, max(1, min(most - 1, _SAMPLE // count))).astype(int)):
            source = np.flatnonzero(step < size)
            to = first[source] + (place[source] + step) % size[source]
            ends = demand.endpoint[source], demand.endpoint[to]
            yield source, to, route(self.fabric, *ends, self.policy)


def crowded(phase: Phase, fabric: Fabric, placement: NDArray[np.int64], policy: Policy) -> Crowd:
    """The counted ``phase`` of ranks at ``placement``."""
    assert isinstance(phase, TotalExchange)
    demand = Exchange.of(placement[phase.ranks], phase.group, phase.factor)
    return Crowd(phase=phase, fabric=fabric, policy=policy, demand=demand)
