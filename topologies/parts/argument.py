"""Argument: what a parameter of a builder may be, how it is spelled, and one line on it. Knows no family.

Stands in the signature of the builder, ``endpoints: Annotated[int, count("endpoints in all")]``, and nowhere
else. Those that many families share have a name here, such as ``Rate``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fabric.words import parameter
from fabric.words.errors import ParameterError
from fabric.words.parameter import Parameter
from topologies.parts.checks import delay, flag, number, numbers, rate, whole, wholes

__all__ = [
    "Argument",
    "Delay",
    "Delays",
    "GpusPerServer",
    "Nvlink",
    "NvlinkDelay",
    "Rails",
    "Rate",
    "Ratios",
    "TrunkRate",
    "count",
    "counts",
    "gpus",
    "one_of",
    "ratio",
    "switch",
]


@dataclass(frozen=True, kw_only=True)
class Argument:
    """``check``: (name, value) -> the value as a plain legal one, or ParameterError.

    ``line`` says what it is, in the user's words; ``legal`` which values it may have.
    """

    spelling: Parameter
    check: Callable[[str, Any], Any]
    line: str
    legal: str


def count(
    line: str, least: int = 1, *, most: int | None = None, of: str = "", even: bool = False
) -> Argument:
    """A whole number, ``even`` where asked; one above ``most`` is refused with ``of``, what there is most of.

    >>> count("ports of a switch", 4, even=True).legal
    'an even number, 4 or more'
    """
    within = f"from {least:,} to {most:,}" if most is not None else ""

    def check(name: str, value: Any) -> int:
        found = whole(name, value, least, even=even)
        if most is not None and found > most:
            raise ParameterError(name, value, f"{within}{of}")
        return found

    legal = within or f"{'an even number, ' if even else ''}{least:,} or more"
    return Argument(spelling=parameter.WHOLE, check=check, line=line, legal=legal)


def counts(line: str, least: int = 1, *, most: int | None = None, rule: str = "") -> Argument:
    """Whole numbers with / between; more than ``most`` of them are refused by ``rule``."""

    def check(name: str, value: Any) -> list[int]:
        found = wholes(name, value, least)
        if most is not None and len(found) > most:
            raise ParameterError(name, value, rule)
        return found

    each = f"whole numbers with / between, each {least:,} or more"
    legal = f"{rule}; each {least:,} or more" if rule else each
    return Argument(spelling=parameter.WHOLES, check=check, line=line, legal=legal)


def switch(line: str) -> Argument:
    """True or false."""
    return Argument(spelling=parameter.BOOLEAN, check=flag, line=line, legal="true or false")


def one_of(line: str, rule: str, *legal: str) -> Argument:
    """One of a few words; ``rule`` is what an error says of the others."""

    def check(name: str, value: Any) -> str:
        if value not in legal:
            raise ParameterError(name, value, rule, legal)
        return str(value)

    return Argument(spelling=parameter.choice(*legal), check=check, line=line, legal=" or ".join(legal))


def ratio(line: str) -> Argument:
    """One number above zero, or two as down:up."""
    return Argument(spelling=parameter.RATIOS, check=_positive, line=line, legal="above zero")


def gpus(least: int) -> Argument:
    """How many GPUs a server has, at least so many."""
    none = "; 0: no servers" if least == 0 else ""
    return count(f"GPUs of a server, which are endpoints one after another{none}", least)


def _positive(name: str, value: Any) -> float:
    return number(name, value, positive=True)


def _rate_or_none(name: str, value: Any) -> float:
    return rate(name, value, or_none=True)


def _delays(name: str, value: Any) -> list[float]:
    listed = list(value) if isinstance(value, (list, tuple)) else [value]
    return [delay(name, item) for item in listed or [None]]


def _ratios(name: str, value: Any) -> list[int | float]:
    found = numbers(name, value, positive=True)
    return [int(ratio) if ratio == int(ratio) else ratio for ratio in found]


_ABOVE_ZERO, _ZERO_TOO = "above zero, with its unit", "zero or more, with its unit"
Rate = Annotated[
    float,
    Argument(spelling=parameter.RATE, check=rate, line="rate of a cable, each way", legal=_ABOVE_ZERO),
]
TrunkRate = Annotated[
    float | None,
    Argument(
        spelling=parameter.RATE,
        check=rate,
        line="rate of a cable between switches; left out: the same as rate",
        legal=_ABOVE_ZERO,
    ),
]
Delay = Annotated[
    float,
    Argument(spelling=parameter.TIME, check=delay, line="delay of every cable", legal=_ZERO_TOO),
]
Delays = Annotated[
    float | Sequence[float],
    Argument(
        spelling=parameter.TIMES,
        check=_delays,
        line="delay of a cable of each tier, from the endpoints up; the last repeats",
        legal=_ZERO_TOO,
    ),
]
GpusPerServer = Annotated[int, gpus(0)]
Nvlink = Annotated[
    float,
    Argument(
        spelling=parameter.RATE_OR_ZERO,
        check=_rate_or_none,
        line="rate of a GPU to the scale-up switch of its server, each way; 0: no such switch",
        legal=_ZERO_TOO,
    ),
]
NvlinkDelay = Annotated[
    float,
    Argument(
        spelling=parameter.TIME,
        check=delay,
        line="delay between a GPU and the scale-up switch of its server",
        legal=_ZERO_TOO,
    ),
]
Rails = Annotated[bool, switch("GPU r of a server is on the leaf of rail r")]
Ratios = Annotated[
    float | Sequence[float],
    Argument(
        spelling=parameter.RATIOS,
        check=_ratios,
        line="ports down : ports up of the leaf, or of each tier from the leaf up",
        legal="above zero",
    ),
]
