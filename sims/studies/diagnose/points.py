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
    """``log_times``: (sizes,); ``near``: the suspect that is nearest; ``words``: what it is."""

    log_times: NDArray[np.float64]
    near: Suspect
    words: str


def points(suspects: Sequence[Suspect]) -> list[Point]:
    """The suspects of one cause, and three severities between neighbours of one scale: at each size the
    logarithm of the time lies between theirs in proportion.

    Where the rate bounds the time that is exact: half way between 50% and 25% of a rate stands 35%.
    """
    found = [Point(log_times=np.log(one.times), near=one, words=one.variant.words) for one in suspects]
    for one, other in pairwise(suspects):
        if one.variant.scale and one.variant.scale == other.variant.scale:
            for part in _BETWEEN:
                found.append(
                    Point(
                        log_times=(1 - part) * np.log(one.times) + part * np.log(other.times),
                        near=one if part <= 0.5 else other,
                        words=f"between {one.variant.words} and {other.variant.words}",
                    )
                )
    return found
