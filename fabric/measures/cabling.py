"""Each switch and each pair of neighbours against the usual ones of its tier: cables and their rates.

Makes findings; knows neither routes nor the whole fabric's capacity.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges
from fabric.graph.schema import GPU, NVSWITCH, SWITCH
from fabric.measures.blocks import Joint
from fabric.measures.finding import FAULT, NOTE, Finding, held_against, node_name, pair_finding, usual
from fabric.measures.link_kind import node_kind
from fabric.words.counted import counted
from fabric.words.units import format_rate

__all__ = ["degrees", "pairs", "rates", "regularity", "same_tier"]

_SCALE_UP = 1 << 15  # ranks above every tier
_MINORITY = 0.05  # a rate as rare as this is odd even where kinds of cable may differ by design


def pairs(fabric: Fabric, joint: Joint) -> Iterator[Finding]:
    """Cables that are missing, too many, or lead into another block, by pair; first the sum."""
    found = list(_pairs(fabric, joint))
    if not found:
        return
    a, b = node_kind(fabric, int(joint.lower[0])), node_kind(fabric, int(joint.upper[0]))
    _, _, have, want = joint.uneven()
    lack, more = int(np.maximum(want - have, 0).sum()), int(np.maximum(have - want, 0).sum())
    astray = int(joint.cables[joint.stray].sum())
    counts = ((lack, "missing"), (more, "too many"), (astray, "between blocks that nothing else joins"))
    said = ", ".join(f"{n:,} {what}" for n, what in counts if n)
    yield Finding(
        level=FAULT,
        kind="cables",
        where=f"{a} - {b}",
        message=f"{a} - {b}: of {counted(joint.total, 'cable')} {said}",
        found=joint.total - lack + more,
        expected=joint.total,
        unit="cables",
    )
    yield from found


def _pairs(f: Fabric, joint: Joint) -> Iterator[Finding]:
    if not joint.blocks:
        return
    for lower, upper, have, want in zip(*(column.tolist() for column in joint.uneven())):
        kind = "missing-cable" if have < want else "extra-cable"
        text = held_against(have, want)
        yield pair_finding(f, kind, lower, upper, text, (have, want), "cables")
    for i in np.flatnonzero(joint.stray).tolist():
        have = int(joint.cables[i])
        text = f"{counted(have, 'cable')} between blocks that nothing else joins"
        yield pair_finding(
            f, "stray-cable", int(joint.lower[i]), int(joint.upper[i]), text, (have, 0), "cables"
        )


def same_tier(
    fabric: Fabric, tail: NDArray[np.int64], head: NDArray[np.int64], cables: NDArray[np.int64]
) -> Iterator[Finding]:
    """The few cables that join two switches of one tier, in a fabric that otherwise has tiers."""
    for a, b, have in zip(tail.tolist(), head.tolist(), cables.tolist()):
        text = f"{counted(have, 'cable')} inside one tier, so that the fabric has no up and down"
        yield pair_finding(fabric, "stray-cable", a, b, text, (have, 0), "cables")


def regularity(fabric: Fabric, all_joints: list[Joint]) -> Iterator[Finding]:
    """Cables up of each endpoint and switch, and down of each switch above the leaves, against its peers'.

    Peers up are the whole tier; peers down are the block (a pod that is not full has fewer leaves).
    """
    f, nodes = fabric, len(fabric.kind)
    zero = np.zeros(nodes, np.int64)
    up, down, want_up, want_down = zero.copy(), zero.copy(), zero.copy(), zero.copy()
    blocked_up, blocked_down = np.ones(nodes, bool), np.ones(nodes, bool)
    for joint in all_joints:
        up += np.bincount(joint.lower, weights=joint.cables, minlength=nodes).astype(np.int64)
        down += np.bincount(joint.upper, weights=joint.cables, minlength=nodes).astype(np.int64)
        rise, fall = joint.expected
        want_up += np.maximum(rise, 0)
        want_down += np.maximum(fall, 0)
        blocked_up[joint.lower[rise[joint.lower] < 0]] = False
        blocked_down[joint.upper[fall[joint.upper] < 0]] = False
    for tier in np.unique(f.tier).tolist():
        members = np.flatnonzero((f.tier == tier) & (f.kind == (GPU if tier == 0 else SWITCH)))
        if not len(members):
            continue
        own = np.where(blocked_up[members], want_up[members], up[members])
        common = usual(own)
        want = own if common is None else np.full(len(own), int(common))
        yield from _compared(f, members, "uplinks", "up", up[members], want)
        if common is None:
            yield from _varied(f, members, "uplinks", "cables up", own)
        if tier > 1:
            free = ~blocked_down[members]
            want, common = want_down[members], usual(down[members[free]])
            want[free] = down[members[free]] if common is None else int(common)
            idle = down[members] == 0
            want[idle & (want == 0)] = int(np.median(down[members]))
            yield from _compared(f, members, "downlinks", "down", down[members], want)
            if free.any() and common is None:
                yield from _varied(f, members[free], "downlinks", "cables down", down[members[free]])
        elif tier == 1:
            yield from _filling(f, members, down[members], all_joints)


def _compared(
    f: Fabric, members: NDArray, kind: str, way: str, have: NDArray, want: NDArray
) -> Iterator[Finding]:
    """Members that have another number of cables than their peers."""
    where = node_kind(f, int(members[0]))
    for i in np.flatnonzero(have != want).tolist():
        name, n, m = node_name(f, int(members[i])), int(have[i]), int(want[i])
        text = f"{name}: {counted(n, 'cable')} {way}, its peers have {m}"
        yield _fault(kind, where, text, name, n, m, int(members[i]))


def _varied(f: Fabric, members: NDArray, kind: str, what: str, have: NDArray) -> Iterator[Finding]:
    """A note where no number is the usual one."""
    few, most = int(have.min()), int(have.max())
    if few < most:
        where = node_kind(f, int(members[0]))
        text = f"{where}: {few} to {most} {what}, and no number is the usual one"
        yield Finding(
            level=NOTE, kind=kind, where=where, message=text, found=few, expected=most, unit="cables"
        )


def _fault(kind: str, where: str, text: str, name: str, found: int, expected: int, at: int) -> Finding:
    return Finding(
        level=FAULT,
        kind=kind,
        where=where,
        message=text,
        nodes=(name,),
        found=found,
        expected=expected,
        unit="cables",
        at=(at,),
    )


def _filling(f: Fabric, leaves: NDArray, down: NDArray, all_joints: list[Joint]) -> Iterator[Finding]:
    """A note where leaves hold unequally many endpoints other than by being filled in order."""
    above = [j for j in all_joints if not j.to_endpoints]
    block = above[0].block_of[leaves] if above else np.zeros(len(leaves), np.int64)
    order = np.argsort(block, kind="stable")
    rising = (np.diff(down[order]) > 0) & (np.diff(block[order]) == 0)
    if not rising.any():
        return
    few, most = int(down.min()), int(down.max())
    where = node_kind(f, int(leaves[0]))
    text = f"{where}: {few} to {most} cables to endpoints"
    yield Finding(
        level=NOTE, kind="filling", where=where, message=text, found=few, expected=most, unit="cables"
    )


def degrees(fabric: Fabric) -> Iterator[Finding]:
    """Without tiers: the cables and the neighbours of each switch against the usual numbers of its kind, and
    the cables of each endpoint.

    A pair is named where its cables and those of both its ends are off the same way.
    """
    f, nodes = fabric, len(fabric.kind)
    source = np.repeat(np.arange(nodes), np.diff(f.arc_ptr))
    trunk = np.flatnonzero((f.kind[source] == SWITCH) & (f.kind[f.arc_dst] == SWITCH))
    tail, head, cables = source[trunk], f.arc_dst[trunk], np.diff(f.arc_link)[trunk]
    have = np.bincount(tail, weights=cables, minlength=nodes).astype(np.int64)
    peers = np.bincount(tail, minlength=nodes)
    off, each = np.zeros(nodes, np.int64), np.zeros(len(trunk), np.int64)
    access = (f.link_src < f.n_endpoints) & (f.kind[f.link_dst] == SWITCH)
    plugged = np.bincount(f.link_src[access], minlength=f.n_endpoints)
    if (ports := usual(plugged)) is not None:
        endpoints = np.arange(f.n_endpoints)
        yield from _compared(f, endpoints, "uplinks", "up", plugged, np.full(f.n_endpoints, int(ports)))
    for tier in np.unique(f.tier[f.kind == SWITCH]).tolist():
        members = np.flatnonzero((f.tier == tier) & (f.kind == SWITCH))
        where, common, around = node_kind(f, int(members[0])), usual(have[members]), usual(peers[members])
        mine = f.tier[tail] == tier
        each[mine] = usual(cables[mine]) or 0
        if common is None:
            yield from _varied(f, members, "degree", "cables to other switches", have[members])
            continue
        m = int(common)
        off[members] = have[members] - m
        odd = (have[members] != m) | ((peers[members] != around) if around is not None else False)
        for i in members[odd].tolist():
            name, n = node_name(f, i), int(have[i])
            text = f"{name}: {counted(n, 'cable')} to {counted(peers[i], 'switch')}, its peers have {m}"
            text += "" if around is None else f" to {int(around)}"
            yield _fault("degree", where, text, name, n, m, i)
    excess = cables - each
    named = (tail < head) & (each > 0) & (off[tail] * excess > 0) & (off[head] * excess > 0)
    for i in np.flatnonzero(named).tolist():
        n, m = int(cables[i]), int(each[i])
        kind = "missing-cable" if n < m else "extra-cable"
        text = held_against(n, m)
        yield pair_finding(f, kind, int(tail[i]), int(head[i]), text, (n, m), "cables")


def rates(fabric: Fabric) -> Iterator[Finding]:
    """Parallel cables of different rates, and cables of a rate other than the usual one of their boundary."""
    f, nodes = fabric, len(fabric.kind)
    source = np.repeat(np.arange(nodes), np.diff(f.arc_ptr))
    rank = np.where(f.kind == NVSWITCH, _SCALE_UP, f.tier.astype(np.int64))
    low, high = rank[source], rank[f.arc_dst]
    once = np.flatnonzero((low < high) | ((low == high) & (source < f.arc_dst)))
    # Every pair's slowest and fastest cable; reduceat over all links, as the cables of an arc are contiguous.
    slowest, fastest = (way.reduceat(f.capacity, f.arc_link[:-1])[once] for way in (np.minimum, np.maximum))
    boundary = low[once] * (_SCALE_UP + 1) + high[once]
    for key in np.unique(boundary).tolist():
        mine = np.flatnonzero(boundary == key)
        ends = source[once[mine]], f.arc_dst[once[mine]]
        where = " - ".join(node_kind(f, int(end[0])) for end in ends)
        capacity = f.capacity[ranges(f.arc_link[once[mine]], f.arc_link[once[mine] + 1])]
        common = usual(capacity) if f.tiered else usual(capacity, share=1 - _MINORITY)
        slow, fast = slowest[mine], fastest[mine]
        odd = (slow != fast) | ((slow != common) if common is not None else False)
        for i in np.flatnonzero(odd).tolist():
            a, b, least, most = int(ends[0][i]), int(ends[1][i]), float(slow[i]), float(fast[i])
            if least != most:
                text = f"parallel cables of {format_rate(least)} and {format_rate(most)}"
                yield pair_finding(f, "rate", a, b, text, (least, most), "bytes/s")
            else:
                wanted = float(common or most)
                text = f"{format_rate(least)}, the usual {where} cable has {format_rate(wanted)}"
                yield pair_finding(f, "rate", a, b, text, (least, wanted), "bytes/s")
        if common is None:
            values, count = np.unique(capacity, return_counts=True)
            said = ", ".join(f"{n:,} of {format_rate(v)}" for v, n in zip(values.tolist(), count.tolist()))
            yield Finding(
                level=NOTE,
                kind="rate",
                where=where,
                message=f"{where}: cables of several rates, none of them the usual one: {said}",
                found=float(values[0]),
                expected=float(values[-1]),
                unit="bytes/s",
            )
