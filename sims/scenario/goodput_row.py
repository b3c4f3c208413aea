"""GoodputRow: weeks of one job, and where the time went. Knows no file and runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.scenario.job_row import JobRow

__all__ = ["LOSSES", "GoodputRow"]

_AGREE = 1e-6
LOSSES = ("lost", "restarting", "waiting", "slowed")


@dataclass(frozen=True, kw_only=True, repr=False)
class GoodputRow(JobRow):
    """What came of ``runs`` histories of a job.

    ``share``: of the time, what was useful; its mean lies between ``low`` and ``high`` in 95 of 100 such
    samples, and ``spread`` is the standard deviation from run to run. ``saving``: the share for checkpoints.
    ``causes``: of each cause the shares that were ``lost`` (work and saving undone), ``restarting``,
    ``waiting`` for hosts and ``slowed``, and its ``interruptions`` of a run, in the mean. With ``share`` and
    ``saving`` the shares add up to 1.

    ``mtti_s``: mean time to an interruption by the rates, 0 where nothing interrupts; ``interval_s``: work
    between checkpoints, 0 for never; ``best_s``: the interval that Daly's formula takes for best;
    ``daly``: the share that it expects where nothing slows the job and hosts are there at once, and where
    nothing is saved the share of work since the last failure; ``save_s``,
    ``restart_s``: what a checkpoint takes, and what passes from a failure until work goes on.
    ``network``: of each class of cables and switches that can fail ``count``, how long the collective takes
    without one (``stretch``, 0: the job stops), ``hosts`` that lose their network then (-1: no spare helps),
    and how many fail ``per_day``.
    """

    KIND: ClassVar[str] = "goodput"

    endpoints: int
    gpus: int
    hosts: float
    share: float
    low: float
    high: float
    spread: float
    saving: float
    interruptions: float
    mtti_s: float
    interval_s: float
    best_s: float
    save_s: float
    restart_s: float
    daly: float
    causes: dict[str, dict[str, float]]
    network: dict[str, dict[str, float]]

    def card(self) -> tuple[str, dict[str, str]]:
        return f"GoodputRow {self.scenario.settings['topology']}", {
            "GPUs": f"{self.gpus:,}",
            "useful": f"{self.share:.2%} ({self.low:.2%} to {self.high:.2%})",
            "interrupted every": format_time(self.mtti_s) if self.mtti_s else "never",
            "interval": format_time(self.interval_s) if self.interval_s else "never",
        }

    def of_loss(self, loss: str) -> float:
        """The share of the time that went into one of LOSSES, of all causes."""
        return sum(one[loss] for one in self.causes.values())

    def check(self) -> None:
        total = self.share + self.saving + sum(map(self.of_loss, LOSSES))
        if abs(total - 1) > _AGREE:
            raise ParameterError("share", self.share, f"with what was lost it makes {total:.9g}, not 1")
        if not self.low <= self.share <= self.high:
            raise ParameterError("share", self.share, f"outside of its interval, {self.low} to {self.high}")
