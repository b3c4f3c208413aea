"""How long a program takes for a message: on the clock of the fluid network, or by closed form. No files."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric.machine.under_way import watched
from fabric.words.errors import ParameterError
from sims.models.fluid.network import FluidNetwork
from sims.models.fluid.program import Program
from sims.models.fluid.stage import Stage
from sims.workload.schedule import Schedule

__all__ = [
    "ENGINES",
    "Runnable",
    "bound_time",
    "collective",
    "flow_time",
    "latency_time",
    "slice_bytes",
    "slice_wait",
]


class Runnable(Protocol):
    """What ``collective`` needs of a program."""

    @property
    def schedule(self) -> Schedule: ...

    @property
    def stages(self) -> tuple[Stage, ...]: ...

    def base(self, size: float) -> float: ...

    def latency_factor(self, size: float) -> float: ...

    def handling(self, number: int, size: float) -> float: ...


def flow_time(program: Program, size: float, *, latency: bool = True, solve: bool = False) -> float:
    """Seconds from start to the last receipt, run on a SimPy clock in an otherwise idle network.

    ``latency``: with False, nothing waits for anything but bytes, and no base is paid. ``solve``: find the
    rates of every phase, also of those whose last receipt is known without (``Program.foreknown``).
    """
    env = simpy.Environment()
    runs: Runnable = program
    if program.schedule.pipeline > 1:  # many instants, each of which looks at every link
        small = program.condensed
        runs, capacity, memo = replace(program, stages=small.stages), small.capacity, small.memo
    else:
        capacity, memo = program.fabric.capacity, program.memo
    network = FluidNetwork(env, capacity, memo=memo)
    known = program.foreknown if not solve and program.schedule.pipeline == 1 else ()
    env.run(env.process(collective(env, network, runs, size, latency=latency, known=known)))
    return float(env.now)


def bound_time(program: Program, size: float) -> float:
    """Seconds by closed form: a base, and per phase its latency plus what its bytes take on the fullest link.

    Equal to the fluid network for lockstep phases and for rounds of equal latency. For other rounds, of
    transfers of one size, an upper bound of it, as the transfer on the fullest link need not be the one with
    the longest way: by no more than their latencies differ.

    Raises:
        ParameterError: the phases are pipelined.
    """
    if program.schedule.pipeline > 1:
        rule = "has no closed form for pipelined phases, which share links"
        raise ParameterError("engine", "bound", rule, ("flow",))
    return float(program.chain(size) + program.byte_times(size)[:, 0].sum())


def latency_time(program: Program, size: float, time: float) -> float:
    """Of the ``time`` that the fluid network (or ``bound``) takes, the seconds that no latency would save.

    Phases one after another take what their bytes take besides. Of pipelined phases some latency is hidden
    behind the bytes of other slices, so these run once more without any.
    """
    if program.schedule.pipeline == 1:
        return max(0.0, time - float(program.byte_times(size)[:, 0].sum()))
    if not program.chain(size):
        return 0.0
    if any(stage.phase.stage is not None for stage in program.stages):  # segments are no share of the size
        return max(0.0, time - flow_time(program, size, latency=False))
    small = program.condensed
    if not small.byte_seconds:  # what bytes alone take grows with them
        small.byte_seconds.append(flow_time(program, 2.0**30, latency=False) / 2.0**30)
    return max(0.0, time - small.byte_seconds[0] * size)


def collective(
    env: simpy.Environment,
    network: FluidNetwork,
    program: Runnable,
    size: float,
    *,
    latency: bool = True,
    known: Sequence[float] = (),
) -> Generator[simpy.Event, Any, None]:
    """A SimPy process: the program's phases one after another; ends with the last receipt.

    With ``pipeline`` above 1 the message is cut into as many slices. What a slice takes of a phase is its
    bytes, not its latency: it sets out on a phase when it has been *received* from the one before and when
    the slice ahead of it has been *sent* in this one. So every slice pays the latency of every phase, and all
    of them at the same time. Slices in different phases share the network.

    ``program`` may change its stages under way: each phase is sent as it is when its turn comes, tagged with
    its number. ``latency``: with False, of no phase, and no base. ``known``: as of
    ``Program.foreknown``, where nobody else is on the network.
    """
    if latency and (base := program.base(size)):
        yield env.timeout(base)
    slices = program.schedule.pipeline
    if slices == 1:
        count = len(program.stages)
        for number in watched(range(count), count):
            if known and known[number]:
                sent = (
                    env.now
                    + slice_bytes(program, number, size) * float(program.stages[number].share) / known[number]
                )
                yield env.timeout(sent - env.now)
                received = sent + float(np.max(slice_wait(program, number, size, latency=latency)))
                yield env.timeout(max(received - env.now, 0.0))
            else:
                yield _send(network, program, number, size, latency)
        return
    ahead: list[simpy.Event | None] = [None] * len(program.stages)
    last: simpy.Process | None = None
    for _ in range(slices):
        sent = [env.event() for _ in program.stages]
        last = env.process(_slice(network, program, size, latency, ahead, sent))
        ahead = list(sent)
    yield last


def _slice(
    network: FluidNetwork,
    program: Runnable,
    size: float,
    latency: bool,
    ahead: Sequence[simpy.Event | None],
    sent: Sequence[simpy.Event],
) -> Generator[simpy.Event, Any, None]:
    """One slice through all phases. ``ahead``, ``sent``: per phase, when the slice before it has been sent in
    it (None: it is the first), and when this one has.
    """
    for number, (free, left) in enumerate(zip(ahead, sent)):
        if free is not None:
            yield free
        yield _send(network, program, number, size, latency, left)


def _send(
    network: FluidNetwork,
    program: Runnable,
    number: int,
    size: float,
    latency: bool,
    sent: simpy.Event | None = None,
) -> simpy.Event:
    stage = program.stages[number]
    amount = slice_bytes(program, number, size) * stage.share
    wait = slice_wait(program, number, size, latency=latency)
    payload = float(len(stage.phase)) if stage.phase.lockstep else 1.0
    return network.send(stage.paths, amount, wait, tag=number, payload=payload, sent=sent)


def slice_bytes(program: Runnable, number: int, size: float) -> float:
    """Bytes that one slice puts on the links in phase ``number``, per transfer.

    In a pipelined tree that is one slice, those of the steps in which it fills and empties count too.
    """
    schedule, stage = program.schedule, program.stages[number]
    steps, amount = stage.bytes_of(size / schedule.pipeline, schedule.chunks)
    return (steps - _filling(program, stage, size)) * amount


def slice_wait(
    program: Runnable, number: int, size: float, *, latency: bool = True
) -> NDArray[np.float64] | float:
    """Seconds by which each flow of phase ``number`` (or the phase) is received after it has been sent.

    With several slices a tree that fills is no work for its links: the next slice follows through the same
    stages. So those steps delay a slice, each by the time of a segment, and hold up none behind it.
    """
    schedule, stage = program.schedule, program.stages[number]
    wait = np.asarray(stage.latency, float) * (program.latency_factor(size) if latency else 0.0)
    if latency:
        wait = wait + program.handling(number, size)
    if filling := _filling(program, stage, size):
        _, amount = stage.phase.bytes_of(size / schedule.pipeline, schedule.chunks)
        wait = wait + filling * amount * stage.peak
    return wait


def _filling(program: Runnable, stage: Stage, size: float) -> float:
    """Full steps in which a phase fills and drains, where other slices can use its links."""
    if program.schedule.pipeline == 1 or stage.phase.stage is None:
        return 0.0
    part = size / program.schedule.pipeline, program.schedule.chunks
    return stage.bytes_of(*part)[0] - stage.segments(*part)


ENGINES = {"flow": flow_time, "bound": bound_time}
