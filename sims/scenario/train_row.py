"""TrainRow: one step of a training job, and where its time goes. Knows no file and runs nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.scenario.job_row import JobRow

__all__ = ["TrainRow"]

_AGREE = 1e-6


@dataclass(frozen=True, kw_only=True, repr=False)
class TrainRow(JobRow):
    """What a step takes.

    ``time_s``: of a step; ``mfu``: the FLOPs of the model over those of ``gpus`` at their peak, and
    ``tflops``: the same of a GPU in 10^12/s (0 of a step by hand, which says no model); ``tokens_per_s``;
    ``compute_share``: of the peak of ``gpu_used``, which GPUs reach while they compute. ``exposed``: seconds
    of a kind in the mean over stages, which add up to the step: ``compute``, each dimension waited for,
    ``optimizer``, and ``waiting`` for others that compute. ``busy``: seconds in which each dimension
    communicates, hidden or not. ``bubble``: by what share waiting would lengthen the step were messages
    free. ``memory``: bytes of a GPU of the fullest stage, by what they hold; ``capacity``. ``utilisation``:
    per kind of link, the share of the step in which it is busy, in the mean and the fullest.
    ``gains``: seconds that each remedy would save, where it was asked for. ``error_low``, ``error_high``: the
    step takes 1 + error_low to 1 + error_high times as long if what it sends does as on four of five machines
    (sims.jobs.train.band); both 0 where of some of it nothing near was measured.
    """

    KIND: ClassVar[str] = "train"

    endpoints: int
    gpus: int
    gpu_used: str
    time_s: float
    mfu: float
    tflops: float
    tokens_per_s: float
    compute_share: float
    microbatches: int
    bubble: float
    exposed: dict[str, float]
    busy: dict[str, float]
    memory: dict[str, float]
    utilisation: dict[str, dict[str, float]]
    gains: dict[str, float] = field(default_factory=dict, compare=False)
    error_low: float = 0.0
    error_high: float = 0.0

    def card(self) -> tuple[str, dict[str, str]]:
        said = self.scenario.settings
        return f"TrainRow {said['topology']}", {
            "GPUs": f"{self.gpus:,}",
            "model": "by hand" if said["steps"] else said["model"],
            "step": format_time(self.time_s),
            "MFU": f"{self.mfu:.1%}" if self.mfu else "",
        }

    def check(self) -> None:
        if not 0 < self.time_s < math.inf:
            raise ParameterError("time_s", self.time_s, "above zero: no step takes no time")
        total = sum(self.exposed.values())
        if not math.isclose(total, self.time_s, rel_tol=_AGREE):
            raise ParameterError("exposed", total, f"contradicts time_s: together {self.time_s:.9g}")
        if self.endpoints < self.gpus:
            raise ParameterError("endpoints", self.endpoints, f"at least the {self.gpus:,} GPUs of the job")
