"""A transfer of a collective in the packet model: how far it is, and which ones it carries on. No clock."""

from __future__ import annotations

import numpy as np

from sims.models.packet.parts import Flow
from sims.workload.schedule import Phase

__all__ = ["Transfer", "needed"]


class Transfer:
    """One transfer of one slice: how far it has come, whom it waits for and who waits for it."""

    __slots__ = (
        "after",
        "arrived",
        "before",
        "cell",
        "dst",
        "flows",
        "got",
        "lag",
        "open",
        "posted",
        "received",
        "reduces",
        "steps",
        "weight",
    )

    def __init__(
        self,
        cell: int,
        flows: list[tuple[Flow, float]],
        dst: int,
        steps: int,
        lag: int,
        *,
        reduces: int,
        weight: float,
    ) -> None:
        self.cell, self.flows, self.dst, self.steps, self.lag = cell, flows, dst, steps, lag
        self.reduces = reduces  # how many of its messages are added to what their receiver holds
        self.weight = weight  # of its bytes, over those of the phase
        self.before: list[Transfer] = []
        self.after: list[Transfer] = []
        self.open = False  # its sender has entered the phase
        self.posted, self.arrived, self.received = 0, 0, 0
        self.got = [0] * len(flows)

    @property
    def ready(self) -> int:
        """How many steps may have been sent by now."""
        if not self.open:
            return 0
        return min([self.steps, *(other.received + self.lag for other in self.before)])


def needed(phase: Phase) -> list[list[int]]:
    """Of each transfer, the transfers whose steps its own carry on."""
    if phase.kind == "ring":
        before = np.arange(len(phase)).reshape(-1, phase.ring_size)
        return [[i] for i in np.roll(before, 1, axis=1).ravel().tolist()]
    if phase.kind == "round":
        return [[] for _ in range(len(phase))]
    assert phase.stage is not None
    chunk = np.broadcast_to(phase.first + phase.base, len(phase)).tolist()
    stage, src, dst = phase.stage.tolist(), phase.src.tolist(), phase.dst.tolist()
    into: dict[tuple[int, int], list[int]] = {}
    for i in range(len(phase)):
        into.setdefault((dst[i], chunk[i]), []).append(i)
    return [[j for j in into.get((src[i], chunk[i]), ()) if stage[j] < stage[i]] for i in range(len(phase))]
