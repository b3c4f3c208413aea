"""The interval in which the mean of a distribution lies in 95 of 100 samples. Knows no job."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["half_width", "student", "unseen"]

_Z = 1.959963984540054  # 97.5% of a normal distribution lie below
_TERMS = (
    (4, (1, 1)),
    (96, (3, 16, 5)),
    (384, (-15, 17, 19, 3)),
    (92160, (-945, -1920, 1482, 776, 79)),
)


def student(freedom: int) -> float:
    """The 97.5% quantile of Student's t with ``freedom`` degrees, right to 0.1% from 3 on.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.

    >>> round(student(3), 2), round(student(10), 3), round(student(63), 3)
    (3.18, 2.228, 1.998)
    """
    value = _Z
    for power, (divisor, factors) in enumerate(_TERMS, 1):
        polynomial = sum(factor * _Z ** (2 * i + 1) for i, factor in enumerate(factors))
        value += polynomial / divisor / freedom**power
    return value


def half_width(sample: NDArray[np.float64]) -> float:
    """Half of the 95% interval of the mean of a ``sample`` (n,), n from 4.

    >>> round(half_width(np.array([1.0, 2.0, 3.0, 4.0])), 2)
    2.05
    """
    n = len(sample)
    return student(n - 1) * float(np.std(sample, ddof=1)) / math.sqrt(n)


def unseen(runs: int) -> float:
    """How many events a run may have in the mean of which ``runs`` runs had none: more would show one in
    97.5 of 100 samples, by Poisson's law.

    >>> round(unseen(16), 3)
    0.231
    """
    return -math.log(0.025) / runs
