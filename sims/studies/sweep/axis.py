"""Axis: alternatives of which every point of a sweep takes one.

Knows how values are written, not what they mean: a value is a text, as on the command line.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fabric.words.errors import ParameterError, inside
from fabric.words.units import parse_sizes

__all__ = ["MOST", "Assignments", "Axis", "read_values", "value_text"]

MOST = 100_000  # values of an axis, points of a sweep; all are put together and checked before one runs

Assignments = tuple[tuple[str, str], ...]  # (key, text) pairs

_FROM_TO = re.compile(r"(-?[0-9]+)\s*\.\.\s*(-?[0-9]+)(?:\s*:\s*(-?[0-9]+))?")
_FACTOR = re.compile(r"\s*+([0-9.]++\s*+[A-Za-z]*+)\s*+:\s*+([0-9.]++\s*+[A-Za-z]*+)\s*+:\s*+([x+].*)")
_MOST_DIGITS = 19  # of a number with its sign: what 64 bits hold
_IN_BYTES = ("size", "algorithm.segment")


@dataclass(frozen=True, kw_only=True)
class Axis:
    """``kind``: the table of the file it stands in (``grid``, ``zip``, ``list``). ``choices``: what a point
    can take, each one or more assignments that go together.
    """

    kind: str
    choices: tuple[Assignments, ...]

    def __len__(self) -> int:
        return len(self.choices)

    @property
    def keys(self) -> tuple[str, ...]:
        """What the axis assigns, in the order of first appearance."""
        return tuple(dict.fromkeys(key for choice in self.choices for key, _ in choice))

    def without(self, key: str) -> Axis:
        """The same axis, which no longer assigns ``key``; choices that become equal are one."""
        kept = (tuple(pair for pair in choice if pair[0] != key) for choice in self.choices)
        return Axis(kind=self.kind, choices=tuple(dict.fromkeys(kept)))


def read_values(key: str, given: Any) -> tuple[str, ...]:
    """The values of ``key`` that ``given``, a value of a TOML file or of the command line, stands for.

    A list, of which every item may itself be a range; a scalar; ``0..19`` or ``0..100:10``, last included;
    ``8:16G:x4`` or ``0:64:+8``, sizes for a size and whole numbers for anything else.

    Raises:
        ParameterError: an empty list, a range that descends or never advances, a value twice, a table or a
            date, more than MOST values.

    >>> read_values("seed", "0..6:3"), read_values("topology.k", [8, 16]), read_values("size", "1K:4K:x2")
    (('0', '3', '6'), ('8', '16'), ('1024', '2048', '4096'))
    """
    items: Sequence[Any] = given if isinstance(given, list) else [given]
    if not items:
        raise ParameterError(key, given, "an empty list: at least one value is needed")
    values: list[str] = []
    for number, item in enumerate(items):
        with inside(*([number] if isinstance(given, list) else [])):
            values += _expanded(key, value_text(key, item))
        if len(values) > MOST:
            raise ParameterError(key, given, f"at most {MOST:,} values")
    if len(set(values)) < len(values):
        twice = next(value for value, count in Counter(values).items() if count > 1)
        raise ParameterError(key, twice, "each value once")
    return tuple(values)


def value_text(key: str, value: Any) -> str:
    """One value of a TOML file as a user would write it.

    >>> value_text("topology.oversubscription", 1.5), value_text("algorithm.pipeline", True)
    ('1.5', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if not value.strip():
            raise ParameterError(key, value, "an empty text")
        if not value.isprintable():
            raise ParameterError(key, value, "a text on one line, without control characters")
        return value.strip()
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    raise ParameterError(key, value, "a number, a text, true or false, or a list of these")


def _expanded(key: str, text: str) -> Sequence[str]:
    if match := _FROM_TO.fullmatch(text):
        if max(len(digits or "") for digits in match.groups()) > _MOST_DIGITS:
            raise ParameterError(key, text, f"first..last of at most {_MOST_DIGITS} digits")
        first, last, step = int(match[1]), int(match[2]), 1 if match[3] is None else int(match[3])
        if step < 1:
            raise ParameterError(key, text, f"a step of at least 1 (this is {step})")
        if first > last:
            raise ParameterError(key, text, "first..last with the first at most the last")
        if (last - first) // step >= MOST:
            raise ParameterError(key, text, f"at most {MOST:,} values")
        return [str(number) for number in range(first, last + 1, step)]
    if match := _FACTOR.fullmatch(text):
        whole = match[1].strip().isdigit() and match[2].strip().isdigit() and match[3][1:].strip().isdigit()
        if key not in _IN_BYTES and not whole:
            raise ParameterError(key, text, "first:last:xFACTOR or first:last:+STEP in whole numbers")
        if match[3][0] == "+" and not match[3][1:].strip("0. "):
            raise ParameterError(key, text, "a step above zero")
        return [str(size) for size in parse_sizes("".join(text.split()), key)]
    return [text]
