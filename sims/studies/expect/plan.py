"""Plan: ranks on a fabric, and what a library would run on them at each size. Reads no file.

The choice is that of the healthy fabric: a library knows its cost model, and not what is broken. NCCL's is
its own (sims.models.nccl); of what somebody names it is the fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fabric import Fabric
from fabric.machine.under_way import watched
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.jobs.library import communicator
from sims.models.nccl import COLLECTIVES, beliefs
from sims.scenario.row import Row
from sims.studies.expect.choice import Choice

__all__ = ["Plan"]


class Plan:
    """One of ``choices`` at each size: what NCCL believes to be the fastest, or without ``nccl`` the fastest.

    ``settings``: those of CollectiveJob but for the profile; ``topology``, ``digest``: as there. ``watch``:
    is told each choice before it is routed.

    Raises:
        ParameterError: as CollectiveJob; none of the choices can be run by these ranks.
    """

    def __init__(
        self,
        fabric: Fabric,
        choices: Sequence[Choice],
        *,
        topology: str | None = None,
        digest: str | None = None,
        watch: Callable[[str], None] = lambda label: None,
        nccl: bool = False,
        **settings: Any,
    ) -> None:
        self._fabric, self._settings = fabric, {"topology": topology, "digest": digest, **settings}
        self._jobs: dict[str, CollectiveJob] = {}
        self._rows: dict[tuple[Choice, int], Row] = {}
        self.left_out: list[str] = []
        self.choices: list[Choice] = []
        refused: dict[str, ParameterError] = {}
        for choice in watched(choices, len(choices)):
            watch(f"{choice.algorithm}, {choice.profile}")
            job = self.job(choice.profile)
            try:
                job.check(choice.algorithm, [1])
                self.choices.append(choice)
            except ParameterError as error:
                refused.setdefault(choice.algorithm, error)
        self.left_out = [f"left out: {name}: {error}" for name, error in refused.items()]
        if not self.choices:
            raise next(iter(refused.values()))
        of = self.any_job.collective.name
        self._seen = communicator(fabric, self.any_job.placement) if nccl and of in COLLECTIVES else None

    def job(self, profile: str) -> CollectiveJob:
        """The ranks with a profile; kept."""
        if profile not in self._jobs:
            settings = {**self._settings, "latency_profile": profile}
            self._jobs[profile] = CollectiveJob(self._fabric, **settings)
        return self._jobs[profile]

    @property
    def any_job(self) -> CollectiveJob:
        """One of its jobs, for what all have in common."""
        return self.job(self.choices[0].profile)

    def choice(self, size: int, among: Sequence[Choice] = ()) -> Choice:
        """The choice at ``size`` bytes, of all or of those ``among`` them; of equal ones the first."""
        left = among or self.choices
        if self._seen:
            every = beliefs(self._seen, self.any_job.collective.name, size)
            for one in sorted(every, key=lambda one: one.time):
                for choice in left:
                    if choice.profile == f"nccl-{one.algorithm}-{one.protocol}":
                        return choice
        return min(left, key=lambda one: self.run(one, size).time_s)

    def run(self, choice: Choice, size: int) -> Row:
        """The row of a choice; kept."""
        if (choice, size) not in self._rows:
            self._rows[choice, size] = self.job(choice.profile).row(choice.algorithm, size)
        return self._rows[choice, size]

    def row(self, size: int) -> Row:
        """The row of what runs at ``size`` bytes."""
        return self.run(self.choice(size), size)
