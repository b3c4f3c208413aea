"""Rows for which conditions such as ``ranks >= 1024`` hold. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import Column, column
from sims.studies.sweep.condition import Condition

__all__ = ["where"]


_FEW = 8  # values of a column that an error names one by one


def where(rows: Sequence[Row], conditions: str | Iterable[str]) -> list[Row]:
    """The rows for which all ``conditions`` hold; their names are those of columns, as for axes.

    A column that a row has not (the k of another family) makes a condition false for that row.

    Raises:
        ParameterError: not a condition, an unknown column, or no row is left.

    >>> where([], [])
    []
    """
    kept = list(rows)
    for text in [conditions] if isinstance(conditions, str) else conditions:
        condition = Condition(text)
        columns = {name: _column(name, rows, text) for name in condition.names}
        values = [{name: one.value(row) for name, one in columns.items()} for row in kept]
        kept = [
            row
            for row, own in zip(kept, values)
            if None not in own.values() and condition.holds(own.__getitem__)
        ]
        if not kept:
            there = "; ".join(_values(one, rows) for one in columns.values())
            raise ParameterError(
                "where", text, f"holds for none of {counted(len(rows), 'row')}, in which {there}"
            )
    return kept


def _values(one: Column, rows: Sequence[Row]) -> str:
    """The values of a column that rows have, as they are written in a condition; of many the ends."""
    found = list(dict.fromkeys(value for row in rows if (value := one.value(row)) is not None))
    numbers = all(isinstance(value, (int, float)) for value in found)
    if numbers:
        found.sort()
    texts = [f"{value:g}" if isinstance(value, float) else repr(value) for value in found]
    if len(texts) > _FEW:
        texts = [f"{texts[0]} to {texts[-1]}"] if numbers else [*texts[:_FEW], f"{len(texts) - _FEW:,} more"]
    return f"{one.name} is {' or '.join(texts) or 'nothing'}"


def _column(name: str, rows: Sequence[Row], condition: str) -> Column:
    try:
        return column(name, rows)
    except ParameterError as error:
        rule = f"{name!r} is no column of these rows; texts are written in quotes, as 'ring'"
        raise ParameterError("where", condition, rule, error.choices) from None
