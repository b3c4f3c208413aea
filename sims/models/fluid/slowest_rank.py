"""The rank that receives last, where ranks get unequal parts. Runs at most one phase."""

from __future__ import annotations

import numpy as np
import simpy

from sims.models.fluid.engine import slice_bytes, slice_wait
from sims.models.fluid.network import FluidNetwork
from sims.models.fluid.program import Program

__all__ = ["slowest_rank"]


def slowest_rank(program: Program, size: float) -> int:
    """The rank that receives last in the last phase: at its own rate where transfers have one, else over the
    link that is fullest, the first of several.
    """
    number, stage = len(program.stages) - 1, program.stages[-1]
    seconds = stage.paths.load(stage.share, program.fabric.n_links) / program.fabric.capacity
    if stage.crowd is not None:
        return stage.crowd.last(seconds)
    if stage.phase.lockstep:
        busy = stage.routed.largest(seconds)
    else:
        env = simpy.Environment()
        network = FluidNetwork(env, program.fabric.capacity, memo=program.memo)
        amount = slice_bytes(program, number, size) * stage.share
        done = network.send(stage.paths, amount, slice_wait(program, number, size))
        busy = np.asarray(env.run(done))
    last = int(np.argmax(busy >= busy.max() * (1 - 1e-9)))
    return int(stage.phase.dst[last % len(stage.phase)])
