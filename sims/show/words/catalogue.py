"""The catalogue in words and records: what can be named, and what each parameter means. Prints nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from topologies.catalogue import Entry, explain, listing

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
    records = explain(name)
    (entry,) = [one for one in listing() if one.name == name]
    yield f"{entry.name}: {entry.summary}"
    for one in records:
        given = f"default {one.default}"
        if one.default == "must be given":
            given = f"{one.default}, e.g. {one.example}"
        yield f"  {one.parameter:<24} {given}"
        yield from textwrap.wrap(one.line, 74, initial_indent=" " * 6, subsequent_indent=" " * 6)


def explained_records(name: str) -> list[dict[str, Any]]:
    """A record for each parameter of a family or preset. Raises as ``explained_lines``."""
    return [one._asdict() for one in explain(name)]
