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
    from topologies.catalogue import load
    from topologies.fat_tree import fat_tree
    from topologies.ibnetdiscover import read_ibnetdiscover
    from topologies.node_link import read_node_link, write_node_link
    from topologies.presets import colossus_100k

__all__ = ["colossus_100k", "fat_tree", "load", "read_ibnetdiscover", "read_node_link", "write_node_link"]

_HOME = {
    "colossus_100k": "topologies.presets",
    "fat_tree": "topologies.fat_tree",
    "load": "topologies.catalogue",
    "read_ibnetdiscover": "topologies.ibnetdiscover",
    "read_node_link": "topologies.node_link",
    "write_node_link": "topologies.node_link",
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
