"""The clock of a step: its tasks as SimPy processes on one fluid network. Knows no model and no schedule.

Several jobs run on one network: each hands its tasks to ``run_tasks`` in one environment, step after step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric.machine.under_way import under_way
from sims.models.fluid.network import FluidNetwork
from sims.models.step.traffic import Traffic
from sims.workload.job.tasks import COMPUTE, Part, Task, check_tasks, waits_for

__all__ = ["Record", "run_step", "run_tasks"]

Stretch = Callable[
    [Task, float], float
]  # of a task and the seconds that a part of it computes: what it takes


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """When tasks ran. ``begin``, ``end``: (tasks,) in s on the clock; ``parts``: of each task, when each of
    its parts ended.
    """

    tasks: Sequence[Task]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    parts: Sequence[Sequence[float]]

    @property
    def start(self) -> float:
        return float(self.begin.min()) if len(self.begin) else 0.0

    @property
    def time(self) -> float:
        """Seconds from the first start to the last end."""
        return float(self.end.max() - self.begin.min()) if len(self.end) else 0.0


def run_tasks(
    env: simpy.Environment,
    network: FluidNetwork,
    traffic: Traffic,
    tasks: Sequence[Task],
    *,
    free: Collection[str] = (),
    stretch: Stretch | None = None,
) -> Generator[simpy.Event, Any, Record]:
    """A SimPy process: one step, from now on; its value is the record of it.

    Args:
        network: that of ``traffic.network``, shared with whoever else sends.
        traffic: the programs that the tasks call.
        tasks: as ``check_tasks`` lets them pass.
        free: kinds of parts that take no time, such as ``dp``; what that saves is what they cost.
        stretch: what a part computes longer, as on a straggler; None: what it says.

    Raises:
        ParameterError: tasks wait for each other.
    """
    check_tasks(tasks)
    count = len(tasks)
    begin, end = np.zeros(count), np.zeros(count)
    parts: list[list[float]] = [[] for _ in tasks]
    done = [env.event() for _ in tasks]
    over = 0

    def run(number: int, before: Sequence[int]) -> Generator[simpy.Event, Any, None]:
        nonlocal over
        for one in before:  # the order does not matter: all must have ended
            if not done[one].processed:
                yield done[one]
        begin[number] = env.now
        for part in tasks[number].parts:
            if part.kind not in free:
                yield from _part(env, network, traffic, tasks[number], part, stretch)
            parts[number].append(env.now)
        end[number] = env.now
        over += 1
        done[number].succeed()

    for number, before in enumerate(waits_for(tasks)):
        env.process(run(number, before))
    with under_way(lambda: over, count):
        if done:
            yield env.all_of(done)
    return Record(tasks=tasks, begin=begin, end=end, parts=parts)


def _part(
    env: simpy.Environment,
    network: FluidNetwork,
    traffic: Traffic,
    task: Task,
    part: Part,
    stretch: Stretch | None,
) -> Generator[simpy.Event, Any, None]:
    seconds = part.seconds
    if stretch is not None and part.kind == COMPUTE:
        seconds = stretch(task, seconds)
    if seconds:
        yield env.timeout(seconds)
    if part.call and part.times:
        yield from traffic.call(network, part.call, part.size, part.times)


def run_step(
    traffic: Traffic, tasks: Sequence[Task], *, free: Collection[str] = (), stretch: Stretch | None = None
) -> Record:
    """One step alone on an idle network. Arguments as of ``run_tasks``.

    >>> nobody = Traffic.of({})
    >>> work = [Task(name=name, lane=lane, parts=(Part(seconds=1.0),), after=after)
    ...         for name, lane, after in (("a", "0", ()), ("b", "1", (0,)), ("c", "0", ()))]
    >>> run_step(nobody, work).end.tolist()
    [1.0, 2.0, 2.0]
    """
    env = simpy.Environment()
    network = traffic.network(env)
    made = run_tasks(env, network, traffic, tasks, free=free, stretch=stretch)
    record: Record = env.run(env.process(made))
    return record
