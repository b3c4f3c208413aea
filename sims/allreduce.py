"""All-reduce over message sizes: a fabric, ranks on it, algorithms; rows come out. Writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.breakage import draws, harmed
from fabric.errors import FabricsimError, ParameterError
from fabric.fault import NONE, format_faults, parse_faults
from fabric.policy import parse_policy, policy_file
from fabric.routing import caveat, check_policy
from fabric.units import parse_sizes
from fabric.upgrade import format_upgrades, improved, parse_upgrades
from sims.collectives import ALGORITHMS, AUTO, build, format_algorithm, parse_algorithms
from sims.collectives.hierarchical import UnequalGroupsError
from sims.engine import ENGINES as TIMES
from sims.faults.campaign import Campaign
from sims.faults.rerouted import Rerouted
from sims.faults.schedule_file import FaultSchedule
from sims.faults.setting import DEFAULT_DELAY, Course
from sims.faults.striking import Striking
from sims.faults.timeline import Timeline
from sims.packet.collective import PacketProgram
from sims.packet.routes import SPREADING, single_path
from sims.packet.settings import parse_packet_settings
from sims.placement import check_placement, place, placement_file
from sims.profiles import DEFAULT_PROFILE
from sims.profiles import latency_profile as parse_profile
from sims.program import Program
from sims.result import Row, bus_factor
from sims.scenario import SETTINGS, Scenario
from sims.schedule import Schedule
from sims.settings import ENGINES

__all__ = [
    "DEFAULT_ALGORITHMS",
    "AllReduce",
    "all_reduce",
    "fabric_of",
    "job_of",
    "model_version",
    "simulate",
]

DEFAULT_ALGORITHMS = ("ring", "tree", "halving-doubling", "hierarchical-ring", "hierarchical-tree")
_TEXTS = {"algorithm", *SETTINGS} - {"ranks", "seed", "allow_partition"}


class AllReduce:
    """Ranks placed on a fabric, ready to run any algorithm at any size. Routes once per algorithm, not per
    size.

    ``topology`` names the fabric in the rows; ``digest`` is the hash of its contents where it is not built
    from a text (by default that of the compiled arrays). Everything else is as on the command line;
    ``packet`` holds the settings of the packet engine and counts for no other. Ranks are placed and grouped
    on ``fabric``; traffic runs on ``left``, what its faults leave of it.
    """

    def __init__(
        self,
        fabric: Fabric,
        *,
        topology: str | None = None,
        digest: str | None = None,
        ranks: int | None = None,
        placement: str = "packed",
        seed: int = 0,
        routing: str = "ecmp",
        engine: str = "flow",
        packet: str = "",
        latency_profile: str = DEFAULT_PROFILE,
        upgrade: str = NONE,
        fail: str = NONE,
        degrade: str = NONE,
        allow_partition: bool = False,
        faults: str = NONE,
        reroute_delay: str = DEFAULT_DELAY,
        repeat: str = "1",
        gap: str = "0s",
    ) -> None:
        check_settings(
            placement=placement,
            routing=routing,
            engine=engine,
            packet=packet,
            latency_profile=latency_profile,
            upgrade=upgrade,
            fail=fail,
            degrade=degrade,
            faults=faults,
            reroute_delay=reroute_delay,
            repeat=repeat,
            gap=gap,
        )
        self.fabric = fabric
        self.policy = parse_policy(routing, seed)
        check_policy(fabric, self.policy)
        self.profile = parse_profile(latency_profile)
        self.placement = place(fabric, ranks, placement, seed)
        failing, slowing = parse_faults("fail", fail), parse_faults("degrade", degrade)
        static = (*failing, *slowing)
        faster = parse_upgrades(upgrade)
        whole = improved(fabric, faster)
        self.left, self.damage = harmed(whole, static, seed, allow_partition=allow_partition)
        self.course = Course.of(faults, reroute_delay, repeat, gap)
        self.packet_settings = parse_packet_settings(packet)
        chosen = engine == "packet" and self.policy.name in SPREADING  # for each packet, on its way
        drawn = self.policy.drawn or placement == "random" or draws(static) or chosen
        drawn |= self.course.draws
        file, table = placement_file(placement), policy_file(routing)
        self._common: dict[str, Any] = {
            "topology": topology or f"graph {fabric.name}",
            "topology_digest": content_digest(fabric) if digest is None else digest,
            "ranks": len(self.placement),
            "placement": placement.removesuffix(":"),
            # The endpoints, not the file's text: names in it mean something only together with the graph's.
            "placement_digest": _digest(self.placement.astype("<i8")) if file else "",
            "seed": seed if drawn else 0,
            "routing": str(self.policy),
            "routing_digest": hashlib.sha256(table.read_bytes()).hexdigest() if table else "",
            "engine": engine,
            "packet": str(self.packet_settings) if engine == "packet" else "",
            "latency_profile": self.profile.spec,
            "upgrade": format_upgrades(faster),
            "fail": format_faults(failing),
            "degrade": format_faults(slowing),
            "fault_digest": self._fault_digest(),
            "allow_partition": allow_partition,
            **self.course.texts,
        }
        self._programs: dict[str, Program] = {}
        self._packet_programs: dict[str, PacketProgram] = {}

    def _fault_digest(self) -> str:
        """SHA-256 of what files say of faults; nothing without a file."""
        found = _digest(*self.damage.named) if self.damage.named else ""
        source = self.course.source
        if isinstance(source, FaultSchedule):
            return hashlib.sha256(f"{found};{source.digest}".encode()).hexdigest()
        return found

    def changed(self, **settings: Any) -> AllReduce:
        """The same ranks on the same fabric, with some of SETTINGS replaced."""
        same = {name: self._common[name] for name in SETTINGS}
        given = {"topology": self._common["topology"], "digest": self._common["topology_digest"]}
        return AllReduce(self.fabric, **given, **{**same, **settings})

    @property
    def engine(self) -> str:
        return str(self._common["engine"])

    @property
    def ranks(self) -> int:
        return len(self.placement)

    @cached_property
    def _servers(self) -> NDArray[np.int32]:
        """(ranks,): the scale-up domain of each rank, or -1."""
        return self.fabric.scaleup[self.placement]

    @cached_property
    def _groups(self) -> NDArray[np.int64]:
        """(ranks,): the server of each rank; under a fabric without servers, its leaf."""
        server = self.fabric.server[self.placement].astype(np.int64)
        if np.all(server < 0):
            first = self.fabric.arc_up[self.placement]
            return self.fabric.arc_dst[np.minimum(first, len(self.fabric.arc_dst) - 1)].astype(np.int64)
        # A rank without a server stands alone: a group of one, which unequal groups then name.
        return np.where(server >= 0, server, int(server.max(initial=0)) + 1 + np.arange(len(server)))

    def _group_name(self, label: int) -> str:
        """How the owner of the fabric calls a group."""
        server = self.fabric.server[self.placement]
        if np.all(server < 0):
            return self._named("leaf", label)
        members = np.flatnonzero(self._groups == label)
        first = int(self.placement[members[0]])
        if server[members[0]] < 0:
            return f"{self._named('endpoint', first)}, in no server,"
        return f"server {label}" + (f" (of {self.fabric.label(first)})" if self.fabric.labels else "")

    def _named(self, kind: str, node: int) -> str:
        return self.fabric.label(node) if self.fabric.labels else f"{kind} {self.fabric.label(node)}"

    def scenario(self, algorithm: str, size: int) -> Scenario:
        """The scenario of one run."""
        return Scenario.of(algorithm=algorithm, size_bytes=size, **self._common)

    def schedule(self, algorithm: str) -> Schedule:
        """The algorithm, built for these ranks and not routed.

        Raises:
            ParameterError: unknown, or not possible for these ranks (unequal groups).
        """
        ((name, parameters),) = parse_algorithms(algorithm)
        try:
            return build(name, parameters, self.ranks, servers=self._servers, groups=self._groups)
        except UnequalGroupsError as error:
            raise error.named(self._group_name) from None

    def program(self, algorithm: str) -> Program:
        """The algorithm, built and routed; kept.

        Raises:
            ParameterError: unknown, or not possible for these ranks (unequal groups).
        """
        if algorithm not in self._programs:
            schedule = self.schedule(algorithm)
            if schedule.pipeline > 1 and self._common["engine"] == "bound":
                rule = (
                    "engine bound has no closed form for pipelined phases, which share links: use engine flow"
                )
                raise ParameterError("algorithm", algorithm, rule)
            self._programs[algorithm] = Program.compile(
                schedule, self.left, self.placement, self.policy, self.profile
            )
        return self._programs[algorithm]

    def packet_program(self, algorithm: str) -> PacketProgram:
        """The algorithm, built and routed for the packet engine; kept. Raises as ``program``."""
        if algorithm not in self._packet_programs:
            self._packet_programs[algorithm] = PacketProgram.compile(
                self.program(algorithm).schedule,
                self.left,
                self.placement,
                self.policy,
                self.profile,
                self.packet_settings,
                self._common["seed"],
            )
        return self._packet_programs[algorithm]

    def check(self, algorithm: str, sizes: Sequence[int]) -> None:
        """Find out before anything is run that the engine cannot do it.

        Raises:
            ParameterError: as ``program``; the packet engine would take too long for the largest size.
        """
        if algorithm != AUTO:
            self.program(algorithm)
            if self._common["engine"] == "packet":
                self.packet_program(algorithm).check(max(sizes))

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
    def caveats(self) -> list[str]:
        """What has to be said beside every row."""
        damage = str(self.damage) if self.damage else ""
        merged = caveat(self.left, self.policy) if self._common["engine"] != "packet" else ""
        return [said for said in [damage, merged] if said]

    def note(self, algorithm: str) -> str:
        """What a reader of the algorithm's rows should know, or nothing."""
        return self.program(algorithm).schedule.note

    def time(self, program: Program, size: float) -> float:
        """Seconds that ``program`` takes for ``size`` bytes, by the engine of this job.

        Raises:
            ParameterError: it is the packet engine, which runs none but its own (``packet_program``).
        """
        if self._common["engine"] not in TIMES:
            raise ParameterError("engine", self._common["engine"], "cannot run other programs", TIMES)
        return TIMES[self._common["engine"]](program, size)

    def row(self, algorithm: str, size: int, timeline: Timeline | None = None) -> Row:
        """Run one algorithm at one size. ``auto``: the fastest of all that fit, named in ``used``.

        ``timeline``: filled with the goodput over time, by engine flow.
        """
        used = algorithm
        disturbance: dict[str, dict[str, float]] = {}
        if algorithm == AUTO:
            times = {a: self._timed(a, size) for a in self.fits(tuple(ALGORITHMS))[0]}
            used = min(times, key=lambda a: times[a][0])
            time, packets = times[used]
        else:
            time, packets = self._timed(used, size)
        program = self.program(used)
        # Packets of a pipeline fill it as they come, and not in equal steps as the fluid model has it.
        limit = program.limit(size, time, filling=self._common["engine"] != "packet")
        if timeline is not None or not self.course.plain:
            outcome = self.campaign(used, size, timeline).run()
        if not self.course.plain:
            share, time = limit.latency_share * time, outcome.mean
            # What bounds it is said of the undisturbed run, what it reaches of the mean.
            efficiency = program.limit(size, time).efficiency
            limit = replace(limit, efficiency=efficiency, latency_share=share / time)
            disturbance = outcome.told()
        return Row(
            scenario=self.scenario(algorithm, size),
            endpoints=self.fabric.n_endpoints,
            used=used,
            time_s=time,
            algbw_GBps=size / time / 1e9,
            busbw_GBps=size / time / 1e9 * bus_factor(self.ranks),
            efficiency=limit.efficiency,
            limit_link=limit.link,
            contention=limit.contention,
            worst_link=limit.worst_link,
            worst_load=limit.worst_load,
            latency_share=limit.latency_share,
            utilisation=program.utilisation(size, time),
            packets=packets,
            disturbance=disturbance,
            version=model_version(),
        )

    def campaign(self, algorithm: str, size: int, timeline: Timeline | None = None) -> Campaign:
        """All-reduces one after the other with the faults that strike meanwhile, ready to run."""
        seed, allow = self._common["seed"], self._common["allow_partition"]
        return Campaign(
            rerouted=Rerouted(self.program(algorithm), self.placement, self.policy),
            size=size,
            striking=Striking.of(self.left, self.course, seed, allow_partition=allow),
            timeline=timeline,
        )

    def _timed(self, algorithm: str, size: int) -> tuple[float, dict[str, dict[str, float]]]:
        """Seconds by the engine, and what a packet network saw."""
        program = self.program(algorithm)
        if self._common["engine"] != "packet":
            return self.time(program, size), {}
        factor = program.latency_factor(size)
        time, packets = self.packet_program(algorithm).run(size, factor=factor)
        return program.base(size) + time, packets

    def rows(
        self, algorithms: Sequence[str], sizes: Sequence[int], timeline: Timeline | None = None
    ) -> Iterator[Row]:
        """A row per algorithm and size, as each is found; ``timeline`` as in ``row``, of the last."""
        for algorithm in algorithms:
            for size in sizes:
                yield self.row(algorithm, size, timeline)


