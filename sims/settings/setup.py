"""Setup: the settings of a job as a user gives them, checked, and what each stands for. Knows no fabric."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fabric import Fabric
from fabric.damage.fault import Fault, parse_faults
from fabric.routing.policies import Policy, parse_policy
from fabric.words.errors import ParameterError
from sims.models.fluid.faults.setting import Course
from sims.models.packet.routes import single_path
from sims.models.packet.settings import PacketSettings, parse_packet_settings
from sims.models.profiles import LatencyProfile
from sims.models.profiles import latency_profile as parse_profile
from sims.settings.signature import OF_JOBS
from sims.settings.table import SETTINGS
from sims.workload.mesh import NO_GROUPS, check_groups, group_size
from sims.workload.placement import placement_names, require_ranks
from topologies.parts.memory import Size

__all__ = ["Setup"]


class Setup:
    """What a job is told besides its fabric, its algorithm and its size: ``setup.routing``, ``setup.ranks``.

    ``given``: settings by name, as texts of the command line, or as a number or truth where they are one
    (``ranks``: None for all endpoints); what is not given is at its default. ``packet`` counts for the packet
    engine only.

    Raises:
        ParameterError: of the first mistake that can be seen without a fabric; there is no such setting.
    """

    def __init__(self, **given: Any) -> None:
        for name in given:
            if name not in OF_JOBS:
                raise ParameterError("setting", name, "unknown", OF_JOBS)
        self.values: dict[str, Any] = {
            name: one.checked(given.get(name, one.default)) for name, one in OF_JOBS.items()
        }
        check_groups(self.groups, self.experts, self.over, self.drift)
        if self.drift != NO_GROUPS and (self.engine != "flow" or not self.course.plain):
            rule = "groups that drift need engine flow, without faults during the run and repeats"
            raise ParameterError("drift", self.drift, rule, (NO_GROUPS,))
        if not self.in_step:
            self._check_rank()
        policy = self.policy()
        if self.engine == "packet":
            single_path(policy)
        self.course.check(policy)
        if self.engine != "flow" and not self.course.plain:
            rule = "what happens during a run, or over several, needs engine flow"
            raise ParameterError("engine", self.engine, rule, ("flow",))

    def _check_rank(self) -> None:
        """Whether ranks that do not wait can do all that is asked for."""
        rule = ""
        if self.engine == "packet":
            rule = "packets have it as --steps receipt, which is their default"
        elif self.engine != "flow":
            rule = "a closed form has phases that begin together: use engine flow"
        elif not self.course.plain:
            rule = "faults during the run, and several runs, need phases that begin together"
        elif self.drift != NO_GROUPS:
            rule = "groups of ranks that do not wait drift as they are, exactly: leave out drift"
        if rule:
            raise ParameterError("sync", self.sync, rule, ("phase",))

    @property
    def in_step(self) -> bool:
        """Whether phases begin together in the fluid model."""
        return bool(self.sync == "phase")

    def __getattr__(self, name: str) -> Any:
        if name != "values" and name in self.values:
            return self.values[name]
        raise AttributeError(name)

    def __getstate__(self) -> dict[str, Any]:
        return {"values": self.values}

    def policy(self, planes: int = 1) -> Policy:
        """The routing policy, for endpoints with so many planes."""
        return parse_policy(self.routing, self.seed, planes)

    def fits(self, name: str, size: Size) -> None:
        """Raise ParameterError where a topology called ``name``, not built yet, has too few endpoints, or so
        many that groups do not come out even.
        """
        if self.ranks is not None:
            require_ranks(self.ranks, size.endpoints, name)
        if self.ranks is not None or not placement_names(self.placement):
            group_size(self.groups, self.experts, self.over, self.ranks or size.endpoints)

    def improved(self, fabric: Fabric) -> Fabric:
        """``fabric`` after what the settings do to a healthy one."""
        for name, one in SETTINGS.items():
            if one.on_fabric:
                fabric = one.on_fabric(fabric, self.values[name])
        return fabric

    @cached_property
    def packet_settings(self) -> PacketSettings:
        return parse_packet_settings(self.packet)

    @cached_property
    def profile(self) -> LatencyProfile:
        return parse_profile(self.latency_profile)

    @cached_property
    def faults_from_start(self) -> tuple[Fault, ...]:
        """The faults of ``fail``, then those of ``degrade``."""
        return (*parse_faults("fail", self.fail), *parse_faults("degrade", self.degrade))

    @cached_property
    def course(self) -> Course:
        """What happens during the run."""
        return Course.of(self.faults, self.reroute_delay, self.repeat, self.gap)
