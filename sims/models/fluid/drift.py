"""Groups that drift: each goes on to its next phase when it is ready itself, on one network with all others.

Exact where ``resolution`` is 0. Above, groups set out on a phase together: after one has, others that become
ready wait for the end of a window. Windows are that share of the time that all take in step, over the number
of phases, so that a group waits for no more than that share in all; how long they did is measured. A tree
fills and drains in as many full steps as where all groups are in step.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Paths
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.models.fluid.engine import collective
from sims.models.fluid.network import FluidNetwork
from sims.models.fluid.program import OfHome, Program
from sims.models.fluid.rate_memo import RateMemo
from sims.models.fluid.stage import Stage, chains, shares
from sims.models.latency import transfer_latency
from sims.workload.groups import Kin
from sims.workload.schedule import Phase, Schedule

__all__ = ["Drift", "Drifted"]

_LONGEST = 1800.0  # s of work that are begun
_RESOLUTIONS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
# Measured on trees of 1,024 to 100,096 endpoints: seconds for each link of each flow, every time that rates
# are found; and how often they are while a phase of a group lasts, whose flows come at once and end at a few
# rates.
_CROSSING, _ROUND, _LOCKSTEP = 110e-9, 5, 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Drifted:
    """``end``: (groups,) in s; ``late``: (groups,) in s that each has waited to set out with others;
    ``solves``: how often rates were found.
    """

    end: NDArray[np.float64]
    late: NDArray[np.float64]
    solves: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Drift:
    """Kinds of groups, each with the program in which they run in step, ready to run apart."""

    kinds: tuple[tuple[Kin, Program], ...]

    @property
    def phases(self) -> int:
        """Of the groups that have most, each slice counted."""
        return max(len(kin.schedule.phases) * kin.schedule.pipeline for kin, _ in self.kinds)

    def work(self, resolution: float) -> tuple[float, float]:
        """About how often rates are found, and the seconds of processor time that this takes."""
        often, crossings = 0.0, 0.0
        for kin, program in self.kinds:
            each = [_LOCKSTEP if stage.phase.lockstep else _ROUND for stage in program.stages]
            often += len(kin.which) * kin.schedule.pipeline * sum(each)
            crossings += float(np.mean([len(stage.routed.link) for stage in program.stages]))
        if resolution:
            often = min(often, 2 * self.phases / resolution)  # one arrival and one end in each window
        return often, often * crossings * _CROSSING

    def require_time(self, resolution: float) -> None:
        """Find out before anything runs that it would take too long.

        Raises:
            ParameterError: so it would; names the finest resolution that does not, if any does.
        """
        often, seconds = self.work(resolution)
        if seconds <= _LONGEST:
            return
        fits = [one for one in _RESOLUTIONS if one > resolution and self.work(one)[1] <= _LONGEST]
        rule = f"rates are found some {often:,.0f} times, {_minutes(seconds)}: at most {_minutes(_LONGEST)}"
        if fits:
            takes = _minutes(self.work(fits[0])[1])
            rule += f"; {fits[0]:g} takes {takes}, and no group waits for more than {fits[0]:.1%} of the time"
        raise ParameterError("drift", f"{resolution:g}", rule)

    def run(self, size: float, resolution: float = 0.0, in_step: float = 0.0) -> Drifted:
        """All groups to their last receipt. ``in_step``: seconds that they take in step."""
        env, count = simpy.Environment(), sum(len(kin.which) for kin, _ in self.kinds)
        window = resolution * in_step / self.phases
        capacity = self.kinds[0][1].fabric.capacity
        gate = _Gate(env, window)
        network = FluidNetwork(env, capacity, memo=_Forgetful(), resolution=resolution / self.phases)
        end, late = np.zeros(count), np.zeros(count)

        def go(number: int, runs: _Own) -> Generator[simpy.Event, Any, None]:
            gated = _Gated(network, gate, number, late)
            yield env.process(collective(env, gated, runs, size))  # type: ignore[arg-type]
            end[number] = env.now

        every = [
            env.process(go(number, runs))
            for kin, program in self.kinds
            for number, runs in zip(kin.which.tolist(), _apart(kin, program))
        ]
        env.run(env.all_of(every))
        return Drifted(end=end, late=late, solves=network.solves)


def _minutes(seconds: float) -> str:
    return f"about {counted(max(1, round(seconds / 60)), 'minute')}"


class _Forgetful(RateMemo):
    """Keeps nothing: the same flows hardly ever meet twice."""

    def get(
        self, batches: tuple[Paths, ...], solve: Callable[[], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        return solve()


class _Gate:
    """Lets groups set out together: at most once in ``window`` seconds, at once where that is 0."""

    def __init__(self, env: simpy.Environment, window: float) -> None:
        self.env, self.window = env, window
        self.last = -window  # when somebody set out

    def wait(self) -> float:
        """Seconds until a group may set out that is ready now."""
        now, following = self.env.now, self.last + self.window
        if now > self.last + 1e-12 * self.window and now < following * (1 - 1e-15):
            return following - now
        self.last = now
        return 0.0


class _Gated:
    """A network on which one group sends when a gate lets it. ``late``: (groups,) in s that each waited."""

    def __init__(self, network: FluidNetwork, gate: _Gate, number: int, late: NDArray[np.float64]) -> None:
        self.network, self.gate, self.number, self.late = network, gate, number, late

    def send(self, *what: Any, **how: Any) -> simpy.Event:
        """As of FluidNetwork."""
        wait = self.gate.wait()
        return (
            self.network.env.process(self._later(wait, what, how))
            if wait
            else self.network.send(*what, **how)
        )

    def _later(
        self, wait: float, what: Sequence[Any], how: dict[str, Any]
    ) -> Generator[simpy.Event, Any, Any]:
        self.late[self.number] += wait
        yield self.network.env.timeout(wait)
        self.gate.wait()  # the first that sets out closes it behind all
        return (yield self.network.send(*what, **how))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Own(OfHome):
    """The program of one group: its own stages of ``home``, that of all."""

    home: Program
    schedule: Schedule
    stages: tuple[Stage, ...]


def _apart(kin: Kin, program: Program) -> list[_Own]:
    """The program of each group of ``kin``, whose ``program`` has the transfers of one after the other's."""
    count = len(kin.which)
    known: dict[int, list[Paths]] = {}
    stages: list[list[Stage]] = [[] for _ in range(count)]
    for stage, phase in zip(program.stages, kin.schedule.phases):
        rows = np.arange(len(stage.routed)).reshape(program.qps, count, -1)
        each = transfer_latency(stage.routed, program.fabric, program.profile)
        if id(stage.routed) not in known:
            known[id(stage.routed)] = [
                _paths(stage.routed.take(rows[:, g].ravel()), phase, program) for g in range(count)
            ]
        for g, (mine, paths) in enumerate(zip(stages, known[id(stage.routed)])):
            waits = each[rows[:, g].ravel()]
            if phase.lockstep:
                waits = chains(phase, waits, program.qps, kin.schedule.chunks)[1].max()
            share = 1.0 if phase.lockstep else shares(phase, program.qps)
            mine.append(replace(stage, phase=phase, paths=paths, share=share, latency=waits))
    return [_Own(home=program, schedule=kin.schedule, stages=tuple(mine)) for mine in stages]


def _paths(routed: Paths, phase: Phase, program: Program) -> Paths:
    """The flows of one group in a phase, or the entity that they are where they go in lockstep."""
    if not phase.lockstep:
        return routed
    share = np.broadcast_to(shares(phase, program.qps), len(routed))
    return routed.scaled(share).grouped(np.array([len(routed)]))
