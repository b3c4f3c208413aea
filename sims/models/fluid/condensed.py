"""Condensed: the stages of a program on as few links as tell its times. Routes nothing, knows no size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fabric import Paths
from sims.models.fluid.rate_memo import RateMemo
from sims.models.fluid.stage import Stage

__all__ = ["Condensed"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Condensed:
    """A program on as few links as tell its times: ``capacity`` (links,) and the stages on them.

    ``byte_seconds``: once it is known, how long a byte takes where nothing waits for latency.
    """

    stages: tuple[Stage, ...]
    capacity: NDArray[np.float64]
    memo: RateMemo = field(default_factory=RateMemo, repr=False)
    byte_seconds: list[float] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, stages: Sequence[Stage], capacity: NDArray[np.float64]) -> Condensed:
        """Lockstep ``stages`` on links of ``capacity``, (links,) in bytes/s, without those for which others
        stand.

        A link bounds the phases that it carries by what a byte of each takes on it. One on which a byte of
        every phase takes at least as long as on another is never full later, and is enough.
        """
        distinct = {id(stage.paths): stage.paths for stage in stages}
        loads = [paths.load(1.0, len(capacity)) for paths in distinct.values()]
        seconds = _foremost([_seconds(load, capacity) for load in loads])
        paths = {key: Paths.lockstep(row) for key, row in zip(distinct, np.ascontiguousarray(seconds))}
        return cls(
            stages=tuple(replace(stage, paths=paths[id(stage.paths)]) for stage in stages),
            capacity=np.ones(seconds.shape[1]),
        )


def _seconds(load: NDArray[np.float64], capacity: NDArray[np.float64]) -> NDArray[np.float64]:
    """(links,): how long each takes for its load in bytes; 0 for those without any, which may be dead."""
    return np.divide(load, capacity, out=np.zeros(len(load)), where=load > 0)


def _foremost(seconds: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(phases, links) of (links,) for each phase: the links that no other one of these stands for.

    >>> _foremost([np.array([1.0, 2.0, 2.0, 1.0]), np.array([0.0, 3.0, 3.0, 4.0])])
    array([[1., 2.],
           [4., 3.]])
    """
    # A few of the fullest stand for almost all others, which then need not be sorted.
    for row in range(-1, len(seconds)):
        full = int(np.argmax(sum(seconds) if row < 0 else seconds[row]))
        keep = np.logical_or.reduce([one > one[full] for one in seconds])
        keep[full] = True
        seconds = [one[keep] for one in seconds]
    left = np.stack(seconds)
    for row in range(len(left)):
        others = np.arange(len(left)) != row
        left = left[:, np.lexsort([left[row], *left[others]])]
        left = left[:, np.append((np.diff(left[others], axis=1) != 0).any(axis=0), True)]
    return left
