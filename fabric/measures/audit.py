"""Is the cabling what it claims to be? Everything that is not as the rest of the fabric is, named.

Knows no plan of the fabric: what is meant is inferred from what most of it does. No routes, no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.blocks import joints
from fabric.measures.cabling import degrees, pairs, rates, regularity, same_tier
from fabric.measures.causes import sorted_out
from fabric.measures.finding import (
    EFFECT,
    FAULT,
    NOTE,
    Finding,
    Level,
    held_against,
    node_name,
    pair_finding,
    usual,
)
from fabric.measures.link_kind import node_kind
from fabric.measures.reach import components, unreachable

__all__ = ["Claim", "audit"]

_FEW = (
    0.05  # share of the cables between switches that may join equals before a fabric counts as without tiers
)
_SLACK = 1e-9  # of a ratio of capacities
_ORDER = (FAULT, EFFECT, NOTE)


Claim = tuple[tuple[Any, Any], int, int]  # two node ids of the graph, cables found, cables claimed


def audit(fabric: Fabric, claims: Iterable[Claim] = ()) -> list[Finding]:
    """All findings: faults, then what follows from them, then notes; none for regular wiring, such as any
    that our builders return.

    Compile with ``allow_partition=True`` to audit a fabric that falls apart. With tiers: cables per pair,
    cables up and down per switch, rates, oversubscription per switch and capacity per tier boundary; without
    tiers: cables and neighbours per switch, and rates. With and without: pairs of endpoints without a path.
    ``claims``: pairs of nodes whose cables are known to be others than the fabric's maker meant; those that
    the wiring does not tell by itself are added. Pods and leaves that are not full are no findings;
    oversubscription that all switches of a tier share is a note.

    >>> import networkx as nx
    >>> G = nx.Graph()
    >>> G.add_nodes_from(range(4), kind="gpu", tier=0)
    >>> G.add_node("switch", kind="switch", tier=1)
    >>> G.add_edges_from([(i, "switch") for i in range(4)], rate=50e9, delay=0.0)
    >>> G.edges[2, "switch"]["rate"] = 25e9
    >>> [finding.message for finding in audit(Fabric.from_graph(G))]
    ['endpoint 2 - switch: 200 Gbps, the usual endpoint - leaf cable has 400 Gbps']
    """
    f = fabric
    found = [*_parts(f)]
    tail, head, cables = _same_tier(f)
    trunks = int(np.sum((f.kind[f.link_src] == SWITCH) & (f.kind[f.link_dst] == SWITCH))) // 2
    if f.tiered or cables.sum() <= _FEW * trunks:
        view = f if f.tiered else replace(f, tiered=True, derived={})  # kinds of node are named by tier then
        all_joints = joints(view)
        found += same_tier(view, tail, head, cables)
        for joint in all_joints:
            found += pairs(view, joint)
        found += regularity(view, all_joints)
        found += rates(view)
        found += _oversubscription(view)
    else:
        found += degrees(f)
        found += rates(f)
    found += _claimed(f, found, claims)
    return sorted(sorted_out(f, found), key=lambda finding: _ORDER.index(finding.level))


def _claimed(f: Fabric, found: list[Finding], claims: Iterable[Claim]) -> Iterator[Finding]:
    known = {frozenset(finding.nodes) for finding in found if finding.unit == "cables"}
    number = None
    for (u, v), have, want in claims:
        number = number or {node: i for i, node in enumerate(f.ids)}
        low, high = sorted((number[u], number[v]), key=lambda node: (int(f.tier[node]), node))
        if {node_name(f, low), node_name(f, high)} in known:
            continue
        kind = "missing-cable" if have < want else "extra-cable"
        text = held_against(have, want)
        yield pair_finding(f, kind, low, high, text, (have, want), "cables")


def _same_tier(f: Fabric) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of switches of one tier that cables join: (tail, head, cables)."""
    source = np.repeat(np.arange(len(f.kind)), np.diff(f.arc_ptr))
    trunk = (f.kind[source] == SWITCH) & (f.kind[f.arc_dst] == SWITCH) & (source < f.arc_dst)
    arcs = np.flatnonzero(trunk & (f.tier[source] == f.tier[f.arc_dst]))
    return source[arcs], f.arc_dst[arcs].astype(np.int64), np.diff(f.arc_link)[arcs]


