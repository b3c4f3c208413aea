"""Rows of jobs for which conditions such as ``groups.tp >= 4`` hold. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.job_row import JobRow
from sims.show.figures.job_rows.quantity import quantity_of
from sims.studies.sweep.condition import Condition

__all__ = ["where_jobs"]


def where_jobs(rows: Sequence[JobRow], conditions: Iterable[str]) -> list[JobRow]:
    """The rows for which all ``conditions`` hold; names as of ``quantity_of``, shares in per cent.

    Raises:
        ParameterError: not a condition, an unknown column, or no row is left.

    >>> where_jobs([], [])
    []
    """
    kept = list(rows)
    for text in conditions:
        condition = Condition(text)
        values = {name: quantity_of(name, kept).values for name in condition.names}
        kept = [
            row
            for number, row in enumerate(kept)
            if condition.holds(lambda name: values[name][number])  # noqa: B023
        ]
        if not kept:
            raise ParameterError("where", text, f"holds for none of {counted(len(rows), 'row')}")
    return kept
