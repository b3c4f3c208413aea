"""Cables from one endpoint straight to another, with no switch between. Knows no policy and no path.

Such an arc stands first among those of its endpoint. It carries what the two endpoints send each other, and
what an endpoint relays for others of its scale-up domain; endpoints carry no other transit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric

__all__ = ["direct_arcs", "directly"]


def direct_arcs(f: Fabric) -> NDArray[np.int64]:
    """The arcs from endpoint to endpoint, ascending by both; none on most fabrics. Kept with the fabric."""
    if "direct" not in f.derived:
        f.derived["direct"] = np.flatnonzero(f.arc_dst[: int(f.arc_ptr[f.n_endpoints])] < f.n_endpoints)
    found: NDArray[np.int64] = f.derived["direct"]
    return found


def directly(f: Fabric, src: NDArray[np.int64], dst: NDArray[np.int64]) -> NDArray[np.int64]:
    """(pairs,): the arc from endpoint ``src[i]`` straight to ``dst[i]``, -1 where no cable joins the two."""
    arcs = direct_arcs(f)
    if not len(arcs):
        return np.full(len(src), -1)
    key = f.link_src[f.arc_link[arcs]].astype(np.int64) * f.n_endpoints + f.arc_dst[arcs]
    wanted = src * f.n_endpoints + dst
    place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[place] == wanted, arcs[place], -1)
