"""A fabric without some of its cables, or with slower ones: the same nodes, no new compilation.

Draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.words.counted import counted

__all__ = ["Damage", "cable_links", "cables_of", "damaged", "without_links"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Damage:
    """``lost``: (cables,), which are dead; ``rate``: (cables,), the part of its rate that each keeps, 0 to 1.

    Cables are rows of ``cable_links``. ``switches``: how many switches failed whole; ``named``: the cables
    that files named, file by file, in the order of the faults; ``shares``: of each fault that is a share of
    fewer than all cables, the part of its rate that a cable keeps (0: none), and in words of what it is one.
    """

    lost: NDArray[np.bool_]
    rate: NDArray[np.float64]
    switches: int = 0
    named: tuple[NDArray[np.int64], ...] = ()
    shares: tuple[tuple[float, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lost.any() or np.any(self.rate < 1))

    def __str__(self) -> str:
        total = len(self.lost)
        said = []
        if self.lost.any():
            of = f", those of {counted(self.switches, 'failed switch')} among them" if self.switches else ""
            said.append(
                f"{int(self.lost.sum()):,} of {counted(total, 'cable')} failed{of}{self._of_what(0.0)}"
            )
        slow = self.rate[~self.lost & (self.rate < 1)]
        for rate in np.unique(slow).tolist():
            count = int(np.sum(slow == rate))
            words = f"{count:,} of {counted(total, 'cable')} run at {100 * rate:.6g}% of their rate"
            said.append(words + self._of_what(rate))
        return "; ".join(said) or "no fault"

    def _of_what(self, rate: float) -> str:
        mine = [words for keeps, words in self.shares if keeps == rate]
        return f" ({', '.join(mine)})" if mine else ""


def cable_links(fabric: Fabric) -> NDArray[np.int64]:
    """(cables, 2): the two links of every cable of the fabric proper (not of scale-up switches).

    In the order of the first, which leads from the node of the lower number. Kept with the fabric.
    """
    if "cable_links" not in fabric.derived:
        src, dst = fabric.link_src.astype(np.int64), fabric.link_dst.astype(np.int64)
        proper = (fabric.kind[src] != NVSWITCH) & (fabric.kind[dst] != NVSWITCH)
        nodes = len(fabric.kind)
        out, back = np.flatnonzero(proper & (src < dst)), np.flatnonzero(proper & (src > dst))
        # Parallel cables of one arc keep their order under a stable sort, so both directions pair off.
        out = out[np.argsort(src[out] * nodes + dst[out], kind="stable")]
        back = back[np.argsort(dst[back] * nodes + src[back], kind="stable")]
        pairs = np.stack([out, back], axis=1)
        fabric.derived["cable_links"] = pairs[np.argsort(pairs[:, 0])]
    found: NDArray[np.int64] = fabric.derived["cable_links"]
    return found


def cables_of(fabric: Fabric, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cables (rows of ``cable_links``, ascending) at any of ``nodes``."""
    first = cable_links(fabric)[:, 0]
    mine = np.zeros(len(fabric.kind), bool)
    mine[nodes] = True
    return np.flatnonzero(mine[fabric.link_src[first]] | mine[fabric.link_dst[first]])


def damaged(fabric: Fabric, damage: Damage) -> Fabric:
    """What is left of ``fabric``; itself if nothing is lost or slower."""
    if not damage:
        return fabric
    pairs = cable_links(fabric)
    dead, capacity = np.zeros(fabric.n_links, bool), fabric.capacity.copy()
    dead[pairs[damage.lost].ravel()] = True
    for side in (0, 1):
        capacity[pairs[:, side]] *= damage.rate
    return without_links(fabric, dead, capacity)[0]


def without_links(
    fabric: Fabric, dead: NDArray[np.bool_], capacity: NDArray[np.float64] | None = None
) -> tuple[Fabric, NDArray[np.int64]]:
    """``fabric`` without the links ``dead`` (links,), and which link of it each of those left is.

    Both links of a cable die together. ``capacity``: (links,) in bytes/s, what the links carry instead of
    what they did. Nodes, their numbers and D-Mod-K's destination numbers stay as they are, so that routes
    which touch no dead link change as little as the policy allows. Equal, array by array, to compiling the
    graph without those cables.
    """
    alive = np.flatnonzero(~dead)
    before = np.concatenate([[0], np.cumsum(~dead)])  # [l]: links before l that are left
    kept = before[fabric.arc_link[1:]] - before[fabric.arc_link[:-1]]  # of each arc
    arc = np.flatnonzero(kept)
    earlier = np.concatenate([[0], np.cumsum(kept > 0)])  # [a]: arcs before a that are left
    arc_ptr, arc_up = earlier[fabric.arc_ptr], earlier[fabric.arc_up]
    arc_dst = fabric.arc_dst[arc]
    of_endpoint = int(arc_ptr[fabric.n_endpoints])
    # An arc of an endpoint is left exactly if the one back is.
    arc_back = earlier[fabric.arc_back[arc[:of_endpoint]]].astype(np.int32)
    leaves = np.unique(arc_dst[:of_endpoint][fabric.kind[arc_dst[:of_endpoint]] == SWITCH])
    leaf_index = np.full(len(fabric.kind), -1, np.int32)
    leaf_index[leaves] = np.arange(len(leaves), dtype=np.int32)
    result = replace(
        fabric,
        arc_ptr=arc_ptr,
        arc_up=arc_up,
        arc_dst=arc_dst,
        arc_link=np.concatenate([[0], np.cumsum(kept[arc])]),
        arc_back=arc_back,
        link_src=fabric.link_src[alive],
        link_dst=fabric.link_dst[alive],
        capacity=(fabric.capacity if capacity is None else capacity)[alive],
        delay=fabric.delay[alive],
        link_port=None if fabric.link_port is None else fabric.link_port[alive],
        leaves=leaves,
        leaf_index=leaf_index,
        derived={},
    )
    for value in vars(result).values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    vars(result)["position"] = fabric.position
    return result, alive
