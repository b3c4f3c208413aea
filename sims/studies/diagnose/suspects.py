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
from fabric.words.errors import FabricsimError
from sims.jobs.collective import CollectiveJob
from sims.scenario.row import Row
from sims.studies.diagnose.cause import FILE, Cause, Site, Variant
from sims.studies.diagnose.causes import causes
from sims.studies.expect.choice import Choice
from sims.studies.expect.plan import Plan

__all__ = ["Suspect", "Suspects"]

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
    ``told``: by size what the library said that it ran, which otherwise is the fastest. ``engine``,
    ``packet``: settings of the runs; what a library runs is chosen by closed forms all the same,
    as it does. Other arguments as of Plan.
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
        **settings: Any,
    ) -> None:
        self.how = {} if engine == "flow" else {"engine": engine, "packet": packet}
        self.sizes = tuple(sizes)
        self._fabric = fabric
        self.settings = {"topology": topology, "digest": digest, **settings}
        self.plan = Plan(fabric, choices, topology=topology, digest=digest, watch=watch, **settings)
        self._rows = {one: [self._healthy(one, size) for size in sizes] for one in self.plan.choices}
        best = [self._best(self.plan.choices, place)[0] for place in range(len(self.sizes))]
        self._chosen = [self._told(told.get(size), own) for size, own in zip(sizes, best)]
        self.healthy = [self._rows[one][place] for place, one in enumerate(self._chosen)]
        job = self.plan.any_job
        site = Site(job.members, self.plan.choices, job.collective.reduces)
        self.all: list[Suspect] = []
        self.unseen: list[str] = []
        with tempfile.TemporaryDirectory(prefix="fabricsim-") as folder:
            for cause in causes(site):
                watch(cause.name)
                found = [self._suspect(cause, variant, Path(folder)) for variant in cause.variants]
                seen = [one for one in found if one is not None and (not self.all or self._shows(one))]
                self.all += seen
                if not seen:
                    self.unseen.append(cause.name)

    def _healthy(self, choice: Choice, size: int) -> Row:
        return self.plan.job(choice.profile).row(choice.algorithm, size)

    def _best(self, choices: Sequence[Choice], place: int) -> tuple[Choice, Row]:
        """The fastest of ``choices`` at a size, and its row, on the healthy fabric."""
        rows = [(one, self._rows[one][place]) for one in choices]
        return min(rows, key=lambda pair: pair[1].time_s)

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
        return bool(np.abs(np.log(suspect.times / self.all[0].times)).max() > _SEEN)

    def _suspect(self, cause: Cause, variant: Variant, folder: Path) -> Suspect | None:
        """None where the fabric cannot be so: no such cables, or an endpoint would be cut off."""
        left = [one for one in self.plan.choices if variant.allows is None or variant.allows(one)]
        places = range(len(self.sizes))
        free = variant.allows is None
        ran = tuple(self._chosen[place] if free else self._best(left, place)[0] for place in places)
        if variant.cables:
            (folder / FILE).write_text("\n".join(variant.cables), encoding="utf-8")
        settings = {key: text.replace(FILE, str(folder / FILE)) for key, text in variant.settings.items()}
        plain = not (settings or self.how or variant.channels or variant.profile)
        jobs: dict[str, CollectiveJob] = {}
        try:
            times = [
                self._rows[one][place].time_s if plain else self._time(one, place, variant, settings, jobs)
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
