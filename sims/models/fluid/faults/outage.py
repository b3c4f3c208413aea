"""Outage: some cables that carry nothing from one moment to another. Knows no clock and no flow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.degraded import cable_links

__all__ = ["Outage", "called"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outage:
    """``at``: s from the start; ``length``: s until it is repaired, infinity for never; ``cables``: rows of
    ``fabric.damage.cable_links``; ``what``: how a reader would call it.
    """

    at: float
    cables: NDArray[np.int64]
    length: float = math.inf
    what: str = ""


def called(fabric: Fabric, cable: int) -> str:
    """A cable by its two ends."""
    link = cable_links(fabric)[cable, 0]
    return f"{fabric.label(int(fabric.link_src[link]))} - {fabric.label(int(fabric.link_dst[link]))}"
