"""Plan: what a sweep will run, ready and checked. Checks nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from sims.scenario.job_scenario import JobScenario
from sims.scenario.scenario import Scenario
from sims.studies.sweep.axis import Assignments
from sims.studies.sweep.cost import Extent

__all__ = ["Plan"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will run.

    ``points``: in the order of the file, each once; ``labels``: what the axes assigned at each;
    ``endpoints``: of each topology; ``excluded``: points that ``where`` removed; ``collapsed``: points equal
    to an earlier one, such as other seeds where nothing is drawn; ``seconds``: of one core for all, about;
    ``worker_bytes``: of one worker at its fullest, about; ``extents``: what both are counted from, empty
    where they are not.
    """

    points: tuple[Scenario | JobScenario, ...]
    labels: tuple[Assignments, ...]
    endpoints: dict[str, int]
    excluded: int
    collapsed: int
    seconds: float
    worker_bytes: float
    extents: dict[str, Extent] = field(default_factory=dict, repr=False)
