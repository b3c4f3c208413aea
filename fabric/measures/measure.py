"""Static measures of a fabric: counts, hops, diversity, bisection, oversubscription. Nothing moves here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, require_fabric
from fabric.graph.schema import GPU, NVSWITCH, SWITCH
from fabric.measures.halves import half_capacity, part_of
from fabric.measures.hops import hop_counts
from fabric.measures.link_kind import node_kind

__all__ = ["Boundary", "Measures", "Tier", "measure"]

_SCALE_UP = 2**15  # ranks above every tier


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The switches of one tier. ``ports``: cabled ports of each, as (ports, switches), fewest first."""

    name: str
    switches: int
    ports: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The cables between two kinds of node. ``capacity``: bytes/s of all of them, one way."""

    name: str
    cables: int
    capacity: float
    delay: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Measures:
    """``hops``: ordered pairs of endpoints by the links that their traffic crosses, inside a scale-up domain
    the two of its switch. Pairs without a path are left out.

    ``diversity``: shortest legal paths from the first leaf to the others: (links between the leaves, least,
    most), parallel cables counted apart. ``bisection``: bytes/s, one way, between one half of the endpoints
    and the other: half of the narrowest tier boundary, exact for regular trees; NaN without tiers. 0 where
    the endpoints are in parts that no cable joins and that make two halves. ``parts``: (endpoints, how many
    parts have so many), the largest first.
    ``injection``: bytes/s of all endpoints into the fabric. ``oversubscription``: capacity below over
    capacity above, the worst switch of each tier but the top.
    """

    endpoints: int
    servers: int
    tiers: tuple[Tier, ...]
    boundaries: tuple[Boundary, ...]
    hops: tuple[tuple[int, int], ...]
    diversity: tuple[tuple[int, int, int], ...]
    bisection: float
    injection: float
    oversubscription: tuple[tuple[str, float], ...]
    parts: tuple[tuple[int, int], ...]

    @property
    def cables(self) -> int:
        return sum(b.cables for b in self.boundaries)

    @property
    def diameter(self) -> int:
        return max((h for h, _ in self.hops), default=0)

    @property
    def mean_hops(self) -> float:
        pairs = sum(n for _, n in self.hops)
        return sum(h * n for h, n in self.hops) / pairs if pairs else 0.0


def measure(fabric: Fabric) -> Measures:
    """All static measures; at 100,000 endpoints the distance tables take most of the time."""
    require_fabric(fabric)
    servers = np.unique(fabric.server[fabric.server >= 0])
    part = part_of(fabric)
    return Measures(
        endpoints=fabric.n_endpoints,
        servers=len(servers),
        tiers=_tiers(fabric),
        boundaries=_boundaries(fabric),
        hops=hop_counts(fabric),
        diversity=_diversity(fabric),
        bisection=_bisection(fabric, part),
        injection=float(fabric.capacity[(fabric.link_src < fabric.n_endpoints) & _network(fabric)].sum()),
        oversubscription=_oversubscription(fabric),
        parts=_parts(part[: fabric.n_endpoints]),
    )


def _network(f: Fabric) -> NDArray[np.bool_]:
    """(links,): those of the fabric proper, not of scale-up switches."""
    return (f.kind[f.link_src] != NVSWITCH) & (f.kind[f.link_dst] != NVSWITCH)


def _rank(f: Fabric) -> NDArray[np.int64]:
    """(nodes,): what orders the kinds of node: the tier (without tiers: 0 or 1), scale-up last."""
    tier = f.tier.astype(np.int64)
    return np.where(f.kind == NVSWITCH, _SCALE_UP, tier if f.tiered else np.minimum(tier, 1))


def _tiers(f: Fabric) -> tuple[Tier, ...]:
    cabled = np.bincount(f.link_src, minlength=len(f.kind))
    rank = _rank(f)
    tiers = []
    for value in np.unique(rank[f.kind != GPU]).tolist():
        members = np.flatnonzero((rank == value) & (f.kind != GPU))
        ports, count = np.unique(cabled[members], return_counts=True)
        histogram = tuple(zip(ports.tolist(), count.tolist()))
        tiers.append(Tier(name=node_kind(f, int(members[0])), switches=len(members), ports=histogram))
    return tuple(tiers)


def _boundaries(f: Fabric) -> tuple[Boundary, ...]:
    rank = _rank(f)
    low, high = rank[f.link_src], rank[f.link_dst]
    # Each cable once: its link upwards, or between equals that from the lower number.
    once = np.flatnonzero((low < high) | ((low == high) & (f.link_src < f.link_dst)))
    key = low[once] * (_SCALE_UP + 1) + high[once]
    result = []
    for value in np.unique(key).tolist():
        mine = once[key == value]
        a, b = node_kind(f, int(f.link_src[mine[0]])), node_kind(f, int(f.link_dst[mine[0]]))
        delay = (float(f.delay[mine].min()), float(f.delay[mine].max()))
        capacity = float(f.capacity[mine].sum())
        result.append(Boundary(name=f"{a} - {b}", cables=len(mine), capacity=capacity, delay=delay))
    return tuple(result)


def _diversity(f: Fabric) -> tuple[tuple[int, int, int], ...]:
    """(links between the leaves, least, most): shortest legal paths from the first leaf to every other.

    Counting needs no enumeration: the paths to a switch are the sum over its predecessors, level by level.
    """
    if len(f.leaves) < 2:
        return ()
    n, s = f.n_endpoints, f.n_switches
    trunk = (f.kind[f.link_src] == SWITCH) & (f.kind[f.link_dst] == SWITCH)
    src, dst = f.link_src[trunk] - n, f.link_dst[trunk] - n
    rising = f.tier[f.link_dst[trunk]] > f.tier[f.link_src[trunk]] if f.tiered else np.ones(len(src), bool)
    up, down = np.zeros(s), np.zeros(s)
    up[f.leaves[0] - n] = 1
    seen = up > 0
    found: dict[int, tuple[int, int]] = {}
    at_leaf = np.zeros(s, bool)
    at_leaf[f.leaves - n] = True
    hop, reached_up, reached_down = 0, up > 0, np.zeros(s, bool)
    while np.any(up) or np.any(down):
        hop += 1
        going_up = np.bincount(dst[rising], weights=up[src[rising]], minlength=s)
        going_down = np.bincount(dst[~rising], weights=(up + down)[src[~rising]], minlength=s)
        # A state (switch, still rising or not) is entered on its first level only; a switch counts once.
        up = np.where(reached_up, 0, going_up)
        down = np.where(reached_down, 0, going_down)
        reached_up |= up > 0
        reached_down |= down > 0
        total = up + down
        fresh = (total > 0) & ~seen
        seen |= fresh
        mine = total[fresh & at_leaf]
        if len(mine):
            found[hop] = (int(mine.min()), int(mine.max()))
    return tuple((hop, low, high) for hop, (low, high) in sorted(found.items()))


def _oversubscription(f: Fabric) -> tuple[tuple[str, float], ...]:
    if not f.tiered:
        return ()
    network = _network(f)
    src, dst = f.link_src[network], f.link_dst[network]
    rising = f.tier[dst] > f.tier[src]
    above = np.bincount(src, weights=f.capacity[network] * rising, minlength=len(f.kind))
    below = np.bincount(src, weights=f.capacity[network] * ~rising, minlength=len(f.kind))
    result = []
    for tier in range(1, int(f.tier[f.kind != GPU].max(initial=0))):
        members = np.flatnonzero((f.tier == tier) & (f.kind == SWITCH) & (above > 0))
        if len(members):
            result.append((node_kind(f, int(members[0])), float(np.max(below[members] / above[members]))))
    return tuple(result)


def _bisection(f: Fabric, part: NDArray[np.int64]) -> float:
    """What joins two halves, each part as narrow as its narrowest tier boundary."""
    sizes = np.bincount(part[: f.n_endpoints])
    if not f.tiered or f.n_switches < 1:
        unknown = np.full(len(sizes), np.nan)
        return half_capacity(sizes, unknown)
    network = _network(f)
    low, high = f.tier[f.link_src[network]], f.tier[f.link_dst[network]]
    top = int(f.tier[f.kind == SWITCH].max())
    capacity, where = f.capacity[network], part[f.link_src[network]]
    narrowest = np.full(len(sizes), np.inf)
    for t in range(top):
        crossing = (low <= t) & (high > t) & (where >= 0)
        carried = np.bincount(where[crossing], weights=capacity[crossing], minlength=len(sizes))
        # A part that ends below this boundary does not cross it.
        narrowest = np.where(carried > 0, np.minimum(narrowest, carried), narrowest)
    return half_capacity(sizes, np.where(np.isfinite(narrowest), narrowest, 0.0))


def _parts(part: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    sizes, count = np.unique(np.bincount(part), return_counts=True)
    return tuple(zip(sizes[::-1].tolist(), count[::-1].tolist()))
