"""A trace on the fluid network: messages that are under way share links max-min fairly. Touches no file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.routing.policies import Policy
from fabric.words.errors import FabricsimError
from sims.models.fluid.faults.detours import Detours
from sims.models.fluid.faults.striking import Striking, waiting
from sims.models.fluid.flows import RoutedTraffic
from sims.models.fluid.network import FluidNetwork
from sims.models.profiles import LatencyProfile
from sims.models.trace.clock import TraceClock
from sims.models.trace.messages import Messages
from sims.models.trace.result import TraceResult
from sims.workload.trace import Trace

__all__ = ["RoutedTrace"]

_KEPT = 256  # sets of messages that began together, whose paths are kept
_FEW = 30_000  # operations that are a matter of seconds
_TRIED = 3_000  # of more, those that are run to see how long the rest will take
_PER_INSTANT, _PER_FLOW, _PER_OPERATION = 0.4e-3, 0.5e-6, 20e-6  # s of one core, measured


class RoutedTrace:
    """A trace with a path for every pair that talks, ready to run. ``routed``: their bytes together.

    Raises:
        NoRouteError: two ranks that talk have no path.
    """

    def __init__(
        self, fabric: Fabric, trace: Trace, policy: Policy, profile: LatencyProfile, place: NDArray[np.int64]
    ) -> None:
        """Rank i stands on endpoint ``place[i]``."""
        self.trace, self.messages = trace, Messages.of(trace, place)
        self.routed = RoutedTraffic.of(fabric, self.messages.traffic, policy, profile)

    def run(self, striking: Striking | None = None) -> TraceResult:
        """Run to the end of the last operation; ``striking``: faults that strike meanwhile.

        Raises:
            FabricsimError: a fault of a schedule would cut a pair off; messages wait for what nobody repairs.
        """
        env = simpy.Environment()
        sending = _Sending(self, FluidNetwork(env, self.routed.fabric.capacity))
        network = sending.network
        process = None if striking is None else striking.on(network, sending.detours, sending.moved)
        try:
            with sending.clock.under_way():
                env.run(sending.clock.done)
        except RuntimeError:
            if sending.clock.done.triggered or process is None:
                raise
            raise FabricsimError(f"faults: {waiting(process)}") from None
        faults = tuple(process.faults) if process else ()
        clock, routed = sending.clock, self.routed
        return TraceResult.of(
            self.trace, clock.begin, clock.end, routed.fabric, routed.carried, faults=faults
        )

    @cached_property
    def seconds(self) -> float:
        """Of one core, about, that ``run`` takes without faults; 0 where that is a matter of seconds.

        The first operations are run, and those that follow are taken to be like them.
        """
        if len(self.trace) <= _FEW:
            return 0.0
        spent = 0.0

        def watch(network: FluidNetwork) -> None:
            nonlocal spent
            spent += _PER_INSTANT + _PER_FLOW * len(network.under_way()[0])

        env = simpy.Environment()
        clock = _Sending(self, FluidNetwork(env, self.routed.fabric.capacity, watch=watch)).clock
        while clock.unfinished > len(self.trace) - _TRIED:
            env.step()
        return spent * len(self.trace) / _TRIED + _PER_OPERATION * len(self.trace)


class _Sending:
    """The messages of one run: those that begin at an instant are one batch of flows."""

    def __init__(self, trace: RoutedTrace, network: FluidNetwork) -> None:
        self.network, self.routed = network, trace.routed
        self.pair, self.amount = trace.messages.pair, trace.trace.amount
        routers = [trace.routed.router(qp) for qp in range(len(trace.routed.parts))]
        self.detours = Detours(trace.routed.fabric, trace.routed.parts, routers)
        self.latency = list(trace.routed.latency)
        self.under_way: dict[int, NDArray[np.int64]] = {}  # by batch: the pair of each message
        self.sent = 0  # batches
        self.kept: dict[bytes, tuple[Paths, NDArray[np.float64]]] = {}
        self.clock = TraceClock(network.env, trace.trace, self.post)

    def moved(self, changed: Sequence[int]) -> None:
        """Pairs have other paths now."""
        self.kept.clear()
        for qp in changed:
            self.latency[qp] = self.routed.latency_of(self.detours.paths[qp])
        for number, pairs in self.under_way.items():
            self.network.reroute(number, *self._ways(pairs))

    def _ways(self, pairs: NDArray[np.int64]) -> tuple[Paths, NDArray[np.float64]]:
        """The paths and latencies of one message of each of these pairs, queue pair by queue pair."""
        key = pairs.tobytes()
        if key not in self.kept:
            if len(self.kept) >= _KEPT:
                self.kept.clear()
            paths = Paths.stack([part.take(pairs) for part in self.detours.paths])
            self.kept[key] = paths, np.concatenate([latency[pairs] for latency in self.latency])
        return self.kept[key]

    def post(self, sends: Sequence[int]) -> None:
        which, number, qps = np.array(sends), self.sent, len(self.latency)
        pairs = self.pair[which]
        self.sent += 1
        self.under_way[number] = pairs
        missing = np.full(len(which), qps)  # queue pairs that have not sent their part
        received = np.zeros(len(which))

        def each(slots: NDArray[np.int64], times: NDArray[np.float64]) -> None:
            mine = slots % len(which)
            np.subtract.at(missing, mine, 1)
            np.maximum.at(received, mine, times)
            over = np.unique(mine[missing[mine] == 0])
            if not len(over):
                return
            self.clock.left(which[over].tolist())
            for time in np.unique(received[over]).tolist():
                self._arrive(which[over[received[over] == time]].tolist(), time)
            if not missing.any():
                del self.under_way[number]

        paths, latency = self._ways(pairs)
        self.network.send(paths, np.tile(self.amount[which] / qps, qps), latency, tag=number, each=each)

    def _arrive(self, sends: list[int], time: float) -> None:
        event = self.network.env.timeout(max(time - self.network.env.now, 0.0))
        event.callbacks.append(lambda _: self.clock.arrived(sends))
