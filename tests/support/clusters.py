"""The tree that a family would make a graph of, where only its counts are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import networkx as nx

from topologies.parts.cluster import Cluster

__all__ = ["cluster_of"]


def cluster_of(family: Callable[..., nx.Graph], **arguments: Any) -> Cluster:
    """What ``family(**arguments)`` builds, counted in closed form and not built.

    >>> from topologies.families.fat_tree import fat_tree
    >>> cluster_of(fat_tree, k=74).size[:2]
    (108151, 303918)
    """
    with mock.patch.object(Cluster, "graph", lambda self: self):
        cluster = family(**arguments)
    assert isinstance(cluster, Cluster)
    return cluster
