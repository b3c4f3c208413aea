"""How long the search for the distances of some flows takes, about, before it is made. Routes nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.routing.distance import Distances, distances

__all__ = ["search_seconds", "takes_time"]

_MANY = 500_000_000  # pairs of a switch and a leaf: seconds
_PER_PAIR, _PER_CELL = 16e-9, 3e-9  # s: of a pair that is met, and of one in a table


def takes_time(f: Fabric) -> bool:
    """Whether the search for distances may take more than seconds, as it does in no tree."""
    return not f.tiered and distances(f).pairs >= _MANY


def search_seconds(f: Fabric, src: NDArray, dst: NDArray, times: int = 1) -> float:
    """Seconds of one core, about, until it is known how far the flows from ``src`` to ``dst`` go.

    Endpoints, (flows,) each. 0 where it ``takes_time`` on no account. For 64 leaves it is tried, which stand
    for all: flows between neighbours are met early. ``times``: how often they are routed; tables that are
    kept are searched for once.
    """
    if not takes_time(f):
        return 0.0
    tables = distances(f)
    both = (f.attached[src] > 0) & (f.attached[dst] > 0)
    if not both.any():
        return 0.0
    switch, leaf = f.arc_dst[f.arc_up[src[both]]].astype(np.int64), f.arc_dst[f.arc_up[dst[both]]]
    leaf = f.leaf_index[leaf].astype(np.int64)
    blocks = np.unique(tables.number(leaf))
    if "probe" not in f.derived:
        f.derived["probe"] = Distances(f, columns=64)
    probe: Distances = f.derived["probe"]
    number = probe.number(leaf)
    middle = np.sort(number)[len(number) // 2]
    mine = number == middle
    near = switch[mine] - f.n_endpoints, leaf[mine]
    share = probe.block(int(middle), near).share(near)
    # What is not kept is searched for twice: for how far it is, and for the way.
    times = 1 if tables.keeps(len(blocks)) else 2 * times
    part = len(blocks) * tables.columns / len(f.leaves)
    return float(tables.pairs * min(part, 1.0) * times * (_PER_CELL + _PER_PAIR * share))
