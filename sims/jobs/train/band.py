"""How far a step may be off: the bands of what it sends, carried through its clock. Makes no row.

Every collective and message takes the time at the low (at the high) end of its own band, all of them at once,
and the step runs again; computing has no band, and takes what it takes. So what hides behind computing stays
hidden as far as it goes. The bands are of collectives that ran alone: sims.models.band.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial

from sims.jobs.train.crew import Crew
from sims.jobs.train.steps import StepRun
from sims.models.band import band_of
from sims.models.fluid.program import Program
from sims.models.step.clock import run_step
from sims.workload.job.step import step_tasks
from sims.workload.job.tasks import Part, Task

__all__ = ["step_band"]

_MESSAGE = "send-recv"
_ENDS = ("low", "high")


class _UnknownError(Exception):
    """Nothing near was measured."""


def step_band(run: StepRun, crew: Crew | None) -> tuple[float, float]:
    """(low, high): the step takes 1 + low to 1 + high times as long if what it sends does as on four of five
    machines; (0, 0) where it sends something of which nothing near was measured, or sends nothing.

    ``crew``: whose step it is, if by model.
    """
    if not run.kinds:
        return 0.0, 0.0
    try:
        low, high = (_time(run, crew, end) for end in _ENDS)
    except _UnknownError:
        return 0.0, 0.0
    return low / run.record.time - 1, high / run.record.time - 1


def _time(run: StepRun, crew: Crew | None, end: str) -> float:
    """Seconds of the step where all that it sends is at one end of its band."""
    tasks = run.tasks
    if crew is not None and crew.inside:
        once = {kind: partial(_once, crew, end, kind) for kind in crew.inside}
        tasks = step_tasks(crew.job, once)
    each = cache(partial(_factor, run, end))  # a step has few sizes, and many parts of each
    slowed = [replace(task, parts=tuple(_slowed(task, each))) for task in tasks]
    return run_step(run.traffic, slowed).time


def _slowed(task: Task, each: Callable[[str, float], float]) -> Iterator[Part]:
    for part in task.parts:
        yield replace(part, times=part.times * each(part.call, part.size)) if part.call else part


def _once(crew: Crew, end: str, kind: str, operation: str, size: float) -> float:
    """Seconds of a collective that stays inside a server, and is simulated once."""
    seconds = crew.once[kind](operation, size)
    return seconds * _end(end, crew.kept_of(kind, operation), operation, size, 1, seconds)


def _factor(run: StepRun, end: str, call: str, size: float) -> float:
    program, words = run.programs[call], call.split()
    operation = _MESSAGE if words[0] == "pp" else words[1]
    return _end(end, program, operation, size, run.nodes[call], run.traffic.alone(call, size))


def _end(end: str, program: Program, operation: str, size: float, nodes: int, seconds: float) -> float:
    """How many times as long as modelled something takes at one end of its band."""
    share = min(1.0, program.chain(size) / seconds) if seconds else 1.0
    found = band_of(program.profile.name, operation, share, nodes, max(1.0, size))
    if found is None:
        raise _UnknownError
    return 1 + float(getattr(found, end))
