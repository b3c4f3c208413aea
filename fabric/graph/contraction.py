"""A fabric whose classes of switches stand as one node each. Knows classes and cables; not why they are made.

What runs on the contracted fabric is told of the true one by its ``contraction``: which link of it stands for
each link of the other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Contraction, Fabric
from fabric.graph.schema import Columns, Zone

__all__ = ["contract", "members"]


def members(fabric: Fabric) -> NDArray[np.int64]:
    """(links,): how many links each stands for; one each where ``fabric`` is nobody's contraction."""
    return fabric.contraction.members if fabric.contraction else np.ones(fabric.n_links, np.int64)


def contract(f: Fabric, own: NDArray[np.int64], *, by_rate: bool) -> Fabric:
    """``f`` with one node for each class; ``own``: (nodes,) a representative of each node's class.

    The cables between two classes become one, of all their capacity; or, with ``by_rate``, one for each rate
    among them. Both have the largest of their delays. Cables inside a class are left out.
    """
    kept, number = np.unique(own, return_inverse=True)
    n = len(kept)
    tail, head = number[f.link_src].astype(np.int64), number[f.link_dst].astype(np.int64)
    across = np.flatnonzero(tail != head)
    tail, head = tail[across], head[across]
    rates, rate = np.unique(f.capacity[across], return_inverse=True) if by_rate else (np.zeros(1), 0)
    cable = (np.minimum(tail, head) * n + np.maximum(tail, head)) * len(rates) + rate
    group, place = np.unique(cable, return_inverse=True)
    pair, first, edge = np.unique(group // len(rates), return_index=True, return_inverse=True)
    once = f.link_src[across] < f.link_dst[across]
    capacity = np.bincount(place[once], weights=f.capacity[across[once]])
    delay = np.zeros(len(pair))
    np.maximum.at(delay, edge[place], f.delay[across])
    cables = np.bincount(edge)
    size = np.bincount(number)

    def name(i: int) -> str:
        return f.label(int(kept[i])) + (f" (+{size[i] - 1})" if size[i] > 1 else "")

    # Without the cables inside classes a graph without tiers could pass for one that has them.
    tier = f.tier[kept] if f.tiered else np.minimum(f.tier[kept], 1)
    columns = Columns(
        name=f.name,
        disclaimer=f.disclaimer,
        ids=tuple(f.ids[i] for i in kept.tolist()),
        labels=tuple(map(name, range(n))),
        kind=f.kind[kept],
        tier=tier,
        server=np.concatenate([f.server, np.full(n - f.n_endpoints, -1, np.int32)]),
        tail=(pair // n).astype(np.int32),
        head=(pair % n).astype(np.int32),
        rate=capacity[first].astype(float),
        delay=delay,
        cables=cables.astype(np.int32),
        cable_rates={
            int(e): capacity[first[e] : first[e] + cables[e]].tolist() for e in np.flatnonzero(cables > 1)
        },
        zones={name: _common(zone, number) for name, zone in f.zones.items()},
        in_network=f.in_network,
    )
    result = Fabric.from_columns(columns, merged_from=f.name)
    source = np.repeat(np.arange(n), np.diff(result.arc_ptr))
    arcs = source * n + result.arc_dst
    order = np.argsort(arcs)
    arc = order[np.searchsorted(arcs, tail * n + head, sorter=order)]
    image = np.full(f.n_links, -1, np.int64)
    image[across] = result.arc_link[arc] + place - first[edge[place]]
    number_of = np.bincount(image[across], minlength=result.n_links)
    for array in (image, number_of):
        array.flags.writeable = False
    return replace(result, contraction=Contraction(by_rate=by_rate, image=image, members=number_of))


def _common(zone: Zone, number: NDArray[np.int64]) -> Zone:
    """The zone of each class: that of its members if all stand in the same, else none."""
    low = np.full(int(number.max()) + 1, len(zone.names))
    high = np.full_like(low, -1)
    np.minimum.at(low, number, zone.of)
    np.maximum.at(high, number, zone.of)
    return Zone(of=np.where(low == high, high, -1).astype(np.int32), names=zone.names)
