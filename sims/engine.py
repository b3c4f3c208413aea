"""How long a program takes for a message: on the clock of the fluid network, or by closed form. No files."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

import numpy as np
import simpy

from fabric.errors import ParameterError
from sims.network import FluidNetwork
from sims.program import Program, Stage
from sims.schedule import Schedule

__all__ = ["ENGINES", "Runnable", "bound_time", "collective", "flow_time"]


class Runnable(Protocol):
    """What ``collective`` needs of a program."""

    @property
    def schedule(self) -> Schedule: ...

    @property
    def stages(self) -> tuple[Stage, ...]: ...

    def base(self, size: float) -> float: ...

    def latency_factor(self, size: float) -> float: ...


def flow_time(program: Program, size: float) -> float:
    """Seconds from start to the last receipt, run on a SimPy clock in an otherwise idle network."""
    env = simpy.Environment()
    network = FluidNetwork(env, program.fabric.capacity, memo=program.memo)
    env.run(env.process(collective(env, network, program, size)))
    return float(env.now)


def bound_time(program: Program, size: float) -> float:
    """Seconds by closed form: a base, and per phase its latency plus what its bytes take on the fullest link.

    Equal to the fluid network for lockstep phases and for rounds of equal latency; for other rounds an upper
    bound of it, as the transfer on the fullest link need not be the one with the longest way.

    Raises:
        ParameterError: the phases are pipelined.
    """
    if program.schedule.pipeline > 1:
        rule = "has no closed form for pipelined phases, which share links"
        raise ParameterError("engine", "bound", rule, ("flow",))
    latency = sum(stage.worst_latency for stage in program.stages) * program.latency_factor(size)
    return float(program.base(size) + latency + program.byte_times(size)[:, 0].sum())


def collective(
    env: simpy.Environment, network: FluidNetwork, program: Runnable, size: float
) -> Generator[simpy.Event, Any, None]:
    """A SimPy process: the program's phases one after another; ends with the last receipt.

    With ``pipeline`` above 1 the message is cut into as many slices: a slice enters a phase when it has left
    the one before and when the slice ahead of it has left this one. Slices in different phases share the
    network. ``program`` may change its stages under way: each phase is sent as it is when its turn comes,
    tagged with its number.
    """
    if base := program.base(size):
        yield env.timeout(base)
    slices = program.schedule.pipeline
    if slices == 1:
        for number in range(len(program.stages)):
            yield _send(network, program, number, size)
        return
    free: list[simpy.Event | None] = [None] * len(program.stages)
    last: simpy.Process | None = None
    for _ in range(slices):
        entries, free = free, [env.event() for _ in program.stages]
        last = env.process(_slice(network, program, size / slices, entries, free))
    yield last


def _slice(
    network: FluidNetwork,
    program: Runnable,
    size: float,
    entries: list[simpy.Event | None],
    exits: list[simpy.Event],
) -> Generator[simpy.Event, Any, None]:
    for number, (entry, left) in enumerate(zip(entries, exits)):
        if entry is not None:
            yield entry
        yield _send(network, program, number, size)
        left.succeed()


def _send(network: FluidNetwork, program: Runnable, number: int, size: float) -> simpy.Event:
    stage = program.stages[number]
    steps, amount = stage.phase.bytes_of(size, program.schedule.chunks)
    latency = np.asarray(stage.latency, float) * program.latency_factor(size)
    worth = float(len(stage.phase)) if stage.phase.lockstep else 1.0
    return network.send(stage.paths, steps * amount * stage.share, latency, tag=number, worth=worth)


ENGINES = {"flow": flow_time, "bound": bound_time}
