"""Faults that strike flows under way on one network. Knows what flows are on, not why they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import simpy

from fabric import Fabric
from fabric.damage.breakage import PartitionGuard
from sims.models.fluid.faults.detours import Detours
from sims.models.fluid.faults.effort import most_outages, outages_wait
from sims.models.fluid.faults.links import Links
from sims.models.fluid.faults.outage import Outage
from sims.models.fluid.faults.process import FaultProcess
from sims.models.fluid.faults.setting import Course
from sims.models.fluid.network import FluidNetwork
from sims.models.fluid.patience import Wait

__all__ = ["Striking", "waiting"]


@dataclass(frozen=True, kw_only=True)
class Striking:
    """``outages`` on cables of ``fabric``, in the order of time, as ``course`` asks for them;
    ``allow_partition``: whether one may cut a pair off.
    """

    fabric: Fabric
    course: Course
    outages: Iterable[Outage]
    allow_partition: bool

    @classmethod
    def of(cls, fabric: Fabric, course: Course, seed: int, *, allow_partition: bool) -> Striking:
        """The faults of ``course``, drawn from ``seed``."""
        outages = course.outages(fabric, seed, allow_partition=allow_partition)
        return cls(fabric=fabric, course=course, outages=outages, allow_partition=allow_partition)

    def await_run(self, seconds: float, detours: Detours) -> Wait:
        """How long the faults of a run of about ``seconds``, undisturbed, take to be followed.

        Raises:
            ParameterError: more than anybody would wait for; says how many are expected.
        """
        most, allow = most_outages(detours.carrier, detours.home), self.allow_partition
        expected = self.course.require_few(self.fabric, seconds, allow_partition=allow, most=most)
        return outages_wait(expected, detours.carrier, detours.home)

    def process(self, env: simpy.Environment, detours: Detours) -> FaultProcess:
        """The outages on the clock of ``env``; flows go by ``detours``."""
        carrier = detours.carrier
        watched = self.course.source is not None and not self.allow_partition
        return FaultProcess(
            env,
            self.outages,
            Links(self.fabric, carrier),
            Links(self.fabric, carrier),
            self.course.delay,
            most=most_outages(carrier, detours.home),
            limit=PartitionGuard(self.fabric) if watched else None,
            strict=self.course.strict,
        )

    def on(
        self, network: FluidNetwork, detours: Detours, moved: Callable[[Sequence[int]], None]
    ) -> FaultProcess:
        """Let them strike ``network``; ``moved`` is told the groups of flows whose paths changed."""
        process = self.process(network.env, detours)

        def changed() -> None:
            network.change(process.links.capacity)

        def learned() -> None:
            groups = detours.learn(process.known.dead)
            if groups:
                moved(groups)

        process.changed, process.learned = changed, learned
        return process


def waiting(process: FaultProcess) -> str:
    """Why flows wait for ever, in words."""
    stuck = ", ".join(fault.outage.what for fault in process.active)
    return f"{stuck or 'a static fault'}: flows wait for a link that nobody repairs and no path leads round"
