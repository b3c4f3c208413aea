"""TraceRun: a trace on a fabric with the settings of a user, ready to run. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.nic import planes
from fabric.routing.policies import Policy
from sims.models.fluid.trace_clock import TraceResult, run_trace
from sims.models.profiles import LatencyProfile
from sims.settings.setup import Setup
from sims.workload.placement import place
from sims.workload.trace import Trace

__all__ = ["TraceRun"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TraceRun:
    """``trace`` on ``fabric``; rank i stands on endpoint ``ends[i]``.

    >>> from topologies import load
    >>> from sims.workload.trace.trace import RECV, SEND, Builder
    >>> builder = Builder("by hand")
    >>> _ = builder.add("1", SEND, 0, 1e9, peer=1), builder.add("2", RECV, 1, 1e9, peer=0)
    >>> star = Fabric.from_graph(load("star:endpoints=2,rate=400Gbps"))
    >>> run = TraceRun.of(star, Setup(latency_profile="ideal"), builder.trace("pair", 2))
    >>> round(run.run().makespan, 4)  # 1 GB at 50 GB/s
    0.02
    """

    fabric: Fabric
    trace: Trace
    policy: Policy
    profile: LatencyProfile
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, fabric: Fabric, setup: Setup, trace: Trace) -> TraceRun:
        """With the settings of a user: routing, placement, seed, latency profile.

        Raises:
            ParameterError: the fabric has fewer endpoints than the trace ranks.
        """
        ends = np.asarray(place(fabric, trace.ranks, setup.placement, setup.seed), np.int64)
        return cls(
            fabric=setup.improved(fabric),
            trace=trace,
            policy=setup.policy(planes(fabric)),
            profile=setup.profile,
            ends=ends,
        )

    @cached_property
    def result(self) -> TraceResult:
        return self.run()

    def run(self) -> TraceResult:
        """Run to the end of the last operation. Raises as ``run_trace``."""
        return run_trace(self.fabric, self.trace, self.policy, self.profile, self.ends)
