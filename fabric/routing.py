"""Paths of all flows at once, hop by hop, on any graph. Knows links and policies; no bytes, no time.

A next hop of switch u towards leaf d is any neighbour one link nearer: one rule for every topology. The
policy only picks among them. Two short cuts keep the work per hop proportional to the flows, not to flows x
ports: going up, the link that the policy would take were all of them good is tried first; going down where
the way is unique, the arc that another switch of the tier takes is tried first. Each try is checked against
the distances; what fails is listed in full. Both leave the outcome as it is defined: of the good next hops,
one by hash or by destination.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.distance import NO_PATH, Block, Distances
from fabric.errors import NoRouteError, ParameterError
from fabric.fabric import Fabric, ranges
from fabric.merge import merged
from fabric.paths import Paths
from fabric.policy import Dmodk, Ecmp, Policy, mix
from fabric.schema import NVSWITCH, SWITCH

__all__ = ["carrier", "distances", "route"]

_LISTED_AT_ONCE = 4_000_000  # candidate arcs; bounds memory


def carrier(fabric: Fabric, policy: Policy) -> Fabric:
    """The fabric on which the policy's traffic runs: ``fabric`` itself, for ``adaptive`` the merged one."""
    return merged(fabric) if policy.merges else fabric


def distances(fabric: Fabric) -> Distances:
    """The distance tables of ``fabric``, made once."""
    if "distances" not in fabric.derived:
        fabric.derived["distances"] = Distances(fabric)
    tables: Distances = fabric.derived["distances"]
    return tables


def route(fabric: Fabric, src: NDArray, dst: NDArray, policy: Policy, *, qp: NDArray | int = 0) -> Paths:
    """One path for each flow from endpoint ``src[i]`` to endpoint ``dst[i]``.

    ``fabric`` is the policy's carrier; ``qp`` distinguishes the queue pairs of one transfer. Every path is a
    shortest legal one; traffic inside one scale-up domain takes its switch. A flow from an endpoint to itself
    has no links. Where an endpoint has no way to its destination, an endpoint of its scale-up domain that has
    one relays.

    Raises:
        NoRouteError: a pair has no legal path; names the first and counts them.
        ParameterError: the fabric is not the policy's carrier.
    """
    if policy.merges and not fabric.merged_from:
        rule = f"{policy} runs on the merged fabric: carrier(fabric, policy)"
        raise ParameterError("fabric", fabric.name, rule)
    src, dst = np.asarray(src, np.int64), np.asarray(dst, np.int64)
    draw = _Draw(fabric, policy, src, dst, np.broadcast_to(np.asarray(qp, np.uint64), src.shape))
    domain = fabric.scaleup
    within = (domain[src] >= 0) & (domain[src] == domain[dst])
    inside, outside = np.flatnonzero(within & (src != dst)), np.flatnonzero(~within & (src != dst))
    parts = [(inside, _domestic(fabric, inside, draw))]
    several = policy.merges and bool(
        np.any(fabric.attached[src[outside]] * fabric.attached[dst[outside]] > 1)
    )
    found, paths, lost = (_split if several else _picked)(fabric, outside, draw)
    parts.append((found, paths))
    if len(lost):
        parts.append((lost, _relayed(fabric, src[lost], dst[lost], policy, draw.qp[lost])))
    parts = [(flows, part) for flows, part in parts if len(flows)]
    if len(parts) == 1 and len(parts[0][0]) == len(src):
        return parts[0][1]
    nowhere = np.flatnonzero(src == dst)
    parts.append((nowhere, Paths(ptr=np.zeros(len(nowhere) + 1, np.int64), link=np.empty(0, np.int32))))
    order = np.argsort(np.concatenate([flows for flows, _ in parts]), kind="stable")
    return Paths.stack([part for _, part in parts]).take(order)


def _domestic(f: Fabric, flow: NDArray, draw: _Draw) -> Paths:
    """The paths of flows inside one scale-up domain: to its switch and down."""
    src, dst = draw.src[flow], draw.dst[flow]
    up = draw.cable(flow, src, f.arc_ptr[src])
    down = draw.cable(flow, f.scaleup[src], f.arc_back[f.arc_ptr[dst]])
    return Paths.from_columns([up.astype(np.int32), down.astype(np.int32)])


def _picked(f: Fabric, flow: NDArray, draw: _Draw) -> tuple[NDArray, Paths, NDArray]:
    """The flows that have a path over the fabric, theirs, and the flows that have none."""
    first, last, lost = _attachments(f, draw.src[flow], draw.dst[flow], draw, flow)
    keep = np.ones(len(flow), bool)
    keep[lost] = False
    columns = _walk(f, flow[keep], first[keep], last[keep], draw)
    return flow[keep], Paths.from_columns([column[flow[keep]] for column in columns]), flow[lost]


