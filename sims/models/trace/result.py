"""TraceResult: when each operation of a trace ran, and what the network saw meanwhile. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.measures.link_kind import link_kind
from sims.models.fluid.faults.process import StruckFault
from sims.workload.trace import CALC, KINDS, Trace

__all__ = ["TraceResult"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TraceResult:
    """When each operation of ``trace`` began and ended, (operations,) in s; the kind of the link with the
    most bytes per capacity and the seconds that these take. ``packets``, ``faults``: as of FlowResult.
    """

    trace: Trace
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    busiest: str
    busiest_s: float
    packets: dict[str, dict[str, float]] = field(default_factory=dict)
    faults: Sequence[StruckFault] = ()

    @classmethod
    def of(
        cls,
        trace: Trace,
        begin: NDArray[np.float64],
        end: NDArray[np.float64],
        fabric: Fabric,
        carried: NDArray[np.float64],
        **others: Any,
    ) -> TraceResult:
        """``carried``: (links,) the bytes that each link of ``fabric`` has carried."""
        seconds = carried / fabric.capacity
        hot = int(np.argmax(seconds))
        name = link_kind(fabric, hot) if seconds[hot] > 0 else "none"
        return cls(trace=trace, begin=begin, end=end, busiest=name, busiest_s=float(seconds[hot]), **others)

    @property
    def makespan(self) -> float:
        return float(self.end.max())

    def per_rank(self, values: NDArray[np.float64], kind: int) -> NDArray[np.float64]:
        """(ranks,) the sum of ``values`` of the operations of a kind."""
        mine = self.trace.kind == kind
        found: NDArray[np.float64] = np.zeros(self.trace.ranks)
        np.add.at(found, self.trace.rank[mine], values[mine])
        return found

    def columns(self) -> dict[str, list[Any]]:
        """A line for each operation."""
        t = self.trace
        return {
            "rank": t.rank.tolist(),
            "operation": [KINDS[kind] for kind in t.kind.tolist()],
            "peer": [None if peer < 0 else peer for peer in t.peer.tolist()],
            "size_bytes": [None if k == CALC else a for k, a in zip(t.kind.tolist(), t.amount.tolist())],
            "begin_s": self.begin.tolist(),
            "end_s": self.end.tolist(),
        }
