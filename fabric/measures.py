"""Static measures of a fabric: counts, hops, path diversity, bisection, oversubscription. Nothing moves here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.distance import unreached
from fabric.fabric import Fabric
from fabric.routing import distances
from fabric.schema import GPU, NVSWITCH, SWITCH

__all__ = ["Boundary", "Measures", "Tier", "link_kind", "measure", "node_kind"]

_TIER_NAMES = ("endpoint", "leaf", "spine", "core", "super-core")


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The switches of one tier. ``ports``: cabled ports of each, as (ports, how many switches), fewest first."""

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
    """``hops``: pairs of endpoints (ordered) by links between them, over the fabric (scale-up not counted).

    ``diversity``: shortest legal paths between two leaves, (least, most) over the leaves compared with the first one,
    by their distance in links. ``bisection``: bytes/s, one way, that the tiers above the leaves offer one half of the
    endpoints (by the cut under the top tier; exact for trees). ``oversubscription``: capacity below over capacity above,
    the worst switch of each tier.
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


def node_kind(fabric: Fabric, node: int) -> str:
    """``endpoint``, ``leaf``, ``spine``, ``core`` ..., ``scale-up switch``; plain ``switch`` on a graph without tiers."""
    if fabric.kind[node] == NVSWITCH:
        return "scale-up switch"
    tier = int(fabric.tier[node])
    if tier and not fabric.tiered:
        return "switch"
    return _TIER_NAMES[tier] if tier < len(_TIER_NAMES) else f"tier-{tier} switch"


def link_kind(fabric: Fabric, link: int) -> str:
    """The two ends of a link in its direction, such as ``leaf -> spine``."""
    return f"{node_kind(fabric, int(fabric.link_src[link]))} -> {node_kind(fabric, int(fabric.link_dst[link]))}"


def measure(fabric: Fabric) -> Measures:
    """All static measures; at 100,000 endpoints the distance tables take most of the time."""
    servers = np.unique(fabric.server[fabric.server >= 0])
    return Measures(
        endpoints=fabric.n_endpoints,
        servers=len(servers),
        tiers=_tiers(fabric),
        boundaries=_boundaries(fabric),
        hops=_hops(fabric),
        diversity=_diversity(fabric),
        bisection=_bisection(fabric),
        injection=float(fabric.capacity[(fabric.link_src < fabric.n_endpoints) & _network(fabric)].sum()),
        oversubscription=_oversubscription(fabric),
    )


def _network(f: Fabric) -> NDArray[np.bool_]:
    """(links,): those of the fabric proper, not of scale-up switches."""
    return (f.kind[f.link_src] != NVSWITCH) & (f.kind[f.link_dst] != NVSWITCH)


def _tiers(f: Fabric) -> tuple[Tier, ...]:
    cabled = np.bincount(f.link_src, minlength=len(f.kind))
    group = np.where(f.kind == SWITCH, f.tier if f.tiered else 1, np.where(f.kind == NVSWITCH, 30000, -1))
    tiers = []
    for value in np.unique(group[group >= 0]).tolist():
        members = np.flatnonzero(group == value)
        ports, count = np.unique(cabled[members], return_counts=True)
        tiers.append(
            Tier(
                name=node_kind(f, int(members[0])),
                switches=len(members),
                ports=tuple(zip(ports.tolist(), count.tolist())),
            )
        )
    return tuple(tiers)


def _boundaries(f: Fabric) -> tuple[Boundary, ...]:
    once = np.flatnonzero((f.link_src < f.link_dst))
    low, high = (np.where(f.kind == NVSWITCH, 30000, f.tier if f.tiered else np.minimum(f.tier, 1))[x[once]] for x in (f.link_src, f.link_dst))
    key = np.minimum(low, high).astype(np.int64) * 65536 + np.maximum(low, high)
    result = []
    for value in np.unique(key).tolist():
        mine = once[key == value]
        a, b = node_kind(f, int(f.link_src[mine[0]])), node_kind(f, int(f.link_dst[mine[0]]))
        delay = f.delay[mine]
        result.append(
            Boundary(
                name=f"{a} - {b}",
                cables=len(mine),
                capacity=float(f.capacity[mine].sum()),
                delay=(float(delay.min()), float(delay.max())),
            )
        )
    return tuple(result)


def _hops(f: Fabric) -> tuple[tuple[int, int], ...]:
    """Exact counts from the distance tables, for endpoints cabled to one switch each; by nearest attachment otherwise."""
    first = np.repeat(np.arange(f.n_endpoints), f.attached)
    arcs = f.arc_ptr[: f.n_endpoints + 1]
    up = np.arange(int(arcs[-1]))
    up = up[f.kind[f.arc_dst[up]] == SWITCH]
    leaf = f.leaf_index[f.arc_dst[up]]
    counts: dict[int, int] = {}
    if np.all(f.attached == 1):
        below = np.bincount(leaf, minlength=len(f.leaves)).astype(np.int64)
        for block in distances(f):
            table = block.reach[f.leaves - f.n_endpoints]
            weight = below[:, None] * below[None, block.first : block.first + table.shape[1]]
            most = int(table[table != unreached(table)].max(initial=0))
            for d in range(most + 1):
                pairs = int(weight[table == d].sum()) - (int(below[block.first : block.first + table.shape[1]].sum()) if d == 0 else 0)
                if pairs:
                    counts[d + 2] = counts.get(d + 2, 0) + pairs
        return tuple(sorted(counts.items()))
    # Several attachments: leaves are grouped by the set of endpoints' attachment sets, which are few on real wiring.
    sets: dict[tuple[int, ...], int] = {}
    split = np.split(leaf, np.cumsum(np.bincount(first, minlength=f.n_endpoints))[:-1])
    for members in split:
        key = tuple(members.tolist())
        sets[key] = sets.get(key, 0) + 1
    keys = [k for k in sets if k]
    flat = np.array([x for k in keys for x in k], np.int64)
    owner = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
    number = np.array([sets[k] for k in keys], np.int64)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    for i, k in enumerate(keys):
        best = np.full(len(flat), np.iinfo(np.int64).max)
        for leaf_a in k:
            d = distances(f).between(np.full(len(flat), f.leaves[leaf_a]), flat)
            best = np.minimum(best, np.where(d < 0, best, d))
        nearest = np.minimum.reduceat(best, starts)
        for d in np.unique(nearest[nearest < np.iinfo(np.int64).max]).tolist():
            pairs = int(number[i] * number[nearest == d].sum()) - (int(number[i]) if nearest[i] == d else 0)
            if pairs:
                counts[d + 2] = counts.get(d + 2, 0) + pairs
    return tuple(sorted(counts.items()))


def _diversity(f: Fabric) -> tuple[tuple[int, int, int], ...]:
    """(links between the leaves, least, most paths): shortest legal paths from the first leaf to every other, counted.

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


def _bisection(f: Fabric) -> float:
    """Half of the least total capacity that any tier boundary offers upwards, counting only the endpoints' injection
    where there is a single switch: the worst even split of a tree lies between whole subtrees."""
    network = _network(f)
    src, dst = f.link_src[network], f.link_dst[network]
    if not f.tiered or f.n_switches < 1:
        return float("nan")
    total = [
        float(f.capacity[network][(f.tier[src] == t) & (f.tier[dst] > t)].sum()) for t in range(int(f.tier.max()))
    ]
    return min(total) / 2
