"""Crew: the ranks of a training job by dimension and stage, and the program of whatever they send.

Every program is of all groups of one kind in one stage, or of all ranks of one stage to those of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from sims.jobs.train.side_by_side import side_by_side
from sims.models.fluid.engine import flow_time
from sims.models.fluid.program import Program
from sims.models.profiles import LatencyProfile
from sims.workload.job.sizes import EXCHANGE, Once
from sims.workload.job.training import Training
from sims.workload.members import Members
from sims.workload.mesh import NO_GROUPS, Mesh, dealt
from sims.workload.schedule import COPY, Phase, Schedule

__all__ = ["DIMENSIONS", "EXPERT_DIMENSIONS", "Crew", "sizes_of"]

DIMENSIONS = ("tp", "cp", "pp", "dp")
EXPERT_DIMENSIONS = ("etp", "ep", "edp")
_STEADY = ("tp", "cp", "ep", "etp")  # what is simulated once where it stays inside servers


def sizes_of(groups: str, experts: str, ranks: int) -> dict[str, int]:
    """The size of each dimension of a job, 1 where it is not named.

    Raises:
        ParameterError: a dimension that a model does not have; as sims.workload.mesh.dealt.

    >>> sizes_of("tp=2,pp=2,dp=rest", "none", 16)
    {'tp': 2, 'cp': 1, 'pp': 2, 'dp': 4, 'etp': 1, 'ep': 1, 'edp': 8}
    """
    if experts != NO_GROUPS and groups == NO_GROUPS:
        said = experts.removeprefix("mesh:")
        raise ParameterError("experts", said, "is said of groups: give them, as in --groups tp=8,dp=rest")
    named, folded = dealt(groups, experts, ranks) if groups != NO_GROUPS else ({"dp": ranks}, {})
    for what, given, legal in (("groups", named, DIMENSIONS), ("experts", folded, EXPERT_DIMENSIONS)):
        for name in given:
            if name not in legal:
                raise ParameterError(what, name, "no dimension of a training job", legal)
    found = {name: named.get(name, 1) for name in DIMENSIONS}
    found |= {name: folded.get(name, 1) for name in EXPERT_DIMENSIONS}
    if not folded:
        found["edp"] = ranks // found["pp"]
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Crew:
    """The ranks of ``job`` at ``placement`` (ranks,) of ``fabric``, as ``groups`` and ``experts`` say."""

    job: Training
    groups: str
    experts: str
    fabric: Fabric
    placement: NDArray[np.int64]
    policy: Policy
    profile: LatencyProfile
    _programs: dict[str, Program] = field(default_factory=dict)
    _once: dict[tuple[str, str], Program] = field(default_factory=dict)

    @cached_property
    def _who(self) -> Members:
        return Members(self.fabric, self.placement)

    @cached_property
    def pipelines(self) -> NDArray[np.int32]:
        """int32 [pipelines, stages]: the rank of each stage."""
        if self.job.pp == 1:
            return np.arange(self.job.ranks, dtype=np.int32)[:, None]
        return self._mesh(("pp",)).members()

    @cached_property
    def stage_of(self) -> NDArray[np.int32]:
        """int32 [ranks]: the stage of each."""
        found = np.empty(self.job.ranks, np.int32)
        found[self.pipelines] = np.arange(self.job.pp, dtype=np.int32)
        return found

    def members(self, kind: str, stage: int | None = None) -> NDArray[np.int32]:
        """int32 [groups, ranks of a group]: of a kind, all or those of a stage."""
        if kind == "embedding":
            return np.ascontiguousarray(self.pipelines[:, [0, -1]])
        names = [name for name in ("cp", "dp") if getattr(self.job, name) > 1] if kind == "dp" else [kind]
        every = self._mesh(tuple(names)).members()
        return every if stage is None else every[self.stage_of[every[:, 0]] == stage]

    def _mesh(self, over: tuple[str, ...]) -> Mesh:
        named, folded = dealt(self.groups, self.experts, self.job.ranks)
        return Mesh(ranks=self.job.ranks, dimensions=named, experts=folded, over=over)

    @cached_property
    def inside(self) -> frozenset[str]:
        """The kinds whose groups each stay inside one server, and are simulated once."""
        found = []
        for kind in _STEADY:
            if getattr(self.job, kind) > 1:
                where = self.fabric.scaleup[self.placement[self.members(kind)]]
                if np.all(where >= 0) and np.all(where == where[:, :1]):
                    found.append(kind)
        return frozenset(found)

    @property
    def once(self) -> Once:
        """How long a collective takes of a kind that stays inside servers."""
        return {kind: partial(self._alone, kind) for kind in self.inside}

    def _alone(self, kind: str, operation: str, size: float) -> float:
        if (kind, operation) not in self._once:
            self._once[kind, operation] = self._collective(operation, self.members(kind)[:1])
        return flow_time(self._once[kind, operation], size)

    def kept_of(self, kind: str, operation: str) -> Program:
        """The program of one of them, after it was asked for."""
        return self._once[kind, operation]

    def nodes(self, call: str) -> int:
        """How many machines exchange what a call of the tasks of a step sends: those of one group."""
        kind, *words = call.split()
        if kind == "pp":
            return 2
        ranks = self.members(kind, None if kind == "embedding" else int(words[1]))[0]
        return Members(self.fabric, self.placement[ranks]).nodes

    def kept(self) -> list[Program]:
        """The programs of what is simulated once."""
        return list(self._once.values())

    def over(self, factor: NDArray[np.float64]) -> Crew:
        """The same ranks, over links ``factor`` (links,) times as fast: what is simulated once there."""
        found = {
            key: one.with_capacity(one.fabric.capacity * factor[: one.fabric.n_links])
            for key, one in self._once.items()
        }
        return replace(self, _once=found)

    def with_profile(self, profile: LatencyProfile) -> Crew:
        """The same ranks with other latencies: what is simulated once there."""
        found = {key: one.with_latency(profile) for key, one in self._once.items()}
        return replace(self, profile=profile, _programs={}, _once=found)

    def programs(self, calls: Iterable[str]) -> dict[str, Program]:
        """The program of each call of the tasks of a step, routed; kept.

        Raises:
            NoRouteError: ranks that talk have no path.
        """
        for call in calls:
            if call not in self._programs:
                kind, *words = call.split()
                if kind == "pp":
                    source, target = map(int, words[0].split(">"))
                    self._programs[call] = self._message(source, target)
                else:
                    operation, stage = words
                    members = self.members(kind, None if kind == "embedding" else int(stage))
                    self._programs[call] = self._collective(operation, members)
        return {call: self._programs[call] for call in calls}

    def _collective(self, operation: str, members: NDArray[np.int32]) -> Program:
        exchange = operation == EXCHANGE
        name, skew = ("linear", self.job.skew) if exchange else ("ring", 1.0)
        return self._compiled(side_by_side(operation, name, members, self._who, skew))

    def _message(self, source: int, target: int) -> Program:
        src, dst = self.pipelines[:, source], self.pipelines[:, target]
        none = np.zeros(len(self.pipelines), np.int32)
        phase = Phase(kind="round", src=src, dst=dst, first=none, count=1, modulus=1, op=COPY)
        return self._compiled(Schedule(name="message", n=self.job.ranks, chunks=1, phases=(phase,)))

    def _compiled(self, schedule: Schedule) -> Program:
        return Program.compile(schedule, self.fabric, self.placement, self.policy, self.profile)
