"""Plain flows on a fabric: each from its start to its last byte, sharing max-min fairly. Touches no file."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths, carrier, route
from fabric.graph.contraction import members
from fabric.graph.nic import planes_used
from fabric.machine.under_way import under_way
from fabric.measures.link_kind import link_kind
from fabric.routing.policies import Policy
from fabric.words.card import Card
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError, ParameterError
from fabric.words.given import require
from fabric.words.units import MOST_SPAN, format_rate, format_time
from sims.models.fluid.faults.detours import Detours, Router
from sims.models.fluid.faults.process import StruckFault
from sims.models.fluid.faults.striking import Striking, waiting
from sims.models.fluid.faults.timeline import Timeline
from sims.models.fluid.network import FluidNetwork
from sims.models.fluid.patience import Wait, flows_wait
from sims.models.latency import derated, transfer_latency
from sims.models.profiles import LatencyProfile
from sims.workload.traffic import Traffic

__all__ = ["FlowResult", "RoutedTraffic", "run_flows"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FlowResult(Card):
    """``rate``: (flows,) bytes/s, size over duration, latency included; ``began``, ``ended``: (flows,) s of
    a clock that counts from ``since``, receipt of the last byte.

    ``busiest``: kind of the link with the most bytes per capacity; ``busiest_s``: seconds that its bytes take
    at least, a lower bound of the makespan; ``used``: share of the links between switches that carry
    anything; ``planes_used``: over how many of its planes an endpoint sends, in the mean;
    ``solves``: how often rates were found; ``packets``: what the packet model saw besides
    (packet.summary), empty for fluid flows; ``ports``: the same as columns, with a line for each port;
    ``faults``: those that struck, in the order of time.
    """

    traffic: Traffic
    began: NDArray[np.float64]
    ended: NDArray[np.float64]
    since: float
    rate: NDArray[np.float64]
    busiest: str
    busiest_s: float
    used: float
    planes_used: float
    solves: int = 0
    packets: dict[str, dict[str, float]] = field(default_factory=dict)
    ports: dict[str, list[Any]] = field(default_factory=dict)
    faults: tuple[StruckFault, ...] = ()

    def card(self) -> tuple[str, dict[str, str]]:
        return f"FlowResult of {counted(len(self.end), 'flow')}", {
            "last": format_time(float(self.end.max())),
            "mean rate": format_rate(float(self.rate.mean())),
            "least rate": format_rate(float(self.rate.min())),
            "busiest": self.busiest,
        }

    @classmethod
    def of(
        cls,
        fabric: Fabric,
        traffic: Traffic,
        began: NDArray[np.float64],
        ended: NDArray[np.float64],
        carried: NDArray[np.float64],
        **others: Any,
    ) -> FlowResult:
        """``carried``: (links,) the bytes that each link of ``fabric``, the policy's carrier, has carried."""
        seconds = carried / fabric.capacity
        hot = int(np.argmax(seconds))
        # A link of the carrier stands for all that are loaded as it is.
        trunk = members(fabric) * ~fabric.access
        return cls(
            traffic=traffic,
            began=began,
            ended=ended,
            since=float(traffic.start.min() - began.min()),
            rate=traffic.size / (ended - began),
            busiest=link_kind(fabric, hot),
            busiest_s=float(seconds[hot]),
            used=float(trunk[carried > 0].sum() / trunk.sum()) if trunk.any() else 0.0,
            planes_used=planes_used(fabric, carried),
            **others,
        )

    @property
    def end(self) -> NDArray[np.float64]:
        """(flows,): s, receipt of the last byte, on the clock of ``traffic.start``."""
        return self.since + self.ended

    @property
    def seconds(self) -> NDArray[np.float64]:
        """(flows,): s from the start of each to its last byte."""
        return self.ended - self.began

    @property
    def makespan(self) -> float:
        return float(self.ended.max() - self.began.min())

    def columns(self) -> dict[str, list[Any]]:
        """A line for each flow, as ``flows --out`` writes them; sizes are whole numbers where all are."""
        who = self.traffic
        integral = bool((who.size == who.size.round()).all() and who.size.max() < 2**62)
        return {
            "src": who.src.tolist(),
            "dst": who.dst.tolist(),
            "size_bytes": (who.size.astype(int) if integral else who.size).tolist(),
            "start_s": who.start.tolist(),
            "end_s": self.end.tolist(),
            "rate_GBps": (self.rate / 1e9).tolist(),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class RoutedTraffic:
    """Traffic with a path for every flow and queue pair, ready to run.

    ``fabric``: what the policy's traffic runs on; ``parts``: the paths of each queue pair.
    """

    fabric: Fabric
    traffic: Traffic
    profile: LatencyProfile
    parts: tuple[Paths, ...]
    policy: Policy

    @classmethod
    def of(cls, fabric: Fabric, traffic: Traffic, policy: Policy, profile: LatencyProfile) -> RoutedTraffic:
        """Route every flow.

        Raises:
            NoRouteError: a pair has no path.
            ParameterError: their distances would take more than an hour.
        """
        runs_on = derated(carrier(fabric, policy), profile)
        flows_wait(runs_on, traffic.src, traffic.dst, [policy]).require("topology", fabric.name)
        parts = [route(runs_on, traffic.src, traffic.dst, policy, qp=qp) for qp in range(policy.qps)]
        return cls(fabric=runs_on, traffic=traffic, profile=profile, parts=tuple(parts), policy=policy)

    def again(
        self, *, capacity: NDArray[np.float64] | None = None, profile: LatencyProfile | None = None
    ) -> RoutedTraffic:
        """The same paths with other capacities or latencies; arguments as of fluid.program.Program."""
        fabric = self.fabric if capacity is None else self.fabric.with_capacity(capacity)
        return replace(self, fabric=fabric, profile=profile or self.profile)

    @cached_property
    def latency(self) -> tuple[NDArray[np.float64], ...]:
        """(flows,) in s, of each queue pair."""
        return tuple(map(self.latency_of, self.parts))

    def latency_of(self, paths: Paths) -> NDArray[np.float64]:
        """(flows,) in s, on other paths."""
        return transfer_latency(paths, self.fabric, self.profile)

    @cached_property
    def carried(self) -> NDArray[np.float64]:
        """(links,): the bytes that cross each link."""
        size = self.traffic.size / len(self.parts)
        return np.sum([part.load(size, self.fabric.n_links) for part in self.parts], axis=0)

    @cached_property
    def flows(self) -> NDArray[np.float64]:
        """(links,): how many flows cross each; one that is split counts by its share."""
        return np.sum([part.load(1.0, self.fabric.n_links) for part in self.parts], axis=0)

    def wait(self, striking: Striking) -> Wait:
        """How long the faults take to be followed. Raises ParameterError where nobody would wait for it."""
        size, start = self.traffic.size, self.traffic.start
        # No flow is done before its bytes have passed a link.
        least = float(start.max() + size.max() / self.fabric.capacity.max())
        return striking.await_run(least, self._detours())

    def _detours(self) -> Detours:
        return Detours(self.fabric, self.parts, [self.router(qp) for qp in range(len(self.parts))])

    def run(
        self,
        resolution: float = 0.0,
        *,
        striking: Striking | None = None,
        timeline: Timeline | None = None,
    ) -> FlowResult:
        """Run to the last completion; as ``run_flows``."""
        traffic, fabric, qps = self.traffic, self.fabric, len(self.parts)
        env = simpy.Environment()
        watch = None if timeline is None else timeline.watch
        network = FluidNetwork(env, fabric.capacity, resolution=resolution, watch=watch)
        detours = self._detours()
        latencies, end = list(self.latency), np.zeros(len(traffic))
        began = traffic.since_first()
        if striking is not None or timeline is not None:  # whose clock is that of ``traffic.start``
            began = traffic.start
            if not began.max() <= MOST_SPAN:
                rule = f"at most {MOST_SPAN:,.0f} s (97 days), as faults count from 0 s"
                raise ParameterError("start", float(began.max()), rule)
        times, group = np.unique(began, return_inverse=True)
        order = np.argsort(group, kind="stable")
        groups = np.split(order, np.cumsum(np.bincount(group))[:-1])  # the flows of each time of start
        going: set[int] = set()

        def now_on(number: int) -> tuple[Paths, NDArray[np.float64]]:
            which = groups[number]
            paths = Paths.stack([part.take(which) for part in detours.paths])
            return paths, np.concatenate([latency[which] for latency in latencies])

        def start(number: int) -> Generator[simpy.Event, Any, None]:
            yield env.timeout(times[number])
            which = groups[number]
            going.add(number)
            paths, latency = now_on(number)
            size = np.tile(traffic.size[which] / qps, qps)
            received = yield network.send(paths, size, latency, tag=number)
            going.discard(number)
            end[which] = received.reshape(qps, -1).max(axis=0)

        def moved(changed: Sequence[int]) -> None:
            for qp in changed:
                latencies[qp] = self.latency_of(detours.paths[qp])
            for number in going:
                network.reroute(number, *now_on(number))

        if striking is not None:
            self.wait(striking)
        process = None if striking is None else striking.on(network, detours, moved)
        done = env.all_of([env.process(start(number)) for number in range(len(times))])
        flows = len(traffic) * qps
        try:
            with under_way(lambda: network.ended, flows):
                env.run(done)
        except RuntimeError:
            if done.triggered or process is None:
                raise
            raise FabricsimError(f"faults: {waiting(process)}") from None
        faults = tuple(process.faults) if process else ()
        if timeline is not None:
            timeline.finish(float(end.max()), faults)

        return FlowResult.of(fabric, traffic, began, end, self.carried, solves=network.solves, faults=faults)

    def router(self, qp: int) -> Router:
        """Finds other paths for flows of a queue pair, by the same policy."""

        def router(fabric: Fabric, rows: NDArray[np.int64]) -> Paths:
            return route(fabric, self.traffic.src[rows], self.traffic.dst[rows], self.policy, qp=qp)

        return router


def run_flows(
    fabric: Fabric,
    traffic: Traffic,
    policy: Policy,
    profile: LatencyProfile,
    *,
    resolution: float = 0.0,
    striking: Striking | None = None,
    timeline: Timeline | None = None,
) -> FlowResult:
    """Run ``traffic`` to its last completion.

    A flow of several queue pairs ends with the last of them. ``resolution``: see FluidNetwork; 0
    is exact. ``striking``: faults during the run; ``timeline``: filled with the goodput over time.

    Raises:
        NoRouteError: a pair has no path.
        FabricsimError: a fault of a schedule would cut a pair off; flows wait for what nobody repairs.
    """
    require("traffic", traffic, Traffic, "flows, as sims.workload.traffic makes them")
    require("policy", policy, Policy, "a policy such as Ecmp()")
    require("profile", profile, LatencyProfile, "a latency profile, as latency_profile gives it")
    routed = RoutedTraffic.of(fabric, traffic, policy, profile)
    return routed.run(resolution, striking=striking, timeline=timeline)
