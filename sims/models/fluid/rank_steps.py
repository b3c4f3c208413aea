"""Steps: the messages of a program and who waits for whom, as arrays. Knows no clock.

A *transfer* is one of a phase and a slice; it sends its messages one after another, each in as many parts as
it has queue pairs. A message may be sent when its sender has entered the phase and what it carries on has
been received.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric import Paths
from fabric.graph.fabric import ranges
from sims.models.fluid.program import Program
from sims.models.latency import transfer_latency
from sims.workload.schedule import REDUCE, Phase

__all__ = ["Steps", "messages", "routes_of", "steps_of"]

_Ints = NDArray[np.int32]
_Longs = NDArray[np.int64]
_Reals = NDArray[np.float64]


class Steps(NamedTuple):
    """Per slice, transfers are numbered phase by phase, and flow q of transfer i is i * ``qps`` + q.

    ``phase``, ``src``, ``dst``: (transfers,); ``adds``: (transfers,), of how many first messages the receiver
    adds what has come to what it has, at ``adding`` s a byte; ``amount``, ``rest``: (transfers,), bytes of a
    part of a message, and of the last one. (phases,): ``messages`` of a transfer; ``lag``, how many it may
    send ahead of what it carries on.
    ``latency``: (flows,) s. ``sends[send_at[k * ranks + r]:...]``: what rank r sends in phase k; ``due``:
    (phases * ranks,) how many transfers go to it. ``before`` and ``after`` a transfer, as compressed rows:
    those that it carries on, and that carry it on.
    """

    slices: int
    phases: int
    ranks: int
    qps: int
    adding: float
    phase: _Ints
    src: _Ints
    dst: _Ints
    adds: _Ints
    amount: _Reals
    rest: _Reals
    messages: _Ints
    lag: _Ints
    latency: _Reals
    send_at: _Longs
    sends: _Ints
    due: _Ints
    before_at: _Longs
    before: _Ints
    after_at: _Longs
    after: _Ints


def messages(phase: Phase, size: float, chunks: int) -> tuple[int, float, float]:
    """How many messages each transfer of a phase sends; the bytes of each, and of the last one."""
    steps, amount = phase.bytes_of(size, chunks)
    if phase.kind != "pipeline":
        return int(steps), amount, amount
    segments = steps - phase.stages + 1
    count = math.ceil(segments)
    return count, amount, (segments - count + 1) * amount


def steps_of(program: Program, size: float, *, latency: bool = True) -> Steps:
    """The steps of ``size`` bytes. ``latency``: with False, nothing waits for anything but bytes."""
    schedule, qps, profile = program.schedule, program.qps, program.profile
    phases, ranks = [stage.phase for stage in program.stages], schedule.n
    sent = [messages(phase, size / schedule.pipeline, schedule.chunks) for phase in phases]
    factor = program.latency_factor(size)
    each, waits = {}, []
    for stage, (_, amount, _) in zip(program.stages, sent):
        if id(stage.routed) not in each:
            each[id(stage.routed)] = _by_transfer(
                transfer_latency(stage.routed, program.fabric, profile), qps
            )
        waits.append(each[id(stage.routed)] * factor + profile.agreeing(amount))
    weights = [np.ones(len(phase)) if phase.weight is None else phase.weight for phase in phases]
    full, rest = (
        np.concatenate([weight * one[which] for weight, one in zip(weights, sent)]) / qps for which in (1, 2)
    )
    first = np.cumsum([0, *map(len, phases)])
    number = np.repeat(np.arange(len(phases)), np.diff(first))
    src, dst = (np.concatenate([getattr(phase, end) for phase in phases]) for end in ("src", "dst"))
    sends = np.argsort(number * ranks + src, kind="stable")
    sent_by = np.bincount(number * ranks + src, minlength=len(phases) * ranks)
    carried = [_carried(phase) for phase in phases]
    who = np.concatenate([pair[0] + start for pair, start in zip(carried, first)])
    other = np.concatenate([pair[1] + start for pair, start in zip(carried, first)])
    before_at, before = _lists(who, other, len(number))
    after_at, after = _lists(other, who, len(number))
    return Steps(
        slices=schedule.pipeline,
        phases=len(phases),
        ranks=ranks,
        qps=qps,
        adding=float(profile.adding(size)) if latency else 0.0,
        phase=number.astype(np.int32),
        src=src.astype(np.int32),
        dst=dst.astype(np.int32),
        adds=np.concatenate([_added(phase, one[0]) for phase, one in zip(phases, sent)]),
        amount=full,
        rest=rest,
        messages=np.array([one[0] for one in sent], np.int32),
        lag=np.array([phase.kind == "ring" for phase in phases], np.int32),
        latency=np.concatenate(waits) if latency else np.zeros(len(number) * qps),
        send_at=np.concatenate([[0], np.cumsum(sent_by)]),
        sends=sends.astype(np.int32),
        due=np.bincount(number * ranks + dst, minlength=len(phases) * ranks).astype(np.int32),
        before_at=before_at,
        before=before,
        after_at=after_at,
        after=after,
    )


def routes_of(program: Program) -> Paths:
    """The links of every flow of a slice, in the order of ``Steps``."""
    parts = []
    for stage in program.stages:
        paths = stage.routed.expanded()
        parts.append(paths.take(_by_transfer(np.arange(len(paths)), program.qps)))
    return Paths.stack(parts)


def _by_transfer(values: NDArray, qps: int) -> NDArray:
    """Of all first queue pairs, then of all second ones: the values of a transfer side by side."""
    return values.reshape(qps, -1).T.ravel()


def _added(phase: Phase, count: int) -> _Ints:
    """(transfers,): how many of the messages of each, from the first, are added to what is there."""
    most = count if phase.copy_from is None else min(count, phase.copy_from)
    reduces = np.broadcast_to(np.asarray(phase.op) == REDUCE, len(phase))
    return np.where(reduces, most, 0).astype(np.int32)


def _carried(phase: Phase) -> tuple[_Longs, _Longs]:
    """Pairs: a transfer, and one whose messages its own carry on."""
    all_of_it = np.arange(len(phase))
    if phase.kind == "ring":
        return all_of_it, np.roll(all_of_it.reshape(-1, phase.ring_size), 1, axis=1).ravel()
    if phase.stage is None:
        return all_of_it[:0], all_of_it[:0]
    # What reaches the sender of the same chunk, at an earlier stage.
    chunk = np.broadcast_to(phase.first + phase.base, len(phase)).astype(np.int64)
    width = int(chunk.max()) + 1
    into, out_of = phase.dst * width + chunk, phase.src * width + chunk
    order = np.argsort(into, kind="stable")
    start, stop = (np.searchsorted(into[order], out_of, side) for side in ("left", "right"))
    who, other = np.repeat(all_of_it, stop - start), order[ranges(start, stop)]
    earlier = phase.stage[other] < phase.stage[who]
    return who[earlier], other[earlier]


def _lists(of: _Longs, member: _Longs, count: int) -> tuple[_Longs, _Ints]:
    """The members of each, as compressed rows."""
    order = np.argsort(of, kind="stable")
    at = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=count))])
    return at, member[order].astype(np.int32)
