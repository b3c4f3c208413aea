"""How well modelled times fit measured ones, as the logarithm of a likelihood. Knows no cause.

The logarithm of measured over modelled is normal about the middle of the band. A machine has an offset of its
own in each regime (latency, middle, bandwidth), and two regimes of one machine share half of its variance;
each size strays from that by what sizes of one machine stray. Both are those of measured machines
(sims.models.band).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spread", "log_likelihood", "of_none"]

_SHARED = 0.5  # correlation of two regimes of one machine
_ANYTHING = 1.0  # of log(measured / expected), where nothing is known of the cause


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What is known of log(measured / modelled) at one size: its middle, the standard deviations of a
    machine's offset and of a size, and the regime.
    """

    middle: float
    machine: float
    size: float
    regime: str


def log_likelihood(off: NDArray[np.float64], spread: Sequence[Spread]) -> NDArray[np.float64]:
    """(...,): of ``off``, (..., sizes): log(measured / modelled).

    >>> one = Spread(middle=0.0, machine=0.0, size=1.0, regime="bandwidth")
    >>> round(float(log_likelihood(np.zeros(1), [one])), 4)
    -0.9189
    """
    machine = np.array([one.machine for one in spread])
    same = np.array([[a.regime == b.regime for a in spread] for b in spread])
    covariance = np.outer(machine, machine) * np.where(same, 1.0, _SHARED)
    covariance += np.diag([one.size**2 for one in spread])
    lower = np.linalg.cholesky(covariance)
    away = (off - np.array([one.middle for one in spread])).reshape(-1, len(spread))
    white = np.linalg.solve(lower, away.T)
    constant = np.log(np.diag(lower)).sum() + len(spread) * math.log(2 * math.pi) / 2
    found: NDArray[np.float64] = (-0.5 * (white**2).sum(axis=0) - constant).reshape(off.shape[:-1])
    return found


def of_none(off: NDArray[np.float64]) -> float:
    """The same where nothing is known but that a time is within some e of what is expected: each size by
    itself, as nothing says how they hang together.
    """
    scaled = off / _ANYTHING
    return float((-0.5 * scaled**2 - math.log(_ANYTHING * math.sqrt(2 * math.pi))).sum())
