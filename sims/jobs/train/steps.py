"""StepRun: a step on its fabric, ready to run as it is, or with something free or faster. Knows no row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.measures.link_kind import link_kinds
from sims.jobs.train.crew import Crew
from sims.models.fluid.program import Program
from sims.models.profiles import LatencyProfile
from sims.models.step.clock import Record, run_step
from sims.models.step.spent import Spent, spent
from sims.models.step.traffic import Traffic
from sims.workload.job.step import OPTIMIZER, step_tasks
from sims.workload.job.tasks import COMPUTE, Task

__all__ = ["StepRun"]


@dataclass(frozen=True, eq=False)
class StepRun:
    """One step: ``tasks``, and the program of each of their calls, routed; ``nodes``: how many machines
    exchange what a call sends.
    """

    tasks: Sequence[Task]
    programs: Mapping[str, Program]
    nodes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, crew: Crew) -> StepRun:
        """The step by model of a crew's job.

        Raises:
            NoRouteError: ranks that talk have no path.
        """
        tasks = step_tasks(crew.job, crew.once)
        calls = calls_of(tasks)
        return cls(tasks, crew.programs(calls), {call: crew.nodes(call) for call in calls})

    @cached_property
    def traffic(self) -> Traffic:
        return Traffic.of(self.programs)

    @cached_property
    def record(self) -> Record:
        """The step as it is."""
        return run_step(self.traffic, self.tasks)

    @cached_property
    def spent(self) -> Spent:
        return spent(self.record)

    @cached_property
    def bubble(self) -> float:
        """The share by which stages that wait for each other make the step longer, were messages free.

        (p - 1) / (m v) where stages are equal. 0 where nobody computes.
        """
        free = run_step(self.traffic, self.tasks, free=self.kinds)
        busy = spent(free).mean(COMPUTE) + spent(free).mean(OPTIMIZER)
        return free.time / busy - 1 if busy else 0.0

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of communication that the step has."""
        found = dict.fromkeys(part.kind for task in self.tasks for part in task.parts)
        return [kind for kind in found if kind not in (COMPUTE, OPTIMIZER)]

    def without(self, free: Collection[str]) -> float:
        """Seconds of the step if these kinds took no time."""
        return run_step(self.traffic, self.tasks, free=free).time

    def with_capacity(self, factor: NDArray[np.float64], tasks: Sequence[Task] | None = None) -> StepRun:
        """The step on the same paths over links that are ``factor`` (links,) times as fast.

        ``tasks``: those of the step there, where what is simulated once changes with the links.
        """
        programs = {
            call: one.with_capacity(one.fabric.capacity * factor) for call, one in self.programs.items()
        }
        return StepRun(self.tasks if tasks is None else tasks, programs)

    def with_latency(self, profile: LatencyProfile, tasks: Sequence[Task]) -> StepRun:
        """The step on the same paths with other latencies. Arguments as of ``with_capacity``."""
        return StepRun(tasks, {call: one.with_latency(profile) for call, one in self.programs.items()})

    def loads(self) -> NDArray[np.float64]:
        """(links,): bytes that a step puts on each link."""
        sent: dict[str, float] = dict.fromkeys(self.programs, 0.0)
        for task in self.tasks:
            for part in task.parts:
                if part.call:
                    sent[part.call] += part.size * part.times
        links = max((one.fabric.n_links for one in self.programs.values()), default=0)
        total = np.zeros(links)
        for call, program in self.programs.items():
            for stage in program.stages:
                share = stage.phase.repeat * stage.phase.count / program.schedule.chunks * sent[call]
                total += share * stage.paths.load(stage.share, links)
        return total

    def usage(self) -> dict[str, dict[str, dict[str, float]]]:
        """Of each call and kind of link, seconds that a byte takes on a link: the mean, the fullest."""
        return {
            call: {kind: {"mean": mean, "peak": peak} for kind, (mean, peak) in program.usage.items()}
            for call, program in self.programs.items()
        }

    def utilisation(self) -> dict[str, dict[str, float]]:
        """Per kind of link, the share of the step in which it is busy: the mean by capacity, and the fullest.

        Of what shares the network: what is simulated once is left out.
        """
        if not self.programs:
            return {}
        fabric = next(iter(self.programs.values())).fabric
        names, kind = link_kinds(fabric)
        load, time = self.loads(), self.record.time
        total = np.bincount(kind, weights=fabric.capacity, minlength=len(names))
        mean = np.bincount(kind, weights=load, minlength=len(names)) / np.where(total > 0, total, 1.0) / time
        peak = np.zeros(len(names))
        working = np.where(fabric.capacity > 0, fabric.capacity, 1.0)
        np.maximum.at(peak, kind, np.where(fabric.capacity > 0, load, 0.0) / working / time)
        return {name: {"mean": float(m), "peak": float(p)} for name, m, p in zip(names, mean, peak)}


def calls_of(tasks: Sequence[Task]) -> list[str]:
    """The names of the programs that tasks call, each once."""
    return list(dict.fromkeys(part.call for task in tasks for part in task.parts if part.call))
