"""TraceRow: a program's trace on a fabric, and where its time goes. Knows no file and runs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.scenario.job_row import JobRow

__all__ = ["TraceRow"]

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, repr=False)
class TraceRow(JobRow):
    """What came of a trace of ``ranks``.

    ``operations``, of which ``messages`` are sends of ``bytes`` in all; ``makespan_s``: to the end of the
    last one; ``computing_s``: of a rank in the mean, and the most of any; ``message_s``: from a send to its
    receipt, in the mean; ``busiest``, ``busiest_s``: the kind of the fullest link, and what its bytes take.
    ``packets``: what the packet engine saw (packet.summary). ``gains``: seconds that each remedy would save,
    where it was asked for.
    """

    KIND: ClassVar[str] = "trace"

    endpoints: int
    ranks: int
    operations: int
    messages: int
    bytes: float
    makespan_s: float
    computing_s: float
    computing_most_s: float
    message_s: float
    busiest: str
    busiest_s: float
    packets: dict[str, dict[str, float]] = field(default_factory=dict)
    gains: dict[str, float] = field(default_factory=dict, compare=False)

    def card(self) -> tuple[str, dict[str, str]]:
        said = self.scenario.settings
        return f"TraceRow {said['topology']}", {
            "trace": said["trace"],
            "ranks": f"{self.ranks:,}",
            "operations": f"{self.operations:,}",
            "makespan": format_time(self.makespan_s),
        }

    def check(self) -> None:
        if not 0 <= self.message_s <= self.makespan_s * (1 + _ROUNDING):
            rule = f"contradicts makespan_s, {self.makespan_s:g}: no message takes longer"
            raise ParameterError("message_s", self.message_s, rule)
        if self.endpoints < self.ranks:
            raise ParameterError("endpoints", self.endpoints, f"at least the {self.ranks:,} ranks")
