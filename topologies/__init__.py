"""Functions that return a topology as a ``networkx.Graph``, and readers and writers of graph files.

Knows the attribute schema of a graph; no routing, no time, no workload. Importing the
package imports nothing heavy: each name is fetched when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for who reads types: at run time families and presets are found where they stand
    from topologies.catalogue import load as load
    from topologies.families.dragonfly import dragonfly as dragonfly
    from topologies.families.dragonfly_plus import dragonfly_plus as dragonfly_plus
    from topologies.families.fat_tree import fat_tree as fat_tree
    from topologies.families.leaf_spine import leaf_spine as leaf_spine
    from topologies.families.multi_plane import multi_plane as multi_plane
    from topologies.families.pgft import pgft as pgft
    from topologies.families.pgft import xgft as xgft
    from topologies.families.rail_only import rail_only as rail_only
    from topologies.families.rail_optimized import rail_optimized as rail_optimized
    from topologies.families.random_regular import random_regular as random_regular
    from topologies.families.slim_fly import slim_fly as slim_fly
    from topologies.families.star import star as star
    from topologies.families.torus import torus as torus
    from topologies.files.exchange import read_graph as read_graph
    from topologies.files.exchange import write_graph as write_graph
    from topologies.files.ib.ibnetdiscover import read_ibnetdiscover as read_ibnetdiscover
    from topologies.files.lift import from_networkx as from_networkx
    from topologies.files.node_link import read_node_link as read_node_link
    from topologies.files.node_link import write_node_link as write_node_link
    from topologies.presets.blueprints import beyond_1m as beyond_1m
    from topologies.presets.blueprints import fat_tree_64k as fat_tree_64k
    from topologies.presets.blueprints import multiplane_131k as multiplane_131k
    from topologies.presets.blueprints import superpod_h100 as superpod_h100
    from topologies.presets.fairwater import fairwater_524k as fairwater_524k
    from topologies.presets.gb200_su import gb200_su as gb200_su
    from topologies.presets.nvl72 import nvl72 as nvl72
    from topologies.presets.operators import colossus_100k as colossus_100k
    from topologies.presets.operators import hpn_pod as hpn_pod
    from topologies.presets.operators import meta_24k as meta_24k

_HOME = {
    "from_networkx": "topologies.files.lift",
    "load": "topologies.catalogue",
    "read_graph": "topologies.files.exchange",
    "read_ibnetdiscover": "topologies.files.ib.ibnetdiscover",
    "read_node_link": "topologies.files.node_link",
    "write_graph": "topologies.files.exchange",
    "write_node_link": "topologies.files.node_link",
}


def _builders() -> dict[str, Any]:
    from topologies.named import FAMILIES, PRESETS

    return {one.function.__name__: one.function for one in (*FAMILIES.values(), *PRESETS.values())}


def __getattr__(name: str) -> Any:  # PEP 562
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name == "__all__":
        return __dir__()
    if name.startswith("_") or name not in (builders := _builders()):
        from fabric.words.attribute import no_attribute

        raise no_attribute(f"module {__name__!r}", name, () if name.startswith("_") else __dir__())
    return builders[name]


def __dir__() -> list[str]:
    return sorted({*_HOME, *_builders()})
