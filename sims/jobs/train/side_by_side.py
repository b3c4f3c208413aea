"""The schedule of one collective in many groups at once, in the order of their servers. Routes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sims.workload.collectives import algorithms, build, parse_algorithms
from sims.workload.groups import Groups
from sims.workload.members import Members
from sims.workload.schedule import Schedule
from sims.workload.skew import skewed

__all__ = ["side_by_side"]


def side_by_side(
    collective: str, algorithm: str, members: NDArray[np.int32], who: Members, skew: float = 1.0
) -> Schedule:
    """``algorithm`` of ``collective`` in each row of ``members``, int32 [groups, ranks], in step.

    ``who``: the ranks on their endpoints; ``skew``: of an all-to-all, the fullest rank over the mean.

    Raises:
        ParameterError: no such algorithm, or it is not possible for the ranks of a group.
    """
    ((name, parameters),) = parse_algorithms(algorithm, collective)
    labels: dict[str, NDArray[Any]] = {"servers": who.servers, "groups": who.groups}
    needs = [labels[need] for need in algorithms(collective)[name].needs if need in labels]

    def make(ranks: NDArray[np.int32]) -> Schedule:
        of: dict[str, Any] = {"servers": who.servers[ranks], "groups": who.groups[ranks]}
        parts = skewed(len(ranks), skew)
        return build(name, parameters, len(ranks), collective=collective, parts=parts, **of)

    return Groups(members).together(make, needs)
