"""Skew: unequal parts of an all-to-all, as routing to experts makes them. Knows no algorithm.

Every rank sends rank r the share w_r / n of its input, w_r in proportion to (r + 1)^-s: Zipf's law, in which
the popularity of what is chosen among many is commonly put. The exponent s is such that the first rank gets
``skew`` times the mean: what MoE training calls the imbalance of its experts.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError

__all__ = ["EVEN", "canonical_skew", "skewed", "zipf_exponent"]

EVEN = "1"


def canonical_skew(text: str) -> str:
    """The one spelling of a skew.

    >>> canonical_skew("1.30"), canonical_skew("1.0")
    ('1.3', '1')
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or value < 1:
        raise ParameterError(
            "skew", text, "a finite number from 1 on: what the fullest rank gets, over the mean"
        )
    return f"{value:.12g}"


def zipf_exponent(n: int, skew: float) -> float:
    """The exponent s for which the first of n ranks gets ``skew`` times the mean.

    Raises:
        ParameterError: n ranks cannot be so unequal.

    >>> round(zipf_exponent(2, 4 / 3), 9)  # 1 and 1/2
    1.0
    """
    if skew >= n and skew > 1:
        raise ParameterError(
            "skew", skew, f"below {n:,}, which one of {n:,} ranks gets if it gets everything"
        )
    low, high = 0.0, 1.0
    while _most(n, high) < skew:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _most(n, middle) < skew else (low, middle)
    return high if skew > 1 else 0.0


def skewed(n: int, skew: float) -> NDArray[np.float64] | None:
    """(n,): what each rank gets over the mean; None where all get the same. Raises as ``zipf_exponent``.

    >>> skewed(4, 2.0).round(3).tolist(), skewed(4, 1.0)
    ([2.0, 0.945, 0.609, 0.446], None)
    """
    if skew == 1:
        return None
    share = _zipf(n, zipf_exponent(n, skew))
    return share * (n / share.sum())


def _zipf(n: int, exponent: float) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.arange(1, n + 1, dtype=float) ** -exponent
    return found


def _most(n: int, exponent: float) -> float:
    return n / float(_zipf(n, exponent).sum())
