"""Columns of nodes and edges put together into a ``networkx.Graph``, quickly.

Knows NetworkX; knows neither a topology nor the attributes' meaning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import networkx as nx

from fabric.machine.collector import collector_paused
from topologies.parts.arrays import Arrays, Edges, Nodes, leaves_arrays

__all__ = ["Edges", "Nodes", "assemble"]


def assemble(attributes: Mapping[str, Any], nodes: Sequence[Nodes], edges: Iterable[Edges]) -> nx.Graph:
    """The graph with these graph attributes, nodes numbered 0, 1, ... in the order given, and edges.

    All numbers in it are Python's own, not numpy's. Every node has its attribute dict to itself, so the graph
    can be edited freely. Where who asks for it only compiles it, a large one is left as it is given
    (``left_as_arrays``).

    >>> import numpy as np
    >>> pair = Nodes(count=2, common={"kind": "gpu"}, columns={"server": np.array([0, 1])})
    >>> G = assemble({}, [pair], [Edges(tail=np.array([0]), head=np.array([1]), common={"rate": 1.0})])
    >>> list(G.nodes(data=True)), list(G.edges(data=True))
    ([(0, {'kind': 'gpu', 'server': 0}), (1, {'kind': 'gpu', 'server': 1})], [(0, 1, {'rate': 1.0})])
    """
    if leaves_arrays(sum(block.count for block in nodes if block.common["kind"] == "gpu")):
        return Arrays(dict(attributes), list(nodes), list(edges))
    G = nx.Graph(**attributes)
    with collector_paused():
        first = 0
        for block in nodes:
            G.add_nodes_from(range(first, first + block.count), **block.common)
            first += block.count
        data, first = list(dict(G.nodes(data=True)).values()), 0
        for block in nodes:
            for name, column in block.columns.items():
                own = data[first : first + block.count]
                deque(map(dict.__setitem__, own, repeat(name), column.tolist()), maxlen=0)  # a loop in C
            for name, texts in block.texts.items():
                deque(map(dict.__setitem__, data[first : first + block.count], repeat(name), texts), maxlen=0)
            first += block.count
        for run in edges:
            G.add_edges_from(zip(run.tail.tolist(), run.head.tolist()), **run.common)
    return G
