"""Replay a schedule on symbolic data and check that it does its collective. No network, no bytes, no clock.

Every rank starts with its own contribution to the chunks of which the collective says that it holds them. The
transfers are carried out in order, and at the end every rank must hold, of every chunk that it is due, every
contribution that anyone held at the start exactly once.

Small schedules are replayed with exact counts, a matrix rank x chunk x contributor. Large ones are replayed
with fingerprints: contributor r is a random 64-bit number f_r, a cell holds the sum of what it received
modulo 2^64, and the target is the sum of the f_r due, of each d_r = 1 times, else 0 times. If a cell counts
contributor r c_r times, its error is the linear form sum((c_r - d_r) * f_r) modulo 2^64. Where some c_r - d_r
is odd (a lost or a doubled contribution) that is uniformly distributed, whatever the other terms, and so zero
with probability 2^-64 only. (Where all are even, with 2^v the largest power of two that divides them all,
2^-(64 - v).)
A fixed generator draws the f_r, and no schedule depends on them.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sims.workload.collective import COLLECTIVES
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule

__all__ = ["ReplayError", "replay"]

_EXACT_CELLS = 2**21  # up to this many counts the replay is exact
_SEED = 20090101


class ReplayError(AssertionError):
    """A schedule does not do what it is for: ``ReplayError(schedule name, rank, chunk, problem)``.

    Not a FabricsimError: no user can cause it, only a mistake in the code that built the schedule. ``chunk``
    is -1 where the fault is with a transfer as a whole.
    """

    def __init__(self, schedule: str, rank: int, chunk: int, problem: str) -> None:
        self.schedule, self.rank, self.chunk, self.problem = schedule, rank, chunk, problem
        super().__init__(schedule, rank, chunk, problem)

    def __str__(self) -> str:
        where = f"rank {self.rank}" + (f", chunk {self.chunk}" if self.chunk >= 0 else "")
        return f"schedule {self.schedule}: {where}: {self.problem}"


def replay(schedule: Schedule) -> None:
    """Carry out ``schedule`` and return if it does its collective.

    A repeat of a ring, a round, and a stage of a pipeline (of which one segment is replayed: segments never
    mix) are each one simultaneous step: all its transfers read what was there before it.

    Raises:
        ReplayError: a transfer from a rank to itself, to a rank or of a chunk that is not there; a chunk
            copied to a rank to which something else is written in the same step; at the end, a contribution
            that is missing, was added more than once or is not due; chunks that do not divide into parts.

    >>> from sims.workload.collectives.ring import ring
    >>> replay(ring(8))
    """
    n, chunks = schedule.n, _cells(schedule)
    exact = n * n * chunks <= _EXACT_CELLS
    if exact:
        marks = np.eye(n, dtype=np.int64)
    else:
        marks = np.random.default_rng(_SEED).integers(0, 2**64, size=(n, 1), dtype=np.uint64)
    begins, due = _ends(schedule)
    held = np.repeat(marks, chunks, axis=0) * begins.reshape(-1, 1).astype(
        marks.dtype
    )  # rank * chunks + chunk
    for phase in schedule.phases:
        _check_transfers(schedule, phase)
        for t in range(phase.repeat):
            cells, ops = phase.chunks_at(t), phase.ops_at(t)
            if phase.tree is not None:
                _switch(schedule, held, phase.src, phase.tree, cells, ops)
                continue
            for i in _steps(phase):
                _step(schedule, held, phase.src[i], phase.dst[i], cells[i], ops[i])
    wanted = begins.T.astype(marks.dtype) @ marks  # of each chunk
    wrong = np.flatnonzero((held.reshape(n, chunks, -1) != wanted).any(axis=2) & due)
    if len(wrong):
        row = int(wrong[0])
        _report(schedule, row, (held[row], wanted[row % chunks]) if exact else None, len(wrong))


def _cells(schedule: Schedule) -> int:
    """Chunks in all messages together."""
    return schedule.chunks * COLLECTIVES[schedule.collective].messages(schedule.n)


def _ends(schedule: Schedule) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """bool [n, chunks] each: whether a rank holds its contribution at first; whether it is due the chunk."""
    collective = COLLECTIVES[schedule.collective]
    n, chunks, parts = schedule.n, _cells(schedule), collective.parts(schedule.n)
    if chunks % parts:
        raise ReplayError(schedule.name, 0, -1, f"{chunks} chunks are not equally many of {parts} parts each")
    of = np.arange(chunks) // (chunks // parts) if schedule.parts is None else schedule.parts
    if np.shape(of) != (chunks,) or (np.bincount(of, minlength=parts) != chunks // parts).any():
        raise ReplayError(schedule.name, 0, -1, f"its {parts} parts have not {chunks // parts} chunks each")
    rank, part = (np.arange(n)[:, None] - schedule.root) % n, of[None, :]
    held, due = (
        np.broadcast_to(rule(rank, part, n), (n, chunks)) for rule in (collective.held, collective.due)
    )
    return held, due


def _steps(phase: Phase) -> list[NDArray[np.intp]] | list[slice]:
    """The transfers of each simultaneous step within one repeat."""
    if phase.stage is None:
        return [slice(None)]
    order = np.argsort(phase.stage, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(phase.stage[order])) + 1)


def _check_transfers(schedule: Schedule, phase: Phase) -> None:
    ends = np.stack([phase.src, phase.dst])
    for k in np.flatnonzero(((ends < 0) | (ends >= schedule.n)).any(axis=0))[:1]:
        rank = next(int(r) for r in ends[:, k] if not 0 <= r < schedule.n)
        raise ReplayError(schedule.name, rank, -1, f"a transfer names it, but there are {schedule.n} ranks")
    for k in np.flatnonzero((phase.src == phase.dst) & (phase.tree is None))[:1]:
        raise ReplayError(schedule.name, int(phase.src[k]), -1, "a transfer goes from the rank to itself")
    if phase.via is not None:
        for k in np.flatnonzero((phase.via < -1) | (phase.via >= schedule.n))[:1]:
            raise ReplayError(
                schedule.name, int(phase.via[k]), -1, "a transfer goes via a rank that is not there"
            )
    low, high = int(np.min(phase.base)), int(np.max(phase.base)) + phase.modulus - 1
    chunks = _cells(schedule)
    if low < 0 or high >= chunks:
        chunk = high if high >= chunks else low
        rank = int(phase.src[0])
        raise ReplayError(schedule.name, rank, chunk, f"a region reaches it: chunks are 0 to {chunks - 1}")


def _step(
    schedule: Schedule,
    held: NDArray[np.int64] | NDArray[np.uint64],
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    cells: NDArray[np.int64],
    ops: NDArray[np.int8],
) -> None:
    chunks = _cells(schedule)
    source = src.astype(np.int64)[:, None] * chunks + cells
    target = dst.astype(np.int64)[:, None] * chunks + cells
    values = held[source]  # a copy: the state before the step
    copies = ops == COPY
    if copies.any():
        _, where, times = np.unique(target, return_inverse=True, return_counts=True)
        clash = copies[:, None] & (times[where].reshape(target.shape) > 1)
        if clash.any():
            rank, chunk = divmod(int(target[clash][0]), chunks)
            raise ReplayError(
                schedule.name, rank, chunk, "copied to while something else arrives in the same step"
            )
        held[target[copies]] = values[copies]
    adds = ops == REDUCE
    if adds.any():
        np.add.at(held, target[adds], values[adds])


def _switch(
    schedule: Schedule,
    held: NDArray[np.int64] | NDArray[np.uint64],
    rank: NDArray[np.int32],
    tree: NDArray[np.int32],
    cells: NDArray[np.int64],
    ops: NDArray[np.int8],
) -> None:
    """Switches add up, for each tree and chunk, what is sent into it, and send the sum to who receives it."""
    chunks = _cells(schedule)
    keys, which = np.unique(tree.astype(np.int64)[:, None] * chunks + cells, return_inverse=True)
    which = which.reshape(cells.shape)
    where = rank.astype(np.int64)[:, None] * chunks + cells
    total = np.zeros((len(keys), held.shape[1]), held.dtype)
    gives = ops == REDUCE
    np.add.at(total, which[gives], held[where[gives]])
    held[where[~gives]] = total[which[~gives]]


def _report(
    schedule: Schedule, row: int, exact: tuple[NDArray[Any], NDArray[Any]] | None, wrong: int
) -> NoReturn:
    """``exact``: how often the row holds each contribution, and how often it should."""
    rank, chunk = divmod(row, _cells(schedule))
    problem = "does not hold each rank's contribution exactly once"
    if exact is not None:
        counts, wanted = exact
        contributor = int(np.flatnonzero(counts != wanted)[0])
        times = "once" if wanted[contributor] else "at all"
        problem = f"holds the contribution of rank {contributor} {counts[contributor]} times, not {times}"
    more = f" (and {wrong - 1:,} more cells are wrong)" if wrong > 1 else ""
    raise ReplayError(schedule.name, rank, chunk, problem + more)
