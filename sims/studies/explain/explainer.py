"""Why a run takes the time that it takes, and what would help: every remedy is run, none is guessed.

A remedy is the same job with one thing changed: cables of one kind twice as fast, perfect load balancing,
packed placement, no faults, no latency, another algorithm. What it saves is the time now less the time of
that run, below zero where it would cost. Remedies overlap, so what they save does not add up.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.fault import NONE
from fabric.damage.upgrade import format_upgrades, parse_upgrades
from fabric.measures.places import cable_kinds, slug
from fabric.routing.policies import Policy
from fabric.words.errors import FabricsimError
from fabric.words.given import require
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.engine import ENGINES as TIMES
from sims.models.fluid.program import Program
from sims.models.fluid.slowest_rank import slowest_rank
from sims.models.profiles import PROFILES, LatencyProfile
from sims.scenario.row import Row
from sims.scenario.scenario import JOB_SETTINGS, Scenario
from sims.settings.texts import COLLECTIVE, command_of, option_words
from sims.simulation import fabric_of, job_of
from sims.studies.explain.bottleneck import hotspots
from sims.studies.explain.explanation import Explanation, Remedy, remedy
from sims.studies.explain.slowest_group import slowest_group
from sims.studies.explain.trials import Trial, tried
from sims.workload.collectives import AUTO, has_protocol, in_protocols, sliced
from sims.workload.skew import EVEN

__all__ = [
    "BALANCED",
    "EVERY",
    "NO_FAULTS",
    "NO_LATENCY",
    "OTHER",
    "PACKED",
    "Explainer",
    "Explanation",
    "Remedy",
    "command",
    "differing",
    "doubling",
    "doublings",
    "explain",
    "keeps_paths",
    "options",
    "remedy",
    "silent",
]

EVERY = "every cable"
BALANCED, PACKED, NO_FAULTS, NO_LATENCY, OTHER = (
    "perfect load balancing",
    "packed placement",
    "no faults",
    "no latency",
    "best other algorithm",
)


def doublings(
    fabric: Fabric, load: NDArray[np.float64], left_out: list[str]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Each kind of cable that carries any ``load``, and in the end all, with the capacities when doubled.

    ``load``: (links,) of ``fabric``. Says of kinds that carry nothing that they are ``left_out``.
    """
    names, index = cable_kinds(fabric)
    carries = np.bincount(index, weights=load) > 0
    idle = [name for name, used in zip(names, carries) if not used]
    if idle:
        left_out.append(f"2x {', '.join(idle)} ({'carries' if len(idle) == 1 else 'carry'} nothing)")
    for number in np.flatnonzero(carries).tolist():
        yield names[number], fabric.capacity * np.where(index == number, 2.0, 1.0)
    if carries.sum() > 1:
        yield EVERY, fabric.capacity * 2


def differing(
    name: str, settings: Mapping[str, str], said: Mapping[str, str], left_out: list[str]
) -> dict[str, str]:
    """What the remedy ``name`` changes of the settings ``said``; where nothing, it is ``left_out`` with why.

    >>> left_out = []
    >>> differing("no faults", {"fail": "none"}, {"fail": "none"}, left_out), left_out
    ({}, ['no faults (there are none)'])
    """
    new = {key: value for key, value in settings.items() if said[key] != value}
    if not new:
        words = [f"{key.replace('_', ' ')} is {value}" for key, value in settings.items()]
        left_out.append(f"{name} ({'there are none' if name == NO_FAULTS else words[0]})")
    return new


def options(settings: Mapping[str, str]) -> str:
    """How a command line says ``settings``.

    >>> options({"routing": "adaptive", "placement": "packed"})
    '--routing adaptive --placement packed'
    """
    return shlex.join(word for key, value in settings.items() for word in option_words(key, value))


def keeps_paths(runs_on: Fabric, policy: Policy) -> bool:
    """Whether the policy, running on that carrier, takes the same ways when a kind of cable is faster.

    UGAL weighs loads against capacities. Switches that pass for one must be alike in their rates, which only
    tiers make sure of.
    """
    merged = runs_on.contraction is not None
    return not policy.weighs and (runs_on.tiered or not merged)


def doubling(kind: str, now: float, then: float, *, scenario: Scenario | None = None) -> Remedy:
    """The remedy of twice as fast cables of a kind."""
    return remedy(f"2x {kind}", f"--upgrade {slug(kind)}", now, then, scenario=scenario)


def with_doubled(upgrade: str, kind: str) -> str:
    """The text of upgrades after one more, by two."""
    return format_upgrades(parse_upgrades(f"{'' if upgrade == NONE else upgrade + ';'}{slug(kind)}=2"))


def explain(scenario: Scenario, fabric: Fabric | None = None) -> Explanation:
    """The explanation of ``scenario``; arguments and errors as of sims.simulate."""
    explainer = Explainer(job_of(scenario, fabric or fabric_of(scenario)))
    return explainer.explain(explainer.job.row(scenario.algorithm, scenario.size_bytes))


