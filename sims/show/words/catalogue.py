"""The catalogue in words and records: what can be named, and what each parameter means. Prints nothing."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from fabric.words.errors import ParameterError
from topologies.catalogue import FAMILIES, Entry, listing
from topologies.presets.table import PRESETS

__all__ = ["explained_lines", "explained_records", "listing_lines", "listing_records"]


def listing_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """Families and presets: name, what it is, and its parameters with their defaults."""
    for entry in entries:
        yield f"{entry.name:<22} {entry.summary}"
        shown = [key if value is None else f"{key}={value}" for key, value in entry.parameters.items()]
        yield from textwrap.wrap(", ".join(shown), 100, initial_indent=" " * 23, subsequent_indent=" " * 23)


def listing_records(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """A record for each family and preset."""
    return [{"name": one.name, "summary": one.summary, "parameters": dict(one.parameters)} for one in entries]


def explained_lines(name: str) -> Iterator[str]:
    """What a family or preset is, and of each parameter its default or an example, and its meaning.

    Raises:
        ParameterError: no such family or preset.
    """
    records = explained_records(name)
    (entry,) = [one for one in listing() if one.name == name]
    yield f"{entry.name}: {entry.summary}"
    for record in records:
        given = record["default"]
        value = f"e.g. {record['example']}" if given is None else f"default {given}"
        yield f"  {record['parameter']:<24} {value}"
        yield from textwrap.wrap(record["meaning"], 74, initial_indent=" " * 6, subsequent_indent=" " * 6)


def explained_records(name: str) -> list[dict[str, Any]]:
    """A record for each parameter of a family or preset. Raises as ``explained_lines``."""
    names = ("parameter", "default", "example", "meaning")
    return [dict(zip(names, about)) for about in _explain(name)]


def _explain(name: str) -> list[tuple[str, str | None, str, str]]:
    """(parameter, text of its default or None, example, one line) for each parameter.

    The line is the first sentence of the docstring that names the parameter.
    """
    known = FAMILIES | {f"preset:{preset}": builder for preset, builder in PRESETS.items()}
    if name not in known:
        raise ParameterError("family", name, "unknown", known)
    builder = known[name]
    text = " ".join((inspect.getdoc(builder.function) or "").split("\n\nReturns")[0].split())
    sentences = re.split(r"(?<=\.) (?=[A-Z`])", text)
    (entry,) = [one for one in listing() if one.name == name]
    return [
        (
            key,
            entry.parameters[key],
            parameter.example,
            next((one for one in sentences if f"``{key}``" in one), "").replace("``", ""),
        )
        for key, parameter in builder.parameters.items()
    ]