def all_reduce(
    fabric: Fabric | nx.Graph,
    algorithm: str = "ring",
    sizes: Sequence[int] | int | str = (2**30,),
    **settings: Any,
) -> list[Row]:
    """Rows of an all-reduce on ``fabric`` (or on a graph, which is compiled): one per algorithm and size.

    ``algorithm``: one or several names, as in ``"ring,tree:segment=1MiB"``. ``sizes``: in bytes, or as text
    (``"8:16G:x4"``). ``settings``: those of AllReduce.
    """
    if isinstance(sizes, (int, str)):
        sizes = parse_sizes(str(sizes))
    for name, value in (("algorithm", algorithm), *settings.items()):
        if name in _TEXTS and not isinstance(value, str):
            raise ParameterError(name, value, "text, as on the command line")
    job = AllReduce(fabric if isinstance(fabric, Fabric) else Fabric.from_graph(fabric), **settings)
    return list(job.rows([format_algorithm(*item) for item in parse_algorithms(algorithm)], sizes))


def simulate(scenario: Scenario, fabric: Fabric | None = None) -> Row:
    """The row of ``scenario``: what the model gives, whoever asks and whenever.

    ``fabric`` is needed only where the scenario speaks of a graph in memory. Raises as ``fabric_of`` and
    ``job_of``.
    """
    return job_of(scenario, fabric or fabric_of(scenario)).row(scenario.algorithm, scenario.size_bytes)


