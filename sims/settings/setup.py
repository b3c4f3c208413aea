"""Setup: the settings of a job as a user writes them, checked, and what each stands for. Knows no fabric."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

from fabric.damage.fault import NONE, Fault, parse_faults
from fabric.damage.upgrade import Upgrade, parse_upgrades
from fabric.routing.policies import Policy, parse_policy
from fabric.words.errors import ParameterError
from sims.models.fluid.faults.setting import DEFAULT_DELAY, Course
from sims.models.packet.routes import single_path
from sims.models.packet.settings import PacketSettings, parse_packet_settings
from sims.models.profiles import DEFAULT_PROFILE, LatencyProfile
from sims.models.profiles import latency_profile as parse_profile
from sims.settings.texts import ENGINES
from sims.workload.collective import ALL_REDUCE, collective_named
from sims.workload.placement import check_placement

__all__ = ["Setup"]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a job is told besides its fabric, by the names of sims.scenario.SETTINGS.

    ``ranks``: None for all endpoints; ``packet`` counts for the packet engine only. Texts are as on the
    command line.

    Raises:
        ParameterError: of the first mistake that can be seen without a fabric.
    """

    ranks: int | None = None
    placement: str = "packed"
    seed: int = 0
    routing: str = "ecmp"
    collective: str = ALL_REDUCE.name
    engine: str = "flow"
    packet: str = ""
    latency_profile: str = DEFAULT_PROFILE
    upgrade: str = NONE
    fail: str = NONE
    degrade: str = NONE
    allow_partition: bool = False
    faults: str = NONE
    reroute_delay: str = DEFAULT_DELAY
    repeat: str = "1"
    gap: str = "0s"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "str" and not isinstance(value, str):
                raise ParameterError(field.name, value, "text, as on the command line")
        collective_named(self.collective)
        if self.engine not in ENGINES:
            raise ParameterError("engine", self.engine, "unknown engine", ENGINES)
        if self.engine == "packet":
            single_path(self.policy())
        check_placement(self.placement)
        # What these stand for is found, and refused, when it is first asked for.
        _ = self.policy(), self.packet_settings, self.profile, self.upgrades, self.failing, self.slowing
        self.course.check(self.policy())
        if self.engine != "flow" and not self.course.plain:
            rule = "what happens during a run, or over several, needs engine flow"
            raise ParameterError("engine", self.engine, rule, ("flow",))

    def policy(self, planes: int = 1) -> Policy:
        """That of ``routing`` where endpoints have so many planes."""
        return parse_policy(self.routing, self.seed, planes)

    @cached_property
    def packet_settings(self) -> PacketSettings:
        return parse_packet_settings(self.packet)

    @cached_property
    def profile(self) -> LatencyProfile:
        return parse_profile(self.latency_profile)

    @cached_property
    def upgrades(self) -> tuple[Upgrade, ...]:
        return parse_upgrades(self.upgrade)

    @cached_property
    def failing(self) -> tuple[Fault, ...]:
        return parse_faults("fail", self.fail)

    @cached_property
    def slowing(self) -> tuple[Fault, ...]:
        return parse_faults("degrade", self.degrade)

    @cached_property
    def course(self) -> Course:
        """What happens during the run."""
        return Course.of(self.faults, self.reroute_delay, self.repeat, self.gap)
