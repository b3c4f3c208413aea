"""How well modelled times fit measured ones, as the logarithm of a likelihood. Knows no cause.

The logarithm of measured over modelled is normal about the middle of the band. A machine has an offset of its
own in each regime (latency, middle, bandwidth), and two regimes of one machine share half of its variance;
each size strays from that by what sizes of one machine stray. Both are those of measured machines
(sims.models.band).

How near the model comes to this machine nobody knows beforehand: it strays by the band, or by a half, a
quarter or an eighth of it, and the log itself tells which. So a cause that fits many sizes to within 2% is
believed before one that is 10% off at some, although machines stray by more than that. Lines of a log stray
by themselves besides, as no run is like the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAR", "Spread", "deviations", "log_likelihood", "of_none", "same_times"]

_SHARED = 0.5  # correlation of two regimes of one machine
_SHARES = (1.0, 0.5, 0.25, 0.125)  # of the band by which a machine strays from the model
_LINE = 0.02  # of log(time): two runs of one machine are 1 to 3% apart (Leonardo)
_ANYTHING = 1.0  # of log(measured / expected), where nothing is known of the cause


FAR = 2.5  # deviations of machines, beyond which a cause does not give such times: one machine of 80


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
    """(...,): of ``off``, (..., sizes): log(measured / modelled). The mean over the shares of the band,
    weighed by their squares, so that on the whole machines stray nearly by the band.

    >>> one = Spread(middle=0.0, machine=0.1, size=0.05, regime="bandwidth")
    >>> near, far = log_likelihood(np.array([[0.01, 0.01], [0.1, 0.1]]), [one, one])
    >>> round(float(near - far), 1)
    1.1
    """
    machine = np.array([one.machine for one in spread])
    same = np.array([[a.regime == b.regime for a in spread] for b in spread])
    covariance = np.outer(machine, machine) * np.where(same, 1.0, _SHARED)
    covariance += np.diag([one.size**2 for one in spread])
    middle = np.array([one.middle for one in spread])
    each = np.stack(
        [
            _normal(off - share * middle, share**2 * covariance + _LINE**2 * np.eye(len(spread)))
            + 2 * math.log(share)
            for share in _SHARES
        ]
    )
    most = each.max(axis=0)
    whole = sum(share**2 for share in _SHARES)
    found: NDArray[np.float64] = most + np.log(np.exp(each - most).sum(axis=0) / whole)
    return found


def deviations(off: NDArray[np.float64], spread: Sequence[Spread]) -> NDArray[np.float64]:
    """(...,): how far ``off``, (..., sizes), is from the middle of the band, over how far machines stray: the
    root of the mean square over sizes.

    >>> one = Spread(middle=0.0, machine=0.08, size=0.06, regime="bandwidth")
    >>> deviations(np.array([0.1, -0.1]), [one, one]).round(2).item()
    0.98
    """
    middle = np.array([one.middle for one in spread])
    whole = np.array([one.machine**2 + one.size**2 + _LINE**2 for one in spread])
    found: NDArray[np.float64] = np.sqrt(np.mean((off - middle) ** 2 / whole, axis=-1))
    return found


def _normal(away: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...,): the logarithm of the density at ``away``, (..., sizes), of a normal distribution about 0."""
    lower = np.linalg.cholesky(covariance)
    white = np.linalg.solve(lower, away.reshape(-1, len(covariance)).T)
    constant = np.log(np.diag(lower)).sum() + len(covariance) * math.log(2 * math.pi) / 2
    found: NDArray[np.float64] = (-0.5 * (white**2).sum(axis=0) - constant).reshape(away.shape[:-1])
    return found


def of_none(off: NDArray[np.float64]) -> float:
    """The same where nothing is known but that a time is within some e of what is expected: each size by
    itself, as nothing says how they hang together.
    """
    scaled = off / _ANYTHING
    return float((-0.5 * scaled**2 - math.log(_ANYTHING * math.sqrt(2 * math.pi))).sum())


def same_times(
    log_times: NDArray[np.float64], curves: Mapping[str, NDArray[np.float64]], but: str = ""
) -> tuple[str, ...]:
    """The causes, other than ``but``, one of whose ``curves``, (points, sizes), is that of ``log_times``,
    (sizes,), within the noise of a line of a log at every size.

    >>> same_times(np.zeros(2), {"one": np.array([[0.01, -0.01]]), "other": np.array([[0.0, 0.1]])})
    ('one',)
    """
    return tuple(
        name
        for name, curve in curves.items()
        if name != but and float(np.abs(curve - log_times).max(axis=1).min()) < _LINE
    )
