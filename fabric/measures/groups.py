"""Which switches of a fabric belong together, found from the cables alone. Knows no ink and no page.

A `Hierarchy` has one height per tier of switches, 0 at the bottom. Two switches are in one group at height
h where cables among switches of height h or less join them: leaves at the bottom, then pods, at the top the
planes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, components
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.link_kind import node_kind

__all__ = ["Arcs", "Hierarchy", "between_switches", "components", "hierarchy", "of_endpoints"]

_MOST_SHARED = 2_000_000  # pairs of neighbours looked at when cliques are sought


@dataclass(frozen=True, kw_only=True, eq=False)
class Arcs:
    """Ordered pairs of adjacent nodes, (arcs,) each; switches are counted from 0. ``capacity``: bytes/s."""

    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    cables: NDArray[np.int64]
    capacity: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Hierarchy:
    """``names``: of the tiers, from below; without tiers the one name ``switch``.

    ``height`` (switches,): the tier of each, from 0. ``group`` (heights, switches): the group of each
    switch at each height, numbered from 0 in the order of the switches; -1 where the switch stands higher.
    ``tiered`` as the fabric says; without tiers the groups are what the cables suggest (cliques, as in a
    dragonfly), one where nothing.
    """

    names: tuple[str, ...]
    tiered: bool
    height: NDArray[np.int64]
    group: NDArray[np.int64]

    @property
    def top(self) -> int:
        return len(self.names) - 1


def hierarchy(fabric: Fabric) -> Hierarchy:
    """The groups of every switch, from the cables between switches."""
    arcs = between_switches(fabric)
    n = fabric.n_endpoints
    if not fabric.tiered:
        flat = np.zeros(fabric.n_switches, np.int64)
        return Hierarchy(
            names=("switch",), tiered=False, height=flat, group=_cliques(fabric, arcs)[np.newaxis]
        )
    tier = fabric.tier[n : n + fabric.n_switches]
    values, first, height = np.unique(tier, return_index=True, return_inverse=True)
    names = tuple(node_kind(fabric, n + int(i)) for i in first)
    group = np.full((len(values), fabric.n_switches), -1, np.int64)
    for h in range(len(values)):
        inside = height <= h
        kept = inside[arcs.src] & inside[arcs.dst]
        label = components(fabric.n_switches, arcs.src[kept], arcs.dst[kept])
        group[h, inside] = np.unique(label[inside], return_inverse=True)[1]
    return Hierarchy(names=names, tiered=True, height=height.astype(np.int64), group=group)


def between_switches(fabric: Fabric) -> Arcs:
    """The arcs that join two switches, each pair in both directions."""
    return _arcs(fabric, 0, fabric.n_endpoints)


def of_endpoints(fabric: Fabric) -> Arcs:
    """The arcs from endpoints (counted from 0) to switches; scale-up is not among them."""
    return _arcs(fabric, 1, 0)


def _arcs(fabric: Fabric, from_endpoints: bool | int, shift: int) -> Arcs:
    cables = np.diff(fabric.arc_link)
    src = np.repeat(np.arange(len(fabric.kind)), np.diff(fabric.arc_ptr))
    mine = (fabric.kind[fabric.arc_dst] == SWITCH) & (fabric.kind[src] != NVSWITCH)
    mine &= (src < fabric.n_endpoints) == bool(from_endpoints)
    capacity = np.add.reduceat(fabric.capacity, fabric.arc_link[:-1]) if len(src) else fabric.capacity
    return Arcs(
        src=src[mine] - shift,
        dst=fabric.arc_dst[mine].astype(np.int64) - fabric.n_endpoints,
        cables=cables[mine],
        capacity=capacity[mine],
    )


def _cliques(fabric: Fabric, arcs: Arcs) -> NDArray[np.int64]:
    """(switches,): groups of a graph without tiers, 0, 1, ...

    Where some cables do cross tiers, what these join (the groups of a dragonfly+). Else what cables that
    are part of a triangle join (the cliques of a dragonfly). All are one group where neither splits the
    graph.
    """
    count, n = fabric.n_switches, fabric.n_endpoints
    tier = fabric.tier[n : n + count]
    local = tier[arcs.src] != tier[arcs.dst]
    if not local.any():
        local = _in_triangle(count, arcs)
    label = components(count, arcs.src[local], arcs.dst[local])
    _, group, size = np.unique(label, return_inverse=True, return_counts=True)
    split = len(size) > 1 and size.min() > 1
    return group.astype(np.int64) if split else np.zeros(count, np.int64)


def _in_triangle(count: int, arcs: Arcs) -> NDArray[np.bool_]:
    """(arcs,): whether the two ends have a common neighbour; none where finding out would take too long."""
    degree = np.bincount(arcs.src, minlength=count)
    start = np.cumsum(degree) - degree
    if int((degree[arcs.dst]).sum()) > _MOST_SHARED:
        return np.zeros(len(arcs.src), bool)
    order = np.argsort(arcs.src, kind="stable")
    neighbour = arcs.dst[order]
    known = np.sort(arcs.src * count + arcs.dst)
    arc = np.repeat(np.arange(len(arcs.src)), degree[arcs.dst])
    place = np.arange(len(arc)) - np.repeat(np.cumsum(degree[arcs.dst]) - degree[arcs.dst], degree[arcs.dst])
    third = neighbour[start[arcs.dst[arc]] + place]
    key = arcs.src[arc] * count + third
    at = np.minimum(np.searchsorted(known, key), len(known) - 1) if len(known) else key
    found = np.zeros(len(arcs.src), bool)
    if len(known):
        found[arc[known[at] == key]] = True
    return found
