"""Flows split evenly over all nearest pairs of attachments of their ends. Knows no policy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.routing.attachment import shortest
from fabric.routing.draw import Draw
from fabric.routing.paths import Paths

__all__ = ["split"]


def split(
    f: Fabric, draw: Draw, flow: NDArray, onward: Callable[[NDArray, NDArray, NDArray], Paths]
) -> tuple[NDArray, Paths, NDArray]:
    """Those of ``flow`` that have a path, their paths, and those that have none.

    ``onward``: the paths of the parts, (flow, the arc by which it leaves, the arc by which it arrives) each.
    """
    out, into, number = map(
        np.concatenate, zip(*(found for _, *found in shortest(f, draw.src[flow], draw.dst[flow])))
    )
    found = onward(np.repeat(flow, number), out, f.arc_back[into].astype(np.int64))
    kept = np.flatnonzero(number)
    if len(out) > len(kept):
        found = found.scaled(1.0 / np.repeat(number, number)).grouped(number[kept])
    return flow[kept], found, flow[number == 0]
