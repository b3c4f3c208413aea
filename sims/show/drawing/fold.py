"""A large fabric folded: what is alike is counted and stands there once. Knows no ink and no page.

A `Block` is a class of groups that are alike, such as 24 of 25 pods: their switches of the uppermost tier
(a `Layer`) over the classes of the groups inside them. Numbers are given as a `Span` over the members of
the class, so that an irregular fabric folds as well as a regular one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.measures.groups import Hierarchy, between_switches, hierarchy, of_endpoints
from sims.show.drawing.failed import failed

__all__ = ["Block", "Fold", "Joint", "Layer", "Span", "fold"]


@dataclass(frozen=True, order=True)
class Span:
    """The least and the most of a number over the members of a class."""

    low: float
    high: float

    def text(self, form: Callable[[float], str] = "{:,.0f}".format) -> str:
        """``"64"`` or ``"27 to 64"``."""
        low, high = form(self.low), form(self.high)
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Switches of one tier in one block.

    ``count``: of them in a block. Per switch ``down``, ``up``: cables to lower and to higher nodes,
    ``parallel``: to one and the same switch above, ``rate_up``: bytes/s of those up. Per block ``below``,
    ``above``: cables, and ``capacity_below``, ``capacity_above``: bytes/s one way. Without tiers ``down``
    are cables to endpoints, ``up`` those to switches of other groups, ``level`` and ``inside`` (per block)
    those to switches of the same. ``lost_above``, ``lost_below``: cables that have failed since, of all
    blocks of the class together; below, those to endpoints.
    """

    name: str
    count: Span
    down: Span
    up: Span
    parallel: Span
    rate_up: Span
    below: Span
    above: Span
    capacity_below: Span
    capacity_above: Span
    level: Span
    inside: Span
    lost_above: int
    lost_below: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """``number`` groups that are alike, ``each`` so many in one of the blocks around; ``height`` as in
    Hierarchy.
    """

    number: int
    each: Span
    height: int
    stage: Layer
    endpoints: Span
    injection: Span  # bytes/s, one way, of the endpoints' cables into the block
    inner: tuple[Block, ...]
    mixed: bool = False  # what was left over put together, though not alike


