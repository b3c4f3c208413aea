"""Points: the variants of a cause, and severities between those that lie on one scale. Simulates nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sims.studies.diagnose.suspects import Suspect

__all__ = ["Point", "points"]

_BETWEEN = (0.25, 0.5, 0.75)


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """``log_times``: (sizes,); ``near``: the suspect that is nearest; ``words``: what it is; ``way``: of
    those in which the cause shows.
    """

    log_times: NDArray[np.float64]
    near: Suspect
    words: str
    way: str


def points(suspects: Sequence[Suspect]) -> list[Point]:
    """The suspects of one cause, and three severities between neighbours of one scale.

    Severities between lie in proportion, as 50%, 42%, 35%, 30% and 25% of a rate. At each size the time is
    taken as linear in the severity: so it is wherever the same bound holds, bytes over a rate or steps.
    """
    found = [
        Point(log_times=np.log(one.times), near=one, words=one.variant.words, way=one.variant.scale)
        for one in suspects
    ]
    for one, other in pairwise(suspects):
        low, high = one.variant.severity, other.variant.severity
        if low and high and one.variant.scale == other.variant.scale:
            for part in _BETWEEN:
                share = (low * (high / low) ** part - low) / (high - low)
                found.append(
                    Point(
                        log_times=np.log((1 - share) * one.times + share * other.times),
                        near=one if part <= 0.5 else other,
                        words=f"between {one.variant.words} and {other.variant.words}",
                        way=one.variant.scale,
                    )
                )
    return found
