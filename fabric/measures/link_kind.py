"""What a link joins: the kinds of node at its two ends, by their tiers. Measures nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH

__all__ = ["link_kind", "link_kinds", "node_kind"]

_TIER_NAMES = ("endpoint", "leaf", "spine", "core", "super-core")


def node_kind(fabric: Fabric, node: int) -> str:
    """``endpoint``, ``leaf``, ``spine``, ``core``, ..., ``scale-up switch``; without tiers ``switch``."""
    if fabric.kind[node] == NVSWITCH:
        return "scale-up switch"
    tier = int(fabric.tier[node])
    if tier and not fabric.tiered:
        return "switch"
    return _TIER_NAMES[tier] if tier < len(_TIER_NAMES) else f"tier-{tier} switch"


def link_kind(fabric: Fabric, link: int) -> str:
    """The two ends of a link in its direction, such as ``leaf -> spine``."""
    ends = fabric.link_src[link], fabric.link_dst[link]
    return " -> ".join(node_kind(fabric, int(node)) for node in ends)


def link_kinds(fabric: Fabric) -> tuple[list[str], NDArray[np.int64]]:
    """The names of all kinds of link, and (links,) the index of each link's; kept with the fabric."""
    if "link_kinds" not in fabric.derived:
        code = np.where(fabric.kind == NVSWITCH, int(fabric.tier.max(initial=0)) + 1, fabric.tier).astype(
            np.int64
        )
        pair = code[fabric.link_src] * (int(code.max(initial=0)) + 1) + code[fabric.link_dst]
        used = np.flatnonzero(np.bincount(pair))
        number = np.zeros(int(pair.max(initial=-1)) + 1, np.int64)
        number[used] = np.arange(len(used))
        names = [link_kind(fabric, int(np.argmax(pair == one))) for one in used]
        fabric.derived["link_kinds"] = names, number[pair]
    kinds: tuple[list[str], NDArray[np.int64]] = fabric.derived["link_kinds"]
    return kinds
