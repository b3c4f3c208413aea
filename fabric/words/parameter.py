"""Parameter: how the value behind a key is spelled, by type: read from text, written one canonical way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fabric.words.errors import ParameterError
from fabric.words.units import format_rate, format_seconds, parse_count, parse_delay, parse_rate

__all__ = [
    "BOOLEAN",
    "PATH",
    "RATE",
    "RATE_OR_ZERO",
    "RATIOS",
    "TIME",
    "TIMES",
    "WHOLE",
    "WHOLES",
    "Parameter",
    "choice",
    "ratio",
]

_ZERO = re.compile(r"0+(?:\.0*)?\s*([A-Za-z/]*)")
_BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """How a parameter is spelled: ``read`` (name, text) -> value; ``write`` value -> text that reads so."""

    read: Callable[[str, str], Any]
    write: Callable[[Any], str]
    example: str
    verbatim: bool = False  # standing first, its value is all that follows, commas and all
    legal: tuple[str, ...] = ()  # where it is one of a few words


def _whole(name: str, text: str) -> int:
    value = parse_count(text)
    if value is None:
        few = " of at most 18 digits" if text.replace("_", "").isdigit() else ""
        raise ParameterError(name, text, f"a whole number{few}, such as 8 or 100k")
    return value


def _wholes(name: str, text: str) -> tuple[int, ...]:
    values = [parse_count(item.strip()) for item in text.split("/")]
    if None in values:
        raise ParameterError(name, text, "whole numbers with / between, such as 8/8")
    return tuple(value for value in values if value is not None)


def choice(*legal: str) -> Parameter:
    """A parameter that is one of a few words.

    >>> choice("split", "one").read("attach", "One")
    'one'
    """

    def read(name: str, text: str) -> str:
        if text.lower() not in legal:
            raise ParameterError(name, text, "one of a few words", legal)
        return text.lower()

    return Parameter(read=read, write=str, example=legal[0], legal=legal)


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ParameterError(name, text, "true or false", ("true", "false"))
    return _BOOLEANS[text.lower()]


def _rate_or_zero(name: str, text: str) -> float:
    zero = _ZERO.fullmatch(text)
    if zero is None:
        return parse_rate(text, name)
    if zero[1]:
        parse_rate(f"1{zero[1]}", name)  # the unit must exist; nothing alone needs none
    return 0.0


def _write_rate(value: float) -> str:
    if value == 0:
        return "0"
    short = format_rate(value).replace(" ", "")
    exact = not short.endswith("Pbps") and parse_rate(short) == value  # petabits are written but not read
    return short if exact else f"{float(value)!r}B/s"


def _time(name: str, text: str) -> float:
    return float(
        f"{parse_delay(text, name):.15g}"
    )  # 25 * 1e-9 is not the number that 25e-9 is; to 15 digits it is


def _write_time(value: float) -> str:
    short = format_seconds(value).replace(" ", "")
    return "0s" if value == 0 else short if _time("time", short) == value else f"{float(value)!r}s"


def _times(name: str, text: str) -> tuple[float, ...]:
    return _shortest([_time(name, item.strip()) for item in text.split("/")])


def _write_times(value: Any) -> str:
    return "/".join(map(_write_time, _shortest(_sequence(value))))


_RATIO = re.compile(r"\s*([0-9.eE+-]{1,40}?)\s*(?::\s*([0-9.eE+-]{1,40}?)\s*)?")


def ratio(text: str) -> float | None:
    """The number that ``text`` is, alone or as ``down:up``; None unless it is finite and above zero.

    >>> ratio("1.5"), ratio("3:2"), ratio("2:0")
    (1.5, 1.5, None)
    """
    match = _RATIO.fullmatch(text)
    try:
        value = float(match[1]) / float(match[2] or 1) if match else math.nan
    except (ValueError, ZeroDivisionError):
        return None
    return value if 0 < value < math.inf else None


def _ratios(name: str, text: str) -> int | float | tuple[int | float, ...]:
    ratios = []
    for item in text.split("/"):
        number = ratio(item)
        if number is None:
            rule = (
                "a number above zero per tier from the leaf up, such as 3, 3:2 (three down, two up) or 3/1.5"
            )
            raise ParameterError(name, text, rule)
        ratios.append(int(number) if number == int(number) else number)
    return ratios[0] if len(ratios) == 1 else tuple(ratios)


def _write_ratios(value: Any) -> str:
    ratios = [int(ratio) if ratio == int(ratio) else float(ratio) for ratio in _sequence(value)]
    while len(ratios) > 1 and ratios[-1] == 1:  # what is not said is 1
        ratios.pop()
    return "/".join(map(repr, ratios))


def _sequence(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _shortest(values: list[float]) -> tuple[float, ...]:
    """The same list where the last value repeats for ever: 25ns/25ns is 25ns."""
    while len(values) > 1 and values[-1] == values[-2]:
        values = values[:-1]
    return tuple(values)


WHOLE = Parameter(read=_whole, write=str, example="8")
PATH = Parameter(read=lambda name, text: text, write=str, example="FILE", verbatim=True)
WHOLES = Parameter(read=_wholes, write=lambda value: "/".join(map(str, _sequence(value))), example="32/32")
BOOLEAN = Parameter(read=_boolean, write=lambda value: str(bool(value)).lower(), example="true")
RATE = Parameter(read=lambda name, text: parse_rate(text, name), write=_write_rate, example="400Gbps")
RATE_OR_ZERO = Parameter(read=_rate_or_zero, write=_write_rate, example="450GB/s")
TIME = Parameter(read=_time, write=_write_time, example="25ns")
TIMES = Parameter(read=_times, write=_write_times, example="25ns/250ns")
RATIOS = Parameter(read=_ratios, write=_write_ratios, example="3/1")
