"""Plain flows packet by packet, on an otherwise idle fabric. Touches no file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simpy

from fabric import Fabric
from fabric.machine.under_way import under_way
from fabric.routing.policies import Policy
from sims.models.fluid.flows import FlowResult
from sims.models.fluid.patience import Wait
from sims.models.packet.deadlock import DeadlockError, circle
from sims.models.packet.laid import Laid
from sims.models.packet.routes import single_path
from sims.models.packet.settings import PacketSettings
from sims.models.packet.summary import port_columns, summary
from sims.models.profiles import LatencyProfile
from sims.workload.traffic import Traffic

__all__ = ["RoutedPackets", "run_packets"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RoutedPackets:
    """``traffic`` laid onto a fabric for the packet model."""

    traffic: Traffic
    laid: Laid

    @classmethod
    def of(
        cls,
        fabric: Fabric,
        traffic: Traffic,
        policy: Policy,
        profile: LatencyProfile,
        settings: PacketSettings,
        seed: int = 0,
    ) -> RoutedPackets:
        """On the paths that the fluid model gives it.

        Raises:
            NoRouteError: a pair has no path.
            ParameterError: too many packets for this model, or a policy that it does not know.
        """
        size = traffic.size / single_path(policy, seed).qps
        packets = np.array([settings.packets(amount) for amount in size.tolist()], float)
        ends = traffic.src, traffic.dst
        return cls(traffic=traffic, laid=Laid.of(fabric, ends, packets, policy, profile, settings, seed))

    @property
    def wait(self) -> Wait:
        """How long it takes."""
        return self.laid.wait

    def run(self) -> FlowResult:
        """Run to the last completion. A flow of several queue pairs ends with the last of them.

        Raises:
            ParameterError: too many packets for this model.
            DeadlockError: back-pressure has closed a circle (never on a graph with tiers).
        """
        traffic, laid, env = self.traffic, self.laid, simpy.Environment()
        network, parts = laid.network(env), laid.parts
        size = (traffic.size / len(parts)).tolist()
        began = traffic.since_first()
        start = began.tolist()
        messages = []
        for part in parts:
            ptr, link = part.ptr.tolist(), part.link.tolist()
            for i, overhead in enumerate(laid.latencies.once(part)):
                flow = network.open(link[ptr[i] : ptr[i + 1]])
                messages.append(network.send(flow, size[i], start[i] + overhead))
        with under_way(lambda: network.received, float(traffic.size.sum())):
            network.run()
        lost = sum(not message.processed for message in messages)
        if lost:
            raise DeadlockError(circle(laid.fabric, network.ports.values()), lost, env.now)
        end = np.array([message.value for message in messages]).reshape(len(parts), -1).max(axis=0)
        elapsed = float(end.max())
        return FlowResult.of(
            laid.fabric,
            traffic,
            began,
            end,
            laid.carried(network),
            packets=summary(network, elapsed),
            ports=port_columns(network, elapsed),
        )


def run_packets(
    fabric: Fabric,
    traffic: Traffic,
    policy: Policy,
    profile: LatencyProfile,
    settings: PacketSettings | None = None,
    *,
    seed: int = 0,
) -> FlowResult:
    """Route and run ``traffic``; raises as ``RoutedPackets``."""
    return RoutedPackets.of(fabric, traffic, policy, profile, settings or PacketSettings(), seed).run()
