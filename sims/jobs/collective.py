"""A collective over message sizes: a fabric, ranks on it, algorithms; rows come out. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.breakage import harmed
from fabric.graph.fabric import require_fabric
from fabric.graph.nic import planes
from fabric.routing.effort import takes_time
from fabric.routing.route import check_policy
from fabric.words.errors import ParameterError
from fabric.words.units import format_size
from sims.jobs.causes import causes
from sims.jobs.compiler import Compiler
from sims.jobs.grouped import UNGROUPED, Grouped, Timed
from sims.jobs.library import chosen_by, communicator, protocol_words, require_choice
from sims.models.band import band_of
from sims.models.fluid.engine import latency_time
from sims.models.fluid.patience import Wait, schedule_wait
from sims.models.fluid.program import Program
from sims.scenario.row import Row
from sims.scenario.scenario import JOB_SETTINGS, Scenario
from sims.scenario.version import model_version
from sims.settings.setup import Setup
from sims.settings.signature import takes_settings
from sims.workload.collective import collective_named
from sims.workload.collectives import build, contenders, is_auto, library_of, parse_algorithms
from sims.workload.collectives.hierarchical import UnequalGroupsError
from sims.workload.members import Members
from sims.workload.placement import place
from sims.workload.schedule import Schedule
from sims.workload.skew import skewed

if TYPE_CHECKING:  # what most runs do not need is imported where it is used
    from sims.models.fluid.faults.campaign import Campaign
    from sims.models.fluid.faults.timeline import Timeline
    from sims.models.packet.collective import PacketProgram

__all__ = ["CollectiveJob"]


class CollectiveJob:
    """Ranks placed on a fabric, ready to run any algorithm of a collective at any size. Routes once per
    algorithm, not per size.

    ``topology`` names the fabric in the rows; ``digest`` is the hash of its contents where it is not built
    from a text (by default that of the compiled arrays). ``settings``: those of Setup. Ranks are
    placed and grouped on ``fabric``; traffic runs on ``degraded``, what its faults leave of it.
    """

    @takes_settings
    def __init__(
        self,
        fabric: Fabric,
        *,
        topology: str | None = None,
        digest: str | None = None,
        **settings: Any,
    ) -> None:
        require_fabric(fabric)
        self.setup = setup = Setup(**settings)
        self.fabric = fabric
        self.policy, self.profile, self.course = setup.policy(planes(fabric)), setup.profile, setup.course
        self.collective = collective_named(setup.collective)
        check_policy(fabric, self.policy)
        self.placement = place(fabric, setup.ranks, setup.placement, setup.seed)
        self.members = Members(fabric, self.placement)
        static = setup.faults_from_start
        healthy = setup.improved(fabric)
        self.degraded, self.damage = harmed(
            healthy, static, setup.seed, allow_partition=setup.allow_partition
        )
        self._common = causes(setup, fabric, self.placement, self.damage, topology, digest)
        how = self.engine, setup.packet_settings, self._common["seed"], setup.in_step
        self.compiler = Compiler(self.degraded, self.policy, self.profile, *how)
        self.groups = Grouped.of(setup, self.members, self.compiler, self._built)
        if self.groups is None:
            self._common |= UNGROUPED
        self.collective.check_root(setup.root, self.together)
        self.collective.check_skew(float(setup.skew))
        skewed(self.together, float(setup.skew))  # no more than one of them can get
        self._programs: dict[str, Program] = {}
        self._packet_programs: dict[str, PacketProgram] = {}

    def changed(self, **settings: Any) -> Self:
        """The same ranks on the same fabric, with some of JOB_SETTINGS replaced."""
        same = {name: self._common[name] for name in JOB_SETTINGS}
        given = {"topology": self._common["topology"], "digest": self._common["topology_digest"]}
        return type(self)(self.fabric, **given, **{**same, **settings})

    def on(self, degraded: Fabric) -> Self:
        """The same ranks and groups, whose traffic runs on ``degraded``: this fabric with other links."""
        other = copy(self)
        other.degraded = degraded
        other.compiler = replace(self.compiler, fabric=degraded)
        other.groups = Grouped.of(self.setup, self.members, other.compiler, other._built)
        other._programs, other._packet_programs = {}, {}
        return other

    def seconds(self, algorithm: str, size: int) -> float:
        """How long one run takes, by the engine of this job, without what strikes meanwhile.

        Raises:
            NoRouteError: ranks that talk have no path.
        """
        return self._timed(algorithm, size).time

    @property
    def engine(self) -> str:
        return str(self.setup.engine)

    @property
    def ranks(self) -> int:
        return len(self.placement)

    @property
    def together(self) -> int:
        """The ranks that take part in one run of the collective: all, or those of a group."""
        return self.groups.size if self.groups else self.ranks

    @property
    def bus_factor(self) -> float:
        """busbw over algbw of the collective on these ranks, or on those of a group."""
        return self.collective.factor(self.together)

    def scenario(self, algorithm: str, size: int) -> Scenario:
        """The scenario of one run."""
        return Scenario.of(algorithm=algorithm, size_bytes=size, **self._common)

    def schedule(self, algorithm: str) -> Schedule:
        """The algorithm, built for these ranks and not routed.

        Raises:
            ParameterError: unknown, or not possible for these ranks (unequal groups).
        """
        if self.groups:
            return self.groups.schedule(algorithm)
        return self._built(algorithm, np.arange(self.ranks, dtype=np.int32))

    def _built(self, algorithm: str, ranks: NDArray[np.int32]) -> Schedule:
        """The schedule of some of the ranks, by themselves."""
        collective, who = self.collective.name, self.members
        ((name, parameters),) = parse_algorithms(algorithm, collective)
        of: dict[str, Any] = {"servers": who.servers[ranks], "groups": who.groups[ranks]}
        of["root"] = self.setup.root
        of["parts"] = skewed(len(ranks), float(self.setup.skew))
        try:
            return build(name, parameters, len(ranks), collective=collective, **of)
        except UnequalGroupsError as error:
            raise error.named(who.group_name) from None

    def program(self, algorithm: str) -> Program:
        """The algorithm, built and routed; kept.

        Raises:
            ParameterError: unknown, or not possible for these ranks (unequal groups).
        """
        if algorithm not in self._programs:
            schedule = self.schedule(algorithm)
            self._require_form(algorithm, schedule.pipeline)
            self._programs[algorithm] = self.compiler.program(schedule, self.placement)
        return self._programs[algorithm]

    def contenders(self, algorithm: str) -> tuple[str, ...]:
        """What ``auto`` chooses from; a ParameterError where that asks for slices and the engine has none."""
        ((_, parameters),) = parse_algorithms(algorithm, self.collective.name)
        self._require_form(algorithm, parameters.get("pipeline", 1))
        if library_of(algorithm):
            require_choice(self.collective.name, self.profile)
        return contenders(algorithm, self.collective.name)

    def _require_form(self, algorithm: str, slices: int) -> None:
        if slices > 1 and self.engine == "bound":
            rule = "engine bound has no closed form for pipelined phases, which share links: use engine flow"
            raise ParameterError("algorithm", algorithm, rule)

    def packet_program(self, algorithm: str) -> PacketProgram:
        """The algorithm, built and routed for the packet engine; kept. Raises as ``program``."""
        if algorithm not in self._packet_programs:
            schedule = self.program(algorithm).schedule
            self._packet_programs[algorithm] = self.compiler.packet_program(schedule, self.placement)
        return self._packet_programs[algorithm]

    def require_few(self, algorithms: Sequence[str], size: int) -> None:
        """Find out before anything is routed that the packet engine would take too long for ``size`` bytes.

        Raises:
            ParameterError: of the first of ``algorithms``, other than ``auto`` and what cannot be built.
        """
        if self.engine != "packet":
            return
        from sims.models.packet.collective import check_schedule

        for algorithm in algorithms:
            if is_auto(algorithm) or algorithm in self._packet_programs:
                continue
            with suppress(UnequalGroupsError):
                check_schedule(self.schedule(algorithm), size, self.policy, self.setup.packet_settings)

    def foretold(self, algorithms: Sequence[str]) -> list[str]:
        """A sentence about each of ``algorithms`` that takes a minute or more to route; routes nothing."""
        said: list[str] = []
        for algorithm in algorithms if takes_time(self.degraded) else ():
            if not is_auto(algorithm) and algorithm not in self._programs:
                with suppress(UnequalGroupsError):
                    wait = schedule_wait(self.schedule(algorithm), self.degraded, self.placement)
                    said.append(wait.foretold)
        return [sentence for sentence in said if sentence]

    def runs_foretold(self, algorithms: Sequence[str], sizes: Sequence[int]) -> list[str]:
        """A sentence about each run whose faults or packets take a minute or more to follow."""
        runs = [(name, size) for name in algorithms if not is_auto(name) for size in sizes]
        said = {run: self._wait(*run).foretold for run in runs}
        return [f"{name} of {format_size(size)}: {words}" for (name, size), words in said.items() if words]

    def _wait(self, algorithm: str, size: int) -> Wait:
        if self.engine == "packet":
            return self.packet_program(algorithm).wait(size)
        return self.campaign(algorithm, size).wait() if self.course.source else Wait(seconds=0.0)

    def check(self, algorithm: str, sizes: Sequence[int]) -> None:
        """Find out before anything is run that the engine cannot do it.

        Raises:
            ParameterError: as ``program``; the packet engine would take too long for the largest size.
        """
        self.require_few([algorithm], max(sizes))
        if is_auto(algorithm):
            self.contenders(algorithm)
        else:
            self.program(algorithm)
            if self.engine == "packet":
                self.packet_program(algorithm).check(max(sizes))
            if not self.course.plain:
                self.campaign(algorithm, max(sizes)).wait()

    def fits(self, algorithms: Sequence[str]) -> tuple[list[str], list[str]]:
        """Those of ``algorithms`` that these ranks can run, and a sentence about each of the others."""
        good: list[str] = []
        left_out: dict[str, list[str]] = {}
        for algorithm in algorithms:
            try:
                self.program(algorithm)
                good.append(algorithm)
            except ParameterError as error:
                left_out.setdefault(str(error), []).append(algorithm)
        return good, [f"left out: {', '.join(names)}: {error}" for error, names in left_out.items()]

    @property
    def warnings(self) -> list[str]:
        """What has to be said beside every row."""
        damage = str(self.damage) if self.damage else ""
        merged = self.policy.warning(self.degraded, packets=self.engine == "packet")
        spared = self.course.warning(self.degraded, allow_partition=self.setup.allow_partition)
        return [said for said in [damage, merged, spared] if said]

    def note(self, algorithm: str) -> str:
        """What a reader of the algorithm's rows should know, or nothing."""
        schedule = self.program(algorithm).schedule
        return "; ".join(filter(None, (schedule.note, protocol_words(schedule.protocol))))

    def time(self, program: Program, size: float) -> float:
        """Seconds that ``program`` takes for ``size`` bytes, by the engine of this job.

        Raises:
            ParameterError: it is the packet engine, which runs none but its own (``packet_program``).
        """
        return self.compiler.time(program, size)

    def row(self, algorithm: str, size: int, timeline: Timeline | None = None) -> Row:
        """Run one algorithm at one size. ``auto``: the fastest of all that fit, or what a library chooses,
        named in ``used``.

        ``timeline``: filled with the goodput over time, by engine flow.
        """
        used = algorithm
        disturbance: dict[str, dict[str, float]] = {}
        if library_of(algorithm):
            used = self._chosen(algorithm, size)
            timed = self._timed(used, size)
        elif is_auto(algorithm):
            times = {a: self._timed(a, size) for a in self.fits(self.contenders(algorithm))[0]}
            used = min(times, key=lambda a: times[a].time)
            timed = times[used]
        else:
            timed = self._timed(used, size)
        program, time = self.program(used), timed.time
        # Where ranks do not wait, a pipeline fills as segments come, and not in equal steps.
        overlap, latency = not self.setup.in_step, self._latency(program, size, time)
        limit = program.limit(size, time, latency, filling=self._in_step, overlap=overlap)
        if timeline is not None or not self.course.plain:
            outcome = self.campaign(used, size, timeline).run()
        if not self.course.plain:
            share, time = limit.latency_share * time, outcome.mean
            # What bounds it is said of the undisturbed run, what it reaches of the mean.
            efficiency = program.limit(size, time, share).efficiency
            limit = replace(limit, efficiency=efficiency, latency_share=share / time)
            disturbance = outcome.told()
        band = band_of(
            program.profile.name, self.collective.name, limit.latency_share, self.members.nodes, size
        )
        return Row(
            scenario=self.scenario(algorithm, size),
            endpoints=self.fabric.n_endpoints,
            used=used,
            time_s=time,
            algbw_GBps=size / time / 1e9,
            busbw_GBps=size / time / 1e9 * self.bus_factor,
            efficiency=limit.efficiency,
            limit_link=limit.link,
            contention=limit.contention,
            worst_link=limit.worst_link,
            worst_load=limit.worst_load,
            latency_share=limit.latency_share,
            utilisation=program.utilisation(size, time),
            planes=planes(self.fabric),
            planes_used=program.planes_used(),
            packets=timed.packets,
            group_times=self.groups.told(used, size, program, timed) if self.groups else {},
            disturbance=disturbance,
            error_low=band.low if band else 0.0,
            error_high=band.high if band else 0.0,
            version=model_version(),
        )

    def _chosen(self, algorithm: str, size: int) -> str:
        """What the library of ``algorithm`` would run, on all ranks or on those of a group."""
        self.contenders(algorithm)
        own = self.groups.groups.members[0] if self.groups else np.arange(self.ranks)
        seen = communicator(self.fabric, self.placement[own], library_of(algorithm))
        return chosen_by(seen, self.collective.name, algorithm, size, self.program)

    def campaign(self, algorithm: str, size: int, timeline: Timeline | None = None) -> Campaign:
        """Collectives one after the other with the faults that strike meanwhile, ready to run."""
        from sims.models.fluid.faults.campaign import Campaign
        from sims.models.fluid.faults.rerouted import Rerouted
        from sims.models.fluid.faults.striking import Striking

        if self.course.source:
            self.program(algorithm).require_listed("faults", self._common["faults"])
        seed, allow = self._common["seed"], self.setup.allow_partition
        return Campaign(
            rerouted=Rerouted(self.program(algorithm), self.placement, self.policy),
            size=size,
            striking=Striking.of(self.degraded, self.course, seed, allow_partition=allow),
            timeline=timeline,
        )

    @property
    def _in_step(self) -> bool:
        """Whether phases begin together."""
        return self.engine != "packet" and bool(self.setup.in_step)

    def _latency(self, program: Program, size: float, time: float) -> float:
        """Of the ``time`` of a run without faults, the seconds that are latency.

        Where ranks do not wait, as packets never do: what the profile says of one phase after another, as far
        as bytes leave room for it. What they wait in queues and for other ranks, and headers, are none.
        """
        if self._in_step:
            return latency_time(program, size, time)
        busy = program.busy(size, filling=False, overlap=not self.setup.in_step)[0]
        return max(0.0, min(program.chain(size), time - busy))

    def _timed(self, algorithm: str, size: int) -> Timed:
        """A run by the engine."""
        self.require_few([algorithm], size)
        program = self.program(algorithm)
        if self.engine == "packet":
            factor = program.latency_factor(size)
            ends, packets = self.packet_program(algorithm).received(size, factor=factor)
            ends += program.base(size)
            return Timed(float(ends.max()), packets, self.groups.last(ends) if self.groups else None)
        if not self.setup.in_step:
            from sims.models.fluid.ranks import rank_ends

            ends = rank_ends(program, size)
            return Timed(float(ends.max()), ends=self.groups.last(ends) if self.groups else None)
        time = self.time(program, size)
        if self.groups is None or self.groups.drift is None:
            return Timed(time)
        return self.groups.drifted(algorithm, size, time)

    def rows(
        self, algorithms: Sequence[str], sizes: Sequence[int], timeline: Timeline | None = None
    ) -> Iterator[Row]:
        """A row per algorithm and size, as each is found; ``timeline`` as in ``row``, of the last."""
        for algorithm in algorithms:
            for size in sizes:
                yield self.row(algorithm, size, timeline)
