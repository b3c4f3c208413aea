"""Goodput over time, as a run records it: steps of constant bytes per second. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sims.models.fluid.faults.process import StruckFault
from sims.models.fluid.network import FluidNetwork

__all__ = ["Timeline"]

_BINS = 600
_STEPS = 64  # between two moments at which the network is watched


@dataclass(kw_only=True)
class Timeline:
    """``times`` at which the goodput changed, ``rates`` from each on (bytes/s), ``marks``: (s, s, what) of
    faults, from when they began to when they were repaired; ``end``: s.
    """

    times: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    marks: list[tuple[float, float, str]] = field(default_factory=list)
    end: float = 0.0
    # Of the flows under way: when each ends, and the bytes/s that it delivers until then.
    _sending: tuple[NDArray[np.float64], NDArray[np.float64]] = (np.empty(0), np.empty(0))

    def watch(self, network: FluidNetwork) -> None:
        """Note what the network delivered since it was last watched, and from now on."""
        now = float(network.env.now)
        self._until(now)
        left, rate, payload = network.under_way()
        sending = rate > 0
        self._sending = now + left[sending] / rate[sending], rate[sending] * payload[sending]
        self.note(now, float(self._sending[1].sum()))

    def _until(self, now: float) -> None:
        """What was sent up to ``now``: less, step by step, with each flow that ended meanwhile."""
        end, rate = self._sending
        over = end < now
        if not over.any():
            return
        since, total = self.times[-1], float(rate.sum())
        order = np.argsort(end[over])
        end, gone = end[over][order], np.cumsum(rate[over][order])
        if len(end) <= _STEPS:
            for at, less in zip(end.tolist(), gone.tolist()):
                self.note(at, max(total - less, 0.0))
            return
        # Bytes from the start of the span to each edge of equal bins, flow by flow.
        edges = np.linspace(since, now, _STEPS + 1)
        before = np.concatenate([[0.0], np.cumsum((end - since) * rate[over][order])])
        upto = np.searchsorted(end, edges)
        ended = np.concatenate([[0.0], gone])[upto]
        sent = before[upto] + (total - ended) * (edges - since)
        for at, mean in zip(edges[:-1].tolist(), (np.diff(sent) / np.diff(edges)).tolist()):
            self.note(at, mean)

    def finish(self, end: float, faults: Sequence[StruckFault]) -> None:
        """The last byte was received at ``end``."""
        self.end = end
        self.marks = [(fault.outage.at, fault.until, fault.outage.what) for fault in faults]

    def note(self, at: float, rate: float) -> None:
        if self.times and self.times[-1] == at:
            self.rates[-1] = rate
        elif not self.rates or rate != self.rates[-1]:
            self.times.append(at)
            self.rates.append(rate)

    def delivered(self) -> float:
        """Bytes, from the first note to the end."""
        return float(np.sum(np.diff([*self.times, self.end]) * np.array(self.rates)))

    def steps(self, bins: int = _BINS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Edges (n + 1,) in s and the mean goodput (n,) between them: as noted, or where that is more than a
        figure can show, in equal bins that hold the same bytes.
        """
        edges, rates = np.array([*self.times, self.end]), np.array(self.rates)
        if len(rates) <= bins:
            return edges, rates
        total = np.concatenate([[0.0], np.cumsum(np.diff(edges) * rates)])
        equal = np.linspace(edges[0], edges[-1], bins + 1)
        return equal, np.diff(np.interp(equal, edges, total)) / np.diff(equal)
