"""Plain flows packet by packet, on an otherwise idle fabric. Touches no file."""

from __future__ import annotations

import numpy as np
import simpy

from fabric import Fabric, route
from fabric.machine.under_way import under_way
from fabric.routing.policies import Policy
from sims.models.fluid.flows import FlowResult
from sims.models.latency import derated
from sims.models.packet.choice import network_kind
from sims.models.packet.cost import check_cost
from sims.models.packet.deadlock import DeadlockError, circle
from sims.models.packet.routes import Latencies, single_path
from sims.models.packet.settings import PacketSettings
from sims.models.packet.summary import port_columns, summary
from sims.models.profiles import LatencyProfile
from sims.workload.traffic import Traffic

__all__ = ["run_packets"]


def run_packets(
    fabric: Fabric,
    traffic: Traffic,
    policy: Policy,
    profile: LatencyProfile,
    settings: PacketSettings | None = None,
    *,
    seed: int = 0,
) -> FlowResult:
    """Run ``traffic`` to its last completion, on the paths that the fluid model gives it.

    A flow of several queue pairs ends with the last of them. ``seed`` draws the ways of sprayed packets.

    Raises:
        NoRouteError: a pair has no path.
        ParameterError: too many packets for this model, or a policy that it does not know.
        DeadlockError: back-pressure has closed a circle (never on a graph with tiers).
    """
    settings = settings or PacketSettings()
    by, spread = single_path(policy, seed), policy.packets or ""
    fabric = derated(fabric, profile)
    size = (traffic.size / by.qps).tolist()
    packets = np.array([settings.packets(amount) for amount in size], float)
    check_cost(float(packets.sum()) * by.qps, by.qps * len(traffic), settings)  # each on one link at least
    parts = [route(fabric, traffic.src, traffic.dst, by, qp=qp) for qp in range(by.qps)]
    hops = sum(float(packets @ part.length) for part in parts)
    check_cost(hops, len(parts) * len(traffic), settings)
    env = simpy.Environment()
    latencies = Latencies.of(fabric, profile)
    trip = latencies.round_trip(parts, settings.packet)
    kind = network_kind(hops, settings)
    network = kind(env, fabric, latencies, settings, round_trip=trip, spread=spread, seed=seed)
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
    end = np.array([message.value for message in messages]).reshape(by.qps, -1).max(axis=0)
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
