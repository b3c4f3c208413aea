"""Flows split evenly over every next link, all of them at once. Knows distances and cables; no flows' ends.

A flow at a switch goes on in equal parts over all links to the switches one link nearer. Between the same two
leaves all flows split alike, so that is found once for each pair of leaves; parts that meet in a switch go on
as one. It runs on fabric.quotient, where one link stands for many that carry the same, and counts each link
for as many as it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fabric.graph.contraction import members
from fabric.graph.fabric import Fabric, ranges
from fabric.graph.schema import SWITCH
from fabric.machine.memory import available_memory
from fabric.routing.block import Block
from fabric.routing.distance import distances
from fabric.routing.paths import Paths, Shared
from fabric.words.errors import TooLargeError

__all__ = ["cables", "spread"]

_BYTES = 70  # of each, at the peak of sharing among them; measured as the growth of ru_maxrss
_LISTED_AT_ONCE = 4_000_000  # arcs; bounds memory
_WRITTEN_OUT = 4_000_000  # weighted links of all flows, below which sharing saves nothing worth having
_SAVES = 2  # at least, for links to be shared at all
_PROBED = 64  # pairs of leaves from which the rest is estimated


def cables(f: Fabric, arc: NDArray[np.int64]) -> Paths:
    """One flow per arc, evenly over its parallel cables."""
    link, owner = ranges(f.arc_link[arc], f.arc_link[arc + 1]), np.arange(len(arc))
    if len(link) == len(arc):
        return Paths.from_columns([link.astype(np.int32)])
    owner = np.repeat(owner, f.arc_link[arc + 1] - f.arc_link[arc])
    ptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(arc)))])
    part = members(f)[link].astype(float)
    whole = np.bincount(owner, weights=part, minlength=len(arc))
    return Paths(ptr=ptr, link=link.astype(np.int32), weight=part / whole[owner])


def spread(f: Fabric, out: NDArray[np.int64], into: NDArray[np.int64]) -> Paths:
    """The split of each flow that leaves its source by the arc ``out[i]`` and arrives by ``into[i]``.

    The switches must be joined by a legal path. The weights of a flow's links out of any one hop sum to one.
    Where that saves much, flows between the same two leaves share the links between them (``Paths.shared``).

    Raises:
        TooLargeError: the flows load more links than fit; says how many, before they are listed.
    """
    here = f.arc_dst[out].astype(np.int64)
    leaf = f.leaf_index[f.link_src[f.arc_link[into]]].astype(np.int64)
    pair, which = np.unique(here * len(f.leaves) + leaf, return_inverse=True)
    here, leaf = pair // max(len(f.leaves), 1), pair % max(len(f.leaves), 1)
    found = _pairs(f, here, leaf)
    first, last = cables(f, out), cables(f, into)
    written_out = int(found.length[which].sum())
    if written_out <= max(_WRITTEN_OUT, _SAVES * len(found.link)):
        return Paths.join(first, found.take(which), last)
    ends = Paths.join(first, last)
    use = Paths(ptr=np.arange(len(out) + 1), link=which.astype(np.int32))
    return Paths(ptr=ends.ptr, link=ends.link, weight=ends.weight, shared=Shared(use=use, bundles=found))


def _pairs(f: Fabric, here: NDArray[np.int64], leaf: NDArray[np.int64]) -> Paths:
    """From switches to leaves (indices into ``f.leaves``), one flow each."""
    probe = np.unique(np.linspace(0, len(here) - 1, min(_PROBED, len(here))).astype(np.int64))
    found = _between(f, here[probe], leaf[probe])
    if len(probe) == len(here):
        return found
    each = len(found.link) / len(probe)
    _require(f, each * len(here), len(here))
    order = np.argsort(leaf, kind="stable")
    # An entry is listed among all links of the switch that it leaves.
    wide = int(np.diff(f.arc_ptr).max(initial=1))
    at_once = max(1, int(_LISTED_AT_ONCE / max(each * wide / 4, 1)))
    parts, total = [], 0
    for start in range(0, len(here), at_once):
        mine = order[start : start + at_once]
        parts.append(_between(f, here[mine], leaf[mine]))
        total += len(parts[-1].link)
        _require(f, total, len(here))
    place = np.empty(len(here), np.int64)
    place[order] = np.arange(len(here))
    return Paths.stack(parts).take(place)


def _require(f: Fabric, entries: float, pairs: int) -> None:
    available = available_memory()
    if entries * _BYTES > available:
        what = (
            f"routing spray: {pairs:,} pairs of leaves over {entries:,.0f} links of {f.name}, whose "
            f"switches are not cabled alike (ecmp, dmodk and adaptive take a few links a flow)"
        )
        raise TooLargeError(what, entries * _BYTES, available)


def _between(f: Fabric, here: NDArray[np.int64], leaf: NDArray[np.int64]) -> Paths:
    """From switches to leaves (indices into ``f.leaves``), one flow each, the links hop after hop."""
    flow: list[NDArray] = [np.empty(0, np.int64)]
    link: list[NDArray] = [np.empty(0, np.int64)]
    weight: list[NDArray] = [np.empty(0)]
    every = np.arange(len(leaf))
    for block, mine in distances(f).parts(leaf, here):
        for owner, taken, share in _hops(f, block, here[mine], leaf[mine]):
            flow.append(every[mine][owner])
            link.append(taken)
            weight.append(share)
    owner, taken, share = np.concatenate(flow), np.concatenate(link), np.concatenate(weight)
    order = np.argsort(owner, kind="stable")  # hops stay in order
    ptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(here)))])
    return Paths(ptr=ptr, link=taken[order].astype(np.int32), weight=share[order])


def _hops(
    f: Fabric, block: Block, node: NDArray[np.int64], leaf: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Hop by hop the flow, the link and the share of each part; every ``leaf`` is of the block."""
    n, s = f.n_endpoints, f.n_switches
    trunk = _first_to_switch(f)
    left = block.reach(node - n, leaf).astype(np.int64)
    owner, rising, share = np.arange(len(node)), np.ones(len(node), bool), np.ones(len(node))
    while True:
        under_way = left[owner] > 0
        owner, node, rising, share = owner[under_way], node[under_way], rising[under_way], share[under_way]
        if not len(owner):
            return
        stop = np.where(rising, f.arc_ptr[node + 1], f.arc_up[node])
        start = np.minimum(trunk[node], stop)
        start, stop = _unique(f, block, node, leaf[owner], rising, left[owner], start, stop)
        which, arc = np.repeat(np.arange(len(node)), stop - start), ranges(start, stop)
        flow, row, up = owner[which], f.arc_dst[arc] - n, arc >= f.arc_up[node[which]]
        table = np.where(up, block.reach(row, leaf[flow]), block.down(row, leaf[flow]))
        ahead = table == left[flow] - 1
        which, arc, flow, row, up = which[ahead], arc[ahead], flow[ahead], row[ahead], up[ahead]

        link = ranges(f.arc_link[arc], f.arc_link[arc + 1])
        way = np.repeat(np.arange(len(arc)), f.arc_link[arc + 1] - f.arc_link[arc])
        part = members(f)[link].astype(float)
        part *= (share / np.bincount(which[way], weights=part, minlength=len(node)))[which[way]]
        yield flow[way], link, part

        met, back = np.unique((flow * s + row) * 2 + up, return_inverse=True)
        share = np.bincount(back[way], weights=part, minlength=len(met)).astype(float)
        owner, node, rising = met // 2 // s, met // 2 % s + n, met % 2 == 1
        left -= 1


