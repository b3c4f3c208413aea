"""Every endpoint sends to every other one: loads of the links without a list of the flows. Knows policies.

Endpoints of one leaf are alike, so that one of each leaf is routed to one of each leaf and counts for all of
both. By destination (``dmodk``) flows that meet go on as one. What is hashed flow by flow
(``ecmp``) loads every link as an even split does, on average; around that the number of flows on a link is
drawn, as hashing would leave it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Spray, carrier, route
from fabric.graph.direct import direct_arcs
from fabric.graph.fabric import ranges
from fabric.routing.distance import Block, distances
from fabric.routing.policies import Policy
from fabric.routing.walk import Step
from fabric.words.errors import ParameterError

__all__ = ["Uniform", "listed", "uniform"]

_MOST_LISTED = 4_000_000  # flows and parts of flows
_PAIRS_AT_ONCE = 500_000
_STATES_AT_ONCE = 4_000_000
_SAMPLE = 200_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Uniform:
    """Loads and rates of all to all. ``carried``: (links of the carrier,) bytes if every flow is of one byte;
    ``rates``: (sample,) bytes/s; ``slowest``: of all flows.
    """

    carried: NDArray[np.float64]
    rates: NDArray[np.float64]
    slowest: float
    note: str = ""


def listed(on: Fabric, policy: Policy) -> bool:
    """Whether the flows of all to all are few enough to be listed."""
    return _listed(on.n_endpoints, policy, on.tiered)


def require_known(policy: Policy, endpoints: int) -> None:
    """Raise ParameterError where, with tiers or without, the loads of so many are known by a list only, which
    would be too long.
    """
    if not any(policy.uniform(tiered) or _listed(endpoints, policy, tiered) for tiered in (True, False)):
        raise _too_many(policy, endpoints, min(policy.pieces(tiered) for tiered in (True, False)))


def _listed(endpoints: int, policy: Policy, tiered: bool) -> bool:
    return endpoints * (endpoints - 1) * policy.pieces(tiered) <= _MOST_LISTED


def _too_many(policy: Policy, endpoints: int, pieces: int) -> ParameterError:
    what = f"alltoall of {endpoints:,} endpoints under {policy}"
    rule = f"needs its flows listed, which ends at about {int((_MOST_LISTED / pieces) ** 0.5):,}"
    return ParameterError("traffic", what, f"{rule} endpoints")


def uniform(fabric: Fabric, on: Fabric, policy: Policy, seed: int = 0) -> Uniform:
    """The loads of all to all under ``policy`` on its carrier ``on``.

    Raises:
        ParameterError: a policy whose loads are not known without listing all flows.
    """
    known = policy.uniform(fabric.tiered)
    if known is None or np.any(fabric.attached != 1) or len(direct_arcs(fabric)):
        raise _too_many(policy, fabric.n_endpoints, policy.pieces(on.tiered))
    _require_direct(on, policy)
    note = ""
    if known == "by destination":
        carried = _by_destination(on, policy)
    elif known == "by leaf":
        carried = _by_leaf(on, policy)
    else:
        carried, note = _drawn(fabric, policy, seed), "loads drawn as hashing leaves them, not hashed"
    used = carried > 0
    share = np.full(on.n_links, np.inf)
    share[used] = on.capacity[used] / carried[used]
    rng = np.random.default_rng([seed % 2**63, 0xA11])
    src = rng.integers(0, on.n_endpoints, _SAMPLE)
    dst = (src + rng.integers(1, on.n_endpoints, _SAMPLE)) % on.n_endpoints
    paths = route(on, src, dst, policy).expanded()
    rates = np.minimum.reduceat(share[paths.link], paths.ptr[:-1])
    return Uniform(carried=carried, rates=rates, slowest=float(share.min()), note=note)


def _require_direct(f: Fabric, policy: Policy) -> None:
    """Refuse pairs of leaves without a path, or with one by a relay only."""
    leaf = _leaf(f)
    for block in distances(f):
        if lost := block.lost(f):
            src, dst = (np.flatnonzero(leaf == one)[:1] for one in lost)
            route(f, src, dst, policy)  # NoRouteError if there is no relay either
            what = f"alltoall of {f.n_endpoints:,} endpoints of {f.name}"
            raise ParameterError("traffic", what, "too many flows to list, some of which need a relay")


def _inside(f: Fabric) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All ordered pairs of endpoints of one scale-up domain, whose traffic stays there."""
    order = np.argsort(f.scaleup, kind="stable")
    order = order[f.scaleup[order] >= 0]
    first = np.searchsorted(f.scaleup[order], f.scaleup[order])
    size = np.bincount(f.scaleup[order], minlength=len(f.kind))[f.scaleup[order]]
    src, dst = np.repeat(order, size), order[ranges(first, first + size)]
    return src[src != dst], dst[src != dst]


def _leaf(f: Fabric) -> NDArray[np.int64]:
    """(endpoints,): the index of the leaf of each."""
    return f.leaf_index[f.arc_dst[f.arc_up[: f.n_endpoints]]].astype(np.int64)


