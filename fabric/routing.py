"""The path of every flow, all at once, on any graph. Knows links and policies; no bytes, no time.

A next hop of switch u towards leaf d is any neighbour one link nearer: one rule for every topology. The
policy only picks among them (fabric.draw), and flows are carried hop by hop (fabric.walk). Here is what lies
before and after: the switches to which both ends are cabled, scale-up domains, and relays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.distance import NO_PATH, distances
from fabric.draw import Draw
from fabric.errors import NoRouteError, ParameterError
from fabric.fabric import Fabric, ranges
from fabric.merge import balanced, merged
from fabric.paths import Paths
from fabric.policy import Policy
from fabric.walk import walk

__all__ = ["carrier", "caveat", "route"]


def carrier(fabric: Fabric, policy: Policy) -> Fabric:
    """The fabric on which the policy's traffic runs: ``fabric`` itself, for ``adaptive`` the merged one."""
    return merged(fabric) if policy.merges else fabric


def caveat(fabric: Fabric, policy: Policy) -> str:
    """What has to be said beside the policy's results on this fabric, or nothing."""
    if policy.merges and not balanced(fabric):
        return f"{policy} is an upper bound here: switches that share leaves are not cabled alike"
    return ""


def route(fabric: Fabric, src: NDArray, dst: NDArray, policy: Policy, *, qp: NDArray | int = 0) -> Paths:
    """One path for each flow from endpoint ``src[i]`` to endpoint ``dst[i]``.

    ``fabric`` is the policy's carrier; ``qp`` distinguishes the queue pairs of one transfer. Every path is a
    shortest legal one; traffic inside one scale-up domain takes its switch. A flow from an endpoint to itself
    has no links. Where an endpoint has no way to its destination, an endpoint of its scale-up domain that has
    one relays.

    Raises:
        NoRouteError: a pair has no legal path; names the first and counts them.
        ParameterError: the fabric is not the policy's carrier; an endpoint is out of range.
    """
    if policy.merges and not fabric.merged_from:
        rule = f"{policy} runs on the merged fabric: carrier(fabric, policy)"
        raise ParameterError("fabric", fabric.name, rule)
    src, dst = np.asarray(src, np.int64), np.asarray(dst, np.int64)
    for name, ends in (("src", src), ("dst", dst)):
        wrong = (ends < 0) | (ends >= fabric.n_endpoints)
        if ends.shape != src.shape or ends.ndim != 1:
            raise ParameterError(name, ends.shape, "one endpoint per flow, as many of src as of dst")
        if wrong.any():
            rule = f"endpoints are 0 to {fabric.n_endpoints - 1}"
            raise ParameterError(name, int(ends[np.argmax(wrong)]), rule)
    draw = Draw(fabric, policy, src, dst, np.broadcast_to(np.asarray(qp, np.uint64), src.shape))
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


def _domestic(f: Fabric, flow: NDArray, draw: Draw) -> Paths:
    """The paths of flows inside one scale-up domain: to its switch and down."""
    src, dst = draw.src[flow], draw.dst[flow]
    up = draw.cable(flow, src, f.arc_ptr[src])
    down = draw.cable(flow, f.scaleup[src], f.arc_back[f.arc_ptr[dst]])
    return Paths.from_columns([up.astype(np.int32), down.astype(np.int32)])


def _picked(f: Fabric, flow: NDArray, draw: Draw) -> tuple[NDArray, Paths, NDArray]:
    """The flows that have a path over the fabric, theirs, and the flows that have none."""
    first, last, lost = _attachments(f, draw.src[flow], draw.dst[flow], draw, flow)
    keep = np.ones(len(flow), bool)
    keep[lost] = False
    columns = walk(f, flow[keep], first[keep], last[keep], draw)
    return flow[keep], Paths.from_columns([column[flow[keep]] for column in columns]), flow[lost]


def _split(f: Fabric, flow: NDArray, draw: Draw) -> tuple[NDArray, Paths, NDArray]:
    """As ``_picked``, but evenly over all nearest pairs of attachments: perfect where these are alike."""
    src, dst = draw.src[flow], draw.dst[flow]
    owner, out, into, length = _ways(f, src, dst)
    good, first, number = _nearest(owner, length, len(flow))
    owner = owner[good]
    each = Draw(f, draw.policy, src[owner], dst[owner], draw.qp[flow[owner]])
    back = f.arc_back[into[good]].astype(np.int64)
    ways = Paths.from_columns(walk(f, np.arange(len(owner)), out[good], back, each))
    kept = np.flatnonzero(number)
    weight = np.repeat(1.0 / number[owner], ways.length)
    ptr = np.append(ways.ptr[first[kept]], ways.ptr[-1:])
    return flow[kept], Paths(ptr=ptr, link=ways.link, weight=weight), flow[number == 0]


def _attachments(
    f: Fabric, src: NDArray, dst: NDArray, draw: Draw, flow: NDArray
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
