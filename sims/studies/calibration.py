"""Two numbers from a measured collective: how much its latencies and its bandwidth differ from a profile's.

The time of a message of S bytes is modelled as f x latency + g x bytes(S), both as the ``bound`` model gives
them for an algorithm on a fabric with a profile. f and g are found by robust least squares on the logarithm
of time, so that small messages count as much as large ones and a few outliers do not pull. Reads no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.models.profiles import CONSTANTS, CUSTOM, MOST_SHARE, LatencyProfile
from sims.studies.nccl_log import Measurement
from sims.workload.collectives import sliced

__all__ = ["Fit", "SizesError", "fit", "robust_fit"]

_LEAST_SIZES = 3  # two numbers and something to judge them by
_LEAST_SHARE = 1e-3  # of the time at some size: a smaller part of it no measurement tells
_HUBER = (
    1.345  # standard deviations from which on an error counts linearly: 95% efficient if errors are normal
)
_MAD = 1.4826  # standard deviations of a normal distribution in one median absolute deviation
_ROUNDS = 200
_FEW_SIZES = 5  # below which a warning is due
_POOR_TYPICAL, _POOR_TENTH = 0.1, 0.3  # residuals: the median, and what a tenth of them is above
_ABOVE = 1.01  # of the links' rate: what is above by less may be jitter
_NO_TIMES = ("plateau", "eager", "cache", "injection")
_TIMES = tuple(key for key in CONSTANTS if not key.endswith(("bandwidth", "factor")) and key not in _NO_TIMES)


class SizesError(ParameterError):
    """The sizes that were measured do not tell both numbers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """What was found for one ``algorithm``.

    ``runs_as``: the algorithm as it was fitted, which runs give the times of: one phase after another;
    ``profile``: the constants, with latencies times f and bandwidths over g; ``alpha``: s, the latency of the
    whole collective; ``busbw``: bytes/s, the bus bandwidth that the largest size would have without latency;
    ``size``, ``measured``, ``modelled``: (measurements,) bytes and s; ``at_rate``: (measurements,) s, what
    the bytes alone take at the full rate of the links.
    """

    algorithm: str
    runs_as: str
    topology: str
    base: str
    profile: LatencyProfile
    alpha: float
    busbw: float
    size: NDArray[np.int64]
    measured: NDArray[np.float64]
    modelled: NDArray[np.float64]
    at_rate: NDArray[np.float64]

    @property
    def residual(self) -> NDArray[np.float64]:
        """(measurements,): measured over modelled, less one."""
        return self.measured / self.modelled - 1

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the numbers may not be what one takes them for: few sizes, a poor fit, above line rate."""
        found = []
        if (sizes := len(np.unique(self.size))) < _FEW_SIZES:
            found.append(f"only {sizes} sizes were measured: two numbers are found from them")
        tenth = float(np.quantile(np.abs(self.residual), 0.9))
        if self.typical > _POOR_TYPICAL or tenth > _POOR_TENTH:
            rule = f"{_POOR_TYPICAL:.0%} or {_POOR_TENTH:.0%}"
            found.append(
                f"a poor fit: half of the times are off by more than {self.typical:.1%}, a tenth by "
                f"more than {tenth:.1%} (poor is {rule}): {self.algorithm} on {self.topology} "
                "does not tell why"
            )
        share = max(self.profile.bandwidth, self.profile.scaleup_bandwidth)
        if share > _ABOVE:
            found.append(
                f"the bandwidth is above line rate: {share:.4g} times what the links of {self.topology} "
                f"carry: {self._why_above}"
            )
        return tuple(found)

    @property
    def _why_above(self) -> str:
        """What can have made the bandwidth more than the links': times that are, or a fit of unlike times."""
        other = "another algorithm ran at some sizes (NCCL chooses one for each)"
        sizes = len(np.unique(self.size[self.measured * _ABOVE < self.at_rate]))
        if sizes:
            took = f"{counted(sizes, 'size')} took less than the bytes of {self.algorithm} do at that rate"
            return f"{took}: links were faster, switches reduced, or {other}"
        return f"no size took less than the bytes of {self.algorithm} do at that rate: probably {other}"

    def provenance(
        self, log: str, ranks: int, warnings: Sequence[str] = ()
    ) -> dict[str, str | float | list[str]]:
        """What a reader of the file should know of how it was found; ``warnings``: beside the fit's."""
        return {
            "log": log,
            "ranks": ranks,
            "algorithm": self.runs_as,
            "topology": self.topology,
            "began_with": self.base,
            "alpha_us": float(f"{self.alpha * 1e6:.6g}"),
            "busbw_GBps": float(f"{self.busbw / 1e9:.6g}"),
            "measurements": len(self.size),
            "median_residual": float(f"{self.typical:.4g}"),
            "warnings": [*warnings, *self.warnings],
        }

    @property
    def typical(self) -> float:
        """The median of the residuals without their sign."""
        return float(np.median(np.abs(self.residual)))


