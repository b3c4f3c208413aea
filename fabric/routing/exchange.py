"""Loads of an exchange, in which everyone sends to everyone of its group, with and without a list of flows.

Three ways: few flows are listed and routed one by one; where a policy treats endpoints of one leaf alike, or
chooses by destination, one flow tells of many (``fabric.routing.fans``); what is hashed flow by flow loads
every link as an even split does, on average, and around that the number of flows is drawn, as hashing would
leave it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.contraction import members
from fabric.graph.direct import direct_arcs
from fabric.graph.fabric import Fabric, ranges
from fabric.graph.nic import planes
from fabric.graph.schema import NVSWITCH
from fabric.routing.cells import Cells, Exceptions, Exchange
from fabric.routing.fans import Fans
from fabric.routing.paths import Paths
from fabric.routing.policies import Policy
from fabric.routing.policies.spray import Spray
from fabric.routing.relays import Relayed, relayed
from fabric.routing.route import carrier, route
from fabric.routing.towards import Towards
from fabric.words.errors import ParameterError

__all__ = ["DRAWN", "Exchanged", "exchanged", "listed"]

DRAWN = "loads drawn as hashing leaves them, not hashed"
_AT_ONCE = 500_000  # flows


@dataclass(frozen=True, kw_only=True, eq=False)
class Exchanged:
    """``carried``: (links of the carrier,) bytes; ``src``, ``dst``: (flows,) endpoints of flows among which
    are the longest; ``note``: what has to be said of the loads, or nothing."""

    carried: NDArray[np.float64]
    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    note: str = ""


def listed(
    on: Fabric,
    demand: Exchange,
    policy: Policy,
    each: Callable[[NDArray[np.int64], NDArray[np.int64], Paths], None] | None = None,
) -> Exchanged:
    """The loads of all flows, routed one by one; a part at a time, so that memory is no matter.

    ``on``: the carrier of the policy; ``each`` is called with the senders and receivers of a part,
    as members, and its paths. Raises as ``route``.
    """
    load, ends = np.zeros(on.n_links), []
    through = np.cumsum(np.diff(demand.ptr)[demand.group] - 1)
    edges = np.flatnonzero(np.diff(through // _AT_ONCE)) + 1
    for some in np.split(np.arange(len(through)), edges):
        source, target = demand.targets(some)
        if not len(source):
            continue
        src, dst, weight = demand.endpoint[source], demand.endpoint[target], demand.weight[target]
        for qp in range(policy.qps):
            paths = route(on, src, dst, policy, qp=qp)
            load += paths.load(weight / policy.qps, on.n_links)
            if each:
                each(source, target, paths)
        ends.append(_unlike(on, src, dst))
    src, dst = (np.concatenate(column) for column in zip(*ends)) if ends else (np.empty(0, int),) * 2
    return Exchanged(carried=load, src=src, dst=dst)


def exchanged(on: Fabric, demand: Exchange, policy: Policy, seed: int = 0) -> Exchanged:
    """The loads without a list. ``seed`` draws those of hashing.

    Raises:
        ParameterError: the loads under this policy on this fabric are not known without listing all flows.
    """
    known = policy.uniform(on.tiered)
    if known == "drawn":
        return _drawn(on, demand, policy, seed)
    if known is None or len(direct_arcs(on)):
        raise ParameterError("routing", str(policy), "loads are not known without a list of all flows")
    cells = Cells(on, demand)
    if known == "by destination" and cells.berths.planes > 1:
        raise ParameterError("routing", str(policy), "on several planes needs a list of all flows")
    fans, exceptions = Fans(cells), cells.exceptions()
    relays = relayed(fans)
    if relays is not None:
        fans, exceptions = Fans(cells, relays.onward), exceptions.with_more(relays.onward)
    away = exceptions.berth != cells.berths.of[demand.endpoint[exceptions.member]]
    exceptions = exceptions.take(np.flatnonzero(away))
    if known == "by leaf":
        carried = fans.by_leaf(policy, exceptions)
    else:
        carried = Towards(fans, policy, exceptions).load()
    carried += _ends(cells, relays)
    src, dst = _longest(cells, fans, exceptions, relays)
    return Exchanged(carried=carried, src=src, dst=dst)


def _ends(cells: Cells, relays: Relayed | None) -> NDArray[np.float64]:
    """(links,): what endpoints' cables carry: to all planes and over parallel cables alike."""
    f, n, at = cells.f, cells.f.n_endpoints, cells.demand.endpoint
    out, into, up, down = (np.bincount(at, weights=part, minlength=n).astype(float) for part in cells.ends())
    if relays is not None:
        own = np.bincount(at, weights=relays.sent, minlength=n)
        out, up, down = out - own + relays.carried, up + own, down + relays.carried
    load = np.zeros(f.n_links)

    def put(arc: NDArray[np.int64], amount: NDArray[np.float64]) -> None:
        cables = f.arc_link[arc + 1] - f.arc_link[arc]
        load[ranges(f.arc_link[arc], f.arc_link[arc + 1])] += np.repeat(amount / cables, cables)

    for plane in range(cells.berths.planes):
        arc = f.arc_up[:n] + plane
        put(arc, out / cells.berths.planes)
        put(f.arc_back[arc].astype(np.int64), into / cells.berths.planes)
    served = np.flatnonzero(f.scaleup[:n] >= 0)
    arc = f.arc_up[served] - 1  # the last before those to switches
    put(arc, up[served])
    put(f.arc_back[arc].astype(np.int64), down[served])
    return load


