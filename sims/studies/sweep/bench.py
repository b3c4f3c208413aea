"""A bench: runs one scenario after another and keeps what the next one may share. Writes nothing.

Compiling a fabric and routing on it cost far more than one more size: scenarios that share them should follow
each other, in the order of ``share_key``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from fabric import Fabric
from fabric.words.errors import TooLargeError
from sims.jobs.collective import CollectiveJob
from sims.scenario.job_row import JobRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import FABRIC, JOB, Scenario
from sims.scenario.version import model_version
from sims.simulation import fabric_of, job_of, kind_job_of

__all__ = ["Bench", "share_key"]


def share_key(scenario: Scenario | JobScenario) -> tuple[tuple[object, ...], tuple[object, ...], str]:
    """What scenarios must have in common to share a fabric; a job on it; the routes of its algorithm."""
    if isinstance(scenario, JobScenario):
        return (scenario.settings["topology"], scenario.digest_of("topology")), (scenario.key,), ""
    fabric = tuple(getattr(scenario, name) for name in FABRIC)
    return fabric, tuple(getattr(scenario, name) for name in JOB), scenario.algorithm


class Bench:
    """Runs scenarios in one process, at most one fabric and one job at a time in memory."""

    def __init__(self) -> None:
        self._fabric: tuple[object, Fabric] | None = None
        self._job: tuple[object, CollectiveJob] | None = None

    def run(self, scenario: Scenario | JobScenario) -> Row | JobRow | Failure:
        """The row of ``scenario``, or the failure that names what went wrong. Never raises an Exception."""
        try:
            if isinstance(scenario, JobScenario):
                return kind_job_of(scenario, self._fabric_for(scenario)).row()
            return self._job_for(scenario).row(scenario.algorithm, scenario.size_bytes)
        except Exception as error:  # one bad point must not end a sweep
            if isinstance(error, (MemoryError, TooLargeError)):
                self._fabric = self._job = None  # the next point may need the room
            kind = type(error).__name__
            words = " ".join(str(error).split())
            return Failure(scenario=scenario, error=f"{kind}: {words}", version=model_version())

    def run_for(
        self, seconds: float, scenarios: Sequence[Scenario | JobScenario]
    ) -> Iterator[Row | JobRow | Failure]:
        """The results of the first of ``scenarios``, as many as fit in ``seconds``; of one at the least."""
        start = time.monotonic()
        for scenario in scenarios:
            yield self.run(scenario)
            if time.monotonic() - start > seconds:
                return

    def _fabric_for(self, scenario: Scenario | JobScenario) -> Fabric:
        on = share_key(scenario)[0]
        if self._fabric is None or self._fabric[0] != on:
            self._fabric = self._job = None  # the old one goes before the new one comes: memory
            self._fabric = on, fabric_of(scenario)
        return self._fabric[1]

    def _job_for(self, scenario: Scenario) -> CollectiveJob:
        on, job, _ = share_key(scenario)
        fabric = self._fabric_for(scenario)
        if self._job is None or self._job[0] != (on, job):
            self._job = None
            self._job = (on, job), job_of(scenario, fabric)
        return self._job[1]