@dataclass(frozen=True, kw_only=True)
class Joint:
    """All cables between two tiers. ``ratio``: capacity below over capacity above the lower tier's switches,
    as (best, worst switch); NaN where there is none."""

    low: str
    high: str
    cables: int
    capacity: float
    ratio: tuple[float, float]
    adjacent: bool  # no tier lies between them


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A fabric folded. ``home``: the least height at which all switches of every endpoint are in one group;
    above the top where there is none. ``blocks``: the groups at the top, one on most fabrics.
    """

    tiers: tuple[tuple[str, int], ...]
    tiered: bool
    blocks: tuple[Block, ...]
    joints: tuple[Joint, ...]
    endpoints: int
    ports: Span  # cables of an endpoint
    rate: Span  # bytes/s of all cables of an endpoint
    home: int


def fold(fabric: Fabric, classes: int = 2, after: Fabric | None = None) -> Fold:
    """``fabric`` folded, with at most ``classes`` classes of alike groups side by side and one of all others.

    With four tiers of switches or more it is one and all others. ``after``: what is left of it.
    """
    view = _View(fabric, hierarchy(fabric), after or fabric)
    tree, access = view.tree, view.access
    everything = np.ones(fabric.n_switches, bool)
    outer = np.zeros(fabric.n_switches, np.int64)
    tiers = [(name, int(np.sum(tree.height == h))) for h, name in enumerate(tree.names)]
    return Fold(
        tiers=tuple(tiers),
        tiered=tree.tiered,
        blocks=_blocks(view, tree.top, everything, outer, classes if tree.top < 3 else 1),
        joints=_joints(view),
        endpoints=fabric.n_endpoints,
        ports=_span(np.bincount(access.src, weights=access.cables, minlength=fabric.n_endpoints)),
        rate=_span(np.bincount(access.src, weights=access.capacity, minlength=fabric.n_endpoints)),
        home=_home(view),
    )


class _View:
    """Sums over the cables of every switch, from which all else is counted."""

    def __init__(self, fabric: Fabric, tree: Hierarchy, after: Fabric) -> None:
        self.fabric, self.tree = fabric, tree
        self.trunk, self.access = between_switches(fabric), of_endpoints(fabric)
        t, a, n = self.trunk, self.access, fabric.n_switches
        if tree.tiered:
            rising, falling = tree.height[t.dst] > tree.height[t.src], tree.height[t.dst] < tree.height[t.src]
        else:
            rising, falling = tree.group[0][t.src] != tree.group[0][t.dst], np.zeros(len(t.src), bool)

        def sums(values: NDArray[Any], mine: NDArray[np.bool_]) -> NDArray[Any]:
            return np.bincount(t.src[mine], weights=values[mine], minlength=n)

        self.rising = rising
        gone, cut = failed(t, between_switches(after)), failed(a, of_endpoints(after))
        if tree.tiered:
            out = tree.height[gone.dst] > tree.height[gone.src]
        else:
            apart = tree.group[0][gone.src] != tree.group[0][gone.dst]
            out = apart & (gone.src < gone.dst)  # each cable once
        self.lost_above = np.bincount(gone.src[out], weights=gone.cables[out], minlength=n)
        self.lost_below = np.bincount(cut.dst, weights=cut.cables, minlength=n)
        self.level = sums(t.cables, ~rising & ~falling)
        self.up, self.capacity_up = sums(t.cables, rising), sums(t.capacity, rising)
        self.down = sums(t.cables, falling) + np.bincount(a.dst, weights=a.cables, minlength=n)
        self.capacity_down = sums(t.capacity, falling) + np.bincount(a.dst, weights=a.capacity, minlength=n)
        self.parallel = np.zeros(n)
        np.maximum.at(self.parallel, t.src[rising], t.cables[rising])

    def endpoints(self, label: NDArray[np.int64], count: int) -> NDArray[Any]:
        """(count,): endpoints with a cable into each group; who has two there counts once."""
        there = label[self.access.dst]
        pairs = np.sort(self.access.src[there >= 0] * count + there[there >= 0])
        return np.bincount(pairs[np.diff(pairs, prepend=-1) != 0] % count, minlength=count).astype(float)

    def injection(self, label: NDArray[np.int64], count: int) -> NDArray[Any]:
        """(count,): bytes/s, one way, of the cables from endpoints into each group."""
        there = label[self.access.dst]
        return np.bincount(there[there >= 0], weights=self.access.capacity[there >= 0], minlength=count)


def _blocks(
    view: _View, height: int, inside: NDArray[np.bool_], outer: NDArray[np.int64], classes: int
) -> tuple[Block, ...]:
    """The classes of groups at ``height`` among the switches ``inside``; ``outer`` labels the blocks around
    them.

    At the bottom every leaf would be a group: there the leaves of one outer block are one group.
    """
    tree = view.tree
    inside = inside & (tree.height <= height)
    if not inside.any():
        return ()
    label = np.full(len(inside), -1, np.int64)
    source = outer if height == 0 and tree.tiered else tree.group[height]
    values, label[inside] = np.unique(source[inside], return_inverse=True)
    count = len(values)
    # The leaves of all blocks around are one class: the blocks are alike already, or mixed.
    features = _features(view, label, count, height)[:, : 0 if source is outer else None]
    _, kind, members = np.unique(features, axis=0, return_inverse=True, return_counts=True)
    kind = kind.ravel()
    first = np.array([np.argmax(kind == k) for k in range(len(members))])
    ranked = np.lexsort((first, -members))
    place = np.empty(len(members), np.int64)
    place[ranked] = np.arange(len(members))
    if len(members) > classes + 1:
        place = np.minimum(place, classes)
    kind = place[kind]
    around = np.zeros(count, np.int64)
    around[label[inside]] = outer[inside]
    blocks = []
    for k in range(int(kind.max()) + 1):
        mine = np.flatnonzero(kind == k)
        switches = inside & np.isin(label, mine)
        each = np.bincount(around[mine])[np.unique(around[mine])]
        blocks.append(
            Block(
                number=len(mine),
                each=_span(each),
                height=height,
                stage=_stage(view, label, mine, switches & (tree.height == height), tree.names[height]),
                endpoints=_span(view.endpoints(label, count)[mine]),
                injection=_span(view.injection(label, count)[mine]),
                inner=_blocks(view, height - 1, switches, label, 1) if height else (),
                mixed=len(members) > classes + 1 and k == classes,
            )
        )
    return tuple(blocks)


def _features(view: _View, label: NDArray[np.int64], count: int, height: int) -> NDArray[Any]:
    """(groups, features): what must be equal for two groups to be alike: counts, cables, capacities of each
    tier.
    """
    columns: list[NDArray[Any]] = [view.endpoints(label, count)]
    for h in range(height + 1):
        mine = np.flatnonzero((label >= 0) & (view.tree.height == h))
        columns.append(np.bincount(label[mine], minlength=count).astype(np.float64))
        for value in (view.up, view.down, view.level, view.capacity_up, view.capacity_down):
            columns.append(np.bincount(label[mine], weights=value[mine], minlength=count))
    return np.round(np.stack(columns, axis=1))


def _stage(
    view: _View, label: NDArray[np.int64], members: NDArray[np.int64], mine: NDArray[np.bool_], name: str
) -> Layer:
    def per_group(value: NDArray[Any]) -> Span:
        return _span(np.bincount(label[mine], weights=value[mine], minlength=int(members.max()) + 1)[members])

    return Layer(
        name=name,
        count=per_group(np.ones(len(mine))),
        down=_span(view.down[mine]),
        up=_span(view.up[mine]),
        parallel=_span(view.parallel[mine]),
        rate_up=_span(view.capacity_up[mine]),
        below=per_group(view.down),
        above=per_group(view.up),
        capacity_below=per_group(view.capacity_down),
        capacity_above=per_group(view.capacity_up),
        level=_span(view.level[mine]),
        inside=per_group(view.level / 2),
        lost_above=int(view.lost_above[mine].sum()),
        lost_below=int(view.lost_below[mine].sum()),
    )


def _joints(view: _View) -> tuple[Joint, ...]:
    """Per pair of tiers that cables join: -1 stands for the endpoints."""
    tree, t, a = view.tree, view.trunk, view.access
    once = view.rising if tree.tiered else t.src < t.dst
    low = np.concatenate([np.full(len(a.src), -1), tree.height[t.src[once]]])
    high = tree.height[np.concatenate([a.dst, t.dst[once]])]
    cables, capacity = (
        np.concatenate([a.cables, t.cables[once]]),
        np.concatenate([a.capacity, t.capacity[once]]),
    )
    joints, tiers = [], len(tree.names)
    key = (low + 1) * tiers + high
    for value in np.flatnonzero(np.bincount(key)).tolist():
        below, above = value // tiers - 1, value % tiers
        mine = key == value
        own = (tree.height == below) & (view.capacity_up > 0)
        ratio = view.capacity_down[own] / view.capacity_up[own] if tree.tiered else np.empty(0)
        joints.append(
            Joint(
                low="endpoint" if below < 0 else tree.names[below],
                high=tree.names[above],
                cables=int(cables[mine].sum()),
                capacity=float(capacity[mine].sum()),
                ratio=(float(ratio.min()), float(ratio.max())) if len(ratio) else (float("nan"),) * 2,
                adjacent=above - below == 1,
            )
        )
    return tuple(joints)


def _home(view: _View) -> int:
    a, n = view.access, view.fabric.n_endpoints
    for h in range(view.tree.top + 1):
        label = view.tree.group[h][a.dst]
        low, high = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
        np.minimum.at(low, a.src, label)
        np.maximum.at(high, a.src, label)
        if np.all((low == high) & (low >= 0) | (high < 0)):
            return h
    return view.tree.top + 1


def _span(values: NDArray[Any]) -> Span:
    return Span(float(values.min()), float(values.max())) if len(values) else Span(0.0, 0.0)
