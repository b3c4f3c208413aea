"""Outages as a SimPy process: links go down and come up, and routing learns of it a convergence time later.

Tells a listener what links carry and which of them routing knows to be dead. Knows no flow.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric.damage.breakage import PartitionGuard
from fabric.words.errors import FabricsimError, ParameterError
from fabric.words.units import format_time
from sims.models.fluid.faults.links import Links
from sims.models.fluid.faults.outage import Outage
from sims.models.fluid.faults.wear import MOST_OUTAGES

__all__ = ["FaultProcess", "StruckFault"]


@dataclass(eq=False)
class StruckFault:
    """An outage as it came to pass. ``lost``: s that it cost, filled by whoever measures them."""

    outage: Outage
    known: bool = False  # whether routing learned of it
    lost: float = 0.0

    @property
    def until(self) -> float:
        return self.outage.at + self.outage.length


@dataclass(order=True)
class _Change:
    at: float
    number: int
    kind: str = field(compare=False)  # down, up, learn, forget
    fault: StruckFault = field(compare=False)


class FaultProcess:
    """Runs ``outages`` (in the order of time) on the clock of ``env``.

    ``links``: what is down; ``known``: what routing takes to be down: an outage from ``delay`` s after it
    began, if it still lasts then, until ``delay`` s after it ended. ``changed`` is called when links carry
    other than before, ``learned`` when routing knows other than before. ``limit``: an outage that would cut a
    pair of endpoints off is an error if it was asked for (``strict``), else it is passed over. ``active``:
    faults in force, from when they begin until routing has forgotten them; ``seen``: those since it was
    cleared. ``most``: outages that are followed, those that are passed over included.
    """

    def __init__(
        self,
        env: simpy.Environment,
        outages: Iterable[Outage],
        links: Links,
        known: Links,
        delay: float,
        *,
        most: int = MOST_OUTAGES,
        limit: PartitionGuard | None = None,
        strict: bool = False,
    ) -> None:
        self.env, self.links, self.known, self.delay = env, links, known, delay
        self.changed: Callable[[], None] = _nothing
        self.learned: Callable[[], None] = _nothing
        self.faults: list[StruckFault] = []
        self.active: dict[StruckFault, None] = {}
        self.seen: dict[StruckFault, None] = {}
        self.passed_over = 0
        self._limit, self._strict, self._most = limit, strict, most
        self._numbers = count()
        self._ahead: list[_Change] = []
        self._outages = iter(outages)
        self._pulled = 0  # outages ahead, of which more are taken in when the last has begun
        self._furthest = 0.0  # when the last of them begins; infinity: there are no more
        self._pull()
        env.process(self._run())

    @property
    def next_time(self) -> float:
        """When the next change comes; infinity for never."""
        return self._ahead[0].at if self._ahead else math.inf

    def horizon(self, until: float, touched: NDArray[np.bool_]) -> float:
        """When the next change comes that concerns one of the links ``touched``; of those after ``until``
        it may be a later one.
        """

        def near(fault: StruckFault) -> bool:
            return bool(touched[self.links.links_of(fault.outage.cables)].any())

        first = min((change.at for change in self._ahead if near(change.fault)), default=math.inf)
        while self._furthest < min(first, until):
            fault = self._pull()
            if fault is not None and near(fault):
                first = min(first, fault.outage.at)
        return first

    def _pull(self) -> StruckFault | None:
        """Take in the next outage."""
        outage = next(self._outages, None)
        if outage is None:
            self._furthest = math.inf
            return None
        if len(self.faults) + self.passed_over + self._pulled >= self._most:
            rule = f"more than {self._most:,} faults before the run ends: let less fail, or run for less long"
            raise ParameterError("faults", f"{self._most:,} within {format_time(outage.at)}", rule)
        fault = StruckFault(outage=outage)
        self._pulled += 1
        self._furthest = outage.at
        self._push(outage.at, "down", fault)
        return fault

    def _push(self, at: float, kind: str, fault: StruckFault) -> None:
        if at < math.inf:
            heapq.heappush(self._ahead, _Change(at, next(self._numbers), kind, fault))

    def _run(self) -> Generator[simpy.Event, Any, None]:
        while self._ahead:
            now = self.next_time
            yield self.env.timeout(max(0.0, now - self.env.now))
            changed = learned = False
            while self.next_time == now:
                change = heapq.heappop(self._ahead)
                if change.kind in ("down", "up"):
                    changed |= self._happen(change)
                else:
                    learned |= self._learn(change)
            if changed:
                self.changed()
            if learned:
                self.learned()

    def _happen(self, change: _Change) -> bool:
        fault, cables = change.fault, change.fault.outage.cables
        if change.kind == "down":
            self._pulled -= 1
            if not self._pulled:
                self._pull()
            if self._cuts(fault):
                return False
            self.links.take(cables)
            self.faults.append(fault)
            self.active[fault] = self.seen[fault] = None
            self._push(fault.until, "up", fault)
            self._push(change.at + self.delay, "learn", fault)
        else:
            self.links.give(cables)
            if fault.known:
                self._push(change.at + self.delay, "forget", fault)
            else:
                del self.active[fault]
        return True

    def _learn(self, change: _Change) -> bool:
        fault = change.fault
        if change.kind == "forget":
            self.known.give(fault.outage.cables)
            del self.active[fault]
            return True
        if fault.until <= change.at:  # over before anybody noticed
            return False
        fault.known = True
        self.known.take(fault.outage.cables)
        return True

    def _cuts(self, fault: StruckFault) -> bool:
        """Whether the outage would cut a pair off, with what is down already."""
        if self._limit is None:
            return False
        lost = self.links.lost
        lost[fault.outage.cables] = True
        cut = self._limit.broken_by(lost)
        if cut is not None and self._strict:
            what = f"{fault.outage.what} at {format_time(fault.outage.at)}"
            raise FabricsimError(f"{what}: {self._limit.said(cut)}: leave it out, or allow a partition")
        self.passed_over += cut is not None
        return cut is not None


def _nothing() -> None:
    pass
