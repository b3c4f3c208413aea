"""The messages of a trace as traffic between endpoints: a flow for each pair. Knows no path and no clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sims.workload.trace import SEND, Trace
from sims.workload.traffic import Traffic

__all__ = ["Messages"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Messages:
    """``pair``: (operations,), the flow of ``traffic`` over which each send goes, -1 of what is none;
    ``traffic``: a flow for each pair of endpoints, as large as its messages together.
    """

    pair: NDArray[np.int64]
    traffic: Traffic

    @classmethod
    def of(cls, trace: Trace, place: NDArray[np.int64]) -> Messages:
        """Those of ``trace`` with rank i on endpoint ``place[i]``.

        >>> from sims.workload.trace.trace import RECV, Builder
        >>> made = Builder("by hand")
        >>> for tag in range(2):
        ...     _ = made.add("", SEND, 0, 8, peer=1, tag=tag), made.add("", RECV, 1, 8, peer=0, tag=tag)
        >>> found = Messages.of(made.trace("twice", 2), np.array([5, 3]))
        >>> found.pair.tolist(), found.traffic.src.tolist(), found.traffic.size.tolist()
        ([0, -1, 0, -1], [5], [16.0])
        """
        sends = np.flatnonzero(trace.kind == SEND)
        ends = np.stack([place[trace.rank[sends]], place[trace.peer[sends]]])
        pairs, index = np.unique(ends, axis=1, return_inverse=True)
        index = index.ravel()
        pair = np.full(len(trace), -1, np.int64)
        pair[sends] = index
        size = np.zeros(pairs.shape[1])
        np.add.at(size, index, trace.amount[sends])
        traffic = Traffic(src=pairs[0], dst=pairs[1], size=size, start=np.zeros(len(size)))
        return cls(pair=pair, traffic=traffic)
