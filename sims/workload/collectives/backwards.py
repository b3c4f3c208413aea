"""Backwards: a schedule that spreads, run from its end to its beginning, collects. Knows no collective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sims.workload.schedule import Phase

__all__ = ["backwards"]


def backwards(phases: Sequence[Phase], op: int) -> tuple[Phase, ...]:
    """``phases``, rounds and pipelines, in reverse order, each transfer from its receiver to its sender.

    What comes to each rank once goes from each rank once: where the phases copy a chunk from one rank to all
    others without sending it to anybody twice, these bring all contributions to that rank, each once.

    Args:
        phases: none of them a ring.
        op: REDUCE or COPY, what the receivers do with what arrives.

    >>> there = Phase(kind="round", src=[0], dst=[1], first=[0], count=1, modulus=1, op=1)
    >>> back, = backwards([there], 0)
    >>> back.src.tolist(), back.dst.tolist(), back.op
    ([1], [0], 0)
    """
    return tuple(
        replace(
            phase,
            src=phase.dst,
            dst=phase.src,
            op=op,
            stage=None if phase.stage is None else phase.stages - 1 - phase.stage,
        )
        for phase in reversed(phases)
    )
