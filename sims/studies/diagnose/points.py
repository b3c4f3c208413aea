"""Points: the variants of a cause, and severities between those that lie on one scale; and what they weigh
together. Simulates nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sims.studies.diagnose.suspects import Suspect

__all__ = ["Point", "by_way", "points"]

_STEP = 0.03  # of log(severity) between two points: about the noise of a log


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """``log_times``, ``log_in_step``: (sizes,), logarithms of those of a suspect; ``near``: the suspect that
    is nearest; ``words``: what it is; ``way``: of those in which the cause shows.
    """

    log_times: NDArray[np.float64]
    log_in_step: NDArray[np.float64]
    near: Suspect
    words: str
    way: str


def points(suspects: Sequence[Suspect]) -> list[Point]:
    """The suspects of one cause, and severities between neighbours of one scale, at most 3% apart.

    Severities between lie in proportion, as 50, 49, 47.5, ... and 35% of a rate. At each size the time is
    taken as linear in the severity: so it is wherever the same bound holds, bytes over a rate or steps.
    """
    found = [
        Point(
            log_times=np.log(one.times),
            log_in_step=np.log(one.in_step),
            near=one,
            words=one.variant.words,
            way=one.variant.scale,
        )
        for one in suspects
    ]
    for one, other in pairwise(suspects):
        low, high = one.variant.severity, other.variant.severity
        if low and high and one.variant.scale == other.variant.scale:
            count = math.ceil(abs(math.log(high / low)) / _STEP)
            for part in (number / count for number in range(1, count)):
                share = (low * (high / low) ** part - low) / (high - low)
                found.append(
                    Point(
                        log_times=np.log((1 - share) * one.times + share * other.times),
                        log_in_step=np.log((1 - share) * one.in_step + share * other.in_step),
                        near=one if part <= 0.5 else other,
                        words=f"between {one.variant.words} and {other.variant.words}",
                        way=one.variant.scale,
                    )
                )
    return found


def by_way(of: Sequence[Suspect], tried: Sequence[Point], likely: NDArray[np.float64]) -> float:
    """The logarithm of the mean over the ways in which a cause shows, each the mean of its severities.

    Variants that change nothing on this fabric are no suspects, but as likely beforehand.
    """
    ways: dict[str, list[float]] = {}
    for one, own in zip(tried, likely.tolist()):
        ways.setdefault(one.way, []).append(own)
    every = Counter(one.scale for one in of[0].cause.variants)
    seen = Counter(one.variant.scale for one in of)
    found = [_mean(own) + math.log(seen[way] / every[way]) for way, own in ways.items()]
    return _mean(found) + math.log(len(found) / len(every))


def _mean(likely: list[float]) -> float:
    """The logarithm of the mean of what these are the logarithms of."""
    most = max(likely)
    return most + math.log(sum(math.exp(one - most) for one in likely) / len(likely))
