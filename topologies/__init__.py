"""Functions that return a topology as a ``networkx.Graph``, and readers and writers of graph files.

Knows the attribute schema of a graph; no routing, no time, no workload. Importing the
package imports nothing heavy: each name is fetched when first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topologies.blueprints import beyond_1m, fat_tree_64k, multiplane_131k, superpod_h100
    from topologies.catalogue import load
    from topologies.dragonfly import dragonfly
    from topologies.dragonfly_plus import dragonfly_plus
    from topologies.exchange import read_graph, write_graph
    from topologies.fat_tree import fat_tree
    from topologies.ibnetdiscover import read_ibnetdiscover
    from topologies.leaf_spine import leaf_spine
    from topologies.lift import from_networkx
    from topologies.multi_plane import multi_plane
    from topologies.node_link import read_node_link, write_node_link
    from topologies.operators import colossus_100k, hpn_pod, meta_24k
    from topologies.pgft import pgft, xgft
    from topologies.rail_only import rail_only
    from topologies.rail_optimized import rail_optimized
    from topologies.random_regular import random_regular
    from topologies.slim_fly import slim_fly
    from topologies.star import star
    from topologies.torus import torus

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
    "beyond_1m": "topologies.blueprints",
    "colossus_100k": "topologies.operators",
    "dragonfly": "topologies.dragonfly",
    "dragonfly_plus": "topologies.dragonfly_plus",
    "fat_tree": "topologies.fat_tree",
    "fat_tree_64k": "topologies.blueprints",
    "from_networkx": "topologies.lift",
    "hpn_pod": "topologies.operators",
    "leaf_spine": "topologies.leaf_spine",
    "load": "topologies.catalogue",
    "meta_24k": "topologies.operators",
    "multi_plane": "topologies.multi_plane",
    "multiplane_131k": "topologies.blueprints",
    "pgft": "topologies.pgft",
    "rail_only": "topologies.rail_only",
    "rail_optimized": "topologies.rail_optimized",
    "random_regular": "topologies.random_regular",
    "read_graph": "topologies.exchange",
    "read_ibnetdiscover": "topologies.ibnetdiscover",
    "read_node_link": "topologies.node_link",
    "slim_fly": "topologies.slim_fly",
    "star": "topologies.star",
    "superpod_h100": "topologies.blueprints",
    "torus": "topologies.torus",
    "write_graph": "topologies.exchange",
    "write_node_link": "topologies.node_link",
    "xgft": "topologies.pgft",
}


def __getattr__(name: str) -> Any:  # PEP 562
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


class _Package(ModuleType):
    """Keeps ``topologies.fat_tree`` the function: importing a module binds its name here too."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
