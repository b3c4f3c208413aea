"""What stands in tables of TOML, value by value, each with its way: keys of tables, numbers of items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fabric.machine.toml_ways import Way

__all__ = ["leaves"]


def leaves(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Values that hold no others, with the ways to them.

    >>> list(leaves({"a": {"b": [1, 2]}, "c": []}))
    [(('a', 'b', 0), 1), (('a', 'b', 1), 2)]
    """
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*way, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, (*way, number))
    else:
        yield way, value
