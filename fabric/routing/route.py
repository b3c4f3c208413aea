"""The path of every flow, all at once, on any graph. Knows links and policies; no bytes, no time.

A next hop of switch u towards leaf d is any neighbour one link nearer: one rule for every topology. The
policy says how one of them is chosen, or how a flow is split over them. Here is what all policies have in
common: which fabric their traffic runs on, scale-up domains, and relays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.direct import direct_arcs, directly
from fabric.graph.fabric import Fabric, ranges
from fabric.routing.attachment import attached, nearest, shortest, ways
from fabric.routing.detour import detoured
from fabric.routing.draw import Draw
from fabric.routing.forwarding import forwarded, tables
from fabric.routing.merge import balanced, merged
from fabric.routing.paths import Paths
from fabric.routing.policies import DEFAULT_PATHS, Adaptive, Policy, Spray, Static, Ugal, Valiant
from fabric.routing.quotient import quotient
from fabric.routing.spread import cables, spread
from fabric.routing.walk import walk
from fabric.words.errors import NoRouteError, ParameterError

__all__ = ["carrier", "caveat", "check_policy", "pieces", "route"]


def carrier(fabric: Fabric, policy: Policy) -> Fabric:
    """The fabric on which the policy's traffic runs.

    For ``adaptive`` the merged one, where there are tiers; for ``spray`` the quotient by alike switches; for
    all others ``fabric`` itself. Its ``contraction`` tells which links a link of it stands for.

    Raises:
        ParameterError: the policy does not fit a fabric with tiers, or one without.
    """
    check_policy(fabric, policy)
    if isinstance(policy, Adaptive) and fabric.tiered:
        return merged(fabric)
    return quotient(fabric) if isinstance(policy, Spray) else fabric


def check_policy(fabric: Fabric, policy: Policy) -> None:
    """Find what a policy cannot do on this fabric before anything is routed.

    Raises:
        ParameterError: it does not fit a fabric with tiers.
        FileFormatError: its tables do not fit this fabric.
    """
    if isinstance(policy, Adaptive) and fabric.tiered and policy.paths != DEFAULT_PATHS:
        rule = f"only for graphs without tiers; {fabric.name} has tiers, and all paths count"
        raise ParameterError("routing adaptive: paths", policy.paths, rule)
    if isinstance(policy, (Valiant, Ugal)) and fabric.tiered:
        rule = f"for graphs without tiers; {fabric.name} has tiers, on which a detour would turn up again"
        raise ParameterError("routing", policy.name, rule, ("ecmp", "dmodk", "adaptive", "spray", "static"))
    if isinstance(policy, Static):
        tables(fabric, policy.file)


def pieces(fabric: Fabric, policy: Policy) -> int:
    """Paths that are found one by one for each transfer: its queue pairs, or the parts of a flow."""
    if isinstance(policy, (Valiant, Ugal)) or (isinstance(policy, Adaptive) and not fabric.tiered):
        return policy.paths
    return policy.qps


def caveat(fabric: Fabric, policy: Policy) -> str:
    """What has to be said beside the policy's results on this fabric, or nothing."""
    if isinstance(policy, (Valiant, Ugal)):
        return f"{policy} is a fluid approximation: each flow is cut into {policy.paths} parts, not packets"
    if not isinstance(policy, Adaptive):
        return ""
    if not fabric.tiered:
        return f"{policy} is an approximation here, without tiers: even over {policy.paths} shortest paths"
    if not balanced(fabric):
        return f"{policy} is an upper bound here: switches that share leaves are not cabled alike"
    return ""


def route(fabric: Fabric, src: NDArray, dst: NDArray, policy: Policy, *, qp: NDArray | int = 0) -> Paths:
    """The path of each flow from endpoint ``src[i]`` to endpoint ``dst[i]``, or the ways that it is split
    over.

    ``fabric`` is the policy's carrier; ``qp`` distinguishes the queue pairs of one transfer. Every path is a
    shortest legal one, but for those by an intermediate (``valiant``, ``ugal``) or by a table (``static``).
    Traffic inside one scale-up domain takes its switch; between two endpoints that a cable joins, that cable.
    A flow from an endpoint to itself has no links. Where an endpoint has no way to its destination, an
    endpoint of its scale-up domain that has one relays.

    Raises:
        NoRouteError: a pair has no legal path; names the first and counts them.
        ParameterError: the fabric is not the policy's carrier; an endpoint is out of range.
        TooLargeError: flows are split over more links than fit.
        FileFormatError: a table of ``static`` cannot be read, or leads a flow round or nowhere.
    """
    _require_carrier(fabric, policy)
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
    straight = np.where(within, -1, directly(fabric, src, dst))
    inside, beside = np.flatnonzero(within & (src != dst)), np.flatnonzero(straight >= 0)
    parts = [(inside, _domestic(fabric, inside, draw)), (beside, _straight(fabric, beside, straight, draw))]
    outside = np.flatnonzero(~within & (src != dst) & (straight < 0))
    found, paths, lost = _abroad(fabric, outside, draw)
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


def _require_carrier(f: Fabric, policy: Policy) -> None:
    known = f.contraction
    if isinstance(policy, Adaptive) and f.tiered and (known is None or known.by_rate):
        rule = f"{policy} runs on the merged fabric: carrier(fabric, policy)"
        raise ParameterError("fabric", f.name, rule)
    if known and known.by_rate and not isinstance(policy, Spray):
        rule = f"{policy} does not run on the fabric whose alike switches are one: carrier(fabric, policy)"
        raise ParameterError("fabric", f.name, rule)


