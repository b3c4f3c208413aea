"""Which findings of an audit are faults of their own, and which only show that others are there.

One cable that is missing leaves two switches short of one, a leaf oversubscribed and the bisection smaller.
It is one fault. Knows findings and what they count; looks at no cables but to see what is joined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from fabric.graph.fabric import Fabric, components
from fabric.measures.finding import EFFECT, FAULT, Finding, pair_finding
from fabric.words.counted import counted

__all__ = ["sorted_out"]

_PAIRS = ("missing-cable", "extra-cable", "stray-cable")
_ENDS = ("uplinks", "downlinks", "degree")


def sorted_out(fabric: Fabric, findings: Sequence[Finding]) -> list[Finding]:
    """``findings``, of which those that follow from others are effects.

    The cables up, down or in all that a switch lacks or has too many are an effect where pairs named with it
    add up to them. Two switches that alone lack as many are named as a pair. Sums, oversubscription,
    bisection and pairs without a path are effects where a fault that is named explains them.
    """
    found = list(findings)
    found += _lone_pair(fabric, _unexplained(fabric, found))
    rest = {id(finding) for finding in _unexplained(fabric, found)}
    causes = [f for f in found if f.level == FAULT and (f.kind in (*_PAIRS, "rate") or id(f) in rest)]
    return [
        replace(f, level=EFFECT) if f.level == FAULT and _follows(fabric, f, causes, rest) else f
        for f in found
    ]


def _unexplained(fabric: Fabric, found: Sequence[Finding]) -> list[Finding]:
    """Findings on single switches that the pairs named with them do not add up to."""
    change: Counter[tuple[str, int]] = Counter()
    for pair in found:
        if pair.kind in _PAIRS and pair.level == FAULT and len(pair.at) == 2:
            more = _more(pair)
            low, high = pair.at
            if fabric.tier[low] != fabric.tier[high]:
                change["uplinks", low] += more
                change["downlinks", high] += more
            for node in pair.at:
                change["degree", node] += more
    return [f for f in found if f.kind in _ENDS and f.level == FAULT and _more(f) != change[f.kind, f.at[0]]]


def _more(finding: Finding) -> int:
    return int(finding.found or 0) - int(finding.expected or 0)


def _lone_pair(fabric: Fabric, ends: Sequence[Finding]) -> Iterator[Finding]:
    """The cables between the only two that lack any, where they lack as many."""
    short = sorted((f for f in ends if _more(f) < 0), key=lambda f: int(fabric.tier[f.at[0]]))
    if len(short) != 2 or len(ends) != 2:
        return
    kinds = [f.kind for f in short]
    (low,), (high,) = (f.at for f in short)
    fits = kinds == ["uplinks", "downlinks"] and fabric.tier[low] < fabric.tier[high]
    if not (fits or kinds == ["degree", "degree"]) or _more(short[0]) != _more(short[1]):
        return
    arcs = fabric.arc_dst[fabric.arc_ptr[low] : fabric.arc_ptr[low + 1]]
    at = np.flatnonzero(arcs == high) + fabric.arc_ptr[low]
    have = int(fabric.arc_link[at[0] + 1] - fabric.arc_link[at[0]]) if len(at) else 0
    want = have - _more(short[0])
    text = f"{have} of {counted(want, 'cable')}, by what both have and their peers"
    yield pair_finding(fabric, "missing-cable", low, high, text, (have, want), "cables")


def _follows(fabric: Fabric, finding: Finding, causes: Sequence[Finding], rest: set[int]) -> bool:
    if finding.kind in _ENDS:
        return id(finding) not in rest
    if finding.kind == "cables":  # the sum of the pairs that stand beside it
        return True
    if finding.kind == "oversubscription":
        return any(set(finding.at) & set(cause.at) for cause in causes)
    if finding.kind == "bisection":
        places = {finding.where, *finding.where.split(" - ")}
        return any(cause.where in places and (cause.kind == "rate" or _more(cause) < 0) for cause in causes)
    return finding.kind == "no-path" and _restored(fabric, causes)


def _restored(fabric: Fabric, causes: Sequence[Finding]) -> bool:
    """Whether all endpoints would be joined if the cables that are missing were there.

    Of a switch or endpoint that lacks cables, but not by name, any other one may be the end.
    """
    lacking = [cause for cause in causes if cause.unit == "cables" and _more(cause) < 0]
    if not lacking:
        return False
    pairs = [cause.at for cause in lacking if len(cause.at) == 2]
    alone = [cause.at[0] for cause in lacking if len(cause.at) == 1]
    pairs += [(a, b) for a, b in pairwise(alone)]
    # An endpoint without any cable may have been anywhere.
    pairs += [
        (node, int(fabric.leaves[0])) for node in alone if node < fabric.n_endpoints and len(fabric.leaves)
    ]
    extra = np.array(pairs, np.int64).reshape(-1, 2)
    tail = np.concatenate([fabric.link_src.astype(np.int64), extra[:, 0]])
    head = np.concatenate([fabric.link_dst.astype(np.int64), extra[:, 1]])
    root = components(len(fabric.kind), tail, head)
    return len(np.unique(root[: fabric.n_endpoints])) == 1