def _ends(f: Fabric, policy: Policy) -> NDArray[np.float64]:
    """(links,): what endpoints' cables carry, parallel ones alike, and what stays inside scale-up domains."""
    n, load = f.n_endpoints, np.zeros(f.n_links)
    src, dst = _inside(f)
    flows = n - 1.0 - np.bincount(src, minlength=n)
    for arc in (f.arc_up[:n], f.arc_back[f.arc_up[:n]].astype(np.int64)):
        cables = f.arc_link[arc + 1] - f.arc_link[arc]
        load[ranges(f.arc_link[arc], f.arc_link[arc + 1])] = np.repeat(flows / cables, cables)
    for start in range(0, len(src), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        load += route(f, src[part], dst[part], policy).load(1.0, f.n_links)
    return load


def _by_leaf(f: Fabric, policy: Policy) -> NDArray[np.float64]:
    """Loads by one flow for each pair of leaves, on a carrier that treats all endpoints of a leaf alike.

    Found once: those of hashing, with any number of queue pairs, are drawn around those of an even split.
    """
    if ("uniform", policy) not in f.derived:
        f.derived["uniform", policy] = _leaf_by_leaf(f, policy)
    loads: NDArray[np.float64] = f.derived["uniform", policy]
    return loads


def _leaf_by_leaf(f: Fabric, policy: Policy) -> NDArray[np.float64]:
    leaf, leaves = _leaf(f), len(f.leaves)
    size = np.bincount(leaf, minlength=leaves).astype(float)
    one, other = np.full(leaves, -1), np.full(leaves, -1)  # the first endpoint of each, and of another server
    one[leaf[::-1]] = np.arange(f.n_endpoints)[::-1]
    apart = np.flatnonzero(f.scaleup != f.scaleup[one[leaf]])[::-1]
    other[leaf[apart]] = apart
    pairs = np.multiply.outer(size, size)
    src, dst = _inside(f)
    np.subtract.at(pairs, (leaf[src], leaf[dst]), 1.0)
    load, rows = np.zeros(f.n_links), max(1, _PAIRS_AT_ONCE // leaves)
    for start in range(0, leaves, rows):
        a, b = np.nonzero(pairs[start : start + rows])
        a, b = (a + start)[a + start != b], b[a + start != b]
        out, into = one[a], one[b]
        # Traffic of one server would not cross the fabric, so one end is of another server than the other.
        same = (f.scaleup[out] >= 0) & (f.scaleup[out] == f.scaleup[into])
        swap = same & (other[b] >= 0)
        out, into = np.where(same & ~swap, other[a], out), np.where(swap, other[b], into)
        load += route(f, out, into, policy).load(pairs[a, b], f.n_links)
    load[f.access] = 0.0
    return load + _ends(f, policy)


def _drawn(fabric: Fabric, policy: Policy, seed: int) -> NDArray[np.float64]:
    """Loads around those of an even split, as far off as those of flows that are hashed one by one."""
    quotient = carrier(fabric, Spray())
    even, known = _by_leaf(quotient, Spray()), quotient.contraction
    assert known is not None
    load = np.where(known.image >= 0, (even / known.members)[known.image], 0.0)
    trunk, parts = ~fabric.access, policy.pieces(fabric.tiered)
    rng = np.random.default_rng([seed % 2**63, 0xA110])
    load[trunk] = rng.poisson(load[trunk] * parts) / parts
    return load


def _by_destination(f: Fabric, policy: Policy) -> NDArray[np.float64]:
    """Loads of a policy that looks at the destination only: flows that meet in a switch go on as one."""
    leaf, leaves, tables = _leaf(f), len(f.leaves), distances(f)
    size = np.bincount(leaf, minlength=leaves).astype(float)
    src, dst = _inside(f)
    order = np.argsort(dst, kind="stable")
    src, dst = src[order], dst[order]
    load, to = np.zeros(f.n_links), np.argsort(leaf, kind="stable")
    number = tables.number(leaf[to])
    for block in np.unique(number).tolist():
        mine = to[number == block]
        for chunk in np.array_split(mine, max(1, -(-len(mine) * leaves // _STATES_AT_ONCE))):
            weight = np.repeat(size[np.newaxis], len(chunk), axis=0)
            weight[np.arange(len(chunk)), leaf[chunk]] = 0.0
            first, last = np.searchsorted(dst, chunk, "left"), np.searchsorted(dst, chunk, "right")
            place = np.repeat(np.arange(len(chunk)), last - first), leaf[src[ranges(first, last)]]
            np.subtract.at(weight, place, 1.0)
            load += _towards(f, policy, tables.block(block), chunk, leaf[chunk], np.maximum(weight, 0.0))
    load[f.access] = 0.0
    return load + _ends(f, policy)


def _towards(
    f: Fabric, policy: Policy, block: Block, to: NDArray, leaf: NDArray, weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(links,): what flows from every leaf to the endpoints ``to`` of ``leaf`` load.

    ``weight``: (to, leaves), how many flows.
    """
    n, load = f.n_endpoints, np.zeros(f.n_links)
    draw = policy.draw(f, to, to, np.zeros(len(to), np.uint64))
    flow, source = np.nonzero(weight)
    carried: NDArray = weight[flow, source]
    step = Step(f, block, draw, flow, f.leaves[source].astype(np.int64), leaf[flow])
    while len(step.flow):
        load += np.bincount(step.advance(), weights=carried, minlength=f.n_links)
        state = (step.flow * f.n_switches + step.node - n) * 2 + step.rising
        merged = np.bincount(state, weights=carried)
        state = np.flatnonzero(merged)
        flow, row, rising = state // (2 * f.n_switches), state // 2 % f.n_switches, state % 2 == 1
        left = np.where(rising, block.reach(row, leaf[flow]), block.down(row, leaf[flow]))
        on = left > 0
        carried, flow, row = merged[state[on]], flow[on], row[on]
        step = Step(f, block, draw, flow, row + n, leaf[flow])
        step.left, step.rising = left[on].astype(np.int64), rising[on]
    return load
