"""Suspects: every variant of every cause, simulated on the ranks of one log. Reads no log.

Simulated once, they are held against any number of logs of these ranks and sizes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.machine.under_way import watched
from fabric.words.errors import FabricsimError
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.rank_steps import messages
from sims.models.kernel import at_hand
from sims.studies.diagnose.cause import FILE, Cause, Site, Variant
from sims.studies.diagnose.causes import EXPECTED, FORCED, causes
from sims.studies.expect.choice import Choice
from sims.studies.expect.plan import Plan

__all__ = ["Suspect", "Suspects"]

_RAN = Cause(name=FORCED, words="", look="", variants=(Variant(words="what ran"),))  # and nothing besides

_MOST_MESSAGES = 40_000  # of a healthy run at all sizes; some 40 runs follow, of 6 us a message and routing
_SEEN = 0.1  # of log(time): what changes no size by more is not seen


@dataclass(frozen=True, kw_only=True, eq=False)
class Suspect:
    """A variant of a cause and ``times``, (sizes,) in s, that the ranks then take; ``ran``: what runs at each
    size.
    """

    cause: Cause
    variant: Variant
    times: NDArray[np.float64]
    ran: tuple[Choice, ...]


class Suspects:
    """What the ranks of ``settings`` take for ``sizes`` on ``fabric`` as it should be, and with every cause.

    ``all``: those that can be seen, the healthy run first; ``unseen``: names of causes of which no variant
    changes a size by more than a tenth, or none is possible; ``healthy``: (sizes,) rows of the healthy run.
    ``told``: by size what the library said that it ran, which otherwise is what it would choose. ``engine``,
    ``packet``: settings of the runs, ``how`` they are run: by engine flow each rank goes on by itself, unless
    ``sync`` is said or that would take long. Other arguments as of Plan.
    """

    def __init__(
        self,
        fabric: Fabric,
        sizes: Sequence[int],
        choices: Sequence[Choice],
        *,
        topology: str | None = None,
        digest: str | None = None,
        watch: Callable[[str], None] = lambda label: None,
        told: Mapping[int, Choice] = {},
        engine: str = "flow",
        packet: str = "",
        nccl: bool = False,
        **settings: Any,
    ) -> None:
        self.sizes = tuple(sizes)
        self._fabric = fabric
        self.settings = {"topology": topology, "digest": digest, **settings}
        self.plan = Plan(fabric, choices, **self.settings, watch=watch, nccl=nccl)
        due = [self.plan.choice(size) for size in sizes]
        self._chosen = [self._told(told.get(size), own) for size, own in zip(sizes, due)]
        self._due = [self._healthy(*one) for one in zip(sizes, self._chosen, due)]
        self.healthy = [self.plan.run(one, size) for one, size in zip(self._due, self.sizes)]
        job = self.plan.any_job
        site = Site(
            job.members, self.plan.choices, job.collective.reduces, all(size in told for size in sizes)
        )
        self.all: list[Suspect] = []
        self.unseen: list[str] = []
        self.how = {"engine": engine, "packet": packet} if engine != "flow" else self._rank_by_rank()
        with tempfile.TemporaryDirectory(prefix="fabricsim-") as folder:
            ran = self._suspect(_RAN, _RAN.variants[0], Path(folder))
            assert ran is not None  # the first is made, or raises
            self._as_ran = ran.times
            every = list(causes(site))
            for cause in watched(every, len(every)):
                watch(cause.name)
                found = [self._suspect(cause, variant, Path(folder)) for variant in cause.variants]
                seen = [one for one in found if one is not None and (not self.all or self._shows(one))]
                self.all += seen
                if not seen:
                    self.unseen.append(cause.name)

    def _rank_by_rank(self) -> dict[str, str]:
        """Ranks go on when they can, as packets do, where that is a matter of seconds."""
        if "sync" in self.settings or not at_hand():
            return {}
        count = 0
        for choice, size in zip(self._chosen, self.sizes):
            schedule = self.plan.job(choice.profile).program(choice.algorithm).schedule
            for phase in schedule.phases:
                if phase.kind not in ("ring", "pipeline") and (phase.kind != "round" or phase.repeat > 1):
                    return {}
                each = messages(phase, size / schedule.pipeline, schedule.chunks)[0]
                count += len(phase) * each * schedule.pipeline
        return {"sync": "rank"} if count <= _MOST_MESSAGES else {}

    def _healthy(self, size: int, ran: Choice, due: Choice) -> Choice:
        """What a library should run: what it ran where that is hardly slower than what is due."""
        took, least = (self.plan.run(one, size).time_s for one in (ran, due))
        return ran if took < least * (1 + _SEEN) else due

    def _told(self, told: Choice | None, best: Choice) -> Choice:
        """What the library said that it ran, where that is one of the choices; their texts may say more."""
        if told is None:
            return best
        fits = (
            one
            for one in self.plan.choices
            if one.profile == told.profile and one.algorithm.partition(":")[0] == told.algorithm
        )
        return next(fits, best)

    def _shows(self, suspect: Suspect) -> bool:
        """Whether a cause changes what ran, or for a choice what should have."""
        against = self.all[0].times if suspect.cause.name == FORCED else self._as_ran
        return bool(np.abs(np.log(suspect.times / against)).max() > _SEEN)

    def _suspect(self, cause: Cause, variant: Variant, folder: Path) -> Suspect | None:
        """None where the fabric cannot be so: no such cables, or an endpoint would be cut off."""
        left = [one for one in self.plan.choices if variant.allows is None or variant.allows(one)]
        if variant.allows is not None:
            ran = tuple(self.plan.choice(size, left) for size in self.sizes)
        else:
            ran = tuple(self._due if cause is EXPECTED else self._chosen)
        if variant.cables:
            (folder / FILE).write_text("\n".join(variant.cables), encoding="utf-8")
        settings = {key: text.replace(FILE, str(folder / FILE)) for key, text in variant.settings.items()}
        plain = not (settings or self.how or variant.channels or variant.profile)
        jobs: dict[str, CollectiveJob] = {}
        try:
            times = [
                self.plan.run(one, self.sizes[place]).time_s
                if plain
                else self._time(one, place, variant, settings, jobs)
                for place, one in enumerate(ran)
            ]
        except FabricsimError:
            if not self.all:
                raise  # not even the healthy run can be made
            return None
        return Suspect(cause=cause, variant=variant, times=np.array(times), ran=ran)

    def _time(
        self,
        choice: Choice,
        place: int,
        variant: Variant,
        settings: Mapping[str, str],
        jobs: dict[str, CollectiveJob],
    ) -> float:
        profile = variant.profile_of(choice.profile)
        if profile not in jobs:
            given = {**self.settings, **self.how, **settings, "latency_profile": profile}
            jobs[profile] = CollectiveJob(self._fabric, **given)
        job, algorithm, size = jobs[profile], variant.algorithm_of(choice.algorithm), self.sizes[place]
        return job.row(algorithm, size).time_s if self.how else job.time(job.program(algorithm), size)
