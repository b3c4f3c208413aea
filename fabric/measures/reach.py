"""Which endpoints can talk to which at all: components, and legal up*-down* paths. No distances, no flows.

On a graph with tiers, the leaves below each switch are bits of a word, merged tier by tier on the way up;
what a leaf can reach is then merged on the way down. On other graphs everything in one component is reached.
Nodes with the same neighbours reach the same, so each set is merged once: sets are told apart by the sum of
random numbers that their members stand for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.direct import direct_arcs
from fabric.graph.fabric import Fabric, components, ranges
from fabric.graph.schema import GPU, SWITCH
from fabric.measures.hops import rows_of_links
from fabric.routing.distance import NO_PATH

__all__ = ["Unreachable", "components", "unreachable"]

_CELLS_AT_ONCE = 20_000_000  # of kinds of source x kinds of destination; bounds memory


@dataclass(frozen=True, kw_only=True)
class Unreachable:
    """``pairs`` of endpoints (ordered) without a legal path; ``src`` to ``dst`` is one (-1: none)."""

    pairs: int
    src: int
    dst: int


def unreachable(fabric: Fabric) -> Unreachable:
    """The pairs that no routing could serve: ``route`` raises NoRouteError for these and no others.

    Inside one scale-up domain its switch serves; from an endpoint without a way another endpoint of its
    domain may relay.
    """
    f, n = fabric, fabric.n_endpoints
    if len(direct_arcs(f)):
        return _in_rows(f)
    group, reached = _reached_groups(f)
    of_row = np.unique(_rows(reached), return_inverse=True)[1].ravel()  # groups that reach the same
    row = np.zeros(int(of_row.max(initial=-1)) + 1, np.int64)
    row[of_row] = np.arange(len(of_row))
    endpoint = np.repeat(np.arange(n), f.attached)
    at = group[f.arc_dst[ranges(f.arc_up[:n], f.arc_ptr[1 : n + 1])]]

    # What a source reaches is what all endpoints of its scale-up domain reach, as they relay.
    domain = np.unique(np.where(f.scaleup >= 0, f.scaleup, len(f.kind) + np.arange(n)), return_inverse=True)[
        1
    ]
    pairs = np.sort(domain[endpoint] * (len(row) + 1) + of_row[at])
    pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]
    owner, there = np.divmod(pairs, len(row) + 1)
    source = _Sets(owner, there, int(domain.max()) + 1)
    reach = np.zeros((len(source.start), reached.shape[1]), np.uint64)
    for i, (start, stop) in enumerate(zip(source.start.tolist(), source.stop.tolist())):
        if stop > start:
            reach[i] = np.bitwise_or.reduce(reached[row[there[start:stop]]], axis=0)

    target = _Sets(endpoint, at, n)
    many = np.bincount(target.set_of, minlength=len(target.start))
    alike = np.repeat(np.arange(len(target.start)), target.stop - target.start)
    where = at[ranges(target.start, target.stop)]
    own = source.set_of[domain]
    lacking = np.zeros(len(reach), np.int64)
    outside = np.zeros(n, bool)  # endpoints that their own domain does not reach over the fabric
    step = max(1, _CELLS_AT_ONCE // max(1, reached.shape[1] * 64, len(many)))
    for first in range(0, len(reach), step):
        served = _served(reach[first : first + step], alike, where, len(many))
        lacking[first : first + step] = (~served) @ many
        mine = np.flatnonzero((own >= first) & (own < first + step))
        outside[mine] = ~served[own[mine] - first, target.set_of[mine]]
    # A domain's own members are served by its switch, and a lone endpoint needs no way to itself.
    missing = lacking[own] - np.bincount(domain, weights=outside)[domain].astype(np.int64)
    total = int(missing.sum())
    if not total:
        return Unreachable(pairs=0, src=-1, dst=-1)
    src = int(np.argmax(missing > 0))
    served = _served(reach[own[src] : own[src] + 1], alike, where, len(many))[0]
    lost = ~served[target.set_of] & (domain != domain[src])
    return Unreachable(pairs=total, src=src, dst=int(np.argmax(lost)))


def _in_rows(f: Fabric) -> Unreachable:
    """Counted pair by pair, where cables between endpoints join single pairs."""
    pairs, example = 0, (-1, -1)
    for source, network, relay in rows_of_links(f):
        own = f.scaleup[source][:, np.newaxis]
        lost = (network == NO_PATH) & (relay == NO_PATH) & ((own < 0) | (own != f.scaleup))
        lost[np.arange(len(source)), source] = False
        if not pairs and lost.any():
            row, dst = divmod(int(np.argmax(lost)), f.n_endpoints)
            example = int(source[row]), dst
        pairs += int(lost.sum())
    return Unreachable(pairs=pairs, src=example[0], dst=example[1])


def _served(reach: NDArray[np.uint64], alike: NDArray, where: NDArray, kinds: int) -> NDArray[np.bool_]:
    """(sources, kinds of destination): whether the source reaches any of the groups that the kind is on."""
    bits = np.unpackbits(reach.view(np.uint8), axis=1, bitorder="little").astype(bool)
    served = np.zeros((len(reach), kinds), bool)
    if len(where):
        starts = np.flatnonzero(np.diff(alike, prepend=-1))
        served[:, alike[starts]] = np.logical_or.reduceat(bits[:, where], starts, axis=1)
    return served


class _Sets:
    """The sets of ``member`` that each ``owner`` (ascending) has; equal ones are found once.

    ``set_of`` (owners,) numbers the sets; set i is ``member[start[i]:stop[i]]`` of one of its owners.
    """

    def __init__(self, owner: NDArray, member: NDArray, owners: int) -> None:
        token = np.random.default_rng(0).integers(1, 1 << 63, int(member.max(initial=0)) + 1, np.uint64)
        first = np.searchsorted(owner, np.arange(owners + 1))
        total = np.zeros(len(owner) + 1, np.uint64)
        np.cumsum(token[member], out=total[1:])  # wraps around, and so does the difference
        _, example, self.set_of = np.unique(
            total[first[1:]] - total[first[:-1]], return_index=True, return_inverse=True
        )
        self.start, self.stop = first[:-1][example], first[1:][example]


def _reached_groups(f: Fabric) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """(nodes,) the group of each leaf; (groups, words) bits of the groups reached from each.

    A group is a leaf where the graph has tiers, else a component.
    """
    nodes = len(f.kind)
    source = np.repeat(np.arange(nodes), np.diff(f.arc_ptr))
    trunk = (f.kind[source] == SWITCH) & (f.kind[f.arc_dst] == SWITCH)
    if not f.tiered:
        root = components(nodes, source[trunk], f.arc_dst[trunk])
        names, group = np.unique(root[f.leaves], return_inverse=True)
        of = np.full(nodes, -1)
        of[f.leaves] = group
        return of, _units(len(names))
    bits = np.zeros((nodes, max(1, -(-len(f.leaves) // 64))), np.uint64)
    bits[f.leaves] = _units(len(f.leaves))
    tiers = np.unique(f.tier[f.kind != GPU]).tolist()
    up = f.tier[f.arc_dst] > f.tier[source]
    for way, order in ((~up, tiers), (up, tiers[::-1])):
        usable = trunk & way
        for tier in order:
            arcs = np.flatnonzero(usable & (f.tier[source] == tier))
            here, place = np.unique(source[arcs], return_inverse=True)
            sets = _Sets(place, f.arc_dst[arcs], len(here))
            merged = np.zeros((len(sets.start), bits.shape[1]), np.uint64)
            for i, (start, stop) in enumerate(zip(sets.start.tolist(), sets.stop.tolist())):
                merged[i] = np.bitwise_or.reduce(bits[f.arc_dst[arcs[start:stop]]], axis=0)
            bits[here] |= merged[sets.set_of]
    return f.leaf_index.astype(np.int64), bits[f.leaves]


def _rows(bits: NDArray[np.uint64]) -> NDArray:
    """(rows,): each row as one value that can be compared."""
    return np.ascontiguousarray(bits).view(np.dtype((np.void, bits.shape[1] * 8))).ravel()


def _units(count: int) -> NDArray[np.uint64]:
    """(count, words): row i has bit i."""
    bits = np.zeros((count, max(1, -(-count // 64))), np.uint64)
    place = np.arange(count)
    bits[place, place // 64] = np.uint64(1) << (place % 64).astype(np.uint64)
    return bits
