"""All-reduces one after another while links fail: what each took, and what each fault cost.

Between two changes of the fabric every all-reduce takes the same time, so that many are one step of the
clock; one during which something changes runs phase by phase. A timeline of few all-reduces shows their
phases, one of many the mean of each.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric.words.errors import FabricsimError
from sims.models.fluid.engine import collective, flow_time, slice_bytes, slice_wait
from sims.models.fluid.faults.process import StruckFault
from sims.models.fluid.faults.rerouted import Rerouted
from sims.models.fluid.faults.setting import Course
from sims.models.fluid.faults.striking import Striking, waiting
from sims.models.fluid.faults.timeline import Timeline
from sims.models.fluid.network import FluidNetwork, RateMemo
from sims.models.fluid.patience import Wait

__all__ = ["Campaign", "CampaignResult"]

_TOLD = 50  # faults in a row
_FEW = 20  # all-reduces of which a timeline shows the phases
_SAME = 1e-9  # relative; times nearer than this differ by rounding


@dataclass(frozen=True, kw_only=True, eq=False)
class CampaignResult:
    """``times``: (groups,) s of an all-reduce; ``counts``: (groups,), how many one after another took that;
    ``undisturbed``: s without any fault; ``duration``: s from the start to the last receipt; ``faults``: in
    the order of time, each with the s it cost; ``passed_over``: outages that would have cut a pair off.
    """

    times: NDArray[np.float64]
    counts: NDArray[np.int64]
    undisturbed: float
    duration: float
    faults: tuple[StruckFault, ...]
    passed_over: int

    @property
    def iterations(self) -> int:
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        return float(np.sum(self.times * self.counts) / self.counts.sum())

    @property
    def lost(self) -> float:
        """Seconds more than as many undisturbed all-reduces take."""
        return float(np.sum((self.times - self.undisturbed) * self.counts))

    def told(self) -> dict[str, dict[str, float]]:
        """As rows hold it: the run, and the faults that cost most (50), in the order of time."""
        run = {
            "iterations": self.iterations,
            "duration_s": self.duration,
            "undisturbed_s": self.undisturbed,
            "median_s": self.quantile(0.5),
            "p99_s": self.quantile(0.99),
            "worst_s": self.quantile(1.0),
            "lost_s": self.lost,
            "faults": len(self.faults),
            "passed_over": self.passed_over,
        }
        found: dict[str, dict[str, float]] = {"run": run}
        number = {fault: i for i, fault in enumerate(self.faults, 1)}
        costly = sorted(self.faults, key=lambda fault: -fault.lost)[:_TOLD]
        for fault in sorted(costly, key=number.__getitem__):
            length = {} if math.isinf(fault.until) else {"length_s": fault.outage.length}
            each = {"at_s": fault.outage.at, **length, "lost_s": fault.lost}
            found[f"{number[fault]}: {fault.outage.what}"] = {**each, "cables": len(fault.outage.cables)}
        return found

    def quantile(self, share: float) -> float:
        """The least time that at least this share of the all-reduces stayed within."""
        order = np.argsort(self.times)
        upto = np.cumsum(self.counts[order])
        return float(self.times[order][np.searchsorted(upto, math.ceil(share * upto[-1]))])


@dataclass(kw_only=True)
class Campaign:
    """One program at one size through the faults that strike it."""

    rerouted: Rerouted
    size: float
    striking: Striking
    timeline: Timeline | None = None
    _times: list[float] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)
    _network: FluidNetwork | None = None
    _time: float | None = None  # of an all-reduce as things stand
    _touched: NDArray[np.bool_] | None = None  # the links that its paths are on

    @property
    def course(self) -> Course:
        return self.striking.course

    def wait(self) -> Wait:
        """How long the faults take to be followed. Raises ParameterError where nobody would wait for it."""
        return self.striking.await_run(self._undisturbed, self.rerouted.detours)

    @cached_property
    def _undisturbed(self) -> float:
        return flow_time(self.rerouted.home, self.size)

    def run(self) -> CampaignResult:
        """To the last receipt of the last all-reduce.

        Raises:
            FabricsimError: a fault of a schedule would cut a pair off; flows wait for what nobody
                repairs; more faults are to be expected than can be followed.
        """
        self.wait()
        self.env = env = simpy.Environment()
        self.process = self.striking.process(env, self.rerouted.detours)
        self.process.changed, self.process.learned = self._changed, self._learned
        self.links, self._known = self.process.links, self.process.known
        job = env.process(self._job())
        try:
            env.run(job)
        except RuntimeError:
            if job.triggered:
                raise
            raise FabricsimError(f"faults: {waiting(self.process)}") from None
        if self.timeline is not None:
            self.timeline.finish(float(env.now), self.process.faults)
        return CampaignResult(
            times=np.array(self._times),
            counts=np.array(self._counts),
            undisturbed=self._undisturbed,
            duration=float(env.now),
            faults=tuple(self.process.faults),
            passed_over=self.process.passed_over,
        )

    def _job(self) -> Generator[simpy.Event, Any, None]:
        env, gap, done = self.env, self.course.gap, 0
        while True:
            self.process.seen = dict(self.process.active)
            many, time = self._undisturbed_ahead(done)
            start, concerned = float(env.now), self._links()
            if many:
                yield env.timeout(many * time + (many - 1) * gap)
            else:
                many = 1
                yield from self._one()
                time = float(env.now) - start
            done += many
            if self.timeline is not None and not self._in_detail():
                self.timeline.note(start, self.payload() / (time + gap))
            self._account(time, many, concerned | self._links())
            if not self._more(done, gap):
                return
            if gap:
                yield env.timeout(gap)

    def _more(self, done: int, wait: float) -> bool:
        """Whether another all-reduce begins, ``wait`` s from now."""
        if self.course.duration:
            return self.env.now + wait < self.course.duration
        return done < self.course.iterations

    def _undisturbed_ahead(self, done: int) -> tuple[int, float]:
        """How many all-reduces end before anything changes (0: none), and what each takes."""
        if self._in_detail():
            return 0, math.inf
        if not self.links.healthy and self.rerouted.detours.standing(self.links.dead):
            return 0, math.inf
        if self._time is None:
            self._time = self._time_now()
        each = self._time + self.course.gap
        if self.course.duration:
            wanted = math.ceil((self.course.duration - self.env.now) / each)
        else:
            wanted = self.course.iterations - done
        ahead = self.process.horizon(self.env.now + wanted * each, self._links()) - self.env.now
        fit = math.inf if math.isinf(ahead) else max(0.0, (ahead + self.course.gap) // each)
        return int(min(fit, wanted)), self._time

    def _in_detail(self) -> bool:
        """Whether every all-reduce is to be seen phase by phase: few of them, in a timeline."""
        about = self.course.iterations or self.course.duration / (self._undisturbed + self.course.gap)
        return self.timeline is not None and about <= _FEW

    def _links(self) -> NDArray[np.bool_]:
        """(links,): those that the paths of this moment, or of home, are on."""
        if self._touched is None:
            self._touched = self.rerouted.detours.touched()
        return self._touched

    def _time_now(self) -> float:
        """Seconds of an all-reduce on the paths and links of this moment."""
        program = self.rerouted.program
        if self.links.healthy:
            return self._undisturbed if program is self.rerouted.home else flow_time(program, self.size)
        fabric = replace(program.fabric, capacity=self.links.capacity)
        return flow_time(replace(program, fabric=fabric, memo=RateMemo()), self.size)

    def _one(self) -> Generator[simpy.Event, Any, None]:
        """An all-reduce phase by phase, open to whatever changes."""
        watch = self.timeline.watch if self.timeline is not None and self._in_detail() else None
        memo = self.rerouted.program.memo if self.links.healthy else None
        self._network = FluidNetwork(self.env, self.links.capacity, memo=memo, watch=watch)
        yield from collective(self.env, self._network, self.rerouted, self.size)
        self._network = None

    def _changed(self) -> None:
        if self.links.merged:  # a link may go on with less
            self._time = None
        if self._network is not None:
            self._network.change(self.links.capacity)

    def _learned(self) -> None:
        for number in self.rerouted.learn(self._known.dead):
            self._time = self._touched = None
            if self._network is not None:
                stage = self.rerouted.stages[number]
                self._network.reroute(number, stage.paths, slice_wait(self.rerouted, number, self.size))

    def _account(self, time: float, many: int, concerned: NDArray[np.bool_]) -> None:
        """Note what all-reduces took; what they lost is shared evenly by the faults in force meanwhile that
        are on the links ``concerned``.
        """
        if abs(time - self._undisturbed) <= _SAME * self._undisturbed:
            time = self._undisturbed
        self._times.append(time)
        self._counts.append(many)
        near = [f for f in self.process.seen if concerned[self.links.links_of(f.outage.cables)].any()]
        for fault in near:
            fault.lost += (time - self._undisturbed) * many / len(near)

    def payload(self) -> float:
        """Bytes that one all-reduce delivers: all transfers of all phases."""
        home = self.rerouted.home
        each = (slice_bytes(home, k, self.size) * len(s.phase) for k, s in enumerate(home.stages))
        return home.schedule.pipeline * sum(each)
