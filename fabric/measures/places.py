"""Kinds of cable, and the pod, rail and plane of each link: by what the links of a fabric are told apart.

Knows no flow and no time.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.link_kind import node_kind
from fabric.words.errors import ParameterError

__all__ = ["BETWEEN", "cable_kinds", "slug", "upgraded", "zone_of_links"]

BETWEEN = -2  # a link whose two ends stand in different zones


def cable_kinds(fabric: Fabric) -> tuple[list[str], NDArray[np.int64]]:
    """The names of all kinds of cable, from the endpoints up, and (links,) the index of each link's.

    A kind is named by its two ends, as in ``leaf - spine``; both directions are of one kind. Without tiers
    all switches are alike, so cables inside a pod are told from those between pods.
    """
    top = int(fabric.tier.max(initial=0))
    rank = np.where(fabric.kind == NVSWITCH, top + 1, fabric.tier).astype(np.int64)
    if not fabric.tiered:
        rank[fabric.kind == SWITCH] = 1
    low, high = np.sort([rank[fabric.link_src], rank[fabric.link_dst]], axis=0)
    code = (low * (top + 2) + high) * 2
    trunk = (fabric.kind[fabric.link_src] == SWITCH) & (fabric.kind[fabric.link_dst] == SWITCH)
    pods = not fabric.tiered and "pod" in fabric.zones
    if pods:
        code += trunk & (zone_of_links(fabric, "pod") == BETWEEN)
    used = np.flatnonzero(np.bincount(code))
    place = np.zeros(int(code.max(initial=0)) + 1, np.int64)
    place[code[::-1]] = np.arange(len(code))[::-1]  # the first link of each
    first = place[used]
    place[used] = np.arange(len(used))
    names = []
    for number, link in zip(used.tolist(), first.tolist()):
        ends = sorted((int(fabric.link_src[link]), int(fabric.link_dst[link])), key=lambda node: rank[node])
        name = " - ".join(node_kind(fabric, node) for node in ends)
        if pods and trunk[link]:
            name += " between pods" if number % 2 else " in a pod"
        names.append(name)
    return names, place[code]


def slug(kind: str) -> str:
    """A kind of cable as one word.

    >>> slug("endpoint - scale-up switch")
    'endpoint-scale-up-switch'
    """
    return re.sub(r"[\s-]+", "-", kind.strip())


def zone_of_links(fabric: Fabric, zone: str) -> NDArray[np.int64]:
    """(links,): index into ``fabric.zones[zone].names``, -1 where no end stands in one, BETWEEN where they
    differ.

    A link with one end in a zone belongs to it, as that from a spine of pod 3 to a core does to pod 3.
    """
    of = fabric.zones[zone].of.astype(np.int64)
    src, dst = of[fabric.link_src], of[fabric.link_dst]
    return np.where((src != dst) & (src >= 0) & (dst >= 0), BETWEEN, np.maximum(src, dst))


def upgraded(fabric: Fabric, kind: str = "", factor: float = 2.0) -> Fabric:
    """``fabric`` with every cable of one kind so many times as fast.

    ``kind``: of cable_kinds, also with hyphens for spaces, as in ``leaf-spine``; "": all of them.

    Raises:
        ParameterError: no cable is of this kind, or the factor is not a finite number above zero.
    """
    names, index = cable_kinds(fabric)
    slugs = [slug(name) for name in names]
    if kind and slug(kind) not in slugs:
        raise ParameterError("upgrade", kind, f"no kind of cable of {fabric.name}", slugs)
    if not 1e-6 <= factor <= 1e6:
        raise ParameterError("factor", factor, "a finite number above zero: 1e-6 to 1e6")
    chosen = index == slugs.index(slug(kind)) if kind else np.ones(fabric.n_links, bool)
    return fabric.with_capacity(np.where(chosen, fabric.capacity * factor, fabric.capacity))