def _parts(f: Fabric) -> Iterator[Finding]:
    """Pairs without a path, and a graph in several parts."""
    lost = unreachable(f)
    if lost.pairs:
        names = f.label(lost.src), f.label(lost.dst)
        root = components(len(f.kind), f.link_src.astype(np.int64), f.link_dst.astype(np.int64))
        parts = len(np.unique(root[: f.n_endpoints]))
        why = f"the endpoints are in {parts:,} separate parts" if parts > 1 else "no way first up, then down"
        total = f.n_endpoints * (f.n_endpoints - 1)
        text = f"{lost.pairs:,} of {total:,} pairs of endpoints have no path"
        text += f", such as {names[0]} to {names[1]}: {why}"
        yield Finding(
            level=FAULT,
            kind="no-path",
            where="fabric",
            message=text,
            nodes=names,
            found=lost.pairs,
            expected=0,
            unit="pairs",
        )


def _oversubscription(f: Fabric) -> Iterator[Finding]:
    """Each switch's capacity below over that above, against the usual one; then each boundary's sum."""
    network = (f.kind[f.link_src] != NVSWITCH) & (f.kind[f.link_dst] != NVSWITCH)
    src, low, high = f.link_src[network], f.tier[f.link_src[network]], f.tier[f.link_dst[network]]
    capacity = f.capacity[network]
    above = np.bincount(src, weights=capacity * (high > low), minlength=len(f.kind))
    below = np.bincount(src, weights=capacity * (high < low), minlength=len(f.kind))
    injection = float(capacity[low == 0].sum())
    intended = False
    for tier in range(1, int(f.tier[f.kind == SWITCH].max(initial=0))):
        members = np.flatnonzero((f.tier == tier) & (f.kind == SWITCH) & (above > 0))
        if not len(members):
            continue
        ratio = below[members] / above[members]
        where = node_kind(f, int(members[0]))
        meant = _meant(ratio)
        if meant is None or meant > 1:
            intended = True
            span = f"{ratio.min():.3g}:1 to {ratio.max():.3g}:1 and no ratio is the usual one"
            said = span if meant is None else f"{meant:.3g}:1 oversubscribed by design, all alike"
            odd = np.empty(0, np.int64) if meant is None else np.flatnonzero(ratio > meant * (1 + _SLACK))
            said = said.replace(", all alike", f", but for {len(odd)}") if len(odd) else said
            yield _ratio(NOTE, where, f"{where}: {said}", (), float(ratio.max()), meant, ())
        else:
            odd = np.flatnonzero(ratio > 1 + _SLACK)
        for i in odd.tolist():
            name = node_name(f, int(members[i]))
            text = f"{name}: {ratio[i]:.3g}:1 oversubscribed, its peers at most {max(meant or 1, 1):.3g}:1"
            own = (int(members[i]),)
            yield _ratio(FAULT, where, text, (name,), float(ratio[i]), max(meant or 1, 1), own)
        crossing = float(capacity[(low <= tier) & (high > tier)].sum())
        if crossing < injection * (1 - _SLACK):
            tops = f.tier[f.link_dst[network]][(low == tier) & (high > tier)]
            upper = node_kind(f, int(np.flatnonzero((f.tier == tops.min()) & (f.kind == SWITCH))[0]))
            share = crossing / injection
            yield Finding(
                level=NOTE if intended else FAULT,
                kind="bisection",
                where=f"{where} - {upper}",
                message=f"{where} - {upper}: {share:.1%} of full bisection",
                found=crossing,
                expected=injection,
                unit="bytes/s",
            )


def _meant(ratio: NDArray[np.float64]) -> float | None:
    """What oversubscription a tier is built for: 1 where most switches have no more, else the usual one."""
    if np.mean(ratio <= 1 + _SLACK) > 0.5:
        return 1.0
    return usual(np.round(ratio, 9))


def _ratio(
    level: Level,
    where: str,
    text: str,
    nodes: tuple[str, ...],
    found: float,
    expected: float | None,
    at: tuple[int, ...],
) -> Finding:
    return Finding(
        level=level,
        kind="oversubscription",
        where=where,
        message=text,
        nodes=nodes,
        found=found,
        expected=expected,
        unit="ratio",
        at=at,
    )
