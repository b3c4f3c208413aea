"""A tie: times that no table tells apart. Knows no row."""

from __future__ import annotations

__all__ = ["EQUAL", "as_fast"]

EQUAL = 5e-5  # relative; times this near are told apart by no table


def as_fast(time: float, other: float) -> bool:
    """Whether two times are equal to within EQUAL, whichever comes first.

    >>> as_fast(1.0, 1.00004), as_fast(1.0, 1.0001)
    (True, False)
    """
    return abs(time - other) <= EQUAL * min(time, other)
