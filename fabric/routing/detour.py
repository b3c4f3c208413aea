"""Flows that may go by an intermediate switch, as Valiant's and UGAL's do. Fluid; no packets, no
queues.

A flow is cut into equal parts, each with an intermediate of its own: a switch above endpoints, other than
those at the flow's ends, drawn evenly by hash of flow, part and seed. The part goes minimally to it and
minimally on, by hash among equal paths. Without tiers every switch above endpoints will do; where one cannot
be reached (the graph falls apart), the part goes minimally.

UGAL chooses between that and the minimal path for one part of every flow after the other: of the two, the
path on which (load of its fullest link between switches) times (hops) is less, the minimal one if they are
equal. The load is that of the parts placed so far, over the link's capacity, all flows counting alike. It
stands for the queues that UGAL-G compares (Kim, Dally, Scott, Abts, ISCA 2008, 4.2: q_m H_m <= q_nm H_nm),
so the first part goes minimally, and with many parts loads settle as queues do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.routing.distance import NO_PATH, distances
from fabric.routing.draw import Draw
from fabric.routing.paths import Paths
from fabric.routing.walk import between

__all__ = ["detoured", "intermediates"]


def detoured(
    f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray, parts: int, *, weigh: bool
) -> Paths:
    """The ``parts`` ways of each of ``flow``, which leave by the arc ``first`` and arrive by ``last``.

    ``weigh``: take the minimal path where that is no worse, as UGAL does; else the detour, as Valiant's.
    """
    src, dst = np.repeat(draw.src[flow], parts), np.repeat(draw.dst[flow], parts)
    qp = np.repeat(draw.qp[flow], parts).astype(np.int64) * parts + np.tile(np.arange(parts), len(flow))
    each = draw.of(src, dst, qp.astype(np.uint64))
    first, last, every = np.repeat(first, parts), np.repeat(last, parts), np.arange(len(src))
    here, there = f.arc_dst[first].astype(np.int64), f.link_src[f.arc_link[last]]
    leaf = f.leaf_index[there].astype(np.int64)
    via = intermediates(f, each, f.leaf_index[here].astype(np.int64), leaf)
    far = np.flatnonzero(via >= 0)
    bent = np.ones((len(src), 0), np.int32)
    if len(far):
        legs = between(f, far, here[far], via[far], each)
        legs += between(f, far, f.leaves[via[far]].astype(np.int64), leaf[far], each)
        bent = np.stack(legs, axis=1)
    if weigh:
        straight = np.stack([*between(f, every, here, leaf, each), np.full(len(src), -1, np.int32)], axis=1)
        takes = _chosen(f, straight, bent, via >= 0, parts)
    else:
        near = np.flatnonzero(via < 0)
        straight = np.stack([*between(f, near, here[near], leaf[near], each), np.full(len(src), -1)], axis=1)
        takes = via >= 0
    table = np.full((len(src), max(straight.shape[1], bent.shape[1])), -1, np.int32)
    table[~takes, : straight.shape[1]] = straight[~takes]
    table[takes, : bent.shape[1]] = bent[takes]
    out, into = each.cable(every, src, first), each.cable(every, there, last)
    return Paths.from_columns([out.astype(np.int32), *table.T, into.astype(np.int32)]).evenly(parts)


def intermediates(f: Fabric, draw: Draw, here: NDArray, there: NDArray) -> NDArray[np.int64]:
    """For each flow of the draw the index into ``f.leaves`` of its intermediate, -1 for none.

    ``here``, ``there``: the leaf indices of its ends.
    """
    low, high = np.minimum(here, there), np.maximum(here, there)
    others = len(f.leaves) - 2
    if others < 1:
        return np.full(len(here), -1)
    pick = draw.index(np.arange(len(here)), draw.src, np.full(len(here), others), 5)
    pick += pick >= low
    pick += pick >= high
    node, table = f.leaves.astype(np.int64), distances(f)
    apart = (table.between(node[here], pick) == NO_PATH) | (table.between(node[pick], there) == NO_PATH)
    return np.where((here == there) | apart, -1, pick)


def _chosen(
    f: Fabric, straight: NDArray, bent: NDArray, possible: NDArray[np.bool_], parts: int
) -> NDArray[np.bool_]:
    """Which parts take the bent path; the parts of a flow stand together, and are placed in turn."""
    load = np.zeros(f.n_links + 1)  # the last for "no link"
    capacity = np.append(f.capacity, np.inf)
    takes = np.zeros(len(straight), bool)
    for part in range(parts):
        mine = np.arange(part, len(straight), parts)
        pressure = load / capacity
        costs = []
        for table in (straight[mine], bent[mine]):
            hops = np.sum(table >= 0, axis=1)
            costs.append(pressure[table].max(axis=1, initial=0.0) * hops)
        takes[mine] = possible[mine] & (costs[1] < costs[0])
        for table, chosen in ((straight[mine], ~takes[mine]), (bent[mine], takes[mine])):
            load += np.bincount(
                table[chosen].ravel() + (f.n_links + 1) * (table[chosen].ravel() < 0), minlength=len(load)
            )
    return takes
