"""A switched phase on a fabric: in servers over the scale-up switch, else on trees of network switches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.routing.reduction import reduction_tree
from fabric.words.errors import ParameterError
from sims.models.fluid.stage import Stage, pace_of
from sims.models.latency import transfer_latency
from sims.models.profiles import LatencyProfile
from sims.workload.schedule import REDUCE, Phase

__all__ = ["switched_stage"]


def switched_stage(
    phase: Phase,
    fabric: Fabric,
    placement: NDArray[np.int64],
    profile: LatencyProfile,
    link_seconds: NDArray[np.float64],
) -> tuple[Stage, NDArray[np.float64]]:
    """The stage of a switched phase, and the load of the links: each link of a tree carries a chunk once.

    Its latency is that of the longest way up to a root and down again. ``link_seconds``: what crossing each
    link adds to latency.

    Raises:
        ParameterError: there is no tree over some ranks.
    """
    assert phase.tree is not None
    who, gives = placement[phase.src], phase.ops_at(0) == REDUCE
    load = np.zeros(fabric.n_links)
    ways: list[Paths] = []
    order = np.argsort(phase.tree, kind="stable")
    cuts = np.flatnonzero(np.diff(phase.tree[order])) + 1
    first = order[np.concatenate([[0], cuts])]  # of each tree
    number = np.empty(len(order), np.int64)
    number[order] = np.repeat(np.arange(len(first)), np.diff([0, *cuts.tolist(), len(order)]))
    domain = fabric.scaleup[who]
    same = np.ones(len(first), bool)
    np.logical_and.at(same, number, (domain == domain[first][number]) & (domain >= 0))
    inside = same[number]
    if inside.any():
        arc = fabric.arc_up[who[inside]] - 1  # the scale-up switch stands just before those of the network
        up, down = fabric.arc_link[arc], fabric.arc_link[fabric.arc_back[arc]]
        load += np.bincount(np.where(gives[inside], up, down), minlength=fabric.n_links)
        _, one = np.unique(arc, return_index=True)
        ways.append(Paths.from_columns([up[one].astype(np.int32), down[one].astype(np.int32)]))
    for tree in np.flatnonzero(~same).tolist():
        own = np.flatnonzero(number == tree)
        ends = np.unique(who[own])
        found = reduction_tree(fabric, ends, int(phase.tree[own[0]]))
        if phase.radix and found.children > phase.radix:
            rule = f"{fabric.label(found.widest)} has {found.children} children in a tree of the ranks"
            raise ParameterError("in-network:radix", phase.radix, rule)
        for path, some in ((found.up, gives[own]), (found.down, ~gives[own])):
            used = path.take(np.searchsorted(ends, who[own][some]))
            load[np.unique(used.link)] += 1
        ways.append(Paths.join(found.up, found.down))
    routed = ways[0] if len(ways) == 1 else _stacked(ways)
    each = transfer_latency(routed, fabric, profile, link_seconds)
    stage = Stage(
        phase=phase,
        routed=routed,
        paths=Paths.lockstep(load),
        share=1.0,
        latency=float(each.max()),
        **pace_of(load, fabric),
    )
    return stage, load


def _stacked(ways: list[Paths]) -> Paths:
    ptr = np.concatenate([[0], np.cumsum(np.concatenate([one.length for one in ways]))])
    return Paths(ptr=ptr, link=np.concatenate([one.link for one in ways]))
