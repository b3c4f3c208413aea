"""Seconds that each of many groups is busy when all run in step: its own phases, without waits for others.

A lockstep phase of a group is one entity with weighted links, as the phase of all groups is: entities share
links max-min fairly, so that the slowest takes as long as all together do.
"""

from __future__ import annotations

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Paths
from sims.models.fluid.network import FluidNetwork
from sims.models.fluid.program import Program
from sims.models.fluid.rate_memo import RateMemo
from sims.models.fluid.stage import Stage, chains, shares
from sims.models.latency import transfer_latency
from sims.workload.groups import Groups

__all__ = ["GroupTimes"]


class GroupTimes:
    """Of ``program``, which runs ``groups`` in step; keeps what sizes do not change."""

    def __init__(self, program: Program, groups: Groups) -> None:
        self.program, self.groups = program, groups
        self._entities: dict[int, Paths] = {}  # of a stage's routed paths, which the program keeps
        self._waits: dict[int, NDArray[np.float64]] = {}
        self._fullest: dict[int, NDArray[np.float64]] = {}
        self._memo = RateMemo()
        self._joint: Paths | None = None

    def of(self, size: float, time: float, *, closed: bool = False) -> NDArray[np.float64]:
        """(groups,) in s, none above ``time``, which a run of ``size`` bytes takes.

        ``closed``: by the closed form of engine bound. Of phases that run side by side in slices, a group's
        bytes take what they take where all its phases share the links with those of all others, and what
        fills and waits is that of the whole.
        """
        program = self.program
        if program.schedule.pipeline > 1 and program.counted:
            return np.full(len(self.groups), time)  # as slices of crowds are not told apart
        if program.schedule.pipeline > 1:
            own = self._sliced(size)
            return own + (time - float(own.max()))
        total = np.full(len(self.groups), program.base(size))
        for number, stage in enumerate(program.stages):
            known = closed or stage.crowd is not None
            total += self._closed(number, size) if known else self._shared(stage, number, size)
        return np.minimum(total, time)

    def _amount(self, stage: Stage, size: float) -> float:
        steps, amount = stage.bytes_of(size, self.program.schedule.chunks)
        return steps * amount

    def _shared(self, stage: Stage, number: int, size: float) -> NDArray[np.float64]:
        """(groups,): seconds of one phase of all groups on the clock."""
        factor, amount = self.program.latency_factor(size), self._amount(stage, size)
        handling = self.program.handling(number, size)
        env = simpy.Environment()
        if stage.phase.lockstep:
            network = FluidNetwork(env, self.program.fabric.capacity, memo=self._memo)
            wait = self.wait(number) * factor + handling
            return np.asarray(env.run(network.send(self.entity(stage), amount, wait)))
        network = FluidNetwork(env, self.program.fabric.capacity, memo=self.program.memo)
        done = network.send(stage.paths, amount * stage.share, np.asarray(stage.latency) * factor + handling)
        return self._slowest(self.flow_owner(stage), np.asarray(env.run(done)))

    def _closed(self, number: int, size: float) -> NDArray[np.float64]:
        """(groups,): a group's latency, and its bytes on the fullest of its links."""
        stage, fabric = self.program.stages[number], self.program.fabric
        seconds = stage.paths.load(stage.share, fabric.n_links) / fabric.capacity
        if stage.crowd is not None:
            if number not in self._fullest:
                who = self.groups.owner, len(self.groups)
                self._fullest[number] = stage.crowd.fullest(seconds, *who)
            fullest = self._fullest[number]
        elif stage.trees is not None:
            fullest = self.entity(stage).largest(seconds)
        else:
            fullest = self._slowest(self.flow_owner(stage), stage.routed.largest(seconds))
        wait = self.wait(number) * self.program.latency_factor(size) + self.program.handling(number, size)
        return self._amount(stage, size) * fullest + wait

    def _sliced(self, size: float) -> NDArray[np.float64]:
        """(groups,): seconds that the bytes of all phases take, side by side."""
        if self._joint is None:
            chunks, parts = self.program.schedule.chunks, []
            for stage in self.program.stages:
                share = stage.phase.repeat * stage.phase.count / chunks
                parts.append(self.entity(stage).scaled(np.full(len(self.groups), share)))
            self._joint = Paths.join(*parts)
        env = simpy.Environment()
        network = FluidNetwork(env, self.program.fabric.capacity, memo=self._memo)
        return np.asarray(env.run(network.send(self._joint, size)))

    def entity(self, stage: Stage) -> Paths:
        """A row per group: the links of its flows in one phase, with the bytes of one byte of a transfer."""
        if id(stage.routed) not in self._entities:
            if stage.trees is None:
                owner = self.flow_owner(stage)
                share = np.broadcast_to(shares(stage.phase, self.program.qps), len(owner))
                rows = stage.routed if np.all(share == 1) else stage.routed.scaled(share)
            else:
                ranks, rows = stage.trees()
                owner = self.groups.owner[ranks]
            order = np.argsort(owner, kind="stable")
            counts = np.bincount(owner, minlength=len(self.groups))
            self._entities[id(stage.routed)] = rows.take(order).grouped(counts)
        return self._entities[id(stage.routed)]

    def wait(self, number: int) -> NDArray[np.float64]:
        """(groups,): the latency of the slowest flow, or the longest chain, of each group in a phase."""
        if number not in self._waits:
            program, stage = self.program, self.program.stages[number]
            if stage.crowd is not None or stage.trees is not None:  # the longest of all
                return np.full(len(self.groups), stage.worst_latency)
            who, each = self.groups.owner[np.tile(stage.phase.src, program.qps)], stage.latency
            if stage.phase.lockstep:
                flows = transfer_latency(stage.routed, program.fabric, program.profile)
                ranks, each = chains(stage.phase, flows, program.qps, program.schedule.chunks)
                who = self.groups.owner[ranks]
            self._waits[number] = self._slowest(who, np.broadcast_to(each, len(who)))
        return self._waits[number]

    def flow_owner(self, stage: Stage) -> NDArray[np.int32]:
        """int32 [flows]: the group of each flow of a phase."""
        return self.groups.owner[np.tile(stage.phase.src, self.program.qps)]

    def _slowest(self, owner: NDArray[np.int32], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """(groups,): the largest of those of each; 0 for one that has none."""
        found = np.zeros(len(self.groups))
        np.maximum.at(found, owner, seconds)
        return found
