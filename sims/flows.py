"""Plain flows on a fabric: each from its start to its last byte, sharing max-min fairly. Touches no file."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cached_property
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

__all__ = ["FlowResult", "RoutedTraffic", "run_flows"]


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


@dataclass(frozen=True, kw_only=True, eq=False)
class RoutedTraffic:
    """Traffic with a path for every flow and queue pair, ready to run.

    ``fabric``: what the policy's traffic runs on; ``parts``: the paths of each queue pair.
    """

    fabric: Fabric
    traffic: Traffic
    profile: LatencyProfile
    parts: tuple[Paths, ...]

    @classmethod
    def of(cls, fabric: Fabric, traffic: Traffic, policy: Policy, profile: LatencyProfile) -> RoutedTraffic:
        """Route every flow.

        Raises:
            NoRouteError: a pair has no path.
        """
        runs_on = derated(carrier(fabric, policy), profile)
        parts = [route(runs_on, traffic.src, traffic.dst, policy, qp=qp) for qp in range(policy.qps)]
        return cls(fabric=runs_on, traffic=traffic, profile=profile, parts=tuple(parts))

    def again(
        self, *, capacity: NDArray[np.float64] | None = None, profile: LatencyProfile | None = None
    ) -> RoutedTraffic:
        """The same paths with other capacities or latencies; arguments as of sims.program.Program.again."""
        fabric = self.fabric if capacity is None else self.fabric.with_capacity(capacity)
        return replace(self, fabric=fabric, profile=profile or self.profile)

    @cached_property
    def latency(self) -> tuple[NDArray[np.float64], ...]:
        """(flows,) in s, of each queue pair."""
        return tuple(transfer_latency(part, self.fabric, self.profile) for part in self.parts)

    @cached_property
    def carried(self) -> NDArray[np.float64]:
        """(links,): the bytes that cross each link."""
        size = self.traffic.size / len(self.parts)
        return np.sum([part.load(size, self.fabric.n_links) for part in self.parts], axis=0)

    @cached_property
    def flows(self) -> NDArray[np.float64]:
        """(links,): how many flows cross each; one that is split counts by its share."""
        return np.sum([part.load(1.0, self.fabric.n_links) for part in self.parts], axis=0)

    def run(self, resolution: float = 0.0) -> FlowResult:
        """Run to the last completion; as ``run_flows``."""
        traffic, fabric, qps = self.traffic, self.fabric, len(self.parts)
        env = simpy.Environment()
        network = FluidNetwork(env, fabric.capacity, resolution=resolution)
        end = np.zeros(len(traffic))

        def start(which: NDArray[np.int64], at: float) -> Generator[simpy.Event, Any, None]:
            yield env.timeout(at)
            together = Paths.stack([part.take(which) for part in self.parts])
            size = np.tile(traffic.size[which] / qps, qps)
            latency = np.concatenate([latency[which] for latency in self.latency])
            received = yield network.send(together, size, latency)
            end[which] = received.reshape(qps, -1).max(axis=0)

        times, group = np.unique(traffic.start, return_inverse=True)
        order = np.argsort(group, kind="stable")
        for at, which in zip(times.tolist(), np.split(order, np.cumsum(np.bincount(group))[:-1])):
            env.process(start(which, at))
        env.run()

        seconds = self.carried / fabric.capacity
        hot = int(np.argmax(seconds))
        # A link of the carrier stands for all that are loaded as it is.
        trunk = members(fabric) * ~fabric.access
        return FlowResult(
            traffic=traffic,
            end=end,
            rate=traffic.size / (end - traffic.start),
            busiest=link_kind(fabric, hot),
            busiest_s=float(seconds[hot]),
            used=float(trunk[self.carried > 0].sum() / trunk.sum()) if trunk.any() else 0.0,
            solves=network.solves,
        )


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
    return RoutedTraffic.of(fabric, traffic, policy, profile).run(resolution)