def command(scenario: Scenario) -> str:
    """The command that runs ``scenario``; nothing for a graph in memory."""
    if scenario.topology.startswith("graph "):
        return ""
    words = [*command_of(scenario.collective), scenario.topology, "--algorithm", _spoken(scenario)]
    words += ["--size", str(scenario.size_bytes)]
    for name in JOB_SETTINGS:
        if name == COLLECTIVE:
            continue
        value = getattr(scenario, name)
        # Routing is always said: what it is by default depends on the fabric.
        if name == "routing" or value != Scenario.model_fields[name].default:
            words += option_words(name, value)
    return shlex.join(words)


def _spoken(scenario: Scenario) -> str:
    """The algorithm as a command has to name it: a row that names no slices ran without."""
    text = scenario.algorithm
    if sliced(text, scenario.engine, scenario.collective) == text:
        return text
    return f"{text}{',' if ':' in text else ':'}pipeline=1"


class Explainer:
    """Explains rows of one job. Keeps the changed jobs, so that further sizes cost little.

    Where a run is its program on the clock, remedies that leave paths as they are route nothing again. Runs
    of packets, and those during which faults strike, are run whole for every remedy.
    """

    def __init__(self, job: CollectiveJob) -> None:
        require("job", job, CollectiveJob, "the job of a collective, such as AllReduce(fabric)")
        self.job = job
        drifts = job.groups is not None and job.groups.drift is not None
        self._timed = job.engine in TIMES and job.course.plain and not drifts
        self._jobs: dict[str, tuple[CollectiveJob, str]] = {}
        self._doubled: dict[str, tuple[dict[str, NDArray[np.float64]], list[str]]] = {}
        self._again: dict[tuple[str, str], Program] = {}
        self._times: dict[tuple[int, str | int, float], float] = {}  # of jobs and programs that are kept

    def row(self, algorithm: str, size: int) -> Row:
        """As of CollectiveJob.row, with the gains."""
        row = self.job.row(algorithm, size)
        return replace(row, gains=self.gains(row))

    def rows(self, algorithms: Sequence[str], sizes: Sequence[int]) -> Iterator[Row]:
        """As of CollectiveJob.rows, with the gains."""
        for algorithm in algorithms:
            for size in sizes:
                yield self.row(algorithm, size)

    def gains(self, row: Row) -> dict[str, float]:
        """Those of ``explain``, without looking where the time goes."""
        return {one.name: one.saved_s for one in self._remedies(row)[0]}

    def explain(self, row: Row) -> Explanation:
        """Why ``row``, one of this job, takes its time. Of ``auto``, the algorithm that ran is explained."""
        program = self.job.program(row.used)
        remedies, left_out = self._remedies(row)
        return Explanation(
            time_s=row.time_s,
            latency_share=row.latency_share,
            phases=len(program.stages),
            hotspots=hotspots(program, row.scenario.size_bytes, row.time_s),
            remedies=remedies,
            left_out=left_out,
            note="" if self._timed else f"the full links are those of the {self._model()}",
            group=slowest_group(program, self.job.groups, row) if self.job.groups else None,
            last=slowest_rank(program, row.scenario.size_bytes) if row.scenario.skew != EVEN else None,
        )

    def _model(self) -> str:
        model = "fluid model" if self.job.engine not in TIMES else "groups in step"
        return model if self.job.course.plain else "run without faults"

    def _remedies(self, row: Row) -> tuple[tuple[Remedy, ...], tuple[str, ...]]:
        """Those that apply, what saves most first, and words on the others."""
        left_out: list[str] = []
        trials = [*self._twice(row, left_out), *self._settings(row, left_out)]
        trials.append((OTHER, partial(self._other, row, left_out)))
        return tried(trials, left_out), tuple(left_out)

    def _twice(self, row: Row, left_out: list[str]) -> Iterator[Trial]:
        """Every kind of cable twice as fast, and all of them."""
        if row.used not in self._doubled:
            program = self.job.program(row.used)
            words: list[str] = []
            load = np.zeros(program.fabric.n_links)
            for stage in program.stages:
                load += stage.paths.load(1.0, program.fabric.n_links)
            self._doubled[row.used] = dict(doublings(program.fabric, load, words)), words
        capacities, words = self._doubled[row.used]
        left_out += words
        for kind, capacity in capacities.items():
            try:
                settings = {"upgrade": with_doubled(row.scenario.upgrade, kind)}
            except FabricsimError as error:  # faster than any upgrade may be
                left_out.append(f"2x {kind} ({error})")
                continue

            def again(program: Program, capacity: NDArray[np.float64] = capacity) -> Program | None:
                same = keeps_paths(program.fabric, self.job.policy)
                return program.with_capacity(capacity) if same else None

            name, how = f"2x {kind}", f"--upgrade {slug(kind)}"
            yield name, partial(self._tried, row, name, how, settings, again)

    def _settings(self, row: Row, left_out: list[str]) -> Iterator[Trial]:
        """One setting of the job replaced at a time; of faults, all that make them."""
        quiet = silent(self.job.profile)
        changes: tuple[tuple[str, dict[str, str]], ...] = (
            (BALANCED, {"routing": "adaptive"}),
            (PACKED, {"placement": "packed"}),
            (NO_FAULTS, {"fail": NONE, "degrade": NONE, "faults": NONE}),
            (NO_LATENCY, {"latency_profile": quiet.spec}),
        )
        for name, settings in changes:
            if name == NO_LATENCY and has_protocol(row.used):
                left_out.append(f"{name} (that of NCCL's protocol is not of the profile)")
                continue
            said = {key: getattr(row.scenario, key) for key in settings}
            new = differing(name, settings, said, left_out)
            if not new:
                continue
            how = options(new)
            again = (lambda program: program.with_latency(quiet)) if name == NO_LATENCY else None
            yield name, partial(self._tried, row, name, how, new, again)

    def _tried(
        self,
        row: Row,
        name: str,
        how: str,
        settings: dict[str, str],
        again: Callable[[Program], Program | None] | None,
    ) -> Remedy:
        """The remedy.

        ``again``: the changed program, made of that of the job without routing; None where it must be routed.

        Raises:
            FabricsimError: it cannot be had on this fabric.
        """
        size = row.scenario.size_bytes
        if again and self._timed and (row.used, name) not in self._again:
            program = again(self.job.program(row.used))
            if program:
                self._again[row.used, name] = program
        if (row.used, name) in self._again:
            time = self._time(self._again[row.used, name], size)
            scenario = self.job.scenario(row.used, size).model_copy(update=settings)
            return remedy(name, how, row.time_s, time, scenario=scenario)
        changed, note = self._job(name, settings)
        time = self._run(changed, row.used, size)
        return remedy(name, how, row.time_s, time, scenario=changed.scenario(row.used, size), note=note)

    def _job(self, name: str, settings: dict[str, str]) -> tuple[CollectiveJob, str]:
        """The job with these settings, and what has to be said of it and not of the one that is explained."""
        if name not in self._jobs:
            changed = self.job.changed(**settings)
            note = "; ".join(said for said in changed.warnings if said not in self.job.warnings)
            self._jobs[name] = changed, note
        return self._jobs[name]

    def _time(self, program: Program, size: float) -> float:
        key = (id(program), "", size)
        if key not in self._times:
            self._times[key] = self.job.time(program, size)
        return self._times[key]

    def _run(self, job: CollectiveJob, algorithm: str, size: int) -> float:
        """Seconds of a whole run of another job, or of another algorithm of this one."""
        if self._timed:
            return self._time(job.program(algorithm), size)
        key = (id(job), algorithm, size)
        if key not in self._times:
            job.check(algorithm, [size])
            self._times[key] = job.row(algorithm, size).time_s
        return self._times[key]

    def _other(self, row: Row, left_out: list[str]) -> Remedy | None:
        """The fastest of the other algorithms, each as it runs where nothing more is said of it.

        One whose bytes alone take longer than the best found so far is not run.
        """
        size, best, chosen = row.scenario.size_bytes, float("inf"), ""
        collective = self.job.collective.name
        if has_protocol(row.used):  # what NCCL has besides
            library = sliced(f"{AUTO}:library=nccl", self.job.engine, collective)
            names = [name for name in in_protocols(library, collective) if not _same(name, row.used)]
        else:
            every = self.job.contenders(sliced(AUTO, self.job.engine, collective))
            names = [name for name in every if name.partition(":")[0] != row.used.partition(":")[0]]
        least = {name: self._least(name, size) for name in self.job.fits(names)[0]}
        refused: list[str] = []
        for name in sorted(least, key=lambda name: least[name]):
            if least[name] < best:
                try:
                    time = self._run(self.job, name, size)
                except FabricsimError as error:
                    refused.append(f"{OTHER}: {name} ({error})")
                    continue
                best, chosen = min((best, chosen), (time, name))
        left_out += refused
        if chosen:
            scenario = self.job.scenario(chosen, size)
            name = f"{OTHER}: {chosen}"
            return remedy(name, f"--algorithm {chosen}", row.time_s, best, scenario=scenario)
        if not refused:
            left_out.append(f"{OTHER} (no other fits these ranks)")
        return None

    def _least(self, algorithm: str, size: float) -> float:
        """Seconds that ``algorithm`` cannot beat: its bytes on the fullest links.

        Packets may find other ways, so of those the links of the endpoints count.
        """
        full, ideal = self.job.program(algorithm).busy(size, filling=self._timed)
        return full if self._timed else ideal


def _same(name: str, used: str) -> bool:
    """Whether these are one algorithm in one protocol of NCCL."""
    return [name.partition(":")[0], name.rpartition("=")[2]] == [
        used.partition(":")[0],
        used.rpartition("=")[2],
    ]


def silent(profile: LatencyProfile) -> LatencyProfile:
    """``profile`` without any latency, that of cables included, and with the same shares of bandwidth."""
    return replace(
        PROFILES["ideal"],
        cable_factor=0.0,
        bandwidth=profile.bandwidth,
        scaleup_bandwidth=profile.scaleup_bandwidth,
    )
