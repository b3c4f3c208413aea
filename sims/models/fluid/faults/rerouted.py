"""A program whose phases follow the faults: stages on detours while links are dead. Knows no clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.routing.policies import Policy
from sims.models.fluid.faults.detours import Detours, Router
from sims.models.fluid.program import OfHome, Program
from sims.models.fluid.stage import Stage, routed_phase
from sims.workload.schedule import Phase, Schedule

__all__ = ["Rerouted"]


class Rerouted(OfHome):
    """``program``: as it runs now; ``home``: as it runs on the healthy fabric. Runs as engine.collective
    asks: its stages may change between two phases.
    """

    def __init__(self, program: Program, placement: NDArray[np.int64], policy: Policy) -> None:
        self.home = self.program = program
        groups: dict[int, Stage] = {id(stage.routed): stage for stage in program.stages}
        self._group = [list(groups).index(id(stage.routed)) for stage in program.stages]
        routers = [_router(stage.phase, placement, policy) for stage in groups.values()]
        self.detours = Detours(program.fabric, [stage.routed for stage in groups.values()], routers)

    @property
    def schedule(self) -> Schedule:
        return self.home.schedule

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self.program.stages

    def learn(self, dead: NDArray[np.bool_]) -> list[int]:
        """Routing comes to know that the links ``dead`` carry nothing. Returns the stages that changed."""
        moved = set(self.detours.learn(dead))
        if not moved:
            return []
        if self.detours.at_home:
            self.program = self.home
        else:
            self.program = self.program.over([self.detours.paths[group] for group in self._group])
        return [number for number, group in enumerate(self._group) if group in moved]


def _router(phase: Phase, placement: NDArray[np.int64], policy: Policy) -> Router:
    def router(fabric: Fabric, rows: NDArray[np.int64]) -> Paths:
        return routed_phase(phase, fabric, placement, policy, rows)

    return router
