"""A step by hand on a fabric: the groups of each entry, all at once, each in one program. Knows no row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from sims.jobs.train.side_by_side import side_by_side
from sims.jobs.train.steps import StepRun
from sims.models.fluid.program import Program
from sims.models.profiles import LatencyProfile
from sims.workload.job.by_hand import Entry, hand_call, hand_tasks, read_steps
from sims.workload.members import Members
from sims.workload.mesh import NO_GROUPS, mesh_of

__all__ = ["hand_run"]


def hand_run(
    given: Any,
    groups: str,
    experts: str,
    fabric: Fabric,
    placement: NDArray[np.int64],
    policy: Policy,
    profile: LatencyProfile,
) -> StepRun:
    """The entries ``given``, as of sims.workload.job.by_hand.read_steps, of ranks dealt as ``groups`` says.

    Raises:
        ParameterError: as read_steps and hand_tasks; a dimension that is not there, an algorithm that the
            collective has not.
    """
    entries = read_steps(given)
    who, members = Members(fabric, placement), _members(entries, groups, experts, len(placement))
    programs = {
        hand_call(one): Program.compile(
            side_by_side(one.collective, one.algorithm, members[hand_call(one)], who),
            *(fabric, placement, policy, profile),
        )
        for one in {hand_call(one): one for one in entries if one.collective}.values()
    }
    nodes = {call: Members(fabric, placement[ranks[0]]).nodes for call, ranks in members.items()}
    return StepRun(hand_tasks(entries), programs, nodes)


def _members(
    entries: tuple[Entry, ...], groups: str, experts: str, ranks: int
) -> dict[str, NDArray[np.int32]]:
    """int32 [groups, ranks of a group] of each collective; ``over`` = all: one group of all ranks.

    Raises:
        ParameterError: a dimension that is not there.
    """
    found = {}
    for one in entries:
        if one.collective and one.over == "all":
            found[hand_call(one)] = np.arange(ranks, dtype=np.int32)[None, :]
        elif one.collective:
            if groups == NO_GROUPS:
                rule = 'is said of groups: give them, as in groups = "tp=8,dp=rest", or say all'
                raise ParameterError("over", one.over, rule)
            found[hand_call(one)] = mesh_of(groups, experts, one.over, ranks).members()
    return found
