"""FlowRun: plain flows and everything that their run is told, by either engine. Writes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

from fabric import Fabric
from fabric.damage.breakage import Damage, harmed
from fabric.damage.fault import Fault
from fabric.graph.nic import planes
from fabric.graph.node_names import NodeNames
from fabric.machine.under_way import reading
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from fabric.words.units import parse_size
from sims.models.fluid.faults.setting import Course
from sims.models.fluid.faults.striking import Striking
from sims.models.fluid.faults.timeline import Timeline
from sims.models.fluid.flows import FlowResult, RoutedTraffic
from sims.models.fluid.patience import Wait, flows_wait
from sims.models.packet.settings import PacketSettings
from sims.models.packet.traffic import RoutedPackets
from sims.models.profiles import LatencyProfile
from sims.settings.setup import Setup
from sims.workload.traffic import Traffic, pattern, read_traffic

__all__ = ["FlowRun", "traffic_of"]


_MANY = 5000  # flows, above which ends of unequal ones are handled together
_COARSE = 0.002
_PER_BYTE = 4.6e-7  # s of one core to read a file of flows, twelve bytes each


def traffic_of(text: str, size: str | None, fabric: Fabric, seed: int) -> Traffic:
    """The flows of a pattern, each of ``size``, or those of a CSV file, which says their sizes.

    Raises:
        ParameterError: neither a pattern nor a file; a bad size.
        FileFormatError: as of read_traffic.
    """
    if os.path.isfile(text):
        with reading(text, per_byte=_PER_BYTE):
            return read_traffic(text, fabric.n_endpoints, NodeNames(fabric))
    return pattern(text, fabric.n_endpoints, parse_size(size or "0"), seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class FlowRun:
    """A run of plain flows, ready to start.

    ``healthy``: the fabric before its ``faults``, which are drawn from ``seed``; ``course``: what happens
    during the run; ``packets``: the settings of the packet engine, None for the fluid one; ``resolution``: as
    in sims.models.fluid.network.FluidNetwork.

    Raises:
        ParameterError: something is to happen during a run of packets, or the policy cannot follow it.
    """

    healthy: Fabric
    traffic: Traffic
    policy: Policy
    profile: LatencyProfile
    faults: tuple[Fault, ...] = ()
    course: Course
    packets: PacketSettings | None = None
    seed: int = 0
    allow_partition: bool = False
    resolution: float = 0.0

    def __post_init__(self) -> None:
        self.course.check(self.policy)
        if self.packets and self.course.source:
            raise ParameterError("engine", "packet", "what happens during a run needs engine flow", ("flow",))

    @classmethod
    def of(cls, fabric: Fabric, setup: Setup, traffic: Traffic, resolution: float | None = None) -> FlowRun:
        """``traffic`` on ``fabric`` with the settings of a user.

        ``resolution`` None: 0, which is exact, or 0.002 above 5,000 flows that are not all alike.
        """
        if resolution is None:
            equal = bool(
                (traffic.size == traffic.size[0]).all() and (traffic.start == traffic.start[0]).all()
            )
            resolution = 0.0 if equal or len(traffic) <= _MANY else _COARSE
        return cls(
            healthy=setup.improved(fabric),
            traffic=traffic,
            policy=setup.policy(planes(fabric)),
            profile=setup.profile,
            faults=setup.faults_from_start,
            course=setup.course,
            packets=setup.packet_settings if setup.engine == "packet" else None,
            seed=setup.seed,
            allow_partition=setup.allow_partition,
            resolution=resolution,
        )

    @property
    def plain(self) -> bool:
        """Whether fluids run on a fabric that stays as it is."""
        return self.packets is None and not self.course.source

    @cached_property
    def _degraded(self) -> tuple[Fabric, Damage]:
        return harmed(self.healthy, self.faults, self.seed, allow_partition=self.allow_partition)

    @property
    def fabric(self) -> Fabric:
        """What the faults leave."""
        return self._degraded[0]

    @property
    def damage(self) -> Damage:
        """What the faults took; false where that is nothing."""
        return self._degraded[1]

    @cached_property
    def routed(self) -> RoutedTraffic:
        """The traffic on the paths of the fluid model."""
        return RoutedTraffic.of(self.fabric, self.traffic, self.policy, self.profile)

    @cached_property
    def routing_wait(self) -> Wait:
        """How long the paths take to be found."""
        return flows_wait(self.fabric, self.traffic.src, self.traffic.dst, [self.policy])

    @cached_property
    def _packets(self) -> RoutedPackets:
        """The traffic on the paths of the packet model."""
        assert self.packets is not None
        self.routing_wait.require("topology", self.fabric.name)
        return RoutedPackets.of(
            self.fabric, self.traffic, self.policy, self.profile, self.packets, seed=self.seed
        )

    def packets_wait(self) -> Wait:
        """How long the packets take. Raises as ``run`` where there are too many."""
        return self._packets.wait if self.packets else Wait(seconds=0.0)

    def faults_wait(self) -> Wait:
        """How long the faults take to be followed. Raises ParameterError where nobody would wait for it."""
        return self.routed.wait(self._striking) if self._striking else Wait(seconds=0.0)

    def run(self, timeline: Timeline | None = None) -> FlowResult:
        """Run to the last completion; ``timeline`` is filled with the goodput over time, by the fluid engine.

        Raises:
            NoRouteError: a pair has no path.
            ParameterError: too many packets, or a policy that the packet engine does not know; what nobody
                would wait for.
        """
        if self.packets:
            return self._packets.run()
        return self.routed.run(self.resolution, striking=self._striking, timeline=timeline)

    @cached_property
    def _striking(self) -> Striking | None:
        if not self.course.source:
            return None
        return Striking.of(self.fabric, self.course, self.seed, allow_partition=self.allow_partition)
