"""StepRun: a training job on its fabric, ready to run its step as it is, or with something free or faster."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sims.jobs.train.crew import Crew
from sims.models.fluid.program import Program
from sims.models.step.clock import Record, run_step
from sims.models.step.spent import Spent, spent
from sims.models.step.traffic import Traffic
from sims.workload.job.step import step_tasks
from sims.workload.job.tasks import COMPUTE, Task

__all__ = ["StepRun"]


@dataclass(frozen=True, eq=False)
class StepRun:
    """One step of the job of ``crew``. Tasks and routes are made once."""

    crew: Crew

    @cached_property
    def tasks(self) -> list[Task]:
        return step_tasks(self.crew.job, self.crew.once)

    @cached_property
    def programs(self) -> Mapping[str, Program]:
        calls = dict.fromkeys(part.call for task in self.tasks for part in task.parts if part.call)
        return self.crew.programs(calls)

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

        (p - 1) / (m v) where stages are equal.
        """
        free = run_step(self.traffic, self.tasks, free=self.kinds)
        busy = spent(free).mean(COMPUTE)
        return free.time / busy - 1

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of communication that the step has."""
        found = dict.fromkeys(part.kind for task in self.tasks for part in task.parts)
        return [kind for kind in found if kind not in (COMPUTE, "optimizer")]

    def without(self, free: Collection[str]) -> float:
        """Seconds of the step if these kinds took no time."""
        return run_step(self.traffic, self.tasks, free=free).time

    def with_capacity(self, capacity: NDArray[np.float64]) -> float:
        """Seconds of the step on the same paths over links of other capacities, (links,) in bytes/s.

        What is simulated once inside servers stays as it is.
        """
        programs = {call: one.with_capacity(capacity) for call, one in self.programs.items()}
        return run_step(Traffic.of(programs), self.tasks).time

    def utilisation(self) -> dict[str, dict[str, float]]:
        """Per kind of link, the share of the step in which it is busy: in the mean, and the fullest.

        Of what shares the network; the fullest link of each program counts as if it were the same one.
        """
        seconds: dict[str, list[float]] = {}
        for task in self.tasks:
            for part in task.parts:
                if not part.call:
                    continue
                for kind, (mean, peak) in self.programs[part.call].usage.items():
                    found = seconds.setdefault(kind, [0.0, 0.0])
                    found[0] += mean * part.size * part.times
                    found[1] += peak * part.size * part.times
        time = self.record.time
        return {kind: {"mean": mean / time, "peak": peak / time} for kind, (mean, peak) in seconds.items()}
