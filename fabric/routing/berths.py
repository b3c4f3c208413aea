"""Berths: endpoints by the switches that they are cabled to, and which of these are cabled alike above.

A berth is all endpoints with the same leaves, one a plane. Two are of one kind if their leaves have, cable by
cable, the same switches above: then a flow to a third berth takes the same way from both but for its first
link, which leaves by the port of the same number. So one flow of each kind tells of all. In a fat tree a kind
is a pod.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges
from fabric.graph.schema import SWITCH
from fabric.routing.hashing import mix
from fabric.words.errors import ParameterError

__all__ = ["Berths", "berths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Berths:
    """``of``: (endpoints,) the berth of each; ``leaf``: (berths, planes) its switches; ``kind``: (berths,).

    ``link``: (nodes,) of each leaf the first link to another switch; ``ports``: (nodes,) how many there are;
    ``some``, ``other``: (kinds,) two berths of each, the second -1 where there is one only. ``first``,
    ``apart``: (berths,) the first endpoint on each, and the first of another server, or -1.
    """

    of: NDArray[np.int64]
    leaf: NDArray[np.int64]
    kind: NDArray[np.int64]
    link: NDArray[np.int64]
    ports: NDArray[np.int64]
    some: NDArray[np.int64]
    other: NDArray[np.int64]
    first: NDArray[np.int64]
    apart: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.leaf)

    @property
    def planes(self) -> int:
        return self.leaf.shape[1]

    @property
    def single(self) -> NDArray[np.bool_]:
        """(kinds,): which have one berth, whose links stand for no others'."""
        return self.other < 0


def berths(f: Fabric) -> Berths:
    """The berths of all endpoints, found once for a fabric.

    Raises:
        ParameterError: endpoints are on unequally many switches, some perhaps on none.
    """
    if "berths" not in f.derived:
        f.derived["berths"] = _berths(f)
    found: Berths = f.derived["berths"]
    return found


def _berths(f: Fabric) -> Berths:
    n, planes = f.n_endpoints, int(f.attached.max(initial=0))
    if not planes or np.any(f.attached != planes):
        raise ParameterError("fabric", f.name, "endpoints are cabled to unequally many switches")
    table = f.arc_dst[f.arc_up[:n, np.newaxis] + np.arange(planes)].astype(np.int64)
    leaf, of = np.unique(table, axis=0, return_inverse=True) if planes > 1 else _rows(table)
    arcs = np.diff(f.arc_ptr)
    source = np.repeat(np.arange(len(f.kind)), arcs)
    beyond = f.kind[f.arc_dst] == SWITCH
    first = f.arc_ptr[:-1] + np.bincount(source[~beyond], minlength=len(f.kind))
    link = f.arc_link[first]
    ports = f.arc_link[f.arc_ptr[1:]] - link
    kind = np.unique(_signs(f, first, leaf), axis=0, return_inverse=True)[1].reshape(-1)
    order, start = np.argsort(kind, kind="stable"), np.searchsorted(np.sort(kind), np.arange(kind.max() + 1))
    several = np.bincount(kind) > 1
    other = np.full(len(start), -1)
    other[several] = order[start[several] + 1]
    of = of.reshape(-1)
    one, apart = np.full((2, len(leaf)), -1)
    one[of[::-1]] = np.arange(n)[::-1]
    strangers = np.flatnonzero(f.scaleup != f.scaleup[one[of]])[::-1]
    apart[of[strangers]] = strangers
    return Berths(
        of=of,
        leaf=leaf,
        kind=kind,
        link=link,
        ports=ports,
        some=order[start],
        other=other,
        first=one,
        apart=apart,
    )


def _rows(table: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    leaf, of = np.unique(table[:, 0], return_inverse=True)
    return leaf[:, np.newaxis], of


def _signs(f: Fabric, first: NDArray[np.int64], leaf: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(berths, planes): a 64-bit hash of what each leaf is cabled to; two that differ pass for equal once in
    2^64."""
    nodes = np.unique(leaf)
    arc = ranges(first[nodes], f.arc_ptr[nodes + 1])
    owner = np.repeat(np.arange(len(nodes)), f.arc_ptr[nodes + 1] - first[nodes])
    links = ranges(f.arc_link[arc], f.arc_link[arc + 1])
    owner = np.repeat(owner, f.arc_link[arc + 1] - f.arc_link[arc])
    port = (links - f.arc_link[first[nodes]][owner]).astype(np.uint64)
    each = mix(mix(port) ^ f.link_dst[links].astype(np.uint64)) ^ f.capacity[links].view(np.uint64)
    each = mix(each) ^ f.delay[links].view(np.uint64)
    sign = np.zeros(len(nodes), np.uint64)
    np.add.at(sign, owner, mix(each))
    return sign[np.searchsorted(nodes, leaf)]
