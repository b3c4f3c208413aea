"""How long a program takes whose ranks do not wait for each other: each goes on when it has what it needs.

A rank enters a phase when it has received all that the one before has for it, whether others have or not; the
next message of a ring, or segment of a tree, leaves when the one that it carries on has come. Messages share
links max-min fairly meanwhile. The packet model goes by the same rules.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.machine.memory import available_memory
from fabric.machine.under_way import under_way
from fabric.words.errors import FabricsimError, ParameterError, TooLargeError
from sims.models.fluid.program import Program
from sims.models.fluid.rank_steps import messages, routes_of, steps_of
from sims.models.kernel import at_hand

__all__ = ["rank_ends", "rank_time"]

_MOST = 50_000_000  # messages, some ten minutes; an interpreter takes a hundred times as long for each
_MOST_PLAIN = 500_000
_PER_CROSSING, _PER_FLOW = 20, 150  # bytes


def rank_time(program: Program, size: float, *, latency: bool = True) -> float:
    """Seconds from start to the last receipt; see ``rank_ends``."""
    return float(rank_ends(program, size, latency=latency).max())


def rank_ends(program: Program, size: float, *, latency: bool = True) -> NDArray[np.float64]:
    """(ranks,) in s: from start to the last receipt of each rank, in an otherwise idle network. Exact.

    Of several slices, a NIC sends what belongs to the one ahead first. ``latency``: with False, nothing waits
    for anything but bytes, and no base is paid.

    Raises:
        ParameterError: too many messages to follow each.
        TooLargeError: their paths do not fit in memory.
        FabricsimError: a rank waits for ever, for a link that carries nothing.
    """
    _check(program, size)
    base = program.base(size) if latency else 0.0
    if not program.schedule.phases:
        return np.full(program.schedule.n, base)
    from sims.models.fluid.incremental import sharing
    from sims.models.fluid.rank_clock import DONE, FULL, begin, room, run

    steps, paths = steps_of(program, size, latency=latency), routes_of(program)
    slices, length, weight = steps.slices, paths.length.astype(np.int32), paths.weight
    flows, crossings = len(paths), len(paths.link)
    net = sharing(
        program.fabric.capacity,
        (paths.ptr[:-1] + crossings * np.arange(slices)[:, None]).ravel(),
        np.tile(length, slices),
        np.tile(paths.link, slices),
        np.ones(slices * crossings) if weight is None else np.tile(weight, slices),
        np.repeat(np.arange(slices * flows, dtype=np.int32), np.tile(length, slices)),
    )
    nic = np.unique(paths.link[paths.ptr[:-1]], return_inverse=True)[1]
    state, events = begin(net, steps, nic.astype(np.int32)), room(flows)
    total = slices * int(steps.messages[steps.phase].sum())
    with under_way(lambda: float(state.received.sum()), total):
        while (ended := run(net, steps, state, events)) != DONE:
            if ended == FULL:
                events = room(2 * len(events.time), events)
    if state.counts[3] < slices * len(steps.phase):
        raise FabricsimError("sync rank: ranks wait for ever, for a link that carries nothing")
    return state.last + base


_NOT_FOLLOWED = {
    "switched": "switches that reduce are",
    "exchange": "transfers that are counted and not listed are",
    "round": "rounds that stand for several are",
}


def _check(program: Program, size: float) -> None:
    """Refuse what has no messages of ranks, what nobody would wait for, and what would not fit in memory."""
    schedule, slices = program.schedule, program.schedule.pipeline
    phases = [stage.phase for stage in program.stages]
    for phase in phases:
        if phase.kind not in ("ring", "pipeline") and (phase.kind != "round" or phase.repeat > 1):
            rule = f"{schedule.name}: {_NOT_FOLLOWED[phase.kind]} not followed message by message"
            raise ParameterError("sync", "rank", rule, ("phase",))
    each = [len(phase) * messages(phase, size / slices, schedule.chunks)[0] for phase in phases]
    count, most = sum(each) * program.qps * slices, _MOST if at_hand() else _MOST_PLAIN
    if count > most:
        rule = f"{schedule.name}: {count:,} messages, at most {most:,} are followed"
        rule += f" without numba (extra [fast]), {_MOST:,} with it" * (most < count <= _MOST)
        raise ParameterError("sync", "rank", f"{rule}: ask for fewer ranks, bytes or slices", ("phase",))
    parts = [stage.routed for stage in program.stages]
    crossings, flows = sum(len(part.link) for part in parts), slices * sum(map(len, parts))
    crossings += sum(int(p.shared.bundles.length[p.shared.use.link].sum()) for p in parts if p.shared)
    needed, available = slices * _PER_CROSSING * crossings + _PER_FLOW * flows, available_memory()
    if needed > available:
        raise TooLargeError(f"{schedule.name}: {flows:,} flows at once", needed, available)
