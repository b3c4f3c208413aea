"""RunRow: several jobs at once, and who slowed whom. Knows no file and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.scenario.job_row import JobRow

__all__ = ["RunRow"]

_AGREE = 1e-6


@dataclass(frozen=True, kw_only=True, repr=False)
class RunRow(JobRow):
    """What came of the jobs of a scenario, each by its name.

    ``jobs``: of each ``ranks``, ``start_s``, ``end_s``, ``iterations``, the ``mean_s``, ``fastest_s`` and
    ``slowest_s`` of them, ``alone_s``: the mean if it had the fabric for itself, ``slowdown``: mean_s over
    alone_s, ``exposed``: the share of an iteration that is not computing. ``iterations``: the s of each.
    ``slows``: of each job how many times as long its iterations take with one other alone beside it.
    ``background``: of each ``bursts``, the share ``late`` that began after it was due, and the ``load`` that
    got through, of that which was meant.
    """

    KIND: ClassVar[str] = "run"

    endpoints: int
    makespan_s: float
    jobs: dict[str, dict[str, float]]
    iterations: dict[str, list[float]]
    slows: dict[str, dict[str, float]]
    background: dict[str, dict[str, float]]

    def card(self) -> tuple[str, dict[str, str]]:
        slowdowns = (f"{name} {one['slowdown']:.3g} times" for name, one in self.jobs.items())
        return f"RunRow {self.scenario.settings['topology']}", {
            "jobs": f"{len(self.jobs):,}",
            "last end": format_time(self.makespan_s),
            "against alone": ", ".join(slowdowns),
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """A record for each job, for a table."""
        for name, one in self.jobs.items():
            slows = self.slows.get(name, {})
            worst = max(slows, key=lambda other: slows[other], default="")
            yield {"key": self.key, "job": name, **one, "iteration_s": self.iterations[name],
                   "slowed_most_by": worst, "by": slows.get(worst, 1.0)}  # fmt: skip

    def check(self) -> None:
        for name, one in self.jobs.items():
            times = self.iterations.get(name, [])
            if not times or abs(sum(times) / len(times) - one["mean_s"]) > _AGREE * one["mean_s"]:
                raise ParameterError("jobs", name, "its mean_s is not that of its iterations")
            if abs(one["mean_s"] - one["slowdown"] * one["alone_s"]) > _AGREE * one["mean_s"]:
                raise ParameterError("jobs", name, "its slowdown is not mean_s over alone_s")
