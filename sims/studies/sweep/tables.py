"""The tables of a sweep's file: what all points have, and the axes. Knows no setting's rule and no point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from fabric.machine.toml_mistakes import TomlMistakes
from fabric.machine.toml_ways import Way
from fabric.words.errors import ParameterError, inside
from sims.settings.texts import DEFAULTS
from sims.studies.sweep.axis import Assignments, Axis, read_values, value_text

__all__ = ["read_tables"]

_TABLES = ("command", "title", "where", "base", "grid", "zip", "list")


def read_tables(
    content: Mapping[str, Any], mistakes: TomlMistakes, ways: dict[tuple[str, str], Way]
) -> tuple[Assignments, tuple[Axis, ...]]:
    """What all points have, and the axes, in the order of the file; ``ways`` gets where each value stands, by
    its key and text. Mistakes are noted.
    """
    base: list[tuple[str, str]] = []
    axes: list[Axis] = []
    for name, table in content.items():
        if name not in _TABLES:
            near = get_close_matches(name, _TABLES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            where = mistakes.where(name, (name,), of_key=True)
            mistakes.note(f"{where}: unknown table or key ({hint}legal: {', '.join(_TABLES)})")
        elif name in ("base", "grid") and not isinstance(table, dict):
            mistakes.note(f"{mistakes.where(name, (name,))}: write it as a table [{name}]")
        elif name in ("zip", "list") and not (
            isinstance(table, list) and all(isinstance(one, dict) for one in table)
        ):
            mistakes.note(f"{mistakes.where(name, (name,))}: write each as a table [[{name}]]")
        elif name == "base":
            for way, key, value in _flat(table, ("base",)):
                with mistakes.of("[base]", way):
                    base.append((key, value_text(key, value)))
                    ways.setdefault(base[-1], way)
        elif name == "grid":
            for way, key, value in _flat(table, ("grid",)):
                with mistakes.of("[grid]", way):
                    values = _values(key, value, way, ways)
                    axes.append(Axis(kind="grid", choices=tuple(((key, text),) for text in values)))
        elif name == "zip":
            for number, one in enumerate(table):
                with mistakes.of(f"[[zip]] {number + 1}", ("zip", number)):
                    axes.append(_zipped(one, number, ways))
        elif name == "list" and table:
            choices = []
            for number, one in enumerate(table):
                with mistakes.of(f"[[list]] {number + 1}", ("list", number)):
                    choices.append(_choice(one, number, ways))
            axes.append(Axis(kind="list", choices=tuple(choices)))
    return tuple(base), tuple(axes)


def _flat(table: Mapping[str, Any], way: Way, before: str = "") -> Iterator[tuple[Way, str, Any]]:
    """The way of each value, its key and itself; keys of nested tables joined by dots: topology.k and
    "topology.k" are the same.
    """
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, (*way, key), f"{before}{key}.")
        else:
            yield (*way, key), before + key, value


def _values(key: str, value: Any, way: Way, ways: dict[tuple[str, str], Way]) -> tuple[str, ...]:
    """The values of an axis of a grid."""
    named = key if key in DEFAULTS else _bytes_key(key)
    found = read_values(named, value)
    _note(key, value, way, ways)
    return found


def _note(key: str, value: Any, way: Way, ways: dict[tuple[str, str], Way]) -> None:
    """Where each of the values stands that ``value``, which has been read, stands for."""
    named = key if key in DEFAULTS else _bytes_key(key)
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        for text in read_values(named, item):
            ways.setdefault((key, text), (*way, number) if isinstance(value, list) else way)


def _choice(table: Mapping[str, Any], number: int, ways: dict[tuple[str, str], Way]) -> Assignments:
    """One of the alternatives of a list."""
    found = []
    for way, key, value in _flat(table, ()):
        with inside(*way):
            found.append((key, value_text(key, value)))
        ways.setdefault(found[-1], ("list", number, *way))
    return tuple(found)


def _bytes_key(key: str) -> str:
    """The key by which an axis knows that a range is one of sizes, however it is written."""
    return {"size_bytes": "size", "segment": "algorithm.segment"}.get(key, key)


def _zipped(table: Mapping[str, Any], number: int, ways: dict[tuple[str, str], Way]) -> Axis:
    columns: dict[str, tuple[str, ...]] = {}
    for way, key, value in _flat(table, ()):
        with inside(*way):
            columns[key] = _column(key, value)
        _note(key, value, ("zip", number, *way), ways)
    if not columns:
        raise ParameterError("zip", "{}", "an empty table")
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise ParameterError("zip", " and ".join(lengths), f"lists of the same length are needed: {said}")
    rows = zip(*columns.values())
    return Axis(kind="zip", choices=tuple(tuple(zip(columns, row)) for row in rows))


def _column(key: str, value: Any) -> tuple[str, ...]:
    """The values of one key of a zip, in which the same value may come again."""
    if isinstance(value, list) and value:
        found: list[str] = []
        for number, item in enumerate(value):
            with inside(number):
                found += read_values(_bytes_key(key), item)
        return tuple(found)
    return read_values(_bytes_key(key), value)
