"""A schedule laid onto a fabric: paths, latencies, link loads of each phase. Sizes come later, time never."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths, carrier
from fabric.graph.nic import planes
from fabric.machine.memory import available_memory
from fabric.machine.under_way import watched
from fabric.measures.link_kind import link_kind
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError, TooLargeError
from sims.models.fluid.condensed import Condensed
from sims.models.fluid.filling import adding_way
from sims.models.fluid.patience import schedule_wait
from sims.models.fluid.rate_memo import RateMemo
from sims.models.fluid.stage import (
    Pace,
    Stage,
    counted_stage,
    filled,
    pace_of,
    routed_phase,
    shares,
    staged,
    usage_of,
    waits,
)
from sims.models.latency import derated, link_latency, transfer_latency
from sims.models.profiles import PLATEAU_BYTES, LatencyProfile
from sims.workload.collective import collective_named
from sims.workload.schedule import Schedule
from sims.workload.total_exchange import MOST_LISTED, TotalExchange, proportional, settled

__all__ = ["Limit", "OfHome", "Program"]


# Bytes per flow and queue pair (or part of a flow that is routed apart): while its phase is routed, and of
# its path when it is. Measured as the growth of the largest resident size (ru_maxrss) on 0.2 to 3.2 million
# flows in a three-tier tree: 195 to 263 for one phase, 514 for the 17 that recursive doubling keeps.
_UNEQUAL = "all transfers in proportion, which bounds the time of unequal ones from below"
_ROUTING, _ROUTED = 280, 40


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What bounds a run.

    ``link``: the kind of link on which the phases spend most of their time for bytes; of pipelined phases,
    which run side by side, the one that is busy longest with all of them. ``contention``: the time for bytes
    over what the endpoints' own links would need, all planes used (1: none). ``worst_link``, ``worst_load``:
    the kind of link and the contention of the worst single phase. ``latency_share``: of the whole time.
    ``efficiency``: the bandwidth bound of the algorithm on this fabric without contention and latency, over
    the time; never above 1, as every byte crosses endpoints' links. What neither bytes nor latency takes
    (1 - efficiency * contention - latency_share) is a pipeline that fills, and in the packet model queues
    and headers.
    """

    link: str
    contention: float
    worst_link: str
    worst_load: float
    latency_share: float
    efficiency: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """A schedule compiled for fabric, placement, policy and latency profile; serves every message size.

    ``usage``: per kind of link, the seconds at full rate that one byte of the message takes on a link of that
    kind, in the mean (weighted by capacity) and on the fullest. ``joint``: the same of all phases together
    that ``peak``, ``ideal`` and ``hot`` of a stage say of one. ``qps``: flows of each transfer.
    """

    fabric: Fabric  # the carrier: what the policy's traffic runs on
    schedule: Schedule
    profile: LatencyProfile
    qps: int
    stages: tuple[Stage, ...]
    usage: dict[str, tuple[float, float]]
    joint: Pace
    memo: RateMemo = field(default_factory=RateMemo, repr=False)
    ways: dict[int, float] = field(default_factory=dict, repr=False)  # as of ``adding_way``, of stages

    @classmethod
    def compile(
        cls,
        schedule: Schedule,
        fabric: Fabric,
        placement: NDArray[np.int64],
        policy: Policy,
        profile: LatencyProfile,
    ) -> Program:
        """Route every phase. ``placement``: (ranks,), the endpoint of each rank.

        Raises:
            NoRouteError: two endpoints of the schedule have no path.
            ParameterError: its distances would take more than an hour.
            TooLargeError: so many transfers and queue pairs do not fit in memory.
        """
        runs_on = derated(carrier(fabric, policy), profile)
        split = planes(runs_on) if policy.divides else 1  # over the planes
        pieces = policy.pieces(runs_on.tiered) * split
        phases = tuple(settled(phase, pieces) for phase in schedule.phases)
        schedule = replace(schedule, phases=phases)
        _require_memory(schedule, pieces)
        schedule_wait(schedule, runs_on, placement).require("topology", runs_on.name)
        ahead = Counter(phase.transfers for phase in schedule.phases)  # what is met no more is let go
        known: dict[tuple[int, ...], tuple[Paths, NDArray[np.float64], NDArray[np.float64], Pace]] = {}
        link_seconds = link_latency(runs_on, profile)
        stages: list[Stage] = []
        notes = [schedule.note]
        carried = np.zeros(runs_on.n_links)  # bytes on each link per byte of the message
        for phase in watched(schedule.phases, len(schedule.phases)):
            if proportional(phase):
                notes.append(_UNEQUAL)
            if isinstance(phase, TotalExchange) and phase.kind == "exchange":
                from sims.models.fluid.crowd import crowded

                crowd = crowded(phase, runs_on, placement, policy)
                stage, load, note = counted_stage(crowd, profile, link_seconds)
                carried += load * (phase.count / schedule.chunks)
                stages.append(stage)
                notes.append(note)
                continue
            if phase.kind == "switched":
                from sims.models.fluid.switched import switched_stage

                stage, load, note = switched_stage(phase, runs_on, placement, profile, link_seconds)
                carried += load * (phase.count / schedule.chunks)
                stages.append(stage)
                notes.append(note)
                continue
            key = phase.transfers
            if key not in known:
                paths = routed_phase(phase, runs_on, placement, policy)
                load = paths.load(shares(phase, policy.qps), runs_on.n_links)
                each = transfer_latency(paths, runs_on, profile, link_seconds)
                known[key] = paths, load, each, pace_of(load, runs_on)
            ahead[key] -= 1
            paths, load, each, pace = known[key] if ahead[key] else known.pop(key)
            carried += load * (phase.repeat * phase.count / schedule.chunks)
            more = policy.qps, schedule.chunks, runs_on.capacity
            stages.append(staged(phase, paths, load, each, pace, *more))
        return cls(
            fabric=runs_on,
            schedule=replace(schedule, note="; ".join(dict.fromkeys(filter(None, notes)))),
            profile=profile,
            qps=policy.qps,
            stages=tuple(stages),
            usage=usage_of(runs_on, carried),
            joint=pace_of(carried, runs_on),
        )

    @cached_property
    def foreknown(self) -> tuple[float, ...]:
        """Of each round, bytes/s of the transfers that end last where nobody else is on the network; 0 where
        rates have to be found to know when the last receipt is, and of lockstep.

        Of transfers that are equally large no link gives any a lower rate than the fullest gives to all of
        its own, and no end disturbs those: their last bytes leave last. If one of them is also among those
        with the longest latency, it is received last.
        """
        met: dict[int, float] = {}
        for stage in self.stages:
            if id(stage.paths) not in met:
                met[id(stage.paths)] = stage.last_rate(self.fabric.capacity)
        return tuple(met[id(stage.paths)] for stage in self.stages)

    @cached_property
    def condensed(self) -> Condensed:
        """The same program without links that others stand for, where every phase is lockstep; rounds keep
        their links.
        """
        if not all(stage.phase.lockstep for stage in self.stages):
            return Condensed(stages=self.stages, capacity=self.fabric.capacity, memo=self.memo)
        return Condensed.of(self.stages, self.fabric.capacity)

    def with_capacity(self, capacity: NDArray[np.float64]) -> Program:
        """The same paths over links of other capacities: what a policy takes that does not look at them.

        ``capacity``: (links,) in bytes/s, of the links of ``fabric``.
        """
        fabric = self.fabric.with_capacity(capacity)
        stages = []
        carried = np.zeros(fabric.n_links)
        for stage in self.stages:
            load = stage.paths.load(stage.share, fabric.n_links)
            carried += load * (stage.phase.repeat * stage.phase.count / self.schedule.chunks)
            more = self.qps, self.schedule.chunks, fabric.capacity
            fills = filled(stage.phase, stage.routed, *more)
            stages.append(replace(stage, **pace_of(load, fabric), filling=fills))
        usage, joint = usage_of(fabric, carried), pace_of(carried, fabric)
        return replace(self, fabric=fabric, stages=tuple(stages), usage=usage, joint=joint, memo=RateMemo())

    def with_latency(self, profile: LatencyProfile) -> Program:
        """The same paths with the latencies of a profile that leaves the bytes the same share of links."""
        chunks = self.schedule.chunks
        link_seconds = link_latency(self.fabric, profile)
        stages = []
        for stage in self.stages:
            each = transfer_latency(stage.routed, self.fabric, profile, link_seconds)
            stages.append(replace(stage, latency=waits(stage.phase, each, self.qps, chunks)))
        return replace(self, profile=profile, stages=tuple(stages))

    def over(self, routed: Sequence[Paths]) -> Program:
        """The same program on other paths, one set per stage; a stage whose set is the same object stays.

        ``usage`` and ``joint`` stay those of the first paths.
        """
        stages = []
        for stage, own in zip(self.stages, routed):
            if own is not stage.routed:
                load = own.load(shares(stage.phase, self.qps), self.fabric.n_links)
                each = transfer_latency(own, self.fabric, self.profile)
                pace = pace_of(load, self.fabric)
                more = self.qps, self.schedule.chunks, self.fabric.capacity
                stage = staged(stage.phase, own, load, each, pace, *more)
            stages.append(stage)
        return replace(self, stages=tuple(stages), memo=RateMemo())

    @property
    def counted(self) -> bool:
        """Whether transfers of some phase are counted, and have no path each."""
        return any(stage.crowd is not None for stage in self.stages)

    def require_listed(self, name: str, value: object) -> None:
        """Raise ParameterError, of the setting ``name``, where transfers are counted, or switches reduce."""
        if any(phase.kind == "switched" for phase in self.schedule.phases):
            rule = "trees of switches that reduce are laid once: not while faults strike or groups drift"
            raise ParameterError(name, value, rule)
        if self.counted:
            most = max(len(stage.phase) for stage in self.stages)
            rule = (
                f"needs a path for each transfer, and {most:,} at once are counted: {MOST_LISTED:,} at most"
            )
            raise ParameterError(name, value, rule)

    def latency_factor(self, size: float) -> float:
        """What all latency is multiplied by: the profile's plateau, in a ring over the network.

        1 below PLATEAU_BYTES in each step, and in every other algorithm.
        """
        if self.profile.plateau == 1 or size / self.schedule.chunks < PLATEAU_BYTES:
            return 1.0
        rings = all(stage.phase.kind == "ring" and stage.crosses for stage in self.stages)
        return self.profile.plateau if rings else 1.0

    def base(self, size: float) -> float:
        """Seconds that the whole takes once, before anything moves."""
        staged = self.schedule.phases and collective_named(self.schedule.collective).staged
        staging = size * self.profile.copying(size) if staged else 0.0
        return self.profile.base * self.latency_factor(size) + staging

    def handling(self, number: int, size: float) -> float:
        """Seconds by which a slice is received later in a phase for what ranks do with its messages.

        They agree on large ones, and the rank that has most to add adds what arrives, message by message. In
        a pipeline it adds one segment while the next one comes: what adding takes longer than that is waited
        for with each, and the first segment waits at every stage.
        """
        stage, chunks, each = self.stages[number], self.schedule.chunks, size / self.schedule.pipeline
        steps, amount = stage.phase.bytes_of(each, chunks)
        agreeing = stage.phase.latency_steps * self.profile.agreeing(amount)
        adding = self.profile.adding(size) * amount
        if not adding:
            return agreeing
        if stage.phase.stage is None:
            return agreeing + stage.phase.additions(steps) * adding
        beyond = max(0.0, stage.phase.additions(1) * adding - stage.peak * amount)
        if number not in self.ways:
            self.ways[number] = adding_way(stage.phase, chunks)
        first = self.ways[number] * adding
        return agreeing + first + (stage.segments(each, chunks) - 1) * beyond

    def waits(self, size: float) -> NDArray[np.float64]:
        """(phases,) in s: what each phase takes besides its bytes."""
        factor = self.latency_factor(size)
        handling = np.array([self.handling(number, size) for number in range(len(self.stages))])
        return np.array([stage.worst_latency for stage in self.stages]) * factor + handling

    def chain(self, size: float) -> float:
        """Seconds of latency that a message cannot avoid: the base, and one phase after another."""
        latency = sum(stage.worst_latency for stage in self.stages) * self.latency_factor(size)
        return self.base(size) + latency + sum(self.handling(k, size) for k in range(len(self.stages)))

    def byte_times(self, size: float, *, filling: bool = True) -> NDArray[np.float64]:
        """(phases, 2) in s: what a phase's bytes take on the fullest link, and on an endpoint's fullest.

        ``filling``: in a pipelined tree, also while the first segments come in and the last ones leave. With
        several slices the links carry others meanwhile, so that it never counts.
        """
        chunks = self.schedule.chunks
        if filling and self.schedule.pipeline == 1:
            sent = np.prod([stage.bytes_of(size, chunks) for stage in self.stages], axis=1)
        else:
            once = [stage.phase.repeat * stage.phase.count for stage in self.stages]
            sent = np.array(once) / chunks * size
        return sent[:, None] * np.array([(stage.peak, stage.ideal) for stage in self.stages])

    def planes_used(self) -> float:
        """Over how many planes endpoints send, in the mean, in the phase that leaves most of them empty.

        1 where there is one; 0 where nothing leaves its server.
        """
        return min((stage.planes for stage in self.stages if stage.planes), default=0.0)

    def busy(self, size: float, *, filling: bool = True, overlap: bool = False) -> tuple[float, float]:
        """Seconds that the bytes of all phases take on the fullest links, and on those of the endpoints.

        Phases one after another add up; those that ``overlap``, as pipelined ones do and those of ranks that
        do not wait, add up on each link, and the fullest of these counts.
        """
        if overlap or self.schedule.pipeline > 1:
            return self.joint["peak"] * size, self.joint["ideal"] * size
        full, ideal = self.byte_times(size, filling=filling).sum(axis=0).tolist()
        return full, ideal

    def utilisation(self, size: float, time: float) -> dict[str, dict[str, float]]:
        """Per kind of link, the share of its capacity that ``size`` bytes in ``time`` s use.

        ``mean``: over all links of the kind, weighted by capacity; ``peak``: of the fullest.
        """
        return {
            kind: {"mean": mean * size / time, "peak": peak * size / time}
            for kind, (mean, peak) in self.usage.items()
        }

    def limit(
        self, size: float, time: float, latency: float, *, filling: bool = True, overlap: bool = False
    ) -> Limit:
        """What bounds a run of ``size`` bytes that took ``time`` s, ``latency`` of which are latency.

        ``filling``: see ``byte_times``; ``overlap``: see ``busy``.
        """
        full, ideal = self.byte_times(size, filling=filling).T
        all_full, all_ideal = self.busy(size, filling=filling, overlap=overlap)
        kinds = [link_kind(self.fabric, stage.hot) for stage in self.stages]
        spent: dict[str, float] = {}
        for kind, seconds in zip(kinds, full.tolist()):
            spent[kind] = spent.get(kind, 0.0) + seconds
        worst, link = int(np.argmax(full / ideal)), max(spent, key=lambda kind: spent[kind])
        return Limit(
            link=link_kind(self.fabric, self.joint["hot"]) if overlap or self.schedule.pipeline > 1 else link,
            contention=all_full / all_ideal,
            worst_link=kinds[worst],
            worst_load=float(full[worst] / ideal[worst]),
            latency_share=latency / time,
            efficiency=all_ideal / time,
        )


class OfHome:
    """A program on stages of its own that costs what ``home`` costs beside them."""

    home: Program

    def base(self, size: float) -> float:
        return self.home.base(size)

    def latency_factor(self, size: float) -> float:
        return self.home.latency_factor(size)

    def handling(self, number: int, size: float) -> float:
        return self.home.handling(number, size)


def _require_memory(schedule: Schedule, pieces: int) -> None:
    listed = [
        phase for phase in schedule.phases if phase.kind != "exchange" or not isinstance(phase, TotalExchange)
    ]
    distinct = {phase.transfers: len(phase) for phase in listed}
    flows, kept = pieces * max(distinct.values(), default=0), pieces * sum(distinct.values())
    needed, available = _ROUTING * flows + _ROUTED * kept, available_memory()
    if needed > available:
        raise TooLargeError(f"{schedule.name}: routing {flows:,} flows in a phase", needed, available)