def _unique(
    f: Fabric,
    block: Block,
    node: NDArray[np.int64],
    leaf: NDArray[np.int64],
    rising: NDArray[np.bool_],
    left: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The arcs to be listed, one alone where the way down is unique and the block's guess is right.

    Most arcs of a tall tree are those of its core switches, each of which has one way to a leaf.
    """
    n = f.n_endpoints
    bound = ~rising | (f.arc_up[node] == f.arc_ptr[node + 1])
    fall = np.flatnonzero(bound & block.forced[node - n])
    at, to = node[fall], leaf[fall]
    arc = np.minimum(f.arc_ptr[at] + block.guess[f.tier[at], to], f.arc_up[at] - 1)
    child = f.arc_dst[arc] - n  # below zero: an endpoint
    good = (child >= 0) & (block.down(np.maximum(child, 0), to) == left[fall] - 1)
    start, stop = start.copy(), stop.copy()
    start[fall[good]] = arc[good]
    stop[fall[good]] = arc[good] + 1
    return start, stop


def _first_to_switch(f: Fabric) -> NDArray[np.int64]:
    """(nodes,): the first arc of each switch that leads to a switch; those to endpoints stand before it."""
    source = np.repeat(np.arange(len(f.kind)), np.diff(f.arc_ptr))
    return f.arc_ptr[:-1] + np.bincount(source[f.kind[f.arc_dst] != SWITCH], minlength=len(f.kind))
