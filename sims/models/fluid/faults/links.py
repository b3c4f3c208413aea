"""Which cables are down, and what the links that traffic runs on carry meanwhile. Knows no clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.degraded import cable_links

__all__ = ["Links"]

_NOTHING = 1e-9  # relative; less capacity than that is none


class Links:
    """Counts for every cable of ``fabric`` the outages that hold it down.

    ``carrier`` is what traffic runs on: the same links, or the merged ones of ``adaptive``, of which a cable
    that is down takes its part. ``merged``: whether it is the latter.
    """

    def __init__(self, fabric: Fabric, carrier: Fabric) -> None:
        self.fabric, self.carrier = fabric, carrier
        self._outages = np.zeros(len(cable_links(fabric)), np.int64)
        pairs = cable_links(fabric)
        self._onto, self._part = pairs, np.ones(pairs.shape)
        self.merged = carrier.contraction is not None
        if carrier.contraction is not None:
            onto = carrier.contraction.image
            across = onto >= 0
            total = np.bincount(onto[across], weights=fabric.capacity[across], minlength=carrier.n_links)
            self._onto = onto[pairs]
            self._part = fabric.capacity[pairs] / total[self._onto]

    def take(self, cables: NDArray[np.int64]) -> None:
        """An outage begins."""
        self._outages[cables] += 1

    def give(self, cables: NDArray[np.int64]) -> None:
        """An outage ends."""
        self._outages[cables] -= 1

    def links_of(self, cables: NDArray[np.int64]) -> NDArray[np.int64]:
        """The links of the carrier that these cables are, or are part of."""
        return self._onto[cables].ravel()

    @property
    def lost(self) -> NDArray[np.bool_]:
        """(cables,): which are down."""
        return self._outages > 0

    @property
    def healthy(self) -> bool:
        return not self._outages.any()

    @property
    def capacity(self) -> NDArray[np.float64]:
        """(links of the carrier,) in bytes/s."""
        if self.healthy:
            return self.carrier.capacity
        down = np.flatnonzero(self.lost)
        gone = np.bincount(
            self._onto[down].ravel(), weights=self._part[down].ravel(), minlength=self.carrier.n_links
        )
        left = 1.0 - gone
        return self.carrier.capacity * np.where(left > _NOTHING, left, 0.0)

    @property
    def dead(self) -> NDArray[np.bool_]:
        """(links of the carrier,): which carry nothing."""
        return self.capacity <= 0
