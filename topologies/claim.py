"""A graph held against what it says it is: its family, built again from its own record. Knows no routing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import networkx as nx

from fabric.words.errors import FabricsimError
from topologies.named import FAMILIES
from topologies.parts.memory import size_of

__all__ = ["Broken", "broken_claims"]


class Broken(NamedTuple):
    """A pair of nodes with other cables than the record has: ``found`` of ``expected``."""

    nodes: tuple[object, object]
    found: int
    expected: int


def broken_claims(graph: nx.Graph) -> Iterator[Broken]:
    """Pairs whose number of cables is not that of the family and parameters which ``graph`` records.

    Nothing where it records none, or other nodes than the family builds: then it makes no such claim.
    """
    family, params = graph.graph.get("family"), graph.graph.get("params")
    if not isinstance(family, str) or family not in FAMILIES or not isinstance(params, dict):
        return
    try:
        function = FAMILIES[family].function
        size = size_of(lambda: function(**params))  # a few bytes can claim millions of nodes
        if size is None or size.nodes != len(graph):
            return
        built = function(**params)
    except (FabricsimError, TypeError, ValueError, OverflowError):  # parameters of a file, of any type
        return
    if set(built) != set(graph):
        return
    for u, v in sorted({*map(_pair, built.edges), *map(_pair, graph.edges)}):
        counts = [g.edges[u, v].get("cables", 1) if g.has_edge(u, v) else 0 for g in (graph, built)]
        if counts[0] != counts[1]:
            yield Broken((u, v), *counts)


def _pair(edge: tuple[int, int]) -> tuple[int, int]:
    return min(edge), max(edge)
