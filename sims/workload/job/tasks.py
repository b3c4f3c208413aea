"""Tasks: what a step of a job is made of, each with what it waits for. Knows no network, no clock, no model.

A task stands for all ranks that do the same at the same time, such as one stage of a pipeline in all its
replicas: they are in step, and the slowest of them tells how long a part takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from fabric.words.errors import ParameterError

__all__ = ["COMPUTE", "Part", "Task", "check_tasks", "waits_for"]

COMPUTE = "compute"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that a task does: it takes ``seconds``, then ``times`` runs of ``call``, one after another.

    Args:
        kind: what its time is booked on: ``compute``, or a dimension such as ``tp`` or ``dp``.
        seconds: that it takes without using the network.
        call: the name of a program of sims.models.step.traffic; "": none.
        size: bytes of each run, as the collective of the program counts them.
        times: runs, whose bytes share links as those of one would, and whose latencies add. Of a machine that
            is slower than the model, so many times as many.
    """

    kind: str = COMPUTE
    seconds: float = 0.0
    call: str = ""
    size: float = 0.0
    times: float = 1


@dataclass(frozen=True, kw_only=True)
class Task:
    """``parts``, one after another. Starts when the task before it in its ``lane`` and all ``after`` ended.

    Args:
        name: how Gantt charts and errors call it.
        lane: tasks of one lane run in the order of their list, never two at a time. A stage computes in one
            lane; each of its streams of communication is another.
        after: the numbers of the tasks that must have ended.
    """

    name: str
    lane: str
    parts: tuple[Part, ...] = ()
    after: tuple[int, ...] = field(default=())

    @property
    def computes(self) -> bool:
        """Whether some of it is computing."""
        return any(part.kind == COMPUTE for part in self.parts)


def waits_for(tasks: Sequence[Task]) -> list[tuple[int, ...]]:
    """Of each task the numbers of all that it waits for, the one before it in its lane first.

    >>> waits_for([Task(name="a", lane="0"), Task(name="b", lane="1", after=(0,)), Task(name="c", lane="0")])
    [(), (0,), (0,)]
    """
    last: dict[str, int] = {}
    found = []
    for number, task in enumerate(tasks):
        before = (last[task.lane],) if task.lane in last else ()
        found.append((*before, *(one for one in task.after if one not in before)))
        last[task.lane] = number
    return found


def check_tasks(tasks: Sequence[Task]) -> None:
    """Find out before anything runs that all tasks can start.

    Raises:
        ParameterError: a task waits for one that is not there, or tasks wait for each other; names them.

    >>> check_tasks([Task(name="a", lane="0", after=(1,)), Task(name="b", lane="0")])
    Traceback (most recent call last):
    fabric.words.errors.ParameterError: tasks: 'a, b, a': wait for each other, so that none can start
    """
    for task in tasks:
        for one in task.after:
            if not 0 <= one < len(tasks):
                raise ParameterError("tasks", task.name, f"waits for task {one}, of {len(tasks):,}")
    try:
        list(TopologicalSorter(dict(enumerate(waits_for(tasks)))).static_order())
    except CycleError as error:
        circle = ", ".join(tasks[number].name for number in error.args[1][::-1])
        raise ParameterError("tasks", circle, "wait for each other, so that none can start") from None
