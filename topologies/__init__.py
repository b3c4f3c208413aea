"""Functions that return a topology as a ``networkx.Graph``, and readers and writers of graph files.

Knows the attribute schema of a graph; no routing, no time, no workload. Importing the
package imports nothing heavy: each name is fetched when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topologies.catalogue import load
    from topologies.families.dragonfly import dragonfly
    from topologies.families.dragonfly_plus import dragonfly_plus
    from topologies.families.fat_tree import fat_tree
    from topologies.families.leaf_spine import leaf_spine
    from topologies.families.multi_plane import multi_plane
    from topologies.families.pgft import pgft, xgft
    from topologies.families.rail_only import rail_only
    from topologies.families.rail_optimized import rail_optimized
    from topologies.families.random_regular import random_regular
    from topologies.families.slim_fly import slim_fly
    from topologies.families.star import star
    from topologies.families.torus import torus
    from topologies.files.exchange import read_graph, write_graph
    from topologies.files.ib.ibnetdiscover import read_ibnetdiscover
    from topologies.files.lift import from_networkx
    from topologies.files.node_link import read_node_link, write_node_link
    from topologies.presets.blueprints import beyond_1m, fat_tree_64k, multiplane_131k, superpod_h100
    from topologies.presets.operators import colossus_100k, hpn_pod, meta_24k

__all__ = [
    "beyond_1m",
    "colossus_100k",
    "dragonfly",
    "dragonfly_plus",
    "fat_tree",
    "fat_tree_64k",
    "from_networkx",
    "hpn_pod",
    "leaf_spine",
    "load",
    "meta_24k",
    "multi_plane",
    "multiplane_131k",
    "pgft",
    "rail_only",
    "rail_optimized",
    "random_regular",
    "read_graph",
    "read_ibnetdiscover",
    "read_node_link",
    "slim_fly",
    "star",
    "superpod_h100",
    "torus",
    "write_graph",
    "write_node_link",
    "xgft",
]

_HOME = {
    "beyond_1m": "topologies.presets.blueprints",
    "colossus_100k": "topologies.presets.operators",
    "dragonfly": "topologies.families.dragonfly",
    "dragonfly_plus": "topologies.families.dragonfly_plus",
    "fat_tree": "topologies.families.fat_tree",
    "fat_tree_64k": "topologies.presets.blueprints",
    "from_networkx": "topologies.files.lift",
    "hpn_pod": "topologies.presets.operators",
    "leaf_spine": "topologies.families.leaf_spine",
    "load": "topologies.catalogue",
    "meta_24k": "topologies.presets.operators",
    "multi_plane": "topologies.families.multi_plane",
    "multiplane_131k": "topologies.presets.blueprints",
    "pgft": "topologies.families.pgft",
    "rail_only": "topologies.families.rail_only",
    "rail_optimized": "topologies.families.rail_optimized",
    "random_regular": "topologies.families.random_regular",
    "read_graph": "topologies.files.exchange",
    "read_ibnetdiscover": "topologies.files.ib.ibnetdiscover",
    "read_node_link": "topologies.files.node_link",
    "slim_fly": "topologies.families.slim_fly",
    "star": "topologies.families.star",
    "superpod_h100": "topologies.presets.blueprints",
    "torus": "topologies.families.torus",
    "write_graph": "topologies.files.exchange",
    "write_node_link": "topologies.files.node_link",
    "xgft": "topologies.families.pgft",
}


def __getattr__(name: str) -> Any:  # PEP 562
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
