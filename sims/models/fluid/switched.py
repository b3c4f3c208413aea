"""A switched phase on a fabric: in servers over the scale-up switch, else on trees of network switches."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.graph.nic import planes
from fabric.graph.schema import SWITCH
from fabric.routing.reduction import ReductionTree, reduction_tree
from fabric.words.errors import ParameterError
from sims.models.fluid.stage import Stage, pace_of
from sims.models.latency import transfer_latency
from sims.models.profiles import LatencyProfile
from sims.workload.schedule import REDUCE, Phase
from sims.workload.switch_limits import SwitchLimits

__all__ = ["switched_stage"]


def switched_stage(
    phase: Phase,
    fabric: Fabric,
    placement: NDArray[np.int64],
    profile: LatencyProfile,
    link_seconds: NDArray[np.float64],
) -> tuple[Stage, NDArray[np.float64], str]:
    """The stage of a switched phase, the load of the links, and what is to be said of it: each link of a tree
    carries a chunk once.

    Where NICs are split over planes a chunk is, too: there is a tree on each plane. Its latency is that of
    the longest way up to a root and down again. A link that is faster than the ``port_rate`` of the
    phase's limits has so much more to carry. ``link_seconds``: what crossing each link adds to latency.

    Raises:
        ParameterError: the switches of the fabric do not add up, there is no tree over some ranks, or one
            that a switch cannot be part of.
    """
    assert phase.tree is not None
    who, gives = placement[phase.src], phase.ops_at(0) == REDUCE
    ways: list[Paths] = []
    order = np.argsort(phase.tree, kind="stable")
    cuts = np.flatnonzero(np.diff(phase.tree[order])) + 1
    first = order[np.concatenate([[0], cuts])]  # of each tree
    number = np.empty(len(order), np.int64)
    number[order] = np.repeat(np.arange(len(first)), np.diff([0, *cuts.tolist(), len(order)]))
    weight = np.ones(len(first)) if phase.weight is None else phase.weight[first]
    loads: list[tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.float64]]] = []  # tree, link, bytes
    domain = fabric.scaleup[who]
    same = np.ones(len(first), bool)
    np.logical_and.at(same, number, (domain == domain[first][number]) & (domain >= 0))
    inside = same[number]
    if inside.any():
        arc = fabric.arc_up[who[inside]] - 1  # the scale-up switch stands just before those of the network
        up, down = fabric.arc_link[arc], fabric.arc_link[fabric.arc_back[arc]]
        own_link = np.where(gives[inside], up, down).astype(np.int64)
        loads.append((number[inside], own_link, weight[number[inside]]))
        _, one = np.unique(arc, return_index=True)
        ways.append(Paths.from_columns([up[one].astype(np.int32), down[one].astype(np.int32)]))
    note = _able(fabric) if not same.all() else ""
    split, slower = planes(fabric), _slower(fabric, phase.limits)
    part_of, through = _Census(fabric, phase.limits), np.zeros(fabric.n_links)
    for tree in np.flatnonzero(~same).tolist():
        own = np.flatnonzero(number == tree)
        ends = np.unique(who[own])
        for plane in range(split):
            found = reduction_tree(fabric, ends, int(phase.tree[own[0]]) * split + plane)
            part_of.add(found)
            for path, some in ((found.up, gives[own]), (found.down, ~gives[own])):
                used = path.take(np.searchsorted(ends, who[own][some]))
                links = np.unique(used.link).astype(np.int64)
                through[links] += 1
                loads.append((np.full(len(links), tree), links, slower[links] * (weight[tree] / split)))
            ways.append(Paths.join(found.up, found.down))
    part_of.check(through)
    whose, link, carried = (np.concatenate(column) for column in zip(*loads))
    load: NDArray[np.float64] = np.bincount(link, carried, fabric.n_links).astype(float, copy=False)
    routed = ways[0] if len(ways) == 1 else _stacked(ways)
    each = transfer_latency(routed, fabric, profile, link_seconds)
    stage = Stage(
        phase=phase,
        routed=routed,
        paths=Paths.lockstep(load),
        share=1.0,
        latency=float(each.max()),
        trees=partial(_rows, phase.src[first], whose, link, carried),
        **pace_of(load, fabric),
    )
    return stage, load, note


def _rows(
    rank: NDArray[np.int32], tree: NDArray[np.intp], link: NDArray[np.int64], carried: NDArray[np.float64]
) -> tuple[NDArray[np.int32], Paths]:
    """A rank of each tree; a row for each, with what it ``carried`` on its links of a byte of a transfer."""
    order = np.argsort(tree, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(tree, minlength=len(rank)))])
    return rank, Paths(ptr=ptr, link=link[order].astype(np.int32), weight=carried[order])


def _able(fabric: Fabric) -> str:
    """What is to be said of trees of its switches.

    Raises:
        ParameterError: the fabric says that they do not add up.
    """
    can, _, why = fabric.in_network.partition(":")
    if can == "no":
        rule = f"its switches do not add up and spread:{why or ' as it says itself'}"
        raise ParameterError("in-network", fabric.name, rule)
    if can == "yes":
        return (
            f"its switches add up and spread:{why}" if why else "its switches add up and spread, as it says"
        )
    return "taken for granted: the switches of its trees add up at the rate of their links"


def _slower(fabric: Fabric, limits: SwitchLimits) -> NDArray[np.float64]:
    """(links,): how much longer a byte of a tree takes on each link than its capacity says."""
    return fabric.capacity / limits.slowed(fabric.capacity) if limits.port_rate else np.ones(fabric.n_links)


class _Census:
    """How many trees each switch is part of, held against the limits of switches."""

    def __init__(self, fabric: Fabric, limits: SwitchLimits) -> None:
        self.fabric, self.limits = fabric, limits
        self.trees = np.zeros(len(fabric.kind), np.int64)

    def add(self, tree: ReductionTree) -> None:
        """Raise ParameterError where a switch has too many children in it."""
        if self.limits.radix and tree.children > self.limits.radix:
            rule = (
                f"switch {self.fabric.label(tree.widest)} has {tree.children} children in a tree of the ranks"
            )
            raise ParameterError("in-network:radix", self.limits.radix, rule)
        nodes = np.unique(self.fabric.link_src[tree.down.link])
        self.trees[nodes[self.fabric.kind[nodes] == SWITCH]] += 1

    def check(self, through: NDArray[np.float64]) -> None:
        """Raise ParameterError where a switch, or a port of one, is part of too many. ``through``: (links,)
        the trees through each.
        """
        fabric, limits = self.fabric, self.limits
        if limits.trees and self.trees.max() > limits.trees:
            busiest = fabric.label(int(np.argmax(self.trees)))
            rule = f"switch {busiest} is part of {self.trees.max()} trees of the ranks"
            raise ParameterError("in-network:trees", limits.trees, rule)
        if limits.port_trees and through.max() > limits.port_trees:
            link = int(np.argmax(through))
            ends = (fabric.label(int(end[link])) for end in (fabric.link_src, fabric.link_dst))
            rule = f"{int(through[link])} trees of the ranks go from {' to '.join(ends)} on one cable"
            raise ParameterError("in-network:port_trees", limits.port_trees, rule)


def _stacked(ways: list[Paths]) -> Paths:
    ptr = np.concatenate([[0], np.cumsum(np.concatenate([one.length for one in ways]))])
    return Paths(ptr=ptr, link=np.concatenate([one.link for one in ways]))
