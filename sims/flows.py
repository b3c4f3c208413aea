"""Plain flows on a fabric: each from its start to its last byte, sharing max-min fairly. Touches no file."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths, carrier, route
from fabric.contraction import members
from fabric.measures import link_kind
from fabric.policy import Policy
from sims.latency import derated, transfer_latency
from sims.network import FluidNetwork
from sims.profiles import LatencyProfile
from sims.traffic import Traffic

__all__ = ["FlowResult", "run_flows"]


@dataclass(frozen=True, kw_only=True, eq=False)
class FlowResult:
    """``end``: (flows,) s, receipt of the last byte; ``rate``: (flows,) bytes/s, size over duration, latency
    included.

    ``busiest``: kind of the link with the most bytes per capacity; ``busiest_s``: seconds that its bytes take
    at least, a lower bound of the makespan; ``used``: share of the links between switches that carry
    anything; ``solves``: how often rates were found; ``packets``: what the packet model saw besides
    (sims.packet.summary), empty for fluid flows.
    """

    traffic: Traffic
    end: NDArray[np.float64]
    rate: NDArray[np.float64]
    busiest: str
    busiest_s: float
    used: float
    solves: int
    packets: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def makespan(self) -> float:
        return float(self.end.max() - self.traffic.start.min())


def run_flows(
    fabric: Fabric,
    traffic: Traffic,
    policy: Policy,
    profile: LatencyProfile,
    *,
    resolution: float = 0.0,
) -> FlowResult:
    """Run ``traffic`` to its last completion.

    A flow of several queue pairs ends with the last of them. ``resolution``: see sims.network.FluidNetwork; 0
    is exact.

    Raises:
        NoRouteError: a pair has no path.
    """
    runs_on = derated(carrier(fabric, policy), profile)
    parts = [route(runs_on, traffic.src, traffic.dst, policy, qp=qp) for qp in range(policy.qps)]
    latencies = [transfer_latency(part, runs_on, profile) for part in parts]
    env = simpy.Environment()
    network = FluidNetwork(env, runs_on.capacity, resolution=resolution)
    end = np.zeros(len(traffic))

    def start(which: NDArray[np.int64], at: float) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(at)
        together = Paths.stack([part.take(which) for part in parts])
        size = np.tile(traffic.size[which] / policy.qps, policy.qps)
        latency = np.concatenate([latency[which] for latency in latencies])
        received = yield network.send(together, size, latency)
        end[which] = received.reshape(policy.qps, -1).max(axis=0)

    times, group = np.unique(traffic.start, return_inverse=True)
    order = np.argsort(group, kind="stable")
    for at, which in zip(times.tolist(), np.split(order, np.cumsum(np.bincount(group))[:-1])):
        env.process(start(which, at))
    env.run()

    carried = np.zeros(runs_on.n_links)
    for part in parts:
        carried += part.load(traffic.size / policy.qps, runs_on.n_links)
    seconds = carried / runs_on.capacity
    hot = int(np.argmax(seconds))
    # A link of the carrier stands for all that are loaded as it is.
    trunks = int(np.sum(~fabric.access))
    used = int(members(runs_on)[~runs_on.access & (carried > 0)].sum())
    return FlowResult(
        traffic=traffic,
        end=end,
        rate=traffic.size / (end - traffic.start),
        busiest=link_kind(runs_on, hot),
        busiest_s=float(seconds[hot]),
        used=used / trunks if trunks else 0.0,
        solves=network.solves,
    )
