"""A trace packet by packet: the messages of a pair go one after another in its queue pairs. Touches no file.

What of a message's latency lies outside the network comes behind its bytes, as in the fluid model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.routing.policies import Policy
from sims.models.fluid.patience import Wait
from sims.models.packet.deadlock import DeadlockError, circle
from sims.models.packet.laid import Laid
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
    """A trace laid onto a fabric for the packet model: each pair of endpoints that talks."""

    trace: Trace
    messages: Messages
    laid: Laid

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
        messages, qps = Messages.of(trace, place), single_path(policy, seed).qps
        sends = np.flatnonzero(trace.kind == SEND)
        packets = np.zeros(len(messages.traffic))
        each = [settings.packets(amount / qps) for amount in trace.amount[sends].tolist()]
        np.add.at(packets, messages.pair[sends], each)
        ends = messages.traffic.src, messages.traffic.dst
        # The compiled network cannot tell when a message has left.
        laid = Laid.of(fabric, ends, packets, policy, profile, settings, seed, compiled=False)
        return cls(trace=trace, messages=messages, laid=laid)

    @property
    def wait(self) -> Wait:
        """How long it takes."""
        return self.laid.wait

    def run(self) -> TraceResult:
        """Run to the end of the last operation.

        Raises:
            ParameterError: too many packets for this model.
            DeadlockError: back-pressure has closed a circle (never on a graph with tiers).
        """
        trace, laid, env = self.trace, self.laid, simpy.Environment()
        network = laid.network(env)
        clock = _Sending(network, laid.latencies, trace, self.messages.pair, laid.parts).clock
        with clock.under_way():
            network.run()
        if clock.unfinished:
            sends = np.flatnonzero(trace.kind == SEND)
            lost = int(np.isnan(clock.end[trace.partner[sends]]).sum())
            raise DeadlockError(circle(laid.fabric, network.ports.values()), lost, env.now)
        seen = summary(network, float(clock.end.max())) if len(laid.packets) else {}
        return TraceResult.of(trace, clock.begin, clock.end, laid.fabric, laid.carried(network), packets=seen)


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
