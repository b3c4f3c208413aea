"""Tiers of the switches of a discovered network, whose file does not state them: leaves, and hops from them.

Knows counts of cables and adjacency only: no file, no names, no rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from statistics import median

__all__ = ["infer_tiers"]


def infer_tiers(to_endpoints: Mapping[str, int], trunks: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Tier of each switch: 1 for a leaf, else 1 + hops to the nearest leaf; 0 where no endpoint is in reach.

    ``trunks`` gives each switch its neighbouring switches with the number of cables, ``to_endpoints`` how
    many of a switch's cables go to endpoints. With s = the share of a switch's cables that go to endpoints,
    a switch is a leaf where s is at least a quarter of s at the switch of the median endpoint (a half-empty
    leaf is still a leaf, a spine with a management node is not), and where, of the median switch cabled to
    it, it has at least half the share and a third of the number of endpoints (so that one endpoint on a
    spine of few cables is not taken for many). What no such leaf reaches is a leaf if it has endpoints.

    >>> infer_tiers({"a": 2, "b": 2, "s": 1}, {"a": {"s": 2}, "b": {"s": 2}, "s": {"a": 2, "b": 2}})
    {'a': 1, 'b': 1, 's': 2}
    """
    share = {
        s: to_endpoints.get(s, 0) / max(1, to_endpoints.get(s, 0) + sum(trunks[s].values())) for s in trunks
    }
    number = {s: float(to_endpoints.get(s, 0)) for s in trunks}
    typical = _share_at_median_endpoint(share, to_endpoints)
    leaves = {
        s
        for s in trunks
        if number[s]
        and 4 * share[s] >= typical
        and 2 * share[s] >= _median(share, trunks[s])
        and 3 * number[s] >= _median(number, trunks[s])
    }
    tiers = _from(leaves, trunks)
    leaves |= {s for s in trunks if s not in tiers and number[s]}  # two fabrics in one file
    tiers = _from(leaves, trunks)
    return {s: tiers.get(s, 0) for s in trunks}


def _share_at_median_endpoint(share: Mapping[str, float], to_endpoints: Mapping[str, int]) -> float:
    """The share at the switch of the median endpoint: switches that few endpoints use weigh little."""
    half = sum(to_endpoints.get(s, 0) for s in share) / 2
    for s in sorted(share, key=share.__getitem__):
        half -= to_endpoints.get(s, 0)
        if half <= 0 and to_endpoints.get(s):
            return share[s]
    return 0.0


def _median(value: Mapping[str, float], neighbours: Mapping[str, int]) -> float:
    return median(value[n] for n in neighbours) if neighbours else 0.0


def _from(leaves: Set[str], trunks: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Breadth-first search from all leaves at once: the tier of every switch reached."""
    tiers = dict.fromkeys(leaves, 1)
    front, tier = set(leaves), 1
    while front:
        tier += 1
        front = {n for s in front for n in trunks[s] if n not in tiers}
        tiers.update(dict.fromkeys(front, tier))
    return tiers
