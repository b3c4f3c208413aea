"""TraceJob: a program's trace on a fabric, ready to run. Writes nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from fabric import Fabric
from fabric.damage.breakage import harmed
from fabric.graph.nic import planes
from fabric.routing.route import check_policy
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.jobs.causes import causes
from sims.jobs.opened import AnyFabric, opened
from sims.models.fluid.faults.striking import Striking
from sims.models.trace.fluid import RoutedTrace
from sims.models.trace.packet import TracePackets
from sims.models.trace.result import TraceResult
from sims.scenario.job_scenario import JobScenario
from sims.scenario.trace_row import TraceRow
from sims.scenario.version import model_version
from sims.settings.setup import Setup
from sims.settings.suited import brought
from sims.settings.table import KINDS, SETTINGS
from sims.workload.placement import place
from sims.workload.trace import CALC, SEND, Trace, read_trace

__all__ = ["ENGINES", "TraceJob", "run_trace"]

ENGINES = ("flow", "packet")
_MOST, _LONG = 3600.0, 60.0  # s: the longest run that is tried, and from when on it is said how long it takes
_OF_SETUP = tuple(name for name in KINDS["trace"] if name != "topology")
_FILES = {"topology": ("topology",), "placement": ("placement",), "routing": ("routing",),
          "fault": ("fail", "degrade", "faults")}  # fmt: skip


class TraceJob:
    """A trace on ``fabric``, with the settings of ``trace`` as texts; ``topology``, ``digest``: as of others.

    ``program``: the trace, where it has been read already; ``degraded``: what faults from the start leave;
    ``ends``: (ranks,), the endpoint of each rank.

    Raises:
        ParameterError: of the first mistake; the fabric has fewer endpoints than the trace ranks.
        FileFormatError: as of ``read_trace``.

    >>> from sims.workload.trace.trace import RECV, Builder
    >>> from topologies import load
    >>> made = Builder("by hand")
    >>> _ = made.add("1", SEND, 0, 1e9, peer=1), made.add("2", RECV, 1, 1e9, peer=0)
    >>> star = Fabric.from_graph(load("star:endpoints=2,rate=400Gbps"))
    >>> job = TraceJob(star, trace="pair", latency_profile="ideal", program=made.trace("pair", 2))
    >>> round(job.row().makespan_s, 4)  # 1 GB at 50 GB/s
    0.02
    """

    def __init__(
        self,
        fabric: Fabric,
        *,
        topology: str | None = None,
        digest: str | None = None,
        program: Trace | None = None,
        **settings: Any,
    ) -> None:
        asked = JobScenario.of("trace", settings)
        said = asked.settings
        if said["engine"] not in ENGINES:
            raise ParameterError("engine", said["engine"], "unknown engine of traces", ENGINES)
        self.fabric = fabric
        self.setup = setup = Setup(**{name: said[name] for name in _OF_SETUP})
        self.policy, self.profile = setup.policy(planes(fabric)), setup.profile
        check_policy(fabric, self.policy)
        self.program = program or read_trace(said["trace"])
        self.ends = np.asarray(place(fabric, self.program.ranks, setup.placement, setup.seed), np.int64)
        healthy = setup.improved(fabric)
        self.degraded, self.damage = harmed(
            healthy, setup.faults_from_start, setup.seed, allow_partition=setup.allow_partition
        )
        found = causes(setup, fabric, self.ends, self.damage, topology, digest)
        files = {name: found[f"{column}_digest"] for column, names in _FILES.items() for name in names}
        files = {name: text for name, text in files.items() if text and said[name] != "none"}
        files["trace"] = self.program.digest
        texts = {name: SETTINGS[name].text_of(found[name]) for name in ("topology", *_OF_SETUP)}
        self.scenario = replace(
            asked.with_settings(**texts),
            digest=";".join(f"{name}={text}" for name, text in files.items() if text),
        )

    def changed(self, **texts: str) -> TraceJob:
        """The same trace on the same fabric with other settings, routed anew."""
        said = {**self.scenario.settings, **texts}
        topology, digest = said.pop("topology"), self.scenario.digest_of("topology")
        return TraceJob(self.fabric, topology=topology, digest=digest, program=self.program, **said)

    @property
    def calm(self) -> bool:
        """Whether fluids run on a fabric that stays as it is."""
        return bool(self.setup.engine == "flow" and not self.setup.course.source)

    @property
    def warnings(self) -> list[str]:
        """What has to be said beside the row."""
        found = [str(self.damage) if self.damage else "", *self.program.notes]
        found.append(self.policy.warning(self.degraded, packets=self.setup.engine == "packet"))
        parting = self.setup.allow_partition
        found.append(self.setup.course.warning(self.degraded, allow_partition=parting))
        return [said for said in found if said]

    @cached_property
    def routed(self) -> RoutedTrace:
        """The trace on the paths of the fluid model."""
        return RoutedTrace(self.degraded, self.program, self.policy, self.profile, self.ends)

    @cached_property
    def result(self) -> TraceResult:
        """Run to the end of the last operation.

        Raises:
            NoRouteError: two ranks that talk have no path.
            ParameterError: it would take more than an hour.
        """
        setup = self.setup
        if setup.engine == "packet":
            return self._packets.run()
        if self.routed.seconds > _MOST:
            rule = f"{self._lasting}; at most {format_time(_MOST)} is tried: take fewer or larger messages"
            raise ParameterError("trace", self.scenario.settings["trace"], rule)
        if not setup.course.source:
            return self.routed.run()
        parting = setup.allow_partition
        setup.course.require_few(self.degraded, self._least, allow_partition=parting)
        return self.routed.run(Striking.of(self.degraded, setup.course, setup.seed, allow_partition=parting))

    @property
    def foretold(self) -> list[str]:
        """A sentence where a run takes a minute or more."""
        if self.setup.engine == "packet":
            return [said for said in [self._packets.wait.foretold] if said]
        return [self._lasting] if self.routed.seconds >= _LONG else []

    @cached_property
    def _packets(self) -> TracePackets:
        """The trace on the paths of the packet model."""
        how = self.policy, self.profile, self.ends, self.setup.packet_settings, self.setup.seed
        return TracePackets.of(self.degraded, self.program, *how)

    @property
    def _lasting(self) -> str:
        what = f"{counted(len(self.program), 'operation')} on {counted(self.program.ranks, 'rank')}"
        return f"{what} take about {format_time(self.routed.seconds)} of one core"

    @property
    def _least(self) -> float:
        """Seconds that the trace takes at least: the largest message, and the most that a lane computes."""
        t = self.program
        most = max(t.amount[t.kind == SEND].max(initial=0.0) / self.degraded.capacity.max(), 0.0)
        return float(max(most, t.amount[t.kind == CALC].max(initial=0.0)))

    def row(self) -> TraceRow:
        """Run it, once. Raises as ``result``."""
        t, result = self.program, self.result
        sends = np.flatnonzero(t.kind == SEND)
        computing = result.per_rank(result.end - result.begin, CALC)
        flight = result.end[t.partner[sends]] - result.begin[sends]
        return TraceRow(
            scenario=self.scenario,
            endpoints=self.fabric.n_endpoints,
            ranks=t.ranks,
            operations=len(t),
            messages=len(sends),
            bytes=float(t.amount[sends].sum()),
            makespan_s=result.makespan,
            computing_s=float(computing.mean()),
            computing_most_s=float(computing.max()),
            message_s=float(flight.mean()) if len(sends) else 0.0,
            busiest=result.busiest,
            busiest_s=result.busiest_s,
            packets=result.packets,
            version=model_version(),
        )


def run_trace(fabric: AnyFabric, trace: str | os.PathLike[str], **settings: Any) -> TraceRow:
    """The row of a program's trace, the path of a file, with the settings of ``fabricsim trace`` by name.

    Raises:
        FabricsimError: as of TraceJob and its ``row``.
    """
    compiled, topology, digest = opened(fabric, partition=settings.get("allow_partition"))
    suited = brought(topology or "")
    given = {"topology": topology, "digest": digest, **suited, **settings}
    return TraceJob(compiled, trace=trace, **given).row()
