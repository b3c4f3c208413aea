"""A hash of whole numbers. Knows nothing of what they stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["mix"]


def mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each value (the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
