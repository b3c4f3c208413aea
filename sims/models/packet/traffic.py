"""Plain flows packet by packet, on an otherwise idle fabric. Touches no file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths, route
from fabric.machine.under_way import under_way
from fabric.routing.policies import Policy
from sims.models.fluid.flows import FlowResult
from sims.models.fluid.patience import Wait
from sims.models.latency import derated
from sims.models.packet.choice import network_kind
from sims.models.packet.cost import check_cost, packets_wait
from sims.models.packet.deadlock import DeadlockError, circle
from sims.models.packet.routes import Latencies, single_path
from sims.models.packet.settings import PacketSettings
from sims.models.packet.summary import port_columns, summary
from sims.models.profiles import LatencyProfile
from sims.workload.traffic import Traffic

__all__ = ["RoutedPackets", "run_packets"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RoutedPackets:
    """``traffic`` laid onto a fabric for the packet model.

    ``parts``: the paths of each queue pair of a flow; ``packets``: (flows,), of one queue pair of each;
    ``seed`` draws the ways of sprayed packets.
    """

    fabric: Fabric
    traffic: Traffic
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
        by, fabric = single_path(policy, seed), derated(fabric, profile)
        packets = np.array([settings.packets(amount) for amount in (traffic.size / by.qps).tolist()], float)
        check_cost(
            float(packets.sum()) * by.qps, by.qps * len(traffic), settings
        )  # each on one link at least
        return cls(
            fabric=fabric,
            traffic=traffic,
            profile=profile,
            settings=settings,
            parts=tuple(route(fabric, traffic.src, traffic.dst, by, qp=qp) for qp in range(by.qps)),
            packets=packets,
            spread=policy.packets or "",
            seed=seed,
        )

    @cached_property
    def hops(self) -> float:
        """Packets times links."""
        return sum(float(self.packets @ part.length) for part in self.parts)

    @property
    def wait(self) -> Wait:
        """How long it takes."""
        return packets_wait(self.hops, len(self.parts) * len(self.traffic), self.settings)

    def run(self) -> FlowResult:
        """Run to the last completion. A flow of several queue pairs ends with the last of them.

        Raises:
            ParameterError: too many packets for this model.
            DeadlockError: back-pressure has closed a circle (never on a graph with tiers).
        """
        fabric, traffic, parts, settings = self.fabric, self.traffic, self.parts, self.settings
        check_cost(self.hops, len(parts) * len(traffic), settings)
        env = simpy.Environment()
        latencies = Latencies.of(fabric, self.profile)
        trip = latencies.round_trip(parts, settings.packet)
        kind = network_kind(self.hops, settings)
        network = kind(env, fabric, latencies, settings, round_trip=trip, spread=self.spread, seed=self.seed)
        size = (traffic.size / len(parts)).tolist()
        began = traffic.since_first()
        start = began.tolist()
        messages = []
        for part in parts:
            ptr, link = part.ptr.tolist(), part.link.tolist()
            for i, overhead in enumerate(latencies.once(part)):
                flow = network.open(link[ptr[i] : ptr[i + 1]])
                messages.append(network.send(flow, size[i], start[i] + overhead))
        with under_way(lambda: network.received, float(traffic.size.sum())):
            network.run()
        lost = sum(not message.processed for message in messages)
        if lost:
            raise DeadlockError(circle(fabric, network.ports.values()), lost, env.now)
        end = np.array([message.value for message in messages]).reshape(len(parts), -1).max(axis=0)
        elapsed = float(end.max())
        carried = np.zeros(fabric.n_links)
        for port in network.ports.values():
            carried[port.link] = port.bytes
        return FlowResult.of(
            fabric,
            traffic,
            began,
            end,
            carried,
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
