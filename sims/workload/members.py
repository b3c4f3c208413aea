"""Members: the ranks of a job on their endpoints, by server and by group. Knows no algorithm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.fabric import distinct, ranges
from fabric.words.counted import counted

__all__ = ["Members", "used"]


@dataclass(frozen=True, eq=False)
class Members:
    """``placement``: (ranks,), the endpoint of ``fabric`` on which each rank runs."""

    fabric: Fabric
    placement: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.placement)

    @cached_property
    def servers(self) -> NDArray[np.int32]:
        """(ranks,): the scale-up domain of each rank, or -1."""
        return self.fabric.scaleup[self.placement]

    @cached_property
    def nodes(self) -> int:
        """How many machines the ranks are on: servers, and each rank without one."""
        own = np.sort(self.fabric.server[self.placement], kind="stable")
        alone = int(np.searchsorted(own, 0))
        return alone + int(np.count_nonzero(np.diff(own[alone:], prepend=-1)))

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """(ranks,): the server of each rank; under a fabric without servers, its leaf."""
        server = self.fabric.server[self.placement].astype(np.int64)
        if np.all(server < 0):
            return self.fabric.leaf_of[self.placement]
        # A rank without a server stands alone: a group of one, which unequal groups then name.
        return np.where(server >= 0, server, int(server.max(initial=0)) + 1 + np.arange(len(server)))

    def group_name(self, label: int) -> str:
        """How the owner of the fabric calls a group."""
        server = self.fabric.server[self.placement]
        if np.all(server < 0):
            return self._named("leaf", label)
        members = np.flatnonzero(self.groups == label)
        first = int(self.placement[members[0]])
        if server[members[0]] < 0:
            return f"{self._named('endpoint', first)}, in no server,"
        return f"server {label}" + (f" (of {self.fabric.label(first)})" if self.fabric.labels else "")

    def _named(self, kind: str, node: int) -> str:
        return self.fabric.label(node) if self.fabric.labels else f"{kind} {self.fabric.label(node)}"


def used(fabric: Fabric, endpoints: NDArray[np.int64]) -> str:
    """How many servers and leaves these ``endpoints`` are of, in words.

    >>> from topologies import load
    >>> tree = Fabric.from_graph(load("fat-tree:endpoints=64,radix=16,gpus_per_server=8"))
    >>> used(tree, np.array([0, 1, 2, 3, 8, 9]))
    'in 2 servers (2 to 4 each) on 2 leaves'
    """
    endpoints = distinct(endpoints, fabric.n_endpoints)
    server = fabric.server[endpoints]
    each = np.unique(server[server >= 0], return_counts=True)[1]
    arcs = ranges(fabric.arc_up[endpoints], fabric.arc_ptr[endpoints + 1])
    leaves = len(distinct(fabric.arc_dst[arcs], len(fabric.kind)))
    on = f"on {counted(leaves, 'leaf')}"
    if not len(each):
        return on
    share = f"{each.min():,}" if each.min() == each.max() else f"{each.min():,} to {each.max():,}"
    alone = int(np.sum(server < 0))
    rest = f" and {counted(alone, 'endpoint')} of none" if alone else ""
    return f"in {counted(len(each), 'server')} ({share} each){rest} {on}"