def _longest(
    cells: Cells, fans: Fans, exceptions: Exceptions, relays: Relayed | None
) -> tuple[NDArray, NDArray]:
    """Ends of a flow for each kind and berth, inside servers and berths, and for each relay and berth."""
    _, src, dst = fans.ends(exceptions)
    demand, box = cells.demand, cells.box
    first = np.unique(box, return_index=True)[1]
    last = len(box) - 1 - np.unique(box[::-1], return_index=True)[1]
    pairs = [(src, dst), (demand.endpoint[first], demand.endpoint[last])]
    one, other = cells.neighbours()
    pairs.append((demand.endpoint[one], demand.endpoint[other]))
    if relays is not None:
        key = relays.via * len(cells.berths) + cells.berths.of[relays.dst]
        one = np.unique(key, return_index=True)[1]
        pairs.append((relays.src[one], relays.dst[one]))
    src, dst = (np.concatenate(column) for column in zip(*pairs))
    return src[src != dst], dst[src != dst]


def _unlike(f: Fabric, src: NDArray[np.int64], dst: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
    """Of flows that leave by and arrive at the same leaf, inside servers or not, the first."""
    leaf = np.where(f.attached > 0, f.leaf_index[f.leaf_of], -1)
    inside = (f.scaleup[src] >= 0) & (f.scaleup[src] == f.scaleup[dst])
    key = ((leaf[src] + 1).astype(np.int64) * (len(f.leaves) + 1) + leaf[dst] + 1) * 2 + inside
    one = np.unique(key, return_index=True)[1]
    return src[one], dst[one]


def _drawn(fabric: Fabric, demand: Exchange, policy: Policy, seed: int) -> Exchanged:
    """Loads around those of an even split, as far off as those of flows that are hashed one by one.

    Flows of unequal weight count as so many equal ones as have the same variance.
    """
    quotient = carrier(fabric, Spray())
    even, known = exchanged(quotient, demand, Spray()), quotient.contraction
    assert known is not None
    load = np.where(known.image >= 0, (even.carried / members(quotient))[known.image], 0.0)
    hashed = ~fabric.access
    if policy.qps % planes(fabric):  # not dealt evenly over the planes of a NIC
        inside = (fabric.kind[fabric.link_src] == NVSWITCH) | (fabric.kind[fabric.link_dst] == NVSWITCH)
        hashed = ~inside
    grain = np.ones(len(load))
    if np.ptp(demand.weight):
        squares = exchanged(quotient, Exchange.of(demand.endpoint, demand.group, demand.weight**2), Spray())
        each = np.where(known.image >= 0, (squares.carried / members(quotient))[known.image], 0.0)
        np.divide(each, load, out=grain, where=load > 0)
    elif len(demand.weight):
        grain *= demand.weight[0]
    parts = policy.pieces(fabric.tiered)
    rng = np.random.default_rng([seed % 2**63, 0xA110])
    load[hashed] = rng.poisson(load[hashed] / grain[hashed] * parts) * grain[hashed] / parts
    return Exchanged(carried=load, src=even.src, dst=even.dst, note=DRAWN)