def _domestic(f: Fabric, flow: NDArray, draw: Draw) -> Paths:
    """The paths of flows inside one scale-up domain: to its switch and down."""
    src, dst = draw.src[flow], draw.dst[flow]
    out, into = f.arc_up[src] - 1, f.arc_back[f.arc_up[dst] - 1]  # its last arc before those to switches
    if isinstance(draw.policy, Spray):
        return Paths.join(cables(f, out), cables(f, into.astype(np.int64)))
    up, down = draw.cable(flow, src, out), draw.cable(flow, f.scaleup[src], into)
    return Paths.from_columns([up.astype(np.int32), down.astype(np.int32)])


def _straight(f: Fabric, flow: NDArray, arc: NDArray, draw: Draw) -> Paths:
    """The paths of flows over the cable from their source to their destination, which ``arc`` (flows,) is."""
    if isinstance(draw.policy, Spray | Adaptive):
        return cables(f, arc[flow])
    return Paths.from_columns([draw.cable(flow, draw.src[flow], arc[flow]).astype(np.int32)])


def _abroad(f: Fabric, flow: NDArray, draw: Draw) -> tuple[NDArray, Paths, NDArray]:
    """The flows of ``flow`` that have a path over the fabric, theirs, and the flows that have none."""
    policy, src, dst = draw.policy, draw.src[flow], draw.dst[flow]
    several = bool(np.any(f.attached[src] * f.attached[dst] > 1))
    if isinstance(policy, Spray) or (isinstance(policy, Adaptive) and f.tiered and several):
        return _split(f, flow, draw)
    if isinstance(policy, Adaptive) and not f.tiered:
        return _dealt(f, flow, draw)
    first, last, lost = attached(f, draw, flow)
    keep = np.ones(len(flow), bool)
    keep[lost] = False
    kept, first, last = flow[keep], first[keep], last[keep]
    if isinstance(policy, Static):
        return kept, forwarded(f, draw, kept, first, last), flow[lost]
    if isinstance(policy, (Valiant, Ugal)):
        return kept, detoured(f, draw, kept, first, last), flow[lost]
    columns = walk(f, kept, first, last, draw)
    return kept, Paths.from_columns([column[kept] for column in columns]), flow[lost]


def _split(f: Fabric, flow: NDArray, draw: Draw) -> tuple[NDArray, Paths, NDArray]:
    """Evenly over all nearest pairs of attachments, and on as the policy does from each."""
    src, dst = draw.src[flow], draw.dst[flow]
    parts = [found for _, *found in shortest(f, src, dst)]
    out, into, number = map(np.concatenate, zip(*parts))
    owner, back = np.repeat(np.arange(len(flow)), number), f.arc_back[into].astype(np.int64)
    kept = np.flatnonzero(number)
    if isinstance(draw.policy, Spray):
        found = spread(f, out, back)
    else:
        each = Draw(f, draw.policy, src[owner], dst[owner], draw.qp[flow[owner]])
        found = Paths.from_columns(walk(f, np.arange(len(owner)), out, back, each))
    if len(owner) > len(kept):
        found = found.scaled(1.0 / number[owner]).grouped(number[kept])
    return flow[kept], found, flow[number == 0]


def _dealt(f: Fabric, flow: NDArray, draw: Draw) -> tuple[NDArray, Paths, NDArray]:
    """Evenly over as many paths as the policy says, each hashed on its own."""
    assert isinstance(draw.policy, Adaptive)
    number = draw.policy.paths
    src, dst = np.repeat(draw.src[flow], number), np.repeat(draw.dst[flow], number)
    each = Draw(f, draw.policy, src, dst, np.tile(np.arange(number, dtype=np.uint64), len(flow)))
    first, last, lost = attached(f, each, np.arange(len(src)))
    gone = np.unique(lost // number)
    keep = np.ones(len(flow), bool)
    keep[gone] = False
    parts = np.flatnonzero(np.repeat(keep, number))
    columns = walk(f, parts, first[parts], last[parts], each)
    found = Paths.from_columns([column[parts] for column in columns])
    return flow[keep], found.evenly(number), flow[gone]


def _relayed(f: Fabric, src: NDArray, dst: NDArray, policy: Policy, qp: NDArray) -> Paths:
    """Paths by way of an endpoint of the source's scale-up domain: the nearest, then by destination."""
    domain = f.scaleup[src]
    order = np.argsort(f.scaleup, kind="stable")
    low, high = (np.searchsorted(f.scaleup[order], domain, side=side) for side in ("left", "right"))
    high[domain < 0] = low[domain < 0]  # without a domain: no peers
    owner, peer = np.repeat(np.arange(len(src)), high - low), order[ranges(low, high)]
    pair, _, _, length = ways(f, peer, dst[owner])
    beside = np.flatnonzero(directly(f, peer, dst[owner]) >= 0)
    if len(beside):  # a cable straight to the destination is nearer than any way over switches
        pair, length = np.append(pair, beside), np.append(length, np.full(len(beside), -1))
        order = np.argsort(pair, kind="stable")
        pair, length = pair[order], length[order]
    good, first, count = nearest(owner[pair], length, len(src))
    lost = np.flatnonzero(count == 0)
    if len(lost):
        reason = "no legal path (up, then down) and no relay in the source's server"
        if len(direct_arcs(f)):
            reason += "; endpoints that are cabled to each other carry nothing for others"
        raise NoRouteError(f.label(int(src[lost[0]])), f.label(int(dst[lost[0]])), len(lost), reason)
    via = peer[pair[good[first + dst % count]]]
    return Paths.join(route(f, src, via, policy, qp=qp), route(f, via, dst, policy, qp=qp))