def fabric_of(scenario: Scenario) -> Fabric:
    """The fabric that ``scenario`` names, built or read, and compiled.

    Raises:
        FabricsimError: it was a graph in memory, or its file's contents are no longer those that the scenario
            was made of.
    """
    if scenario.topology.startswith("graph "):
        raise FabricsimError(f"{scenario.topology} was in memory: pass it, as in simulate(scenario, fabric)")
    from topologies import load
    from topologies.catalogue import source_digest

    found = source_digest(scenario.topology)
    if found and not scenario.topology_digest:
        rule = f"the SHA-256 of {scenario.topology}'s contents: {found}"
        raise ParameterError("topology_digest", "", rule)
    if found != scenario.topology_digest:
        raise FabricsimError(f"{scenario.topology}: its contents changed since this scenario was made")
    return Fabric.from_graph(load(scenario.topology), allow_partition=scenario.allow_partition)


def job_of(scenario: Scenario, fabric: Fabric) -> AllReduce:
    """All of ``scenario`` but algorithm and size, set up on its fabric: serves all that differ in those.

    Raises:
        FabricsimError: ``fabric`` is not the one that the scenario was made of, or the contents of a file of
            its placement, its routing or its faults are no longer those.
    """
    in_memory = scenario.topology.startswith("graph ")
    if in_memory and scenario.topology_digest not in ("", content_digest(fabric)):
        raise FabricsimError(f"{fabric.name}: not the graph that this scenario was made of")
    job = AllReduce(
        fabric,
        topology=scenario.topology,
        digest=scenario.topology_digest,
        **{name: getattr(scenario, name) for name in SETTINGS},
    )
    found = job.scenario(scenario.algorithm, scenario.size_bytes)
    if found.fault_digest != scenario.fault_digest:
        texts = (scenario.fail, scenario.degrade, scenario.faults)
        files = ";".join(text for text in texts if text != NONE)
        raise FabricsimError(f"{files}: what its file names changed since this scenario was made")
    if found != scenario:
        changed = scenario.routing if found.routing_digest != scenario.routing_digest else scenario.placement
        raise FabricsimError(f"{changed}: its contents changed since this scenario was made")
    return job


