"""The path of every flow, all at once, on any graph. Knows links and policies; no bytes, no time.

A next hop of switch u towards leaf d is any neighbour one link nearer: one rule for every topology. The
policy says how one of them is chosen, or how a flow is split over them. Here is what all policies have in
common: which fabric their traffic runs on, scale-up domains, and relays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.graph.direct import direct_arcs, directly
from fabric.graph.fabric import Fabric, ranges, require_fabric
from fabric.routing.attachment import nearest, ways
from fabric.routing.draw import Draw
from fabric.routing.paths import Paths
from fabric.routing.policies import POLICIES, Policy, parse_policy
from fabric.words.errors import NoRouteError, ParameterError
from fabric.words.given import require
from fabric.words.numbers import whole_numbers

__all__ = ["carrier", "check_policy", "route"]

_QP = "the number of a queue pair, from 0, or one for each flow"


def carrier(fabric: Fabric, policy: Policy | str) -> Fabric:
    """The fabric on which the policy's traffic runs: ``fabric`` itself, or what the policy contracts it to.

    Its ``contraction`` tells which links a link of it stands for. ``policy``: itself, or its text.

    Raises:
        ParameterError: the policy does not fit a fabric with tiers, or one without; either is none.
    """
    policy = _looked_at(fabric, policy)
    check_policy(fabric, policy)
    return policy.carrier(fabric)


def _looked_at(fabric: Fabric, policy: Policy | str) -> Policy:
    """The policy, once both are known to be what they have to be."""
    require_fabric(fabric)
    if isinstance(policy, str):
        return parse_policy(policy)
    require("policy", policy, Policy, "a policy such as Ecmp(), or its text", POLICIES)
    return policy


def check_policy(fabric: Fabric, policy: Policy) -> None:
    """Find what a policy cannot do on this fabric before anything is routed.

    Raises:
        ParameterError: it does not fit a fabric with tiers.
        FileFormatError: its tables do not fit this fabric.
    """
    if fabric.tiered and policy.forbids_tiers:
        rule = f"for graphs without tiers; {fabric.name} has tiers, on which {policy.forbids_tiers}"
        fits = [kind.name for kind in POLICIES.values() if not kind.forbids_tiers]
        raise ParameterError("routing", policy.name, rule, fits)
    policy.check(fabric)


def route(
    fabric: Fabric, src: ArrayLike, dst: ArrayLike, policy: Policy | str, *, qp: ArrayLike = 0
) -> Paths:
    """The path of each flow from endpoint ``src[i]`` to endpoint ``dst[i]``, or the ways that it is split
    over.

    ``fabric`` is the carrier of ``policy``, which may be its text; ``qp`` distinguishes the queue pairs of a
    transfer. Every path is a shortest legal one, but for those by an intermediate (``valiant``, ``ugal``) or
    by a table (``static``).
    Traffic inside one scale-up domain takes its switch; between two endpoints that a cable joins, that cable.
    A flow from an endpoint to itself has no links. Where an endpoint has no way to its destination, an
    endpoint of its scale-up domain that has one relays.

    Raises:
        NoRouteError: a pair has no legal path; names the first and counts them.
        ParameterError: the fabric is not the policy's carrier; an endpoint is none.
        TooLargeError: flows are split over more links than fit.
        FileFormatError: a table of ``static`` cannot be read, or leads a flow round or nowhere.
    """
    policy = _looked_at(fabric, policy)
    misfit = policy.misfit(fabric)
    if misfit:
        raise ParameterError("fabric", fabric.name, f"{misfit}: pass carrier(fabric, policy) instead")
    numbers = "endpoints by their numbers, one per flow"
    src, dst = whole_numbers("src", src, numbers), whole_numbers("dst", dst, numbers)
    for name, ends in (("src", src), ("dst", dst)):
        if ends.shape != src.shape or ends.ndim != 1:
            raise ParameterError(name, ends.shape, "one endpoint per flow, as many of src as of dst")
        if ends.min(initial=0) < 0 or ends.max(initial=0) >= fabric.n_endpoints:
            wrong = (ends < 0) | (ends >= fabric.n_endpoints)
            rule = f"endpoints are 0 to {fabric.n_endpoints - 1}"
            raise ParameterError(name, int(ends[np.argmax(wrong)]), rule)
    number = whole_numbers("qp", qp, _QP)
    if number.shape not in ((), src.shape) or number.min(initial=0) < 0:
        raise ParameterError("qp", qp, _QP)
    qp = np.broadcast_to(number.astype(np.uint64), src.shape)
    domain, apart, none = fabric.scaleup, src != dst, np.empty(0, np.int64)
    inside, beside, straight = none, none, none
    if np.any(domain >= 0):
        within = (domain[src] >= 0) & (domain[src] == domain[dst])
        inside, apart = np.flatnonzero(within & apart), apart & ~within
    if len(direct_arcs(fabric)):
        straight = directly(fabric, src, dst)
        beside, apart = np.flatnonzero(apart & (straight >= 0)), apart & (straight < 0)
    outside = np.flatnonzero(apart)

    def drawn(flows: NDArray) -> tuple[Draw, NDArray]:
        """The choices for some flows, and their numbers there."""
        part = slice(None) if len(flows) == len(src) else flows
        return policy.draw(fabric, src[part], dst[part], qp[part]), np.arange(len(flows))

    parts = []
    if len(inside):
        parts.append((inside, _domestic(fabric, *drawn(inside), policy)))
    if len(beside):
        draw, own = drawn(beside)
        parts.append((beside, policy.cables(fabric, draw, own, src[beside], straight[beside])))
    if len(outside):
        found, paths, lost = policy.across(fabric, *drawn(outside))
        parts.append((outside[found], paths))
        if len(lost):
            lost = outside[lost]
            parts.append((lost, _relayed(fabric, src[lost], dst[lost], policy, qp[lost])))
    return Paths.merged(parts, len(src))


def _domestic(f: Fabric, draw: Draw, flow: NDArray, policy: Policy) -> Paths:
    """The paths of flows inside one scale-up domain: to its switch and down."""
    src, dst = draw.src[flow], draw.dst[flow]
    out, into = f.arc_up[src] - 1, f.arc_back[f.arc_up[dst] - 1]  # its last arc before those to switches
    up, down = policy.cables(f, draw, flow, src, out), policy.cables(f, draw, flow, f.scaleup[src], into)
    return Paths.join(up, down)


def _relayed(f: Fabric, src: NDArray, dst: NDArray, policy: Policy, qp: NDArray) -> Paths:
    """Paths by way of an endpoint of the source's scale-up domain: the nearest, then by the destination's
    place on its leaf, so that all of a leaf's are shared evenly by as many relays as there are.
    """
    mine = f.scaleup[src].astype(np.int64)  # nodes times endpoints are more than 32 bits hold
    _, some, case = np.unique(mine * f.n_endpoints + dst, return_index=True, return_inverse=True)
    domain, end = mine[some], dst[some]  # of each case: from any endpoint of a domain the relays are the same
    order = np.argsort(f.scaleup, kind="stable")
    low, high = (np.searchsorted(f.scaleup[order], domain, side=side) for side in ("left", "right"))
    high[domain < 0] = low[domain < 0]  # without a domain: no peers
    owner, peer = np.repeat(np.arange(len(some)), high - low), order[ranges(low, high)]
    pair, _, _, length = ways(f, peer, end[owner])
    beside = np.flatnonzero(directly(f, peer, end[owner]) >= 0)
    if len(beside):  # a cable straight to the destination is nearer than any way over switches
        pair, length = np.append(pair, beside), np.append(length, np.full(len(beside), -1))
        order = np.argsort(pair, kind="stable")
        pair, length = pair[order], length[order]
    good, first, count = nearest(owner[pair], length, len(some))
    lost = np.flatnonzero(count[case] == 0)
    if len(lost):
        reason = "no legal path (up, then down) and no relay in the source's server"
        if len(direct_arcs(f)):
            reason += "; endpoints that are cabled to each other carry nothing for others"
        raise NoRouteError(f.label(int(src[lost[0]])), f.label(int(dst[lost[0]])), len(lost), reason)
    via = peer[pair[good[first + f.position[end] % count]]][case]
    return Paths.join(route(f, src, via, policy, qp=qp), route(f, via, dst, policy, qp=qp))
