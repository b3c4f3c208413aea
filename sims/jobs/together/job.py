"""RunJob: several jobs on one fabric, ready to run together, in pairs and alone. Writes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.breakage import harmed
from fabric.graph.nic import planes, sending_rate
from fabric.routing.route import check_policy
from fabric.words.errors import ParameterError
from sims.jobs.causes import causes
from sims.jobs.opened import AnyFabric, opened
from sims.jobs.together.places import places
from sims.jobs.train.hand import hand_run
from sims.jobs.train.job import TrainJob
from sims.jobs.train.steps import StepRun
from sims.models.fluid.program import Program
from sims.models.step.clock import Record
from sims.models.step.several import Burst, Course, Pace, Party, run_together
from sims.models.step.spent import spent
from sims.models.step.traffic import Traffic
from sims.scenario.digest import digest_of
from sims.scenario.job_scenario import JobScenario
from sims.scenario.run_row import RunRow
from sims.scenario.version import model_version
from sims.settings.setup import Setup
from sims.settings.suited import brought
from sims.workload.collectives import build
from sims.workload.job.tasks import COMPUTE, Task
from sims.workload.job.together import Background, Job, read_together
from sims.workload.mesh import NO_GROUPS, dealt
from sims.workload.placement import placement_names
from sims.workload.schedule import COPY, Phase, Schedule
from sims.workload.traffic import pattern

__all__ = ["RunJob", "mean_s", "run_jobs"]

_OF_SETUP = (
    *("placement", "seed", "routing", "latency_profile"),
    *("upgrade", "fail", "degrade", "allow_partition"),
)
_DRAWS = 0x57A6  # sets these draws apart from others of the same seed
_MOST_PAIRS = 120  # runs of two; beyond them the table says nothing


class RunJob:
    """The jobs of a scenario on ``fabric``, with the settings of ``run`` as texts.

    ``topology``, ``digest``: as of CollectiveJob.

    Raises:
        ParameterError: of the first mistake.
    """

    def __init__(
        self, fabric: Fabric, *, topology: str | None = None, digest: str | None = None, **settings: Any
    ) -> None:
        asked = JobScenario.of("run", settings)
        said = asked.settings
        self.fabric = fabric
        self.setup = setup = Setup(**{name: said[name] for name in _OF_SETUP})
        self.policy, self.profile = setup.policy(planes(fabric)), setup.profile
        check_policy(fabric, self.policy)
        self.together = read_together(json.loads(said["mix"]))
        for one in self.together.jobs:
            _check_groups(one)
        seed = int(setup.seed)
        self.places = places(fabric, self.together.jobs, self.together.background, said["placement"], seed)
        self.degraded, self.damage = harmed(
            setup.improved(fabric), setup.faults_from_start, seed, allow_partition=setup.allow_partition
        )
        every = np.concatenate(list(self.places.values()))
        found = causes(setup, fabric, every, self.damage, topology, digest)
        files = {name: found[f"{name}_digest"] for name in ("topology", "routing", "fault")}
        named = [one.placement or said["placement"] for one in self.together.jobs]
        if any(map(placement_names, named)):
            files["mix"] = digest_of(every.astype("<i8"))
        self.scenario = replace(
            asked.with_settings(topology=found["topology"], routing=found["routing"]),
            digest=";".join(f"{name}={text}" for name, text in files.items() if text),
        )

    def changed(self, **texts: str) -> RunJob:
        """The same jobs on the same fabric with other settings, routed anew."""
        said = dict(self.scenario.settings)
        topology, digest = said.pop("topology"), self.scenario.digest_of("topology")
        return RunJob(self.fabric, topology=topology, digest=digest, **{**said, **texts})

    @cached_property
    def parties(self) -> list[Party]:
        """The jobs, ready for the clock."""
        return [self._party(number, one) for number, one in enumerate(self.together.jobs)]

    def _party(self, number: int, one: Job) -> Party:
        seed = [int(self.setup.seed), number]
        slow = int(np.random.default_rng([_DRAWS, *seed]).binomial(one.ranks, one.stragglers))
        pace = Pace(ranks=one.ranks, jitter=one.jitter, stragglers=slow, slowdown=one.slowdown)
        tasks = self.steps[one.name].tasks
        lanes = len({task.lane for task in tasks if task.computes}) or 1
        return Party(
            name=one.name,
            tasks=[_called(task, one.name) for task in tasks],
            iterations=one.iterations,
            start=one.start,
            pace=replace(pace, ranks=max(1, one.ranks // lanes)),
            seed=seed,
        )

    @cached_property
    def steps(self) -> dict[str, StepRun]:
        """The step of each job, routed."""
        return {one.name: self._step(one) for one in self.together.jobs}

    def _step(self, one: Job) -> StepRun:
        where, how = self.places[one.name], (self.policy, self.profile)
        try:
            if one.step is not None:
                return hand_run(one.step, one.groups, one.experts, self.degraded, where, *how)
            crew = self._training(one).crew
        except ParameterError as error:
            raise _of(one, error) from None
        return StepRun.of(replace(crew, placement=where, fabric=self.degraded, _programs={}, _once={}))

    def _training(self, one: Job) -> TrainJob:
        """The job of a step by model, as ``train`` would run it alone on the first endpoints."""
        said = {"ranks": str(one.ranks), "groups": one.groups, "experts": one.experts, **one.train}
        said |= {name: str(self.setup.values[name]) for name in ("routing", "latency_profile")}
        for name in ("topology", "placement", "seed", "steps"):
            if name in one.train:
                raise ParameterError(name, one.train[name], "is of the scenario, not of a job with a model")
        return TrainJob(self.fabric, topology=self.scenario.settings["topology"], digest="", **said)

    @cached_property
    def bursts(self) -> list[Burst]:
        return [self._burst(one) for one in self.together.background]

    def _burst(self, one: Background) -> Burst:
        amount = one.load * self._nic(one) * one.period  # of the busiest endpoint
        n = len(self.places[one.name])
        size = {"permutation": amount, "incast": amount / (n - 1), "all-to-all": amount * n / (n - 1)}
        return Burst(name=one.name, call=one.name, size=size[one.traffic], period=one.period, start=one.start)

    def _nic(self, one: Background) -> float:
        """Bytes/s of the slowest NIC among its endpoints, as the fabric was built: what is meant does not
        grow with an upgrade, nor shrink with a fault.
        """
        rate = sending_rate(self.fabric)[self.places[one.name]]
        least = float(rate.min()) * self.profile.bandwidth
        if not least > 0:
            raise ParameterError(f"background {one.name}", one.traffic, "an endpoint of it has no cable")
        return least

    @cached_property
    def traffic(self) -> Traffic:
        """All programs of all jobs, on one network."""
        programs: dict[str, Program] = {}
        fabric, policy, profile = self.degraded, self.policy, self.profile
        for name, step in self.steps.items():
            programs |= {f"{name}|{call}": program for call, program in step.programs.items()}
        for noise in self.together.background:
            where = self.places[noise.name]
            schedule = _schedule(noise.traffic, len(where), int(self.setup.seed))
            programs[noise.name] = Program.compile(schedule, fabric, where, policy, profile)
        return Traffic.of(programs)

    def course(self, names: Sequence[str] | None = None) -> Course:
        """Those of these ``names`` at once, by default all."""
        kept = [one for one in self.parties if names is None or one.name in names]
        noise = [one for one in self.bursts if names is None or one.name in names]
        return run_together(self.traffic, kept, noise)

    @cached_property
    def all(self) -> Course:
        return self.course()

    @cached_property
    def alone(self) -> dict[str, float]:
        """The mean iteration of each job that has the fabric for itself, in s."""
        return {one.name: mean_s(self.course([one.name]).records[one.name]) for one in self.parties}

    def slows(self) -> dict[str, dict[str, float]]:
        """Of each job, how many times as long its iterations take with one other alone beside it.

        Nothing where that needs too many runs.
        """
        jobs, noise = [one.name for one in self.parties], [one.name for one in self.bursts]
        found: dict[str, dict[str, float]] = {name: {} for name in jobs}
        if len(jobs) * (len(jobs) - 1) / 2 + len(jobs) * len(noise) > _MOST_PAIRS:
            return {}
        for i, name in enumerate(jobs):
            for other in jobs[i + 1 :]:
                records = self.course([name, other]).records
                found[name][other] = mean_s(records[name]) / self.alone[name]
                found[other][name] = mean_s(records[other]) / self.alone[other]
            for other in noise:
                found[name][other] = mean_s(self.course([name, other]).records[name]) / self.alone[name]
        return found

    @property
    def warnings(self) -> list[str]:
        """What has to be said beside the row."""
        said = str(self.damage) if self.damage else "", self.policy.warning(self.degraded)
        return [text for text in said if text]

    def row(self, watch: Callable[[str], None] | None = None) -> RunRow:
        """All at once, each alone, and two at a time; ``watch`` is told each before it is run."""
        watch = watch or (lambda words: None)
        watch("all jobs at once")
        records = self.all.records
        end = max(float(one[-1].end.max()) for one in records.values())
        watch("each job alone")
        jobs = {one.name: self._told(one) for one in self.parties}
        watch("two at a time")
        return RunRow(
            scenario=self.scenario,
            endpoints=self.fabric.n_endpoints,
            makespan_s=self.all.since + end,
            jobs=jobs,
            iterations={name: [one.time for one in found] for name, found in records.items()},
            slows=self.slows(),
            background={one.name: _noise(one, self.all, end) for one in self.bursts},
            version=model_version(),
        )

    def _told(self, one: Party) -> dict[str, float]:
        records = self.all.records[one.name]
        times = [record.time for record in records]
        mean, alone = sum(times) / len(times), self.alone[one.name]
        computing = [spent(record).mean(COMPUTE) / record.time for record in records if record.time]
        return {
            "ranks": len(self.places[one.name]),
            "start_s": one.start,
            "end_s": self.all.since + float(records[-1].end.max()),
            "iterations": one.iterations,
            "mean_s": mean,
            "fastest_s": min(times),
            "slowest_s": max(times),
            "alone_s": alone,
            "slowdown": mean / alone if alone else 1.0,
            "exposed": 1 - sum(computing) / len(computing) if computing else 0.0,
            "stragglers": one.pace.stragglers,
        }


def _check_groups(one: Job) -> None:
    """Whether the ranks of a job can be dealt as it says."""
    if one.groups == NO_GROUPS:
        return
    try:
        dealt(one.groups, one.experts, one.ranks)
    except ParameterError as error:
        raise _of(one, error) from None


def _of(one: Job, error: ParameterError) -> ParameterError:
    """The same mistake, said of the job."""
    return ParameterError(f"job {one.name}: {error.name}", error.value, error.rule, error.choices)


def _called(task: Task, name: str) -> Task:
    """The same task, whose programs are those of the job ``name``."""
    parts = tuple(replace(part, call=f"{name}|{part.call}") if part.call else part for part in task.parts)
    return replace(task, parts=parts)


def mean_s(records: Sequence[Record]) -> float:
    """The mean time of some iterations, in s."""
    return sum(one.time for one in records) / len(records)


def _noise(one: Burst, course: Course, end: float) -> dict[str, float]:
    """``end``: s on the clock of ``course``."""
    times, start = course.bursts[one.name], one.start - course.since
    late = sum(begin > start + number * one.period * (1 + 1e-9) for number, (begin, _) in enumerate(times))
    due = max(1.0, (end - start) / one.period)
    return {
        "bursts": float(len(times)),
        "late": late / len(times) if times else 0.0,
        "load": min(1.0, len(times) / due),
    }


def _schedule(traffic: str, n: int, seed: int) -> Schedule:
    """One burst of a pattern, of n endpoints."""
    if traffic == "all-to-all":
        return build("linear", {}, n, collective="all-to-all")
    src: NDArray[np.int32]
    if traffic == "incast":
        src, dst = np.arange(1, n, dtype=np.int32), np.zeros(n - 1, np.int32)
    else:
        found = pattern(traffic, n, 1, seed)
        src, dst = found.src.astype(np.int32), found.dst.astype(np.int32)
    first = np.zeros(len(src), np.int32)
    phase = Phase(kind="round", src=src, dst=dst, first=first, count=1, modulus=1, op=COPY)
    return Schedule(name=traffic, n=n, chunks=1, phases=(phase,))


def run_jobs(fabric: AnyFabric, jobs: str | os.PathLike[str], **settings: Any) -> RunRow:
    """The row of several jobs on ``fabric`` (compiled, a graph or a text).

    ``jobs``: the path of a scenario file, of which only the tables are read, or these as JSON; ``settings``:
    those of ``fabricsim run`` by name, as ``--set`` takes them.

    Raises:
        ParameterError: the first mistake.
    """
    compiled, topology, digest = opened(fabric, partition=settings.get("allow_partition"))
    suited = brought(topology or "")
    return RunJob(compiled, mix=jobs, **{"topology": topology, "digest": digest, **suited, **settings}).row()
