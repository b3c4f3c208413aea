"""One-way latency over all pairs of endpoints of an idle fabric, by hop class. No traffic and no clock.

The numbers of pairs are exact. The latency of a class is exact where all its paths cross the same kinds of
cable; elsewhere it is that of paths routed for pairs of the class, all of them on small fabrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths, route
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.hops import Way, links_from, pair_classes
from fabric.measures.link_kind import link_kinds
from fabric.routing.distance import NO_PATH
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from sims.models.latency import transfer_latency
from sims.models.packet.routes import single_path
from sims.models.profiles import LatencyProfile

__all__ = ["HopClass", "one_way", "quantile", "require_classes", "ways"]

_ALL_PAIRS = 256  # endpoints up to which every pair is routed
_SOURCES, _EACH = 64, 32  # else so many sources, and destinations of each at every distance


@dataclass(frozen=True, kw_only=True, eq=False)
class HopClass:
    """Ordered pairs whose traffic goes the same ``way`` over as many ``links``, and their latency in s.

    ``latency``: (routed pairs,), ascending; a single one where ``exact``.
    """

    way: Way
    links: int
    pairs: int
    latency: NDArray[np.float64]
    exact: bool

    @property
    def switches(self) -> int:
        """Switches on the way; a relaying endpoint is none."""
        return self.links - (2 if self.way == "relay" else 1)

    @property
    def mean(self) -> float:
        return float(self.latency.mean())


def one_way(fabric: Fabric, profile: LatencyProfile, policy: Policy, seed: int = 0) -> tuple[HopClass, ...]:
    """The hop classes of ``fabric``, nearest first, for a message of no bytes.

    ``policy`` picks among paths where they differ, ECMP in place of one that spreads every flow; ``seed``
    draws the pairs that are routed.
    """
    require_classes(policy)
    n = fabric.n_endpoints
    if n < 2:
        raise ParameterError("topology", fabric.name, "latency is between endpoints: at least two are needed")
    counted, policy = pair_classes(fabric), single_path(policy, seed)
    routed = {}
    if n <= _ALL_PAIRS:
        routed = _routed(fabric, np.arange(n), n, profile, policy, seed)
    else:
        order = np.random.default_rng(seed).permutation(n)
        for first in range(0, n, _SOURCES):  # a class that few endpoints have may take some looking for
            more = _routed(fabric, order[first : first + _SOURCES], _EACH, profile, policy, seed)
            routed = {**more, **routed}
            if all((found.way, found.links) in routed for found in counted):
                break
    uniform = _uniform(fabric)
    classes = []
    for found in counted:
        latency = np.sort(routed[found.way, found.links])
        alike = float(np.ptp(latency)) <= 1e-12 * float(latency[-1])
        exact = n <= _ALL_PAIRS or (uniform and alike)
        latency = latency[:1] if alike else latency
        classes.append(
            HopClass(way=found.way, links=found.links, pairs=found.pairs, latency=latency, exact=exact)
        )
    return tuple(classes)


def require_classes(policy: Policy) -> None:
    """Raise ParameterError where the paths of ``policy`` are in no hop class."""
    if policy.detours:
        raise ParameterError("routing", str(policy), "detours have no hop class: name one of shortest paths")


def ways(paths: Paths, f: Fabric) -> NDArray[np.str_]:
    """(flows,): by which way each goes, as in fabric.hops."""
    into = f.kind[f.link_dst]
    inside, outside = (paths.total((into == kind).astype(float)) > 0 for kind in (NVSWITCH, SWITCH))
    return np.where(inside & outside, "relay", np.where(inside, "server", "network"))


def quantile(classes: Sequence[HopClass], share: float) -> float:
    """The least latency in s that ``share`` of all pairs do not exceed."""
    value = np.concatenate([c.latency for c in classes])
    weight = np.concatenate([np.full(len(c.latency), c.pairs / len(c.latency)) for c in classes])
    order = np.argsort(value, kind="stable")
    running = np.cumsum(weight[order])
    return float(value[order][np.searchsorted(running, share * running[-1] * (1 - 1e-12))])


def _uniform(f: Fabric) -> bool:
    """Whether the number of links of a path tells which kinds of cable it crosses, and each has one delay."""
    if not f.tiered or np.any(f.tier[f.leaves] != 1):
        return False
    between = (f.kind[f.link_src] == SWITCH) & (f.kind[f.link_dst] == SWITCH)
    if np.any(np.abs(f.tier[f.link_src[between]] - f.tier[f.link_dst[between]]) != 1):
        return False
    kind = link_kinds(f)[1]
    least = np.full(int(kind.max(initial=-1)) + 1, np.inf)
    most = np.zeros_like(least)
    np.minimum.at(least, kind, f.delay)
    np.maximum.at(most, kind, f.delay)
    return bool(np.all(most == least))


def _routed(
    f: Fabric, source: NDArray[np.int64], each: int, profile: LatencyProfile, policy: Policy, seed: int
) -> dict[tuple[str, int], NDArray[np.float64]]:
    """By way and links, the latencies from each ``source`` to up to ``each`` endpoints at every distance."""
    links = links_from(f, source)
    own = f.scaleup[source][:, None]
    links = np.where((own >= 0) & (own == f.scaleup), 2 * NO_PATH, links)  # a distance of its own
    if each < f.n_endpoints:
        # In random order, so that the first of each distance are drawn from all of them.
        order = np.random.default_rng(seed).permutation(f.n_endpoints)
        place = np.argsort(links[:, order], axis=1, kind="stable")
        ranked = np.take_along_axis(links[:, order], place, axis=1)
        begin = np.diff(ranked, axis=1, prepend=-1) != 0
        start = np.maximum.accumulate(np.where(begin, np.arange(f.n_endpoints), 0), axis=1)
        row, column = np.nonzero(np.arange(f.n_endpoints) - start < each)
        src, dst = source[row], order[place[row, column]]
    else:
        src, dst = np.repeat(source, f.n_endpoints), np.tile(np.arange(f.n_endpoints), len(source))
    apart = src != dst
    paths = route(f, src[apart], dst[apart], policy)
    way = ways(paths, f)
    found = {}
    for name in np.unique(way).tolist():
        for count in np.unique(paths.length[way == name]).tolist():
            mine = np.flatnonzero((way == name) & (paths.length == count))
            found[name, count] = transfer_latency(paths.take(mine), f, profile)
    return found
