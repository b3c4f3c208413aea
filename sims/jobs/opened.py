"""What a call of Python names as its fabric, compiled. Runs nothing."""

from __future__ import annotations

import os
from typing import TypeAlias

import networkx as nx

from fabric import Fabric

__all__ = ["AnyFabric", "opened"]

AnyFabric: TypeAlias = Fabric | nx.Graph | str | os.PathLike[str]


def opened(
    fabric: AnyFabric, topology: str | None = None, digest: str | None = None, *, partition: object = False
) -> tuple[Fabric, str | None, str | None]:
    """``fabric``, a graph, which is compiled, or what a text names as on the command line; with its text and
    the hash of its contents, ``topology`` and ``digest`` where it is no text.

    ``partition``: the setting ``allow_partition``, of which a text is compiled.

    Raises:
        FabricsimError: there is no such fabric, or the graph breaks the schema.

    >>> opened("fat-tree:k=4")[1:]
    ('fat-tree:k=4', '')
    """
    if isinstance(fabric, Fabric):
        return fabric, topology, digest
    if not isinstance(fabric, str | os.PathLike):
        return Fabric.from_graph(fabric), topology, digest
    from topologies.named import named

    found = named(os.fspath(fabric))
    return found.fabric(allow_partition=str(partition).lower() == "true"), found.text, found.digest
