"""Forwarding tables of a fabric, as arrays: which link each switch takes towards each destination.

Knows nodes and links by number; reads no file and walks no path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric

__all__ = ["Tables"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """The forwarding tables read from ``path``. ``key``: ascending, switch times nodes plus destination;
    ``arc`` and ``link``: which each key takes, the link -1 where the line names no port. ``whole``: what they
    leave open has no way; ``passed_over``: a sentence on lines that the fabric has no node or port for."""

    path: str
    key: NDArray[np.int64]
    arc: NDArray[np.int64]
    link: NDArray[np.int64]
    whole: bool = False
    passed_over: str = ""

    def find(
        self, f: Fabric, switch: NDArray, destination: NDArray, last: NDArray
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The arc and the link that each switch takes towards an endpoint, which the arc ``last`` reaches;
        -1: left open."""
        leaf = f.link_src[f.arc_link[last]].astype(np.int64)
        own = self._lookup(switch * len(f.kind) + destination)
        line = np.where(own < 0, self._lookup(switch * len(f.kind) + leaf), own)
        arc, link = (np.append(column, -1)[line] for column in (self.arc, self.link))
        return np.where((arc < 0) & (switch == leaf) & (not self.whole), last, arc), link

    def _lookup(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """The line for each key, -1 where there is none."""
        if not len(self.key):
            return np.full(len(wanted), -1)
        place = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[place] == wanted, place, -1)
