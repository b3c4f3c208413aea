"""The slowest of many groups: who it is, and the fullest link that it crosses. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Paths
from fabric.measures.link_kind import link_kind
from sims.jobs.grouped import Grouped
from sims.models.fluid.program import Program
from sims.models.fluid.stage import Stage
from sims.scenario.row import Row

__all__ = ["SlowestGroup", "slowest_group"]

_EQUAL = 1e-9  # relative; links this near are equally full


@dataclass(frozen=True, kw_only=True)
class SlowestGroup:
    """A group, by its ``label``, its place in the other dimensions, and its ``ranks``; ``seconds`` that it
    takes with all others, and ``alone``.

    ``link``: the kind of the link of its own that is busy longest with the bytes of all groups, ``example``:
    its two ends, ``busy``: for how many seconds. At most ``flows`` cross it in a phase, the queue pairs of a
    transfer each for itself, and ``groups`` in all (0: not known); this one in ``phases`` (numbers from 1).
    """

    label: str
    ranks: NDArray[np.int32]
    seconds: float
    alone: float
    link: str
    example: str
    busy: float
    flows: int
    groups: int
    phases: tuple[int, ...]


def slowest_group(program: Program, grouped: Grouped, row: Row) -> SlowestGroup:
    """That of ``row``, which ``program`` made, all groups in step."""
    number, fabric, size = int(row.group_times["group"]), program.fabric, row.scenario.size_bytes
    seconds, mine = np.zeros(fabric.n_links), np.zeros(fabric.n_links, bool)
    known: dict[int, NDArray[np.float64]] = {}
    for stage, (amount, _) in zip(program.stages, program.byte_times(size)):
        if id(stage.paths) not in known:
            known[id(stage.paths)] = stage.paths.load(stage.share, fabric.n_links) / fabric.capacity
            mine |= _of_group(stage, grouped, number, program.qps).load(1.0, fabric.n_links) > 0
        seconds += known[id(stage.paths)] * (amount / stage.peak)
    own = np.where(mine, seconds, 0.0)
    link = int(np.argmax(own >= own.max() * (1 - _EQUAL)))
    crossing = [_across(stage, grouped, link, program.qps) for stage in program.stages]
    there = [groups for _, groups in crossing]
    return SlowestGroup(
        label=grouped.mesh.label(number),
        ranks=grouped.groups.members[number],
        seconds=row.group_times["slowest"],
        alone=row.group_times["alone"],
        link=link_kind(fabric, link),
        example=" -> ".join(fabric.label(int(end[link])) for end in (fabric.link_src, fabric.link_dst)),
        busy=float(seconds[link]),
        flows=max(flows for flows, _ in crossing),
        groups=len(np.unique(np.concatenate(there))),
        phases=_own(there, number),
    )


def _of_group(stage: Stage, grouped: Grouped, number: int, qps: int) -> Paths:
    """The flows of one group in a phase."""
    owner = grouped.groups.owner
    if stage.crowd is not None:
        return stage.crowd.of_group(owner, number)
    return stage.routed.take(np.flatnonzero(owner[np.tile(stage.phase.src, qps)] == number))


def _across(stage: Stage, grouped: Grouped, link: int, qps: int) -> tuple[int, NDArray[np.int32]]:
    """How many flows cross a link in a phase, and of which groups, as far as that is known."""
    owner = grouped.groups.owner
    if stage.crowd is not None:
        weight = stage.paths.weight
        carried = 0.0 if weight is None else float(weight[stage.paths.link == link].sum())
        return round(carried * qps), stage.crowd.across(link, owner)
    rows = _crossing(stage.routed, link)
    return len(rows), np.unique(owner[np.tile(stage.phase.src, qps)][rows])


def _own(there: Sequence[NDArray[np.int32]], number: int) -> tuple[int, ...]:
    """The phases in which one group crosses the link, from 1."""
    return tuple(phase for phase, groups in enumerate(there, 1) if number in groups)


def _crossing(paths: Paths, link: int) -> NDArray[np.int64]:
    """The flows that cross one link."""
    rows = paths.row[paths.link == link]
    if paths.shared:
        bundles = np.unique(paths.shared.bundles.row[paths.shared.bundles.link == link])
        rows = np.concatenate([rows, paths.shared.use.row[np.isin(paths.shared.use.link, bundles)]])
    return np.unique(rows)
