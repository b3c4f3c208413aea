"""Where the time of a step goes, lane by lane: what each computes, what it waits for. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sims.models.step.clock import Record
from sims.workload.job.tasks import COMPUTE, waits_for

__all__ = ["WAITING", "Spent", "spent"]

WAITING = "waiting"  # for others that compute: the bubble of a pipeline


@dataclass(frozen=True, kw_only=True)
class Spent:
    """``exposed``: per lane that computes, the seconds of each kind; they add up to the time of the step.

    A lane's own parts count as they are. While it has nothing to do, what its next task waits for counts, as
    long as it is under way, and else ``waiting``. ``busy``: per kind, the seconds that tasks of that kind
    take, in the mean over the stages that have any: what communication takes, hidden or not.
    """

    exposed: Mapping[str, Mapping[str, float]]
    busy: Mapping[str, float]

    def mean(self, kind: str) -> float:
        """Seconds exposed on a lane, in the mean over the lanes that compute."""
        if not self.exposed:
            return 0.0
        return sum(one.get(kind, 0.0) for one in self.exposed.values()) / len(self.exposed)


def spent(record: Record) -> Spent:
    """What became of the time of each lane that computes.

    >>> from sims.models.step.clock import run_step
    >>> from sims.models.step.traffic import Traffic
    >>> from sims.workload.job.tasks import Part, Task
    >>> a = Task(name="a", lane="0", parts=(Part(seconds=2.0), Part(kind="tp", seconds=1.0)))
    >>> b = Task(name="b", lane="pp", parts=(Part(kind="pp", seconds=0.5),), after=(0,))
    >>> c = Task(name="c", lane="1", parts=(Part(seconds=4.0),), after=(1,))
    >>> spent(run_step(Traffic.of({}), [a, b, c])).exposed
    {'0': {'compute': 2.0, 'tp': 1.0, 'waiting': 4.5}, '1': {'pp': 0.5, 'waiting': 3.0, 'compute': 4.0}}
    """
    start, stop = record.start, record.start + record.time
    computing = dict.fromkeys(task.lane for task in record.tasks if task.computes)
    exposed: dict[str, dict[str, float]] = {lane: {} for lane in computing}
    free_since = dict.fromkeys(computing, start)
    busy: dict[tuple[str, str], float] = {}
    for number, (task, before) in enumerate(zip(record.tasks, waits_for(record.tasks))):
        now = float(record.begin[number])
        mine = exposed.get(task.lane)
        if mine is not None:
            _idle(record, before, free_since[task.lane], now, mine)
            free_since[task.lane] = float(record.end[number])
        for part, end in zip(task.parts, record.parts[number]):
            if mine is not None:
                mine[part.kind] = mine.get(part.kind, 0.0) + end - now
            owner = part.kind, _stage(task.lane)
            busy[owner] = busy.get(owner, 0.0) + end - now
            now = end
    for lane, mine in exposed.items():
        if stop > free_since[lane]:
            mine[WAITING] = mine.get(WAITING, 0.0) + stop - free_since[lane]
    return Spent(exposed=exposed, busy=_means(busy))


def _stage(lane: str) -> str:
    """Whose a lane is: a stage has one for its gradients, one for its parameters, one to each neighbour.

    >>> [_stage(lane) for lane in ("stage 3", "stage 3 dp", "stage 3 parameters", "3>4", "ranks dp", "pp")]
    ['3', '3', '3', '3', 'ranks', 'pp']
    """
    return lane.removeprefix("stage ").partition(" ")[0].partition(">")[0]


def _idle(record: Record, before: Sequence[int], since: float, until: float, into: dict[str, float]) -> None:
    """Book the time from ``since`` to ``until`` on what was waited for: the last to end first."""
    if until <= since:
        return
    left = until
    sent = []
    for one in before:
        if record.tasks[one].parts and not record.tasks[one].computes:
            edges = [float(record.begin[one]), *record.parts[one]]
            own = zip(edges, edges[1:], record.tasks[one].parts)
            sent += [(end, begin, part.kind) for begin, end, part in own]
    for ended, began, kind in sorted(sent, reverse=True):
        begin, end = max(since, began), min(left, ended)
        if end > begin:
            into[kind] = into.get(kind, 0.0) + end - begin
            if left > end:
                into[WAITING] = into.get(WAITING, 0.0) + left - end
            left = begin
    if left > since:
        into[WAITING] = into.get(WAITING, 0.0) + left - since


def _means(busy: Mapping[tuple[str, str], float]) -> dict[str, float]:
    total: dict[str, list[float]] = {}
    for (kind, _), seconds in busy.items():
        total.setdefault(kind, []).append(seconds)
    return {kind: sum(each) / len(each) for kind, each in total.items() if kind != COMPUTE}
