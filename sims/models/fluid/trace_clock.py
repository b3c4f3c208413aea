"""The clock of a trace: computing in lanes, messages on the fluid network, as soon as each may begin.

A send starts when it may, whatever its receiver does (eager), and has ended when its last byte has left; a
receive ends when the message is there and it has started. Computing takes a lane of its rank, one at a time;
messages take none. Knows no file and no algorithm.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.measures.measure import link_kind
from fabric.routing.policies import Policy
from sims.models.fluid.flows import RoutedTraffic
from sims.models.fluid.network import FluidNetwork
from sims.models.profiles import LatencyProfile
from sims.workload.trace import CALC, KINDS, SEND, Trace
from sims.workload.traffic import Traffic

__all__ = ["TraceResult", "run_trace"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TraceResult:
    """When each operation of ``trace`` began and ended, (operations,) in s; the kind of the fullest link and
    the seconds that its bytes took.
    """

    trace: Trace
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    busiest: str
    busiest_s: float

    @property
    def makespan(self) -> float:
        return float(self.end.max())

    def per_rank(self, values: NDArray[np.float64], kind: int) -> NDArray[np.float64]:
        """(ranks,) the sum of ``values`` of the operations of a kind."""
        mine = self.trace.kind == kind
        found: NDArray[np.float64] = np.zeros(self.trace.ranks)
        np.add.at(found, self.trace.rank[mine], values[mine])
        return found

    def columns(self) -> dict[str, list[Any]]:
        """A line for each operation."""
        t = self.trace
        return {
            "rank": t.rank.tolist(),
            "operation": [KINDS[kind] for kind in t.kind.tolist()],
            "peer": [None if peer < 0 else peer for peer in t.peer.tolist()],
            "size_bytes": [None if k == CALC else a for k, a in zip(t.kind.tolist(), t.amount.tolist())],
            "begin_s": self.begin.tolist(),
            "end_s": self.end.tolist(),
        }


def run_trace(
    fabric: Fabric, trace: Trace, policy: Policy, profile: LatencyProfile, place: NDArray[np.int64]
) -> TraceResult:
    """Run ``trace`` with rank i on endpoint ``place[i]``.

    Raises:
        NoRouteError: two ranks that talk have no path.
    """
    return _Clock(fabric, trace, policy, profile, place).run()


class _Clock:
    def __init__(
        self, fabric: Fabric, trace: Trace, policy: Policy, profile: LatencyProfile, place: NDArray[np.int64]
    ) -> None:
        self.trace = trace
        sends = np.flatnonzero(trace.kind == SEND)
        self.message = np.full(len(trace), -1, np.int64)
        self.message[sends] = np.arange(len(sends))
        size = trace.amount[sends]
        traffic = Traffic(
            src=place[trace.rank[sends]], dst=place[trace.peer[sends]], size=size, start=np.zeros(len(sends))
        )
        self.routed = RoutedTraffic.of(fabric, traffic, policy, profile) if len(sends) else None
        self.env = simpy.Environment()
        self.network = FluidNetwork(self.env, self.routed.fabric.capacity if self.routed else fabric.capacity)
        self.begin, self.end = (np.full(len(trace), np.nan) for _ in range(2))
        self.arrived = np.zeros(len(trace), bool)
        self.kind, self.partner = trace.kind.tolist(), trace.partner.tolist()
        self.open = [len(a) + len(w) for a, w in zip(trace.after, trace.with_)]
        self.on_end: list[list[int]] = [[] for _ in range(len(trace))]
        self.on_begin: list[list[int]] = [[] for _ in range(len(trace))]
        for i, (after, with_) in enumerate(zip(trace.after, trace.with_)):
            for one in after:
                self.on_end[one].append(i)
            for one in with_:
                self.on_begin[one].append(i)
        self.lane = list(zip(trace.rank.tolist(), trace.lane.tolist()))
        self.waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.busy: set[tuple[int, int]] = set()

    def run(self) -> TraceResult:
        for i in [i for i, n in enumerate(self.open) if not n]:
            self._may(i)
        self.env.run()
        name, seconds = "none", 0.0
        if self.routed is not None:
            load = self.routed.carried / self.routed.fabric.capacity
            hot = int(np.argmax(load))
            name, seconds = link_kind(self.routed.fabric, hot), float(load[hot])
        return TraceResult(trace=self.trace, begin=self.begin, end=self.end, busiest=name, busiest_s=seconds)

    def _may(self, first: int) -> None:
        """Start an operation that waits for nothing any more, and what waits for that in turn."""
        stack = [first]
        while stack:
            i = stack.pop()
            if self.kind[i] == CALC:
                lane = self.lane[i]
                heapq.heappush(self.waiting[lane], i)
                if lane not in self.busy:
                    self._compute(lane, stack)
                continue
            self._begin(i, stack)
            if self.kind[i] == SEND:
                self._send(i)
            elif self.arrived[i]:
                self._ended(i, stack)

    def _begin(self, i: int, stack: list[int]) -> None:
        self.begin[i] = self.env.now
        self._release(self.on_begin[i], stack)

    def _ended(self, i: int, stack: list[int]) -> None:
        self.end[i] = self.env.now
        self._release(self.on_end[i], stack)

    def _release(self, behind: list[int], stack: list[int]) -> None:
        for one in behind:
            self.open[one] -= 1
            if not self.open[one]:
                stack.append(one)

    def _compute(self, lane: tuple[int, int], stack: list[int]) -> None:
        i = heapq.heappop(self.waiting[lane])
        self.busy.add(lane)
        self._begin(i, stack)
        self._later(float(self.trace.amount[i]), lambda: self._computed(i, lane))

    def _computed(self, i: int, lane: tuple[int, int]) -> None:
        stack: list[int] = []
        self._ended(i, stack)
        self.busy.discard(lane)
        for one in stack:
            self._may(one)
        if lane not in self.busy and self.waiting[lane]:
            more: list[int] = []
            self._compute(lane, more)
            for one in more:
                self._may(one)

    def _send(self, i: int) -> None:
        assert self.routed is not None
        k, qps = int(self.message[i]), len(self.routed.parts)
        which = np.array([k])
        paths = Paths.stack([part.take(which) for part in self.routed.parts])
        latency = np.array([float(one[k]) for one in self.routed.latency])
        left = self.env.event()
        got = self.network.send(paths, self.trace.amount[i] / qps, latency, sent=left)
        left.callbacks.append(lambda _: self._over(i))
        got.callbacks.append(lambda _: self._arrives(self.partner[i]))

    def _over(self, i: int) -> None:
        stack: list[int] = []
        self._ended(i, stack)
        for one in stack:
            self._may(one)

    def _arrives(self, i: int) -> None:
        self.arrived[i] = True
        if not np.isnan(self.begin[i]):
            self._over(i)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self.env.timeout(seconds).callbacks.append(lambda _: call())
