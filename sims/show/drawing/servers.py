"""Words of a drawing about servers and scale-up switches."""

from __future__ import annotations

import numpy as np

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH
from fabric.words.counted import counted
from fabric.words.units import format_rate

__all__ = ["server_words"]


def server_words(fabric: Fabric) -> tuple[str, ...]:
    """Lines about servers and scale-up switches, none where there are none."""
    lines = []
    known = fabric.server[fabric.server >= 0]
    if len(known):
        sizes = np.unique(known, return_counts=True)[1]
        size = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
        lines.append(f"{counted(len(sizes), 'server')} of {size}")
    if fabric.n_scaleup:
        rates = np.unique(fabric.capacity[fabric.kind[fabric.link_dst] == NVSWITCH])
        rate = " to ".join(dict.fromkeys(format_rate(float(r)) for r in (rates[0], rates[-1])))
        lines.append(f"scale-up {rate} each")
    return tuple(lines)
