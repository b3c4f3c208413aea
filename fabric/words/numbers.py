"""Numbers that a caller of the library hands over, looked at once at the door, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError

__all__ = ["floats", "whole_numbers"]

_NUMBERS = "biuf"  # kinds of arrays


def whole_numbers(name: str, value: Any, rule: str) -> NDArray[np.int64]:
    """``value`` as an array of whole numbers.

    Raises:
        ParameterError: it holds anything else; a number such as 0.9 is not cut off.

    >>> whole_numbers("src", [0, 2.0], "whole numbers").tolist()
    [0, 2]
    """
    found = _array(name, value, rule)
    if found.dtype.kind == "f" and found.size:
        wrong = ~(np.abs(found) < 2.0**63) | (found != np.floor(found))
        if wrong.any():
            raise ParameterError(name, float(found[wrong][0]), rule)
    if found.dtype.kind == "b" or (found.dtype.kind == "u" and found.max(initial=0) > np.iinfo(np.int64).max):
        raise ParameterError(name, value, rule)
    return found.astype(np.int64, copy=False)


def floats(
    name: str, value: Any, rule: str, count: int | None = None, *, judged: bool = True
) -> NDArray[np.float64]:
    """``value`` as a row of numbers of at least 0, infinity among them; ``count``: of how many.

    Not ``judged``: of any numbers, also NaN.

    Raises:
        ParameterError: it is no row of numbers, of another length, or one is negative or not a number.
    """
    found = _array(name, value, rule)
    if found.ndim != 1:
        raise ParameterError(name, value, rule)
    if count is not None and len(found) != count:
        raise ParameterError(name, f"{len(found)} numbers", f"{rule}, {count} in all")
    wrong = ~(found >= 0)
    if judged and wrong.any():
        first = int(np.argmax(wrong))
        raise ParameterError(name, float(found[first]), f"{rule}, at least 0; number {first} is not")
    return found.astype(float, copy=False)


def _array(name: str, value: Any, rule: str) -> NDArray[Any]:
    try:
        found = np.asarray(value)
    except ValueError:  # rows of unequal lengths
        raise ParameterError(name, value, rule) from None
    if found.dtype.kind not in _NUMBERS:
        raise ParameterError(name, value, rule)
    return found
