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

__all__ = ["hand_programs", "hand_run"]


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
        ParameterError: as read_steps, hand_tasks and hand_programs.
    """
    entries = read_steps(given)
    programs = hand_programs(entries, groups, experts, fabric, placement, policy, profile)
    return StepRun(hand_tasks(entries), programs)


def hand_programs(
    entries: tuple[Entry, ...],
    groups: str,
    experts: str,
    fabric: Fabric,
    placement: NDArray[np.int64],
    policy: Policy,
    profile: LatencyProfile,
) -> dict[str, Program]:
    """The program of each collective, of all its groups; ``over`` = all: of all ranks.

    Raises:
        ParameterError: a dimension that is not there, an algorithm that the collective has not.
    """
    who, found = Members(fabric, placement), {}
    for one in entries:
        if not one.collective or hand_call(one) in found:
            continue
        members = np.arange(len(placement), dtype=np.int32)[None, :]
        if one.over != "all":
            if groups == NO_GROUPS:
                rule = 'is said of groups: give them, as in groups = "tp=8,dp=rest", or say all'
                raise ParameterError("over", one.over, rule)
            members = mesh_of(groups, experts, one.over, len(placement)).members()
        schedule = side_by_side(one.collective, one.algorithm, members, who)
        found[hand_call(one)] = Program.compile(schedule, fabric, placement, policy, profile)
    return found
