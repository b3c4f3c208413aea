"""Expectation: the times that healthy machines take, and between which marks; a log is held against it.

Prints nothing. The marks are those of the band (sims.models.band), within which four machines of five were:
nine of ten are faster than the slow one, and one of ten is faster than the quick one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence, Sized
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from statistics import median
from typing import Any

from fabric.machine.under_way import watched
from fabric.words.errors import ParameterError
from fabric.words.given import require
from sims.jobs.collective import CollectiveJob
from sims.jobs.opened import AnyFabric, opened
from sims.scenario.row import Row
from sims.settings.several import bytes_of
from sims.settings.table import SETTINGS
from sims.studies.calibrated import check_log, doubts
from sims.studies.expect.choice import choices
from sims.studies.expect.least import least_time
from sims.studies.expect.plan import Plan
from sims.studies.expect.tolerance import share
from sims.studies.nccl_log import AnyLog, NcclLog, logged
from sims.workload.collective import ALL_REDUCE, measured_by

__all__ = ["FAIL", "PASS", "SIZES", "SLOW", "UNREAL", "WRONG", "Expectation", "Mark", "expect", "of_log"]

PASS, FAIL = "pass", "FAIL"
SLOW, WRONG, UNREAL = "slow", "wrong", "unreal"
SIZES = "8:16G:x4"
_ROUNDED = 0.99  # of the least time: logs print few digits


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What should be seen at one size: ``row`` as simulated, ``quick_s`` and ``slow_s`` between which
    machines are; ``least_s``, below which none ends on these links (least.py); ``measured_s``: the median of
    the log's lines of this size, None without; ``wrong``: some of its results were wrong.
    """

    row: Row
    quick_s: float
    slow_s: float
    least_s: float = 0.0
    measured_s: float | None = None
    wrong: bool = False

    @property
    def size(self) -> int:
        """Bytes."""
        return self.row.scenario.size_bytes

    def busbw(self, seconds: float) -> float:
        """Bytes/s on the bus of a run that takes so long."""
        return self.row.busbw_GBps * 1e9 * self.row.time_s / seconds

    @property
    def verdict(self) -> str:
        """Whether what was measured is right, at least as fast as the slow mark, and no faster than the
        links; "" where nothing was.
        """
        if self.measured_s is None:
            return ""
        return FAIL if self.fault else PASS

    @property
    def fault(self) -> str:
        """Why it fails: WRONG results, UNREAL as faster than the links, or SLOW; "" where it does not."""
        if self.measured_s is None:
            return ""
        if self.wrong:
            return WRONG
        if self.measured_s < _ROUNDED * self.least_s:
            return UNREAL
        return SLOW if self.measured_s > self.slow_s else ""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """``marks``: one a size, ascending; ``job``: the ranks on their fabric; ``tolerance``: where the marks
    are that far from the time and not those of the band; ``log``: None where none was given; ``notes``: what
    a reader should know.
    """

    marks: tuple[Mark, ...]
    job: CollectiveJob
    tolerance: float | None
    log: NcclLog | None
    notes: tuple[str, ...]

    @property
    def failed(self) -> list[Mark]:
        """The sizes at which the log is not as it should be."""
        return [mark for mark in self.marks if mark.verdict == FAIL]

    @property
    def passed(self) -> bool:
        """Whether no size of the log failed."""
        return not self.failed


def of_log(log: NcclLog, name: str = "log") -> tuple[str, int, dict[int, float]]:
    """The collective of a log by our name, its ranks, and by size in bytes the median of its times, s.

    Raises:
        ParameterError: it is of several collectives, of one that is not simulated, of one rank, or does not
            tell its ranks.
    """
    if log.others:
        rule = (
            f"holds tests of several collectives, {', '.join((log.collective, *log.others))}: one to a file"
        )
        raise ParameterError("log", name, rule)
    ranks = check_log(log, name)
    times: dict[int, list[float]] = defaultdict(list)
    for row in log.rows:
        times[row.size_bytes].append(row.time_s)
    return measured_by(log.collective).name, ranks, {size: median(times[size]) for size in sorted(times)}