def check_settings(
    *,
    placement: str,
    routing: str,
    engine: str,
    latency_profile: str,
    packet: str = "",
    upgrade: str = NONE,
    fail: str = NONE,
    degrade: str = NONE,
    faults: str = NONE,
    reroute_delay: str = DEFAULT_DELAY,
    repeat: str = "1",
    gap: str = "0s",
) -> None:
    """Find mistakes that need no fabric to be seen before one is built.

    Raises:
        ParameterError: of the first mistake.
    """
    if engine not in ENGINES:
        raise ParameterError("engine", engine, "unknown engine", ENGINES)
    policy = parse_policy(routing)
    if engine == "packet":
        single_path(policy)
    parse_packet_settings(packet)
    parse_profile(latency_profile)
    check_placement(placement)
    parse_upgrades(upgrade)
    parse_faults("fail", fail)
    parse_faults("degrade", degrade)
    course = Course.of(faults, reroute_delay, repeat, gap)
    course.check(policy)
    if engine != "flow" and not course.plain:
        rule = "what happens during a run, or over several, needs engine flow"
        raise ParameterError("engine", engine, rule, ("flow",))


def content_digest(fabric: Fabric) -> str:
    """SHA-256 of everything about a fabric that a result can depend on."""
    digest = hashlib.sha256()
    for array in (
        fabric.kind,
        fabric.tier,
        fabric.server,
        fabric.link_src,
        fabric.link_dst,
        fabric.capacity,
        fabric.delay,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _digest(*arrays: NDArray[Any]) -> str:
    """SHA-256 of some arrays; of several, with their lengths."""
    digest = hashlib.sha256()
    for array in arrays:
        if len(arrays) > 1:
            digest.update(f"{len(array)};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@cache
def model_version() -> str:
    """The version of the program that stands in the rows."""
    try:
        return version("fabricsim")
    except PackageNotFoundError:
        return "unknown"