def _split(f: Fabric, flow: NDArray, draw: _Draw) -> tuple[NDArray, Paths, NDArray]:
    """As ``_picked``, but evenly over all nearest pairs of attachments: perfect where these are alike."""
    src, dst = draw.src[flow], draw.dst[flow]
    owner, out, into, length = _ways(f, src, dst)
    good, first, number = _nearest(owner, length, len(flow))
    owner = owner[good]
    each = _Draw(f, draw.policy, src[owner], dst[owner], draw.qp[flow[owner]])
    back = f.arc_back[into[good]].astype(np.int64)
    ways = Paths.from_columns(_walk(f, np.arange(len(owner)), out[good], back, each))
    kept = np.flatnonzero(number)
    weight = np.repeat(1.0 / number[owner], ways.length)
    ptr = np.append(ways.ptr[first[kept]], ways.ptr[-1:])
    return flow[kept], Paths(ptr=ptr, link=ways.link, weight=weight), flow[number == 0]


@dataclass
class _Draw:
    """The policy's choice for flows at nodes, as an index below a count."""

    fabric: Fabric
    policy: Policy
    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    qp: NDArray[np.uint64]

    def __post_init__(self) -> None:
        f = self.fabric
        if isinstance(self.policy, Dmodk):
            self.position = f.position[self.dst]
            self.divisor = _divisors(f)
        else:
            seed = self.policy.seed % 2**64 if isinstance(self.policy, Ecmp) else 0
            self.pair = mix(mix(self.src.astype(np.uint64)) ^ self.dst.astype(np.uint64))
            self.flow = mix(self.pair + self.qp)
            self.salt = mix(np.arange(len(f.kind), dtype=np.uint64) ^ mix(np.array([seed], np.uint64)))

    def index(self, flow: NDArray, node: NDArray, count: NDArray, round_: int = 0) -> NDArray[np.int64]:
        """Below ``count``: by hash of flow and node, or by destination and the node's level."""
        if isinstance(self.policy, Dmodk):
            return self.position[flow] // self.divisor[node] % count
        value = mix(self.flow[flow] ^ self.salt[node] ^ np.uint64(round_ << 8))
        return ((value >> np.uint64(32)) * count.astype(np.uint64) >> np.uint64(32)).astype(np.int64)

    def attachment(self, flow: NDArray, count: NDArray) -> NDArray[np.int64]:
        """Below ``count``: queue pairs of one transfer are dealt over the attachments in turn."""
        if isinstance(self.policy, Dmodk):
            return self.position[flow] % count
        first = mix(self.pair[flow] ^ self.salt[self.src[flow]]) >> np.uint64(1)
        return ((first + self.qp[flow]) % count.astype(np.uint64)).astype(np.int64)

    def upward(self, flow: NDArray, node: NDArray) -> NDArray[np.int64]:
        """The link up from ``node`` that the flow would take if all its links up led there."""
        f = self.fabric
        first, arcs = f.arc_link[f.arc_up[node]], f.arc_ptr[node + 1] - f.arc_up[node]
        total = f.arc_link[f.arc_ptr[node + 1]] - first
        pick = self.index(flow, node, total)
        if isinstance(self.policy, Dmodk):
            # Ports are numbered round the parents first, then their second cables (Zahavi's PGFT).
            per = total // arcs
            even = per * arcs == total
            pick = np.where(even, pick % arcs * per + pick // arcs, pick)
        return first + pick

    def cable(self, flow: NDArray, node: NDArray, arc: NDArray) -> NDArray[np.int64]:
        """One of the parallel cables of ``arc``, which leads down from ``node`` or up from an endpoint."""
        f = self.fabric
        first = f.arc_link[arc]
        count = f.arc_link[arc + 1] - first
        if not np.any(count > 1):
            return first
        if isinstance(self.policy, Dmodk):
            # The mirror of the way up: what goes up on a parent's cable c comes down on its cable c.
            below = np.where(node < f.n_endpoints, node, f.arc_dst[arc])
            parents = np.maximum(f.arc_ptr[below + 1] - f.arc_up[below], 1)
            return first + self.position[flow] // self.divisor[below] // parents % count
        return first + self.index(flow, node, count, 1)


def _divisors(f: Fabric) -> NDArray[np.int64]:
    """(nodes,): w_1 ... w_L of the level L of each node, w the most parents a node of the level below has."""
    parents = np.diff(f.arc_ptr) - (f.arc_up - f.arc_ptr[:-1])
    product = np.ones(len(f.kind), np.int64)
    if f.tiered:
        running = 1
        for tier in range(1, int(f.tier.max()) + 1):
            lower = (f.tier == tier - 1) & (f.kind != NVSWITCH)
            running *= max(1, int(parents[lower].max(initial=1)))
            product[f.tier == tier] = running
    return product


def _attachments(
    f: Fabric, src: NDArray, dst: NDArray, draw: _Draw, flow: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each flow the arc by which it leaves, the arc by which it arrives; and which flows have none.

    Of all pairs of attachments the nearest, and among those one by the policy.
    """
    if np.all(f.attached[src] == 1) and np.all(f.attached[dst] == 1):
        out, into = f.arc_up[src], f.arc_up[dst]
        length = distances(f).between(f.arc_dst[out], f.leaf_index[f.arc_dst[into]])
        return out, f.arc_back[into].astype(np.int64), np.flatnonzero(length == NO_PATH)
    owner, out, into, length = _ways(f, src, dst)
    good, first, count = _nearest(owner, length, len(src))
    lost = count == 0
    chosen = np.zeros(len(src), np.int64)
    pick = first + draw.attachment(flow, np.maximum(count, 1))
    chosen[~lost] = good[pick[~lost]]
    if lost.all():
        return chosen, chosen, np.flatnonzero(lost)
    return out[chosen], f.arc_back[into[chosen]].astype(np.int64), np.flatnonzero(lost)


def _ways(
    f: Fabric, src: NDArray, dst: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of an attachment of ``src[i]`` and one of ``dst[i]``.

    Four arrays (pairs,): i, ascending; the arc from each end up to its switch; the links between the switches
    or NO_PATH.
    """
    ways = f.attached[src] * f.attached[dst]
    owner = np.repeat(np.arange(len(src)), ways)
    number = ranges(np.zeros(len(ways), np.int64), ways)
    other = f.attached[dst[owner]]
    out, into = f.arc_up[src[owner]] + number // other, f.arc_up[dst[owner]] + number % other
    return owner, out, into, distances(f).between(f.arc_dst[out], f.leaf_index[f.arc_dst[into]])


def _nearest(
    owner: NDArray, length: NDArray, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The options that are their owner's shortest; owner i has ``number[i]`` of them from ``first[i]`` on."""
    best = np.full(count, NO_PATH)
    np.minimum.at(best, owner, length)
    good = np.flatnonzero((length < NO_PATH) & (length == best[owner]))
    number = np.bincount(owner[good], minlength=count)
    return good, np.cumsum(number) - number, number


def _relayed(f: Fabric, src: NDArray, dst: NDArray, policy: Policy, qp: NDArray) -> Paths:
    """Paths by way of an endpoint of the source's scale-up domain: the nearest, then by destination."""
    domain = f.scaleup[src]
    order = np.argsort(f.scaleup, kind="stable")
    low, high = (np.searchsorted(f.scaleup[order], domain, side=side) for side in ("left", "right"))
    high[domain < 0] = low[domain < 0]  # without a domain: no peers
    owner, peer = np.repeat(np.arange(len(src)), high - low), order[ranges(low, high)]
    pair, _, _, length = _ways(f, peer, dst[owner])
    good, first, count = _nearest(owner[pair], length, len(src))
    lost = np.flatnonzero(count == 0)
    if len(lost):
        reason = "no legal path (up, then down) and no relay in the source's server"
        raise NoRouteError(f.label(int(src[lost[0]])), f.label(int(dst[lost[0]])), len(lost), reason)
    via = peer[pair[good[first + dst % count]]]
    return Paths.join(route(f, src, via, policy, qp=qp), route(f, via, dst, policy, qp=qp))


def _walk(f: Fabric, flow: NDArray, first: NDArray, last: NDArray, draw: _Draw) -> list[NDArray[np.int32]]:
    """Columns of links, one per hop over all flows of the draw; only those in ``flow`` are filled."""
    total = len(draw.src)
    columns: list[NDArray[np.int32]] = []

    def put(hop: int, which: NDArray, link: NDArray) -> None:
        while len(columns) <= hop:
            columns.append(np.full(total, -1, np.int32))
        columns[hop][which] = link

    put(0, flow, draw.cable(flow, draw.src[flow], first))
    put(1, flow[:0], flow[:0])
    here, leaf = f.arc_dst[first].astype(np.int64), f.link_src[f.arc_link[last]]
    target = f.leaf_index[leaf].astype(np.int64)
    tables = distances(f)
    for number in np.unique(target // tables.columns).tolist():
        block = tables.block(number)
        mine = np.flatnonzero(target // tables.columns == number)
        step = _Step(f, block, draw, flow[mine], here[mine], target[mine] - block.first, last[mine])
        hop = 1
        while len(step.flow):
            arrived = step.left == 0
            if arrived.any():
                done = step.flow[arrived]
                put(hop, done, draw.cable(done, step.node[arrived], step.last[arrived]))
                step.keep(~arrived)
            if len(step.flow):
                put(hop, step.flow, step.advance())
            hop += 1
    return columns


class _Step:
    """Flows under way in one block: where each is, how many links are left, whether it may still go up."""

    def __init__(
        self, f: Fabric, block: Block, draw: _Draw, flow: NDArray, node: NDArray, leaf: NDArray, last: NDArray
    ) -> None:
        self.f, self.block, self.draw = f, block, draw
        self.flow, self.node, self.leaf, self.last = flow, node, leaf, last
        self.left = block.reach[node - f.n_endpoints, leaf].astype(np.int64)
        self.rising = np.ones(len(flow), bool)

    def keep(self, which: NDArray) -> None:
        for name in ("flow", "node", "leaf", "last", "left", "rising"):
            setattr(self, name, getattr(self, name)[which])

    def advance(self) -> NDArray[np.int64]:
        """Take one link with every flow; returns the links."""
        f, n = self.f, self.f.n_endpoints
        reach, down = self.block.reach, self.block.down
        row = self.node - n
        link = np.full(len(self.flow), -1, np.int64)

        falls = down[row, self.leaf] == self.left  # a way down is among the shortest
        up = np.flatnonzero(~falls)
        tried = self.draw.upward(self.flow[up], self.node[up])
        good = reach[f.link_dst[tried] - n, self.leaf[up]] == self.left[up] - 1
        link[up[good]] = tried[good]

        # All ways lead down, and there is one next switch: no choice but that of the cable.
        bound = ~self.rising | (self.left == 1) | (f.arc_up[self.node] == f.arc_ptr[self.node + 1])
        fall = np.flatnonzero(falls & bound & self.block.forced[row])
        node, leaf = self.node[fall], self.leaf[fall]
        arc = np.minimum(f.arc_ptr[node] + self.block.guess[f.tier[node], leaf], f.arc_up[node] - 1)
        child = f.arc_dst[arc] - n  # below zero: an endpoint
        good = (child >= 0) & (down[np.maximum(child, 0), leaf] == self.left[fall] - 1)
        fall, arc = fall[good], arc[good]
        link[fall] = self.draw.cable(self.flow[fall], self.node[fall], arc)

        for part in self._chunks(np.flatnonzero(link < 0)):
            link[part] = self._listed(part)
        if f.tiered:
            self.rising &= link >= f.arc_link[f.arc_up[self.node]]
        self.node = f.link_dst[link].astype(np.int64)
        self.left = self.left - 1
        return link

    def _chunks(self, rest: NDArray) -> list[NDArray]:
        if not len(rest):
            return []
        arcs = np.cumsum(np.diff(self.f.arc_ptr)[self.node[rest]])
        return np.split(rest, np.searchsorted(arcs, np.arange(_LISTED_AT_ONCE, arcs[-1], _LISTED_AT_ONCE)))

    def _listed(self, part: NDArray) -> NDArray[np.int64]:
        """A link for each flow of ``part``, from the full list of its good next hops and their cables."""
        f, n = self.f, self.f.n_endpoints
        node, leaf, left, rising = self.node[part], self.leaf[part], self.left[part], self.rising[part]
        stop = np.where(rising, f.arc_ptr[node + 1], f.arc_up[node])
        which = np.repeat(np.arange(len(part)), stop - f.arc_ptr[node])
        arc = ranges(f.arc_ptr[node], stop)
        to_switch = f.kind[f.arc_dst[arc]] == SWITCH
        which, arc = which[to_switch], arc[to_switch]
        row = f.arc_dst[arc] - n
        ahead = np.where(
            arc >= f.arc_up[node[which]],
            self.block.reach[row, leaf[which]] == left[which] - 1,
            self.block.down[row, leaf[which]] == left[which] - 1,
        )
        which, arc = which[ahead], arc[ahead]
        cables = f.arc_link[arc + 1] - f.arc_link[arc]
        through = np.cumsum(cables)
        total = np.bincount(which, weights=cables, minlength=len(part)).astype(np.int64)
        before = np.cumsum(total) - total
        pick = before + self.draw.index(self.flow[part], node, total, 3)
        at = np.searchsorted(through, pick, side="right")
        return f.arc_link[arc[at]] + pick - (through[at] - cables[at])