def expect(
    fabric: AnyFabric,
    sizes: Sequence[int | str] | int | str = (),
    *,
    log: AnyLog | None = None,
    algorithm: str = "",
    latency_profile: str = "",
    tolerance: float | str | None = None,
    topology: str | None = None,
    digest: str | None = None,
    watch: Callable[[str], None] = lambda label: None,
    stoppable: Callable[[], AbstractContextManager[None]] = nullcontext,
    **settings: Any,
) -> Expectation:
    """What ``fabric`` should give at ``sizes``, and whether ``log`` reaches it.

    fabric: compiled, a graph, or a text as on the command line. sizes: bytes, or a text; if not said those of
    the log, else SIZES. algorithm, latency_profile: as texts; without them what NCCL would choose at each
    size. tolerance: a share above 0 and at most 1, which takes the place of the band. log: the path of one,
    or one that was read; gives collective, ranks and sizes where these are not said. settings: those of
    CollectiveJob; ``routing`` is adaptive if not said, as a healthy fabric spreads its load. watch: is told
    what is routed. stoppable: a context that may end what is inside, so that finished marks are told.

    Raises:
        ParameterError: as CollectiveJob and ``of_log``; nothing near was measured, so that there is no band
            and no tolerance is given; the log is of another collective than ``settings`` say.

    >>> found = expect("fat-tree:endpoints=64,radix=16,gpus_per_server=8", "1GiB", tolerance=0.1)
    >>> round(found.marks[0].slow_s / found.marks[0].row.time_s, 6)
    1.1
    """
    require("algorithm", algorithm, str, "a text such as ring")
    require("latency_profile", latency_profile, str, "a text such as ib-ndr")
    width = share(tolerance)
    fabric, topology, digest = opened(fabric, topology, digest)
    measured: dict[int, float] = {}
    asked = SETTINGS["ranks"].checked(settings.pop("ranks", None))
    if log is not None:
        log = logged(log, asked)
        of, ranks, measured = of_log(log, log.name)
        if settings.setdefault("collective", of) != of:
            raise ParameterError("collective", settings["collective"], f"the log {log.name} is of {of}")
        if asked not in (None, ranks):
            raise ParameterError("ranks", asked, f"the log {log.name} is of {ranks:,}")
        asked = ranks
        sizes = list(measured) if _none_said(sizes) else sizes
    counts = bytes_of(SIZES if _none_said(sizes) else sizes)
    settings["ranks"] = asked
    settings.setdefault("routing", "adaptive")
    of = settings.setdefault("collective", ALL_REDUCE.name)
    made = choices(of, algorithm, latency_profile, settings.get("engine", "flow"))
    settings |= {"topology": topology, "digest": digest, "nccl": not (algorithm or latency_profile)}
    plan = Plan(fabric, made, watch=watch, **settings)
    notes = list(plan.left_out)
    if log is not None:
        notes += [*log.notes, *doubts(log, plan.any_job, named=True)]
    wrong, least = log.wrong if log is not None else (), least_time(plan.any_job, 1.0)
    wanted, marks = sorted(set(counts)), list[Mark]()
    with stoppable():
        for size in watched(wanted, len(wanted)):
            row, time = plan.row(size), measured.get(size)
            marks.append(_mark(row, width, least_s=least * size, measured_s=time, wrong=size in wrong))
    if not marks:
        raise KeyboardInterrupt
    if log is not None and all(mark.measured_s is None for mark in marks):
        raise ParameterError("size", min(counts), f"the log {log.name} has no line of these sizes")
    return Expectation(marks=tuple(marks), job=plan.any_job, tolerance=width, log=log, notes=tuple(notes))


def _none_said(sizes: object) -> bool:
    return isinstance(sizes, Sized) and not len(sizes)


def _mark(row: Row, tolerance: float | None, **held: Any) -> Mark:
    """``held``: what else a Mark has."""
    if tolerance is not None:
        quick, slow = 1 / (1 + tolerance), 1 + tolerance
    elif row.error_low == row.error_high:
        name, of = row.scenario.latency_profile, row.scenario.collective
        rule = f"no machine was measured near enough for a band of {of}: give --tolerance, such as 20%"
        raise ParameterError("latency_profile", name, rule)
    else:
        quick, slow = 1 + row.error_low, 1 + row.error_high
    return Mark(row=row, quick_s=row.time_s * quick, slow_s=row.time_s * slow, **held)
