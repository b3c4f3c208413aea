"""A trace packet by packet: the messages of a pair go one after another in its queue pairs. Touches no file.

What of a message's latency lies outside the network comes behind its bytes, as in the fluid model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths, route
from fabric.routing.policies import Policy
from sims.models.fluid.patience import Wait
from sims.models.latency import derated
from sims.models.packet.choice import network_kind
from sims.models.packet.cost import check_cost, packets_wait
from sims.models.packet.deadlock import DeadlockError, circle
from sims.models.packet.parts import Flow
from sims.models.packet.routes import Latencies, single_path
from sims.models.packet.sending import Sending
from sims.models.packet.settings import PacketSettings
from sims.models.packet.summary import summary
from sims.models.profiles import LatencyProfile
from sims.models.trace.clock import TraceClock
from sims.models.trace.messages import Messages
from sims.models.trace.result import TraceResult
from sims.workload.trace import SEND, Trace

__all__ = ["TracePackets", "run_trace_packets"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TracePackets:
    """A trace laid onto a fabric for the packet model.

    ``parts``: the paths of each queue pair of a pair of endpoints; ``packets``: (pairs,), of one queue pair
    of each; ``seed`` draws the ways of sprayed packets.
    """

    fabric: Fabric
    trace: Trace
    messages: Messages
    profile: LatencyProfile
    settings: PacketSettings
    parts: tuple[Paths, ...]
    packets: NDArray[np.float64]
    spread: str
    seed: int

    @classmethod
    def of(
        cls,
        fabric: Fabric,
        trace: Trace,
        policy: Policy,
        profile: LatencyProfile,
        place: NDArray[np.int64],
        settings: PacketSettings,
        seed: int = 0,
    ) -> TracePackets:
        """With rank i on endpoint ``place[i]``.

        Raises:
            NoRouteError: two ranks that talk have no path.
            ParameterError: too many packets for this model, or a policy that it does not know.
        """
        by, messages, fabric = single_path(policy, seed), Messages.of(trace, place), derated(fabric, profile)
        sends = np.flatnonzero(trace.kind == SEND)
        packets = np.zeros(len(messages.traffic))
        each = [settings.packets(amount / by.qps) for amount in trace.amount[sends].tolist()]
        np.add.at(packets, messages.pair[sends], each)
        least = float(packets.sum()) * by.qps  # each on one link at least
        check_cost(least, by.qps * len(packets), settings, compiled=False)
        ends = messages.traffic.src, messages.traffic.dst
        return cls(
            fabric=fabric,
            trace=trace,
            messages=messages,
            profile=profile,
            settings=settings,
            parts=tuple(route(fabric, *ends, by, qp=qp) for qp in range(by.qps)),
            packets=packets,
            spread=policy.packets or "",
            seed=seed,
        )

    @cached_property
    def _cost(self) -> tuple[float, int, PacketSettings]:
        hops = sum(float(self.packets @ part.length) for part in self.parts)
        return hops, len(self.parts) * len(self.packets), self.settings

    @property
    def wait(self) -> Wait:
        """How long it takes."""
        return packets_wait(*self._cost, compiled=False)

    def run(self) -> TraceResult:
        """Run to the end of the last operation.

        Raises:
            ParameterError: too many packets for this model.
            DeadlockError: back-pressure has closed a circle (never on a graph with tiers).
        """
        fabric, trace, messages, parts = self.fabric, self.trace, self.messages, self.parts
        packets, settings, sends = self.packets, self.settings, np.flatnonzero(self.trace.kind == SEND)
        check_cost(*self._cost, compiled=False)
        env = simpy.Environment()
        latencies = Latencies.of(fabric, self.profile)
        trip = latencies.round_trip(parts, settings.packet) if len(packets) else 0.0
        kind = network_kind(0.0, settings)  # the compiled one cannot tell when a message has left
        network = kind(env, fabric, latencies, settings, round_trip=trip, spread=self.spread, seed=self.seed)
        clock = _Sending(network, latencies, trace, messages.pair, parts).clock
        with clock.under_way():
            network.run()
        if clock.unfinished:
            lost = int(np.isnan(clock.end[trace.partner[sends]]).sum())
            raise DeadlockError(circle(fabric, network.ports.values()), lost, env.now)
        carried = np.zeros(fabric.n_links)
        for port in network.ports.values():
            carried[port.link] = port.bytes
        seen = summary(network, float(clock.end.max())) if len(packets) else {}
        return TraceResult.of(trace, clock.begin, clock.end, fabric, carried, packets=seen)


def run_trace_packets(
    fabric: Fabric,
    trace: Trace,
    policy: Policy,
    profile: LatencyProfile,
    place: NDArray[np.int64],
    settings: PacketSettings,
    *,
    seed: int = 0,
) -> TraceResult:
    """Route and run ``trace``; raises as ``TracePackets``."""
    return TracePackets.of(fabric, trace, policy, profile, place, settings, seed).run()


class _Sending:
    """The queue pairs of every pair of endpoints, and the messages in them."""

    def __init__(
        self,
        network: Sending,
        latencies: Latencies,
        trace: Trace,
        pair: NDArray[np.int64],
        parts: Sequence[Paths],
    ) -> None:
        self.network, self.qps = network, len(parts)
        self.pair, self.amount = pair.tolist(), trace.amount.tolist()
        # By queue pair and pair of endpoints: the flow, and what each of its messages takes besides.
        self.flows: list[list[tuple[Flow, float]]] = []
        for part in parts:
            ptr, link = part.ptr.tolist(), part.link.tolist()
            once = latencies.once(part)
            self.flows.append([(network.open(link[ptr[i] : ptr[i + 1]]), once[i]) for i in range(len(part))])
        self.unleft: dict[int, int] = {}
        self.unreceived: dict[int, int] = {}
        self.clock = TraceClock(network.env, trace, self.post)

    def post(self, sends: Sequence[int]) -> None:
        for i in sends:
            self.unleft[i] = self.unreceived[i] = self.qps
            for flows in self.flows:
                flow, overhead = flows[self.pair[i]]
                message = self.network.send(flow, self.amount[i] / self.qps)
                message.left = self.network.env.event()
                message.left.callbacks.append(partial(self._left, i))
                message.callbacks.append(partial(self._delivered, i, overhead))

    def _left(self, i: int, _: simpy.Event) -> None:
        self.unleft[i] -= 1
        if not self.unleft[i]:
            del self.unleft[i]
            self.clock.left([i])

    def _delivered(self, i: int, overhead: float, _: simpy.Event) -> None:
        self.network.env.timeout(overhead).callbacks.append(partial(self._received, i))

    def _received(self, i: int, _: simpy.Event) -> None:
        self.unreceived[i] -= 1
        if not self.unreceived[i]:
            del self.unreceived[i]
            self.clock.arrived([i])
