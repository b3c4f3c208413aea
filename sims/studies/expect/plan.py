"""Plan: ranks on a fabric, and what a library would run on them at each size. Reads no file.

The choice is that of the healthy fabric: a library knows its cost model, and not what is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.scenario.row import Row
from sims.studies.expect.choice import Choice

__all__ = ["Plan"]


class Plan:
    """The fastest of ``choices`` at each size.

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
        **settings: Any,
    ) -> None:
        self._fabric, self._settings = fabric, {"topology": topology, "digest": digest, **settings}
        self._jobs: dict[str, CollectiveJob] = {}
        self.left_out: list[str] = []
        self.choices: list[Choice] = []
        refused: dict[str, ParameterError] = {}
        for choice in choices:
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

    def row(self, size: int) -> Row:
        """The row of the choice that is the fastest at ``size`` bytes; of equal ones the first."""
        rows = [self.job(one.profile).row(one.algorithm, size) for one in self.choices]
        return min(rows, key=lambda row: row.time_s)
