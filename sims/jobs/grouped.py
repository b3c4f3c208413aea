"""The groups of a job: who is in which, their schedule, and how long each takes. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sims.jobs.compiler import Compiler
from sims.models.fluid.group_times import GroupTimes
from sims.models.fluid.program import Program
from sims.settings.setup import Setup
from sims.workload.collectives import algorithms, parse_algorithms
from sims.workload.collectives.hierarchical import UnequalGroupsError
from sims.workload.groups import Groups
from sims.workload.members import Members
from sims.workload.mesh import NO_GROUPS, Mesh, mesh_of
from sims.workload.schedule import Schedule

if TYPE_CHECKING:
    from sims.models.fluid.drift import Drift

__all__ = ["UNGROUPED", "Grouped", "Timed"]

UNGROUPED = dict.fromkeys(("groups", "experts", "over", "drift"), NO_GROUPS)
_QUANTILES = range(10, 100, 10)


@dataclass(frozen=True)
class Timed:
    """A run: seconds, what a packet network saw; ``ends``: (groups,) in s, where groups go on when they are
    ready; ``late``: s that one of them has waited to set out with others, at most.
    """

    time: float
    packets: dict[str, dict[str, float]] = field(default_factory=dict)
    ends: NDArray[np.float64] | None = None
    late: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouped:
    """Groups of the ranks of ``members``, all at once, on the fabric of ``compiler``.

    ``make``: the schedule of an algorithm for some of the ranks, of the job's ``collective``; ``drift``: the
    resolution, None where they go in step. Keeps what sizes do not change.
    """

    mesh: Mesh
    groups: Groups
    members: Members
    compiler: Compiler
    collective: str
    make: Callable[[str, NDArray[np.int32]], Schedule]
    drift: float | None
    _times: dict[str, GroupTimes] = field(default_factory=dict)
    _drifts: dict[str, Drift] = field(default_factory=dict)
    _singles: dict[tuple[str, int], Program] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        setup: Setup,
        members: Members,
        compiler: Compiler,
        make: Callable[[str, NDArray[np.int32]], Schedule],
    ) -> Grouped | None:
        """The groups that the settings mean; None where all ranks are one.

        Raises:
            ParameterError: as sims.workload.mesh.mesh_of.
        """
        if setup.groups == NO_GROUPS:
            return None
        mesh = mesh_of(setup.groups, setup.experts, setup.over, len(members))
        if mesh.count == 1:
            return None
        return cls(
            mesh=mesh,
            groups=Groups(mesh.members()),
            members=members,
            compiler=compiler,
            collective=setup.collective,
            make=make,
            drift=None if setup.drift == NO_GROUPS else float(setup.drift),
        )

    @property
    def size(self) -> int:
        """Ranks of a group."""
        return self.groups.size

    def schedule(self, algorithm: str) -> Schedule:
        """The algorithm for all groups in step.

        Raises:
            ParameterError: it is not possible for the ranks of a group, which is named.
        """
        return self.groups.together(self._maker(algorithm), self._labels(algorithm))

    def check(self, algorithm: str) -> None:
        """Raise as ``schedule``, in less time."""
        self.groups.kin(self._maker(algorithm), self._labels(algorithm))

    def drifted(self, algorithm: str, size: float, in_step: float) -> Timed:
        """A run of groups that drift. ``in_step``: seconds that they take in step."""
        from sims.models.fluid.drift import Drift

        if algorithm not in self._drifts:
            kinds = self.groups.kin(self._maker(algorithm), self._labels(algorithm))
            laid = [self.compiler.program(self.groups.alone(kin), self.members.placement) for kin in kinds]
            for program in laid:
                program.require_listed("drift", self.drift)
            self._drifts[algorithm] = Drift(kinds=tuple(zip(kinds, laid)))
            self._drifts[algorithm].require_time(self.drift or 0.0)
        found = self._drifts[algorithm].run(size, self.drift or 0.0, in_step)
        return Timed(float(found.end.max()), ends=found.end, late=float(found.late.max()))

    def last(self, ends: NDArray[np.float64]) -> NDArray[np.float64]:
        """(groups,): the last of the ``ends`` of the ranks of each."""
        return ends[self.groups.members].max(axis=1)

    def told(self, algorithm: str, size: float, program: Program, timed: Timed) -> dict[str, float]:
        """The column ``group_times`` of a row, in s. ``program``: of the algorithm, for all groups in step.

        ``slowest``, ``mean``, ``fastest``, and ``p10`` to ``p90``, below which so many hundredths of the
        groups are; ``group``: the number of the slowest; ``alone``: what that one takes alone on the fabric;
        of groups that drift, ``late``: the longest that one has waited to set out with others. Of groups in
        step, the time of one is that of its own phases, without waits for others.
        """
        ends = timed.ends
        if ends is None:
            if algorithm not in self._times:
                self._times[algorithm] = GroupTimes(program, self.groups)
            closed = self.compiler.engine == "bound"
            ends = self._times[algorithm].of(size, timed.time, closed=closed)
        quantiles = np.quantile(ends, [number / 100 for number in _QUANTILES]).tolist()
        found = {
            "slowest": float(ends.max()),
            "mean": float(ends.mean()),
            "fastest": float(ends.min()),
            "alone": self._alone(algorithm, int(np.argmax(ends)), size),
            "group": float(np.argmax(ends)),
            **{f"p{number}": value for number, value in zip(_QUANTILES, quantiles)},
        }
        return found if timed.late is None else {**found, "late": timed.late}

    def _alone(self, algorithm: str, group: int, size: float) -> float:
        """Seconds that one group takes with nobody else on the fabric."""
        ranks = self.groups.members[group]
        placement = self.members.placement[ranks]
        if (algorithm, group) not in self._singles:
            schedule = self.make(algorithm, ranks)
            self._singles[algorithm, group] = self.compiler.program(schedule, placement)
        return self.compiler.alone(self._singles[algorithm, group], placement, size)

    def _labels(self, algorithm: str) -> list[NDArray[np.int64]]:
        """What the schedule of a group depends on, of each rank."""
        ((name, _),) = parse_algorithms(algorithm, self.collective)
        labels: dict[str, NDArray[Any]] = {"servers": self.members.servers, "groups": self.members.groups}
        return [labels[need] for need in algorithms(self.collective)[name].needs if need in labels]

    def _maker(self, algorithm: str) -> Callable[[NDArray[np.int32]], Schedule]:
        """The schedule of the ranks of one group; errors name the group."""

        def make(ranks: NDArray[np.int32]) -> Schedule:
            try:
                return self.make(algorithm, ranks)
            except UnequalGroupsError as error:
                group = self.mesh.label(int(self.groups.owner[ranks[0]]))
                raise error.named(self.members.group_name, f", of {group}") from None

        return make
