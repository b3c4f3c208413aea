"""Several jobs and bursts of background traffic on one clock and one network. Knows no file and no fabric."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import simpy

from sims.models.fluid.network import FluidNetwork
from sims.models.step.clock import Record, Stretch, run_tasks
from sims.models.step.traffic import Traffic
from sims.workload.job.tasks import Task

__all__ = ["Burst", "Course", "Pace", "Party", "run_together"]

_DRAWS = 0x70B5  # sets these draws apart from others of the same seed


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long ranks take to compute, by chance. ``ranks`` of them wait for the slowest; ``jitter``: sigma of
    the lognormal factor of each, of median 1; ``stragglers`` of them are ``slowdown`` times as slow.
    """

    ranks: int
    jitter: float = 0.0
    stragglers: int = 0
    slowdown: float = 1.0

    def slowest(self, chance: float, other: float) -> float:
        """The factor of the slowest rank, of two numbers drawn evenly from (0, 1).

        The largest of m normal numbers has the distribution Phi(z)^m, so one draw tells it.

        >>> Pace(ranks=4, stragglers=1, slowdown=1.5).slowest(0.5, 0.5)
        1.5
        """
        found = 0.0
        for count, factor, drawn in (
            (self.ranks - self.stragglers, 1.0, chance),
            (self.stragglers, self.slowdown, other),
        ):
            if count:
                above = -math.expm1(math.log(drawn) / count)  # the chance of a larger one
                found = max(found, factor * math.exp(-self.jitter * NormalDist().inv_cdf(above)))
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Party:
    """A job: ``iterations`` of ``tasks`` one after another from ``start`` s on. ``seed``: of its pace."""

    name: str
    tasks: Sequence[Task]
    iterations: int
    start: float
    pace: Pace
    seed: Sequence[int]

    def stretch(self, iteration: int) -> Stretch | None:
        """How much longer each task computes in an iteration: the same, whoever else runs."""
        if not (self.pace.jitter or self.pace.stragglers):
            return None
        rng = np.random.default_rng([_DRAWS, *self.seed, iteration])
        drawn = np.clip(rng.random((len(self.tasks), 2)), 1e-300, 1 - 1e-16)
        factor = {id(task): self.pace.slowest(*pair) for task, pair in zip(self.tasks, drawn.tolist())}
        return lambda task, seconds: seconds * factor[id(task)]


@dataclass(frozen=True, kw_only=True)
class Burst:
    """Background: the program ``call`` with ``size`` bytes each ``period`` s, from ``start`` s on."""

    name: str
    call: str
    size: float
    period: float
    start: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What came: the record of each iteration of each job, and when each burst began and ended, in s after
    ``since``, the earliest start."""

    records: Mapping[str, Sequence[Record]]
    bursts: Mapping[str, Sequence[tuple[float, float]]]
    since: float = 0.0


def run_together(traffic: Traffic, parties: Sequence[Party], bursts: Sequence[Burst] = ()) -> Course:
    """All of them at once, until the last job has ended.

    ``traffic``: holds every program that they call; others in it do no harm.
    """
    # Counted from the earliest start, times keep their digits however late that is.
    since = min([one.start for one in parties] + [one.start for one in bursts])
    parties = [replace(one, start=one.start - since) for one in parties]
    bursts = [replace(one, start=one.start - since) for one in bursts]
    env = simpy.Environment()
    network = traffic.network(env)
    records: dict[str, list[Record]] = {one.name: [] for one in parties}
    times: dict[str, list[tuple[float, float]]] = {one.name: [] for one in bursts}
    jobs = [env.process(_iterate(env, network, traffic, one, records[one.name])) for one in parties]
    for burst in bursts:
        env.process(_burst(env, network, traffic, burst, times[burst.name].append))
    env.run(env.all_of(jobs))
    return Course(records=records, bursts=times, since=since)


def _iterate(
    env: simpy.Environment, network: FluidNetwork, traffic: Traffic, one: Party, into: list[Record]
) -> Generator[simpy.Event, Any, None]:
    yield env.timeout(one.start)
    for number in range(one.iterations):
        step = run_tasks(env, network, traffic, one.tasks, stretch=one.stretch(number))
        into.append((yield env.process(step)))


def _burst(
    env: simpy.Environment,
    network: FluidNetwork,
    traffic: Traffic,
    one: Burst,
    tell: Callable[[tuple[float, float]], None],
) -> Generator[simpy.Event, Any, None]:
    yield env.timeout(one.start)
    number = 0
    while True:
        begin = env.now
        yield from traffic.call(network, one.call, one.size)
        tell((begin, env.now))
        number += 1
        yield env.timeout(max(0.0, one.start + number * one.period - env.now, 1e-12))
