"""Groups: one schedule for many groups of ranks that do the same side by side, phase by phase, in step.

Groups that are alike in how servers cut them share a schedule; of others, phases of one kind go together,
with a weight where one cuts its data more finely than another, and phases that are not of one kind take
turns. Knows no network and no clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sims.workload.schedule import Phase, Schedule, frozen
from sims.workload.total_exchange import TotalExchange, listed

__all__ = ["Groups", "Kin", "tiled"]

Make = Callable[[NDArray[np.int32]], Schedule]


@dataclass(frozen=True, kw_only=True, eq=False)
class Kin:
    """Groups with the same schedule. ``which``: (kin,) their numbers; ``schedule``: over the ranks of one."""

    which: NDArray[np.int64]
    schedule: Schedule


@dataclass(frozen=True, eq=False)
class Groups:
    """``members``: int32 [groups, n], the ranks of each group in the order of its own ranks 0 .. n - 1.

    >>> from sims.workload.collectives import build
    >>> pairs = Groups(np.array([[0, 2], [1, 3]], np.int32))
    >>> phase = pairs.together(lambda ranks: build("ring", {}, 2)).phases[0]
    >>> list(zip(phase.src.tolist(), phase.dst.tolist()))
    [(0, 2), (2, 0), (1, 3), (3, 1)]
    """

    members: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.members)

    @property
    def size(self) -> int:
        """Ranks of a group."""
        return int(self.members.shape[1])

    @cached_property
    def owner(self) -> NDArray[np.int32]:
        """int32 [ranks]: the group of each rank."""
        owner = np.empty(self.members.size, np.int32)
        owner[self.members] = np.arange(len(self), dtype=np.int32)[:, None]
        return frozen(owner)

    def kin(self, make: Make, labels: Sequence[NDArray[Any]] = ()) -> list[Kin]:
        """Groups by schedule, those of group 0 first.

        ``make``: the schedule of the ranks of one group; ``labels``: int [ranks] each, what it depends on:
        groups in which the same members bear the same labels get the same schedule. -1: a label of its own.
        """
        patterns = [_pattern(np.asarray(label)[self.members]) for label in labels]
        if patterns:
            table = np.ascontiguousarray(np.concatenate(patterns, axis=1))
            rows = table.view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
            _, first, index = np.unique(rows, return_index=True, return_inverse=True)
        else:
            first, index = np.zeros(1, int), np.zeros(len(self), int)
        order = np.argsort(first)
        return [
            Kin(which=np.flatnonzero(index == one), schedule=make(self.members[first[one]])) for one in order
        ]

    def together(self, make: Make, labels: Sequence[NDArray[Any]] = ()) -> Schedule:
        """The schedule of all groups in step. Arguments as of ``kin``.

        Phases that share arrays in the schedule of one group share them here.
        """
        kin = self.kin(make, labels)
        if len(kin) == 1:
            return self.alone(kin[0])
        finest = max((one.schedule for one in kin), key=lambda one: one.chunks)
        queues = [[listed(phase) for phase in self.alone(one).phases] for one in kin]
        known: dict[tuple[int, ...], Any] = {}
        phases = [
            _joined([(queues[i][j], kin[i].schedule.chunks) for i, j in step], finest.chunks, known)
            for step in _steps(queues)
        ]
        notes = dict.fromkeys(one.schedule.note for one in kin if one.schedule.note)
        return replace(finest, n=self.members.size, phases=tuple(phases), note="; ".join(notes))

    def alone(self, kin: Kin) -> Schedule:
        """The schedule of the groups of one kind, in step, on the ranks of all."""
        phases = tiled(kin.schedule.phases, self.members[kin.which])
        return replace(kin.schedule, n=self.members.size, phases=tuple(phases))


def tiled(phases: Sequence[Phase], members: NDArray[np.int32]) -> list[Phase]:
    """``phases`` of the ranks 0 .. n - 1 on the ranks of each row of ``members`` [groups, n] at once.

    One group's transfers before those of the next. Chunks are each group's own, so that they keep their
    numbers; arrays that phases share stay shared.
    """
    mapped: dict[int, NDArray[Any]] = {}  # ranks: the same array may count chunks elsewhere
    known: dict[int, NDArray[Any]] = {}

    def ranks(own: NDArray[np.int32]) -> NDArray[np.int32]:
        if id(own) not in mapped:
            whose = members[:, own]
            mapped[id(own)] = frozen(np.where(own < 0, own, whose).ravel())
        return mapped[id(own)]

    def again(own: Any) -> Any:
        if not isinstance(own, np.ndarray):
            return own
        if id(own) not in known:
            known[id(own)] = frozen(np.tile(own, len(members)), own.dtype)
        return known[id(own)]

    return [
        phase.tiled(members)
        if isinstance(phase, TotalExchange)
        else replace(
            phase,
            src=ranks(phase.src),
            dst=ranks(phase.dst),
            via=None if phase.via is None else ranks(phase.via),
            first=again(phase.first),
            base=again(phase.base),
            op=again(phase.op),
            stage=again(phase.stage),
            weight=again(phase.weight),
            cells=phase.cells_of(len(members)),
            tree=None if phase.tree is None else _apart([phase.tree] * len(members)),
        )
        for phase in phases
    ]


def _apart(trees: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """One set of trees after the other, each with numbers of its own.

    >>> _apart([np.array([0, 1]), np.array([0, 0])]).tolist()
    [0, 1, 2, 2]
    """
    before = np.cumsum([0] + [int(tree.max()) + 1 for tree in trees])
    return frozen(np.concatenate([tree + first for tree, first in zip(trees, before)]))


def _pattern(labels: NDArray[Any]) -> NDArray[np.int32]:
    """int32 [groups, n]: of each member the first of its group with the same label, itself where that is -1.

    >>> _pattern(np.array([[7, 3, 7, -1, -1]])).tolist()
    [[0, 1, 0, 3, 4]]
    """
    count, n = labels.shape
    order = np.argsort(labels, axis=1, kind="stable")
    ranked = np.take_along_axis(labels, order, axis=1)
    begins = np.ones((count, n), bool)
    begins[:, 1:] = (ranked[:, 1:] != ranked[:, :-1]) | (ranked[:, 1:] < 0)
    start = np.maximum.accumulate(np.where(begins, np.arange(n), 0), axis=1)
    found = np.empty((count, n), np.int32)
    np.put_along_axis(found, order, np.take_along_axis(order, start, axis=1).astype(np.int32), axis=1)
    return found


def _steps(queues: Sequence[Sequence[Phase]]) -> Iterator[list[tuple[int, int]]]:
    """Which phases go together, as (queue, number): the next of each queue that is of the kind of the next of
    the longest.
    """
    at = [0] * len(queues)
    while left := [i for i, queue in enumerate(queues) if at[i] < len(queue)]:
        leader = max(left, key=lambda i: len(queues[i]) - at[i])
        kind = _kind(queues[leader][at[leader]])
        step = [(i, at[i]) for i in left if _kind(queues[i][at[i]]) == kind]
        for i, _ in step:
            at[i] += 1
        yield step


def _kind(phase: Phase) -> tuple[object, ...]:
    return phase.kind, phase.ring_size, phase.repeat, phase.segment_bytes, phase.limits


def _joined(parts: Sequence[tuple[Phase, int]], chunks: int, known: dict[tuple[int, ...], Any]) -> Phase:
    """One phase of the transfers of all ``parts``, each a phase and the chunks of its schedule.

    ``known``: what has been put together before, by what it is made of.
    """
    if len(parts) == 1 and parts[0][1] == chunks:
        return parts[0][0]
    most, _ = max(parts, key=lambda part: part[0].count / part[1])
    count = math.ceil(max(phase.count / own for phase, own in parts) * chunks * (1 - 1e-12))
    lengths = [len(phase) for phase, _ in parts]

    def whole(name: str, dtype: Any, empty: int = 0) -> NDArray[Any]:
        values = [getattr(phase, name) for phase, _ in parts]
        key = tuple(map(id, values)) if all(isinstance(value, np.ndarray) for value in values) else ()
        if key and key in known:
            return known[key]
        full = [np.broadcast_to(empty if one is None else one, n) for one, n in zip(values, lengths)]
        made = frozen(np.concatenate(full), dtype)
        if key:
            known[key] = made
        return made

    weight = np.repeat([phase.count / own for phase, own in parts], lengths) * (chunks / count)
    given = [phase.weight for phase, _ in parts]
    if any(one is not None for one in given):
        weight = weight * whole("weight", np.float64, 1)
    return replace(
        most,
        src=whole("src", np.int32),
        dst=whole("dst", np.int32),
        first=whole("first", np.int32),
        base=whole("base", np.int32),
        op=whole("op", np.int8),
        stage=None if most.stage is None else whole("stage", np.int16),
        tree=None
        if most.tree is None
        else _apart([phase.tree for phase, _ in parts if phase.tree is not None]),
        via=None if all(phase.via is None for phase, _ in parts) else whole("via", np.int32, -1),
        weight=None if np.allclose(weight, 1, rtol=1e-12, atol=0) else frozen(weight, np.float64),
        count=count,
        modulus=max(most.modulus, count),
    )
