"""Traffic: the collectives and transfers of a step, each routed once, on as few links as tell their times.

Every phase of a program is one entity, whose transfers progress in proportion: ranks that do the same are in
step, and the fullest of their links tells how long they take. Entities share links max-min fairly. Their
rates depend on nothing but the set of rates that the links allow, so a link is left out on which every entity
puts as much as on another, or less: no answer changes, and 100,000 ranks cost what some hundred links do.
Knows no task.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Paths
from sims.models.fluid.network import FluidNetwork, RateMemo
from sims.models.fluid.program import Program
from sims.models.fluid.stage import Stage

__all__ = ["Traffic", "binding"]

_MOST_COMPARED = 4000  # distinct links, up to which each is held against those that may stand for it


@dataclass(frozen=True, eq=False)
class Traffic:
    """Programs by name, ready to share one network: ``capacity`` (links,), 1 each, and the entity of each
    phase of each program, whose weights are the seconds that a byte of a transfer takes there.

    >>> from topologies import load
    >>> from fabric import Fabric
    >>> from fabric.routing.policies import parse_policy
    >>> from sims.models.profiles import PROFILES
    >>> from sims.workload.collectives import build
    >>> star = Fabric.from_graph(load("star:endpoints=4,rate=400Gbps"))
    >>> ring = build("ring", {}, 4, collective="all-gather")
    >>> program = Program.compile(ring, star, np.arange(4), parse_policy("ecmp"), PROFILES["ideal"])
    >>> traffic = Traffic.of({"dp": program})
    >>> env = simpy.Environment()
    >>> env.run(env.process(traffic.call(traffic.network(env), "dp", 4e9)))  # 3/4 of 4 GB at 50 GB/s
    >>> round(env.now, 3), len(traffic.capacity)
    (0.06, 1)
    """

    programs: Mapping[str, Program]
    capacity: NDArray[np.float64]
    entities: Mapping[str, tuple[Paths, ...]]
    memo: RateMemo

    @classmethod
    def of(cls, programs: Mapping[str, Program]) -> Traffic:
        """``programs``: all on one fabric, whose links may have other rates in each."""
        loads: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        number_of: dict[Any, int] = {}
        used: dict[str, list[int]] = {}
        for name, program in programs.items():
            used[name] = []
            for stage in program.stages:
                link, seconds = _load(stage, program)
                key = hash(link.tobytes()), hash(seconds.tobytes())
                if key not in number_of:
                    number_of[key] = len(loads)
                    loads.append((link, seconds))
                used[name].append(number_of[key])
        table = binding(loads)
        paths = [Paths.lockstep(row) for row in table]
        entities = {name: tuple(paths[number] for number in numbers) for name, numbers in used.items()}
        return cls(programs, np.ones(table.shape[1]), entities, RateMemo())

    def network(self, env: simpy.Environment) -> FluidNetwork:
        """An idle network of these links. Several jobs whose programs stand here may share it."""
        return FluidNetwork(env, self.capacity, memo=self.memo)

    def call(
        self, network: FluidNetwork, name: str, size: float, times: float = 1
    ) -> Generator[simpy.Event, Any, None]:
        """A SimPy process: ``times`` runs of a program of ``size`` bytes, as one transfer per phase."""
        program = self.programs[name]
        factor, chunks = program.latency_factor(size), program.schedule.chunks
        if base := times * program.base(size):
            yield network.env.timeout(base)
        for number, (stage, paths) in enumerate(zip(program.stages, self.entities[name])):
            amount = math.prod(stage.phase.bytes_of(size, chunks))
            wait = stage.worst_latency * factor + program.handling(number, size)
            yield network.send(paths, times * amount, times * wait)

    def alone(self, name: str, size: float) -> float:
        """Seconds that one run takes on an idle network."""
        env = simpy.Environment()
        env.run(env.process(self.call(self.network(env), name, size)))
        return float(env.now)


def _load(stage: Stage, program: Program) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The links that a phase uses, and the seconds that one byte of every transfer takes on each."""
    load = stage.paths.load(stage.share, program.fabric.n_links)
    link = np.flatnonzero(load)
    return link, load[link] / program.fabric.capacity[link]


def binding(loads: list[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> NDArray[np.float64]:
    """(entities, links): seconds a byte, on those links alone that can bound a rate.

    ``loads``: per entity the links that it uses and the seconds that a byte of it takes on each. A link is
    left out if another one takes as long for every entity, or longer.

    >>> one, two = np.array([0, 1]), np.array([1, 2])
    >>> binding([(one, np.array([1.0, 1.0])), (two, np.array([2.0, 1.0]))]).tolist()
    [[1.0], [2.0]]
    """
    if not any(len(link) for link, _ in loads):
        return np.zeros((len(loads), 0))
    row = np.repeat(np.arange(len(loads)), [len(link) for link, _ in loads])
    link = np.concatenate([link for link, _ in loads])
    value = np.concatenate([seconds for _, seconds in loads])
    names, where = np.unique(link, return_inverse=True)
    # Links that are used alike have the same sums, to the last bit: entities are added in the same order.
    marks = np.random.default_rng(0).random((2, len(loads)))
    sums = [np.bincount(where, weights=value * mark[row], minlength=len(names)) for mark in marks]
    first = np.unique(np.stack(sums, axis=1), axis=0, return_index=True)[1]
    chosen = np.full(len(names), -1)
    chosen[first] = np.arange(len(first))
    kept = chosen[where] >= 0
    table = np.zeros((len(loads), len(first)))
    table[row[kept], chosen[where[kept]]] = value[kept]
    return np.ascontiguousarray(table[:, _largest(table)])


def _largest(table: NDArray[np.float64]) -> NDArray[np.int64]:
    """The columns that no other one equals or exceeds everywhere, ascending."""
    order = np.argsort(-table.sum(axis=0), kind="stable")
    if len(order) > _MOST_COMPARED:  # a link of one entity at least is held against the fullest of it
        alone = np.count_nonzero(table, axis=0) == 1
        covered = np.all(table <= table.max(axis=1, keepdims=True), axis=0) & alone
        best = np.unique(table.argmax(axis=1))
        order = np.setdiff1d(np.arange(table.shape[1])[~covered], best, assume_unique=True)
        return np.sort(np.concatenate([order, best]))
    kept = np.empty((table.shape[0], 0))
    chosen: list[int] = []
    for column in order.tolist():
        if not np.any(np.all(kept >= table[:, column, None], axis=0)):
            kept = np.concatenate([kept, table[:, column, None]], axis=1)
            chosen.append(column)
    return np.sort(np.array(chosen, np.int64))