def fit(job: CollectiveJob, algorithm: str, rows: Sequence[Measurement]) -> Fit:
    """The constants of ``job``'s profile with which ``algorithm`` best fits ``rows``.

    Raises:
        SizesError: fewer than three sizes, or sizes that tell nothing of latency or of bandwidth.
        ParameterError: a job without any latency, of which no factor is found; an algorithm that is unknown,
            or in slices, whose times are no sum of the two.
    """
    size = np.array([row.size_bytes for row in rows], np.int64)
    measured = np.array([row.time_s for row in rows])
    sizes, place = np.unique(size, return_inverse=True)
    if len(sizes) < _LEAST_SIZES:
        rule = f"at least {_LEAST_SIZES} sizes, for two numbers and something to judge them by"
        raise SizesError(f"sizes of {algorithm}", len(sizes), rule)
    program = job.program(algorithm)
    if program.schedule.pipeline > 1:
        rule = "one phase after another: what slices take is no sum of latency and bytes"
        raise ParameterError("pipeline", program.schedule.pipeline, rule, ("1",))
    latency = np.array([program.chain(s) for s in sizes.tolist()])
    seconds = np.array([program.byte_times(s)[:, 0].sum() for s in sizes.tolist()])
    if not latency.all():
        raise ParameterError("latency-profile", job.profile.spec, "has no latency that could be scaled")
    f, g = robust_fit(latency[place], seconds[place], measured)
    modelled = f * latency[place] + g * seconds[place]
    for part, what, which in ((f * latency, "latency", "smaller"), (g * seconds, "bandwidth", "larger")):
        if float((part[place] / modelled).max()) < _LEAST_SHARE:
            rule = f"their times tell nothing of {what}: it needs {which} ones too"
            raise SizesError(f"sizes of {algorithm}", f"{sizes[0]:,} to {sizes[-1]:,} B", rule)
    share = max(job.profile.bandwidth, job.profile.scaleup_bandwidth) / g
    if share > MOST_SHARE:
        rule = f"at most {MOST_SHARE:g}: this is not the fabric that was measured, nor nearly"
        raise ParameterError(f"bandwidth of {algorithm}, in the links' rate", f"{share:.4g}", rule)
    changed = {key: getattr(job.profile, key) * f for key in _TIMES}
    changed["cable_factor"] = job.profile.cable_factor * f
    for key in ("bandwidth", "scaleup_bandwidth"):
        changed[key] = getattr(job.profile, key) / g
    return Fit(
        algorithm=algorithm,
        runs_as=sliced(algorithm, "flow", job.collective.name, slices=1),
        topology=job.scenario(algorithm, 8).topology,
        base=job.profile.spec,
        profile=replace(job.profile, name=CUSTOM, about="", **_rounded(changed)),
        alpha=float(f * latency[0]),
        busbw=float(sizes[-1] / (g * seconds[-1]) * job.bus_factor),
        size=size,
        measured=measured,
        modelled=modelled,
        at_rate=seconds[place] * max(job.profile.bandwidth, job.profile.scaleup_bandwidth),
    )


def _rounded(values: dict[str, float]) -> dict[str, float]:
    """Six digits are more than a measurement has, and read well in a file."""
    return {key: float(f"{value:.6g}") for key, value in values.items()}


def robust_fit(
    latency: NDArray[np.float64], seconds: NDArray[np.float64], measured: NDArray[np.float64]
) -> tuple[float, float]:
    """f and g above zero for which log(f latency + g seconds) is nearest to log(measured).

    Iteratively reweighted least squares with Huber's weights, on the logarithms of f and g, so that both stay
    above zero (Huber, "Robust estimation of a location parameter", 1964).

    >>> f, g = robust_fit(np.ones(3), np.array([0.1, 1, 10]), 2 * np.ones(3) + 3 * np.array([0.1, 1, 10]))
    >>> round(f, 6), round(g, 6)
    (2.0, 3.0)
    """
    target = np.log(measured)
    theta = np.log([np.median(measured[: len(measured) // 3 + 1] / latency[: len(measured) // 3 + 1]), 1.0])
    theta[1] = np.log(max(float(np.median(measured[-3:] / seconds[-3:])), 1e-12))
    damping = 1e-3
    cost = np.inf
    for _ in range(_ROUNDS):
        parts = np.exp(theta)[:, None] * np.stack([latency, seconds])
        model = parts.sum(axis=0)
        error = target - np.log(model)
        scale = _MAD * float(np.median(np.abs(error - np.median(error)))) + 1e-12
        weight = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(error), 1e-300))
        slope = parts / model  # of log(model) by log f and log g
        normal = (slope * weight) @ slope.T
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), (slope * weight) @ error)
        theta = theta + np.clip(step, -2, 2)
        now = float((weight * error**2).sum())
        damping = damping / 3 if now <= cost else damping * 5
        cost = now
        if np.abs(step).max() < 1e-12:
            break
    f, g = np.exp(theta).tolist()
    return f, g
