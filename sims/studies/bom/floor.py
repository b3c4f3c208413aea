"""A floor plan: where servers and switches stand, and how long the cables between them are. Reads no file.

Racks of servers stand in rows with network racks in the middle of each; rows stand behind one another in
blocks side by side, so that the hall is about as wide as long. Trays run over the rows and across them. Every
figure is an assumption and can be set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH

__all__ = ["Floor", "cable_lengths"]


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Lengths are in metres.

    A rack holds ``endpoints_per_rack`` endpoints, servers whole and in the order of the graph; a row has
    ``racks_per_row``, each ``rack_width`` wide. ``row_pitch`` is from row to row, ``aisle`` the way between
    two blocks of rows. A leaf whose endpoints stand in no more than ``leaf_racks`` racks stands in the middle
    one of them, any other in the network racks of the row of its middle endpoint; a switch above stands in
    those of the row in the middle of the switches below it. A cable inside a rack is ``in_rack`` long; any
    other goes ``up`` to the tray, along and across, and as far down, and both have ``slack``, a share, more.
    """

    endpoints_per_rack: int = 32
    racks_per_row: int = 16
    leaf_racks: int = 2
    rack_width: float = 0.6
    row_pitch: float = 3.0
    aisle: float = 2.4
    up: float = 1.5
    in_rack: float = 1.5
    slack: float = 0.1

    def __str__(self) -> str:
        return (
            f"{self.endpoints_per_rack} endpoints in a rack, {self.racks_per_row} racks in a row, "
            f"rows {self.row_pitch:g} m apart, {self.up:g} m up to the tray, {self.slack:.0%} slack"
        )

    def of(self, fabric: Fabric) -> Floor:
        """With as many endpoints in a rack as whole servers make; of a server that is larger, one."""
        own = fabric.server[fabric.server >= 0]
        largest = int(np.unique(own, return_counts=True)[1].max(initial=1))
        return replace(self, endpoints_per_rack=max(1, self.endpoints_per_rack // largest) * largest)


def cable_lengths(fabric: Fabric, floor: Floor) -> NDArray[np.float64]:
    """(links,): metres of each link's cable, the same both ways; NaN for those of scale-up switches."""
    f = fabric
    rack = _racks(f, floor)
    racks = int(rack.max(initial=-1)) + 1
    rows = max(1, -(-racks // floor.racks_per_row))
    spot = np.full(len(f.kind), -1, np.int64)  # a rack, or racks + row: the network racks of that row
    spot[: f.n_endpoints] = rack
    _place(f, floor, spot, racks, rows)

    width = floor.racks_per_row + 1  # in racks, the network racks counting as one
    deep = max(1, ceil(sqrt(rows * (width * floor.rack_width + floor.aisle) / floor.row_pitch)))
    network = spot >= racks
    row = np.where(network, spot - racks, spot // floor.racks_per_row)
    column = spot % floor.racks_per_row
    middle = floor.racks_per_row / 2
    column = np.where(network, middle, np.where(column < middle, column, column + 1))
    x = column * floor.rack_width + row // deep * (width * floor.rack_width + floor.aisle)
    y = row % deep * floor.row_pitch

    a, b = f.link_src, f.link_dst
    way = np.abs(x[a] - x[b]) + np.abs(y[a] - y[b])
    same = spot[a] == spot[b]
    # Two switches in the network racks of a row are in neighbouring ones.
    way = np.where(same, floor.rack_width, way) + 2 * floor.up
    length = np.where(same & ~network[a], floor.in_rack, way) * (1 + floor.slack)
    return np.where((f.kind[a] == NVSWITCH) | (f.kind[b] == NVSWITCH), np.nan, length)


def _racks(f: Fabric, floor: Floor) -> NDArray[np.int64]:
    """(endpoints,): the rack of each. An endpoint of no server stands by itself."""
    n = f.n_endpoints
    unit = np.where(f.server >= 0, f.server.astype(np.int64), int(f.server.max(initial=0)) + 1 + np.arange(n))
    _, first, which, size = np.unique(unit, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    start = np.zeros(len(order), np.int64)
    start[order] = np.cumsum(size[order]) - size[order]
    return (start // floor.of(f).endpoints_per_rack)[which.ravel()]


def _place(f: Fabric, floor: Floor, spot: NDArray[np.int64], racks: int, rows: int) -> None:
    """Fill in where the switches stand: leaves by their endpoints, then tier by tier by what is below."""
    src, dst = f.link_src, f.link_dst
    access = np.flatnonzero((src < f.n_endpoints) & (f.kind[dst] == SWITCH))
    leaf, low, middle, high = _spread(dst[access], spot[src[access]])
    near = high - low < floor.leaf_racks
    spot[leaf] = np.where(near, middle, racks + middle // floor.racks_per_row)
    rank = f.tier.astype(np.int64) if f.tiered else np.zeros(len(f.kind), np.int64)
    for tier in np.unique(rank[f.kind == SWITCH]).tolist():
        below = np.flatnonzero(
            (f.kind[dst] == SWITCH) & (spot[dst] < 0) & (rank[dst] == tier) & (spot[src] >= 0)
        )
        below = below[f.kind[src[below]] == SWITCH]
        at = spot[src[below]]
        row = np.where(at >= racks, at - racks, at // floor.racks_per_row)
        switch, _, middle, _ = _spread(dst[below], row)
        spot[switch] = racks + middle
    lost = (f.kind == SWITCH) & (spot < 0)
    spot[lost] = racks + rows // 2


def _spread(group: NDArray, value: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """(groups,) each: the groups, and the least, middle and largest value of each."""
    order = np.lexsort((value, group))
    group, value = group[order], value[order]
    start = np.flatnonzero(np.diff(group, prepend=-1))
    stop = np.append(start, len(group))[1:]
    return group[start].astype(np.int64), value[start], value[(start + stop - 1) // 2], value[stop - 1]
