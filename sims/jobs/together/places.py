"""Which endpoints each of several jobs gets. Knows no traffic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.workload.job.together import Background, Job
from sims.workload.placement import place, placement_names

__all__ = ["places"]


def places(
    fabric: Fabric, jobs: Sequence[Job], background: Sequence[Background], usual: str, seed: int
) -> dict[str, NDArray[np.int64]]:
    """The endpoint of each rank of each job, and the endpoints of each background.

    Jobs whose placement names hosts or endpoints get those; the others, in their order, what is then free, in
    the order of their placement, or of ``usual`` where they have none. Background shares endpoints with jobs
    where its placement says so; without one it has those that no job has.

    Raises:
        ParameterError: two jobs on one GPU, hosts that are not there, too few endpoints.
    """
    owner = np.full(fabric.n_endpoints, -1)
    found: dict[str, NDArray[np.int64]] = {}
    named = [one for one in jobs if placement_names(one.placement or usual)]
    for one in [*named, *(job for job in jobs if job not in named)]:
        text = one.placement or usual
        if one in named:
            mine = _placed(fabric, one, text, seed)
            taken = mine[owner[mine] >= 0]
            if len(taken):
                other, where = jobs[int(owner[taken[0]])].name, fabric.label(int(taken[0]))
                rule = (
                    f"{counted(len(taken), 'endpoint')} of job {other} too, such as {where}: one job on a GPU"
                )
                raise ParameterError(f"job {one.name}: placement", text, rule)
        else:
            order = _order(fabric, f"job {one.name}", text, seed)
            free = order[owner[order] < 0]
            if one.ranks > len(free):
                rule = (
                    f"{counted(len(free), 'endpoint')} of {fabric.name} left by {text} and the jobs before it"
                )
                raise ParameterError(f"job {one.name}: ranks", one.ranks, rule)
            mine = free[: one.ranks]
        owner[mine] = jobs.index(one)
        found[one.name] = mine
    for noise in background:
        if noise.placement:
            order = _order(fabric, f"background {noise.name}", noise.placement, seed)
        else:
            order = np.flatnonzero(owner < 0)
        if len(order) < max(2, noise.ranks):
            rule = f"{counted(len(order), 'endpoint')} of {fabric.name} that no job has: name a placement"
            raise ParameterError(f"background {noise.name}: ranks", noise.ranks or "all", rule)
        found[noise.name] = order[: noise.ranks or len(order)]
    return found


def _placed(fabric: Fabric, one: Job, text: str, seed: int) -> NDArray[np.int64]:
    try:
        return place(fabric, one.ranks, text, seed)
    except ParameterError as error:
        raise ParameterError(
            f"job {one.name}: {error.name}", error.value, error.rule, error.choices
        ) from None


def _order(fabric: Fabric, who: str, text: str, seed: int) -> NDArray[np.int64]:
    """All endpoints that a placement leaves, in its order."""
    try:
        return place(fabric, None, text, seed)
    except ParameterError as error:
        raise ParameterError(f"{who}: {error.name}", error.value, error.rule, error.choices) from None
