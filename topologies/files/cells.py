"""One value in one cell of a table, and back the same; tuples that JSON made lists. Knows no graph.

Text stands as it is unless that would read as something else; all other values are JSON.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

__all__ = ["as_tuples", "read_cell", "write_cell"]

_FORMULA = ("=", "+", "-", "@")


def write_cell(value: Any) -> str:
    """The cell for a value of JSON's types (a tuple becomes a list); never empty.

    Raises TypeError or ValueError for what JSON cannot hold, such as NaN.

    >>> write_cell("leaf-3"), write_cell(3), write_cell("3"), write_cell((0, 1))
    ('leaf-3', '3', '"3"', '[0, 1]')
    """
    if type(value) is int:
        return str(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return json.dumps(value)  # a spreadsheet would run it
    if isinstance(value, str) and value == value.strip() and "\r" not in value and read_cell(value) == value:
        return str(value)
    if hasattr(value, "tolist"):
        value = value.tolist()  # numpy's values leave it here
    return json.dumps(value, allow_nan=False)


def read_cell(text: str) -> Any:
    """The value of a cell: JSON where it is that, else the text; an empty cell is None.

    >>> read_cell("leaf-3"), read_cell("3"), read_cell("[0, 1]")
    ('leaf-3', 3, [0, 1])
    """
    found = _read(text)
    return json.loads(text) if isinstance(found, list | dict) else found  # a value of its own for each cell


def as_tuples(value: Any) -> Any:
    """Lists as the tuples that they were, also inside each other: JSON knows none, and node ids are hashed.

    >>> as_tuples(["leaf", [0, 1]]), as_tuples("leaf")
    (('leaf', (0, 1)), 'leaf')
    """
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


@lru_cache(1 << 16)
def _read(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return text


def _refused(token: str) -> Any:
    raise ValueError(token)
