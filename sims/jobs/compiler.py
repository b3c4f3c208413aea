"""Compiler: schedules laid onto a fabric and timed there by the engine of a job. Knows no row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from sims.models.fluid.engine import ENGINES as TIMES
from sims.models.fluid.program import Program
from sims.models.packet.settings import PacketSettings
from sims.models.profiles import LatencyProfile
from sims.models.protocols import in_protocol
from sims.workload.schedule import Schedule

if TYPE_CHECKING:
    from sims.models.packet.collective import PacketProgram

__all__ = ["Compiler"]


@dataclass(frozen=True, eq=False)
class Compiler:
    """``fabric``: what faults leave of it; ``seed``: what packets are drawn with; ``in_step``: phases of the
    fluid model begin together, else each rank goes on by itself.
    """

    fabric: Fabric
    policy: Policy
    profile: LatencyProfile
    engine: str
    packets: PacketSettings
    seed: int
    in_step: bool = True

    def program(self, schedule: Schedule, placement: NDArray[np.int64]) -> Program:
        """The schedule routed, ``placement`` (ranks,) as of Program.compile."""
        profile = self._profile(schedule, placement)
        return Program.compile(schedule, self.fabric, placement, self.policy, profile)

    def packet_program(self, schedule: Schedule, placement: NDArray[np.int64]) -> PacketProgram:
        """The same for the packet engine."""
        from sims.models.packet.collective import PacketProgram

        how = self._profile(schedule, placement), self.packets, self.seed
        return PacketProgram.compile(schedule, self.fabric, placement, self.policy, *how)

    def _profile(self, schedule: Schedule, placement: NDArray[np.int64]) -> LatencyProfile:
        """That of the schedule's protocol, where it has one."""
        if not schedule.protocol:
            return self.profile
        own = self.fabric.scaleup[placement]
        alone = bool(np.bincount(own[own >= 0], minlength=1).max() <= 1)
        return in_protocol(schedule.protocol, self.profile, alone=alone)

    def time(self, program: Program, size: float) -> float:
        """Seconds that ``program`` takes for ``size`` bytes.

        Raises:
            ParameterError: the engine is that of packets, which runs none but its own.
        """
        if self.engine not in TIMES:
            raise ParameterError("engine", self.engine, "cannot run other programs", TIMES)
        if not self.in_step:
            from sims.models.fluid.ranks import rank_time

            return rank_time(program, size)
        return TIMES[self.engine](program, size)

    def alone(self, program: Program, placement: NDArray[np.int64], size: float) -> float:
        """Seconds of a whole run with nobody else on the fabric, by any engine."""
        if self.engine in TIMES:
            return self.time(program, size)
        packets, factor = self.packet_program(program.schedule, placement), program.latency_factor(size)
        return program.base(size) + packets.run(size, factor=factor)[0]
