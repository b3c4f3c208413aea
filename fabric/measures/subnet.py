"""Whether a fabric fits one InfiniBand subnet, what crosses each tier boundary, and ports in use."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.halves import half_capacity, part_of
from fabric.measures.link_kind import node_kind
from fabric.measures.reach import components

__all__ = [
    "UNICAST_LIDS",
    "BoundaryBisection",
    "PortUse",
    "Subnet",
    "boundary_bisections",
    "port_use",
    "subnet_lids",
]

UNICAST_LIDS = 0xBFFF  # 0x0001 .. 0xBFFF, the unicast range of the InfiniBand architecture


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """``lids`` that all ports need; ``parts``: the networks of switches that no cable joins, each of which is
    a subnet of its own: planes, rails, islands. Switches that no endpoint is cabled to, by none of their
    network, are in none of them.

    ``planes``: whether endpoints or their servers join all parts. ``largest``: the LIDs of the part that
    needs most. An endpoint's port takes one LID, a switch one for all of its ports.
    """

    lids: int
    endpoint_ports: int
    switches: int
    parts: int
    planes: bool
    largest: int
    limit: int = UNICAST_LIDS

    @property
    def fits(self) -> bool:
        """Whether one subnet holds all of it, if some cable joined its parts."""
        return self.lids <= self.limit

    @property
    def parts_fit(self) -> bool:
        """Whether each part fits a subnet of its own."""
        return self.largest <= self.limit


@dataclass(frozen=True, kw_only=True)
class BoundaryBisection:
    """A tier boundary: ``capacity`` across it and ``bisection``, what joins two halves of the endpoints there
    (bytes/s, one way): half of the capacity, or less where the fabric is in several parts.

    ``share``: twice the bisection over what all endpoints send; 1 or more is full bisection.
    """

    name: str
    capacity: float
    bisection: float
    share: float


@dataclass(frozen=True, kw_only=True)
class PortUse:
    """Cabled ports of the switches of one tier: ``ports`` are (down, up, switches), the most frequent first.

    Without tiers, ``down`` are ports to endpoints and ``up`` ports to other switches.
    """

    name: str
    switches: int
    ports: tuple[tuple[int, int, int], ...]


def subnet_lids(fabric: Fabric) -> Subnet:
    """The unicast LIDs that the InfiniBand subnets of this fabric need (scale-up switches need none).

    A cable from endpoint to endpoint is a part of its own, of two ports: an adapter passes nothing on.
    """
    f, n, nodes = fabric, fabric.n_endpoints, len(fabric.kind)
    switch = f.kind == SWITCH
    port = (f.link_src < n) & switch[f.link_dst]
    trunk = switch[f.link_src] & switch[f.link_dst]
    root = components(nodes, f.link_src[trunk].astype(np.int64), f.link_dst[trunk].astype(np.int64))
    used = np.bincount(root[f.link_dst[port]], minlength=nodes)
    lids = np.where(used > 0, used + np.bincount(root[switch], minlength=nodes), 0)
    direct = int(np.sum((f.link_src < n) & (f.link_dst < n)))  # a link in each direction, a port at each end
    ports, switches = int(port.sum()) + direct, int(np.sum(used[root[switch]] > 0))
    cabled = part_of(f)[:n][f.attached > 0]
    return Subnet(
        lids=ports + switches,
        endpoint_ports=ports,
        switches=switches,
        parts=int(np.count_nonzero(lids)) + direct // 2,
        planes=len(np.unique(cabled)) == 1,
        largest=max(int(lids.max()), 2 if direct else 0),
    )


def boundary_bisections(fabric: Fabric) -> tuple[BoundaryBisection, ...]:
    """One for each boundary between the tiers, from the endpoints up; none for a graph without tiers.

    For regular trees the bisection is exact; for others it is an upper bound of that boundary's part.
    """
    f = fabric
    if not f.tiered or not f.n_switches:
        return ()
    network = (f.kind[f.link_src] != NVSWITCH) & (f.kind[f.link_dst] != NVSWITCH)
    low, high, capacity = f.tier[f.link_src[network]], f.tier[f.link_dst[network]], f.capacity[network]
    injection = float(capacity[low == 0].sum())
    part = part_of(f)
    where, sizes = part[f.link_src[network]], np.bincount(part[: f.n_endpoints])
    tiers = np.unique(f.tier[f.kind != NVSWITCH]).tolist()
    found = []
    for below, above in pairwise(tiers):
        across = (low <= below) & (high >= above) & (where >= 0)
        carried = np.bincount(where[across], weights=capacity[across], minlength=len(sizes))
        half = half_capacity(sizes, carried.astype(np.float64))
        name = " - ".join(_tier_kind(f, tier) for tier in (below, above))
        share = 2 * half / injection if injection else float("nan")
        found.append(BoundaryBisection(name=name, capacity=float(carried.sum()), bisection=half, share=share))
    return tuple(found)


def port_use(fabric: Fabric) -> tuple[PortUse, ...]:
    """The cabled ports of the switches, tier by tier; without tiers of all switches together."""
    f, nodes = fabric, len(fabric.kind)
    src, dst = f.link_src, f.link_dst
    up = (f.kind[src] == SWITCH) & (f.kind[dst] == SWITCH)
    if f.tiered:
        up &= f.tier[dst] > f.tier[src]
    total = np.bincount(src, minlength=nodes)
    rising = np.bincount(src[up], minlength=nodes)
    found = []
    tiers: NDArray = f.tier if f.tiered else np.minimum(f.tier, 1)
    for tier in np.unique(tiers[f.kind == SWITCH]).tolist():
        members = np.flatnonzero((tiers == tier) & (f.kind == SWITCH))
        pairs = np.column_stack([total[members] - rising[members], rising[members]])
        values, count = np.unique(pairs, axis=0, return_counts=True)
        order = np.argsort(-count, kind="stable")
        ports = tuple((*values[i].tolist(), int(count[i])) for i in order)
        found.append(PortUse(name=node_kind(f, int(members[0])), switches=len(members), ports=ports))
    return tuple(found)


def _tier_kind(f: Fabric, tier: int) -> str:
    return node_kind(f, int(np.flatnonzero((f.tier == tier) & (f.kind != NVSWITCH))[0]))
