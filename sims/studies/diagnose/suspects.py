"""Suspects: every variant of every cause, simulated on the ranks of one log. Reads no log.

Simulated once, they are held against any number of logs of these ranks and sizes.
"""

from __future__ import annotations

import math
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

__all__ = ["Suspect", "Suspects", "packets"]

_RAN = Cause(name=FORCED, words="", look="", variants=(Variant(words="what ran"),))  # and nothing besides

_MOST_MESSAGES = 40_000  # of a healthy run at all sizes; some 80 runs follow, of 6 us a message and routing
_PACKET, _FEW = 4096, 256  # bytes, as on networks; of larger sizes so many packets a rank's buffer
_LARGEST = 2**28  # bytes, so many packets of the largest that there are; from there on flows take as long
_SEEN = 0.1  # of log(time): what changes no size by more is not seen


@dataclass(frozen=True, kw_only=True, eq=False)
class Suspect:
    """A variant of a cause and ``times``, (sizes,) in s, that the ranks then take; ``in_step``: the same if
    all waited for all after every step; ``ran``: what runs at each size.
    """

    cause: Cause
    variant: Variant
    times: NDArray[np.float64]
    in_step: NDArray[np.float64]
    ran: tuple[Choice, ...]


class Suspects:
    """What the ranks of ``settings`` take for ``sizes`` on ``fabric`` as it should be, and with every cause.

    ``all``: those that can be seen, the healthy run first; ``unseen``: names of causes of which no variant
    changes a size by more than a tenth, or none is possible; ``healthy``: (sizes,) rows of the healthy run.
    ``told``: by size what the library said that it ran, which otherwise is what it would choose. ``engine``,
    ``packet``: settings of the runs, "": packet by packet where that is a matter of seconds. By engine flow
    each rank goes on by itself, unless ``sync`` is said or that would take long. ``how``: (sizes,), the
    settings that come of it. Other arguments as of Plan.
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
        engine: str = "",
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
        self.how = self._how(engine, packet)
        site = Site(
            job.members,
            self.plan.choices,
            job.collective.reduces,
            told=all(size in told for size in sizes),
            apart=any(self.how),
        )
        self.all: list[Suspect] = []
        self.unseen: list[str] = []
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

    def _how(self, engine: str, packet: str) -> tuple[Mapping[str, str], ...]:
        """(sizes,): the settings of the runs of each size besides the job's.

        Packets are nearer to a machine than flows: of several rings through one link, those of flows go in
        step, packets drift apart and fill each other's gaps. And ranks go on when they can, as on a machine,
        where that is a matter of seconds.
        """
        if engine == "packet":
            return tuple({"engine": engine, "packet": packet or packets(size)} for size in self.sizes)
        if engine not in ("", "flow"):
            return ({"engine": engine},) * len(self.sizes)
        if "sync" in self.settings or not at_hand() or self._messages() > _MOST_MESSAGES:
            return ({},) * len(self.sizes)
        by_packets = not engine and self.plan.any_job.policy.packets is not None
        return tuple(
            {"engine": "packet", "packet": packets(size)}
            if by_packets and size <= _LARGEST
            else {"sync": "rank"}
            for size in self.sizes
        )

    def _messages(self) -> float:
        """Of a healthy run at all sizes; infinite where there are none to follow."""
        count = 0.0
        for choice, size in zip(self._chosen, self.sizes):
            schedule = self.plan.job(choice.profile).program(choice.algorithm).schedule
            for phase in schedule.phases:
                if phase.kind not in ("ring", "pipeline") and (phase.kind != "round" or phase.repeat > 1):
                    return math.inf
                each = messages(phase, size / schedule.pipeline, schedule.chunks)[0]
                count += len(phase) * each * schedule.pipeline
        return count

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
        healthy = not (settings or variant.channels or variant.profile)
        jobs: dict[tuple[str, str], CollectiveJob] = {}
        try:
            in_step = [
                self.plan.run(one, self.sizes[place]).time_s
                if healthy
                else self._time(one, place, variant, settings, jobs)
                for place, one in enumerate(ran)
            ]
            times = [
                self._time(one, place, variant, {**how, **settings}, jobs) if how else in_step[place]
                for place, (one, how) in enumerate(zip(ran, self.how))
            ]
        except FabricsimError:
            if not self.all:
                raise  # not even the healthy run can be made
            return None
        return Suspect(
            cause=cause, variant=variant, times=np.array(times), in_step=np.array(in_step), ran=ran
        )

    def _time(
        self,
        choice: Choice,
        place: int,
        variant: Variant,
        settings: Mapping[str, str],
        jobs: dict[tuple[str, str], CollectiveJob],
    ) -> float:
        """Of a variant with its ``settings``; ``jobs`` of it are kept."""
        profile = variant.profile_of(choice.profile)
        key = profile, str({name: settings.get(name) for name in ("engine", "packet", "sync")})
        if key not in jobs:
            jobs[key] = CollectiveJob(
                self._fabric, **{**self.settings, **settings, "latency_profile": profile}
            )
        return jobs[key].seconds(variant.algorithm_of(choice.algorithm), self.sizes[place])


def packets(size: int) -> str:
    """The setting ``packet`` for ``size`` bytes of a rank's buffer.

    >>> packets(1024), packets(2**28)
    ('none:mtu=4096,header=0', 'none:mtu=1048576,header=0')
    """
    return f"none:mtu={max(_PACKET, size // _FEW)},header=0"
