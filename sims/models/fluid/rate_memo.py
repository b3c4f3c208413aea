"""RateMemo: max-min rates that were found once. Knows no clock, and finds none itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fabric import Paths

__all__ = ["RateMemo"]


class RateMemo:
    """Rates of whole batches seen before, kept for one fabric: rates do not depend on sizes."""

    def __init__(self) -> None:
        self._rates: dict[tuple[int, ...], tuple[tuple[Paths, ...], NDArray[np.float64]]] = {}

    def get(
        self, batches: tuple[Paths, ...], solve: Callable[[], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """The stored rates of these batches, or those that ``solve`` finds. Paths are kept, so are ids."""
        key = tuple(map(id, batches))
        if key not in self._rates:
            if len(self._rates) >= 256:
                self._rates.clear()
            self._rates[key] = (batches, solve())
        return self._rates[key][1]
