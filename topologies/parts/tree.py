"""The arithmetic of a fat tree cut short: which switches exist and which cables join them, as arrays.

Knows the generalised tree PGFT(h; m; w; p) and how many of its leaves are there. Makes no graph; knows no
rate, no server.

Sources: Ohring, Ibel, Das, Kumar, "On Generalized Fat Trees", IPPS 1995 (XGFT); Zahavi, "D-Mod-K Routing
Providing Non-Blocking Traffic for Shift Permutations on Real Life Fat Trees", 2010 (PGFT: parallel cables).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from operator import mul

import numpy as np
from numpy.typing import NDArray

from fabric.words.counted import counted
from fabric.words.errors import ParameterError

__all__ = ["Shape", "leaf_ports", "smallest", "splits", "tops"]

_MOST_TIERS = 4
_MOST_SPLITS = 1_000_000  # of a switch's ports, looked at from the largest on


@dataclass(frozen=True, kw_only=True)
class Shape:
    """PGFT(h; m; w; p) of which only the first ``leaves`` places for a leaf are taken, by ``endpoints``.

    A switch of tier i (1 .. h) is a pair (subtree of height i, index x in 0 .. W_i - 1), W_i = w_1 * ... *
    w_i. Its parents are (subtree // m_(i+1), x + W_i * y) for y in 0 .. w_(i+1) - 1. It exists if its subtree
    holds a leaf that exists: a subtree that is cut short keeps all its switches of its top tier, so every
    leaf has all its paths. Nodes are numbered endpoints first, then tier by tier, within a tier by (subtree,
    index).

    With w_1 > 1 each place holds w_1 leaves side by side, and x mod w_1 never changes on the way up: w_1
    planes, each a tree of its own. An endpoint is on all leaves of its place, or, with ``apart``, on
    ``share`` of them that follow one another, a divisor of w_1: then w_1/share times as many fit, and no
    cable of the tree joins two planes.

    ``down`` is m_1 .. m_h, children of a switch of each tier; ``parents`` is w_1 .. w_h, parents of a node
    one tier below; ``cables`` is p_1 .. p_h, parallel cables from a node one tier below to each parent.

    Raises:
        ParameterError: the lengths differ, an entry is below 1, the leaves do not fit under one top subtree,
            or the endpoints do not fit on the leaves.

    >>> superpod = Shape(down=(32, 32), parents=(1, 16), cables=(1, 2), leaves=32, endpoints=1024)
    >>> superpod.switches, superpod.edges, superpod.cable_counts
    ((32, 16), (1024, 512), (1024, 1024))
    """

    down: tuple[int, ...]
    parents: tuple[int, ...]
    cables: tuple[int, ...]
    leaves: int
    endpoints: int
    apart: bool = False
    share: int = 1

    def __post_init__(self) -> None:
        text = f"PGFT({len(self.down)}; {self.down}; {self.parents}; {self.cables})"
        if not self.down or not len(self.down) == len(self.parents) == len(self.cables):
            raise ParameterError("shape", text, "m, w and p have one entry per tier each")
        if min(*self.down, *self.parents, *self.cables) < 1:
            raise ParameterError("shape", text, "every entry is at least 1")
        room = prod(self.down[1:])
        if not 1 <= self.leaves <= room:
            raise ParameterError("leaves", self.leaves, f"from 1 to {room:,}, which {text} has")
        if self.parents[0] % self.share:
            raise ParameterError("share", self.share, f"a divisor of the {self.parents[0]} leaves of a place")
        most = self.leaves * self.down[0] * self.lanes
        if not self.leaves <= self.endpoints <= most:
            rule = f"from {self.leaves:,} to {most:,}: up to {self.down[0]:,} on each leaf"
            raise ParameterError("endpoints", self.endpoints, rule)

    @classmethod
    def k_ary(cls, k: int) -> Shape:
        """The full three-tier tree of switches of ``k`` ports, k even (Al-Fares et al. 2008, section 3).

        >>> Shape.k_ary(4).switches
        (8, 8, 4)
        """
        r = k // 2
        m, w = (r, r, k), (1, r, r)
        return cls(down=m, parents=w, cables=(1, 1, 1), leaves=k * r, endpoints=k * r * r)

    @property
    def tiers(self) -> int:
        """h, the number of tiers of switches."""
        return len(self.down)

    @cached_property
    def planes(self) -> tuple[int, ...]:
        """W_1 .. W_h: switches of tier i above each place, which are those of one subtree of height i."""
        return tuple(accumulate(self.parents, mul))

    @cached_property
    def subtrees(self) -> tuple[int, ...]:
        """Per tier i, how many subtrees of height i hold a leaf (i = 1: the places); 1 at the top."""
        sizes = accumulate((1, *self.down[1:]), mul)
        return tuple(-(-self.leaves // size) for size in sizes)

    @cached_property
    def switches(self) -> tuple[int, ...]:
        """Per tier, the switches that exist: subtrees * planes."""
        return tuple(map(mul, self.subtrees, self.planes))

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """Per boundary below tier 1 .. h, adjacent pairs: each node below has w of them."""
        below = (self.endpoints, *self.switches[:-1])
        return tuple(map(mul, below, (self.parents[0] // self.lanes, *self.parents[1:])))

    @cached_property
    def ports(self) -> tuple[int, ...]:
        """Per tier, the ports that a full switch of it uses, down and up."""
        up = (*map(mul, self.parents[1:], self.cables[1:]), 0)
        return tuple(d * p + u for d, p, u in zip(self.down, self.cables, up))

    @cached_property
    def cable_counts(self) -> tuple[int, ...]:
        """Per boundary below tier 1 .. h, cables: p for each adjacent pair."""
        return tuple(map(mul, self.edges, self.cables))

    @property
    def lanes(self) -> int:
        """Sets of planes that no endpoint joins: 1 where every endpoint is on all planes."""
        return self.parents[0] // self.share if self.apart else 1

    @property
    def nodes(self) -> int:
        """Endpoints and switches."""
        return self.endpoints + sum(self.switches)

    def first(self, tier: int) -> int:
        """Number of the first node of a tier; tier 0 has the endpoints, h + 1 the first free number."""
        return 0 if tier == 0 else self.endpoints + sum(self.switches[: tier - 1])

    def subtree_of(self, tier: int, height: int) -> NDArray[np.int64]:
        """(switches of ``tier``,): the subtree of ``height`` >= tier in which each switch lies."""
        own = np.arange(self.switches[tier - 1], dtype=np.int64) // self.planes[tier - 1]
        return own // prod(self.down[tier:height])

    def above(self, tier: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The adjacent pairs between the switches of ``tier`` and those of the tier above.

        Two arrays (edges,) of node numbers, lower and upper, sorted by (lower, upper): every lower switch
        occurs w_(tier+1) times.

        >>> tree = Shape(down=(2, 2, 4), parents=(1, 2, 2), cables=(1, 1, 1), leaves=8, endpoints=16)
        >>> [pair.tolist()[:4] for pair in tree.above(1)]
        [[16, 16, 17, 17], [24, 25, 24, 25]]
        """
        width, fan = self.planes[tier - 1], self.parents[tier]
        lower = np.arange(self.switches[tier - 1], dtype=np.int64)
        subtree, x = lower // width, lower % width
        base = subtree // self.down[tier] * (width * fan) + x
        upper = base[:, np.newaxis] + width * np.arange(fan, dtype=np.int64)
        return np.repeat(self.first(tier) + lower, fan), self.first(tier + 1) + upper.ravel()


def smallest(
    endpoints: int,
    radix: int,
    tiers: int | None,
    ratios: Sequence[float],
    group: int,
    *,
    leaf: int = 0,
    top: int | None = None,
) -> Shape:
    """The tree of switches of ``radix`` ports that holds ``endpoints`` on the fewest leaves and subtrees.

    ``tiers`` is 1 to 4, None for the fewest that do; ``ratios`` are ports down : ports up of tier 1, 2, ...
    (1 where not said), which use as many ports as they can and leave the others free. With ``group`` = g > 0,
    leaves come in groups of g with as many servers of g endpoints as a leaf has ports down. ``leaf`` is the
    ports down of a leaf, as ``leaf_ports`` gives them (0: all that the ratio has). The top has, per plane,
    the fewest switches whose number divides the uplinks below, or ``top``: all are reached alike.

    Raises:
        ParameterError: no ports are whole in a ratio, the endpoints do not fit, there are more ratios than
            tiers with uplinks, or ``top`` switches are too few or not reached alike.

    >>> smallest(100_000, 128, None, [1], 0).switches
    (1563, 1600, 1024)
    """
    if tiers is not None and tiers > _MOST_TIERS:
        raise ParameterError("tiers", tiers, f"from 1 to {_MOST_TIERS}")
    ports = [_ports(radix, ratio, ratios) for ratio in ratios]
    ports += [(radix // 2, radix // 2)] * (_MOST_TIERS - len(ports))
    if leaf:
        ports[0] = (leaf, round(leaf / ratios[0]))
    for height in range(1, _MOST_TIERS + 1) if tiers is None else (tiers,):
        down = [d for d, _ in ports[: height - 1]] + [radix if height > 1 or not leaf else leaf]
        leaves = -(-endpoints // down[0]) if not group else -(-endpoints // (group * down[0])) * group
        if leaves <= prod(down[1:]):
            break
    else:
        most = prod(down) if not group else prod(down[1:]) // group * group * down[0]
        more = "a larger radix" if height == _MOST_TIERS else "more tiers"
        rule = f"{counted(height, 'tier')} of {radix}-port switches hold at most {most:,}: fewer, or {more}"
        raise ParameterError("endpoints", endpoints, rule)
    if any(ratio != 1 for ratio in ratios[height - 1 :]):
        value = ratios[0] if len(ratios) == 1 else list(ratios)
        have = f"{height - 1} of {counted(height, 'tier')} have uplinks"
        rule = f"{have}: as many numbers, or tiers={len(ratios) + 1}"
        raise ParameterError("oversubscription", value, rule)
    if height == 1:
        if top is not None and top != 1:
            raise ParameterError("top_switches", top, "one tier, which is one switch: leave this out")
        return Shape(down=(down[0],), parents=(1,), cables=(1,), leaves=1, endpoints=endpoints)
    subtrees = -(-leaves // prod(down[1:-1]))
    up = [u for _, u in ports[: height - 1]]
    count = tops(up[-1], subtrees, radix)
    if top is not None:
        legal = [c for c in range(count, up[-1] + 1) if up[-1] % c == 0]
        if top not in legal:
            rule = f"divides the {up[-1]} uplinks of a switch below and has ports for all: the legal are "
            raise ParameterError("top_switches", top, rule + ", ".join(map(str, legal)))
        count = top
    return Shape(
        down=(*down[:-1], subtrees),
        parents=(1, *up[:-1], count),
        cables=(*[1] * (height - 1), up[-1] // count),
        leaves=leaves,
        endpoints=endpoints,
    )


def tops(uplinks: int, subtrees: int, radix: int) -> int:
    """The fewest top switches that all subtrees reach equally: a divisor of the uplinks of a switch below.

    Each of them spends uplinks/tops of its ``radix`` ports on each of the subtrees, of which there are at
    most ``radix``.

    >>> tops(32, 24, 64)  # three SuperPOD units: 16 spines, not 12
    16
    """
    least = -(-subtrees * uplinks // radix)
    return next(c for c in range(least, uplinks + 1) if uplinks % c == 0)


def splits(radix: int, ratio: float) -> list[int]:
    """All ports down that ``radix`` has room for beside 1/ratio as many ports up, a whole number of them.

    >>> splits(64, 4)[-2:]  # 44 down and 11 up, 48 and 12
    [44, 48]
    """
    most = int(radix * (ratio / (1 + ratio))) + 1
    down = np.arange(max(1, most - _MOST_SPLITS), min(radix, most + 1))
    with np.errstate(over="ignore", invalid="ignore"):
        exact = down / ratio
        up = np.round(exact)
        fits = (up >= 1) & (np.abs(exact - up) < 1e-3) & (down + up <= radix)
    found: list[int] = down[fits].tolist()
    return found


def leaf_ports(size: int | None, radix: int, ratio: float, nics: int = 1) -> int:
    """Ports down of a leaf for ``size`` servers with ``nics`` on it each; None: for as many as fit.

    Raises:
        ParameterError: naming ``servers_per_group``, where the ports down and their uplinks do not fit, or
            ``oversubscription``, where nothing would.
    """
    legal = [d // nics for d in splits(radix, ratio) if d % nics == 0]
    if not legal:
        rule = f"ports down : ports up of a leaf of {radix} ports, both whole: 1 is always legal"
        if nics > 1:
            rule = (
                f"a leaf of {radix} ports, whole uplinks for the {nics} NICs of each server on it: none fits"
            )
        raise ParameterError("oversubscription", ratio, rule)
    if size is not None and size not in legal:
        near = [*[d for d in legal if d < size][-1:], *[d for d in legal if d > size][:1]]
        rule = f"{ratio} : 1 makes whole uplinks that fit {radix} ports with it: the nearest legal are "
        raise ParameterError("servers_per_group", size, rule + " and ".join(map(str, near)))
    return nics * (legal[-1] if size is None else size)


def _ports(radix: int, ratio: float, ratios: Sequence[float]) -> tuple[int, int]:
    """(ports down, ports up) of a switch oversubscribed by ``ratio``; both are whole and at least one.

    Where the ratio does not split all ports, the most that it does split; the others are left free.
    """
    exact = radix * ratio / (1 + ratio)
    down = round(exact)
    if abs(exact - down) > 1e-3 or not 1 <= down < radix:  # 9/7 may be written 1.2857
        if fitting := splits(radix, ratio):
            return fitting[-1], round(fitting[-1] / ratio)
        low = min(max(int(exact), 1), radix - 1)
        near = dict.fromkeys((low, min(low + 1, radix - 1)))
        legal = " and ".join(f"{d / (radix - d):.6g} ({d} down, {radix - d} up)" for d in near)
        value = ratio if len(ratios) == 1 else list(ratios)
        rule = f"ports down : ports up of {radix} ports, both whole: the nearest legal are {legal}"
        raise ParameterError("oversubscription", value, rule)
    return down, radix - down
