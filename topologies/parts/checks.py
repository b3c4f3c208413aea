"""Arguments of a builder checked one by one: plain Python values, or an error with the nearest legal ones.

Knows types and bounds; knows no family and no text.
"""

from __future__ import annotations

from math import inf
from numbers import Integral, Real
from typing import Any

from fabric.words.errors import ParameterError
from fabric.words.units import DELAYS, RATES, legal_delay, legal_rate

__all__ = ["delay", "divisor", "flag", "number", "numbers", "rate", "servers", "whole", "wholes"]


def whole(name: str, value: Any, least: int, *, even: bool = False) -> int:
    """The value as int: a whole number (numpy's too), at least ``least``, ``even`` where asked.

    >>> whole("k", 8, 2, even=True)
    8
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < least:
        rule = f"{'an even' if even else 'a whole'} number, at least {least}"
        raise ParameterError(name, value, rule + _no_text(value))
    found = int(value)
    if even and found % 2:
        near = f"{found - 1} and {found + 1}" if found > least else f"{least}"
        raise ParameterError(name, value, f"an even number: the nearest legal are {near}")
    return found


def _no_text(value: Any) -> str:
    return ", not a text" if isinstance(value, str) else ""


def wholes(name: str, value: Any, least: int) -> list[int]:
    """One whole number or a list of them, as a list."""
    listed = list(value) if isinstance(value, (list, tuple)) else [value]
    return [whole(name, item, least) for item in listed or [None]]


def number(name: str, value: Any, *, positive: bool) -> float:
    """The value as float: finite, above zero or (not ``positive``) at least zero."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not -inf < value < inf or value < 0 or (positive and value == 0):
        rule = f"a finite number, {'above zero' if positive else 'zero or more'}"
        raise ParameterError(name, value, rule + _no_text(value))
    return float(value)


def numbers(name: str, value: Any, *, positive: bool) -> list[float]:
    """One number or a list of them, as a list."""
    listed = list(value) if isinstance(value, (list, tuple)) else [value]
    return [number(name, item, positive=positive) for item in listed or [None]]


def rate(name: str, value: Any, *, or_none: bool = False) -> float:
    """The value as bytes/s, such as a fabric can have; ``or_none``: or 0.

    >>> rate("nvlink", 0, or_none=True)
    0.0
    """
    found = number(name, value, positive=not or_none)
    if not (legal_rate(found) or (or_none and not found)):
        raise ParameterError(name, value, f"{'0, or ' * or_none}a rate from {RATES}")
    return found


def delay(name: str, value: Any) -> float:
    """The value as seconds, such as a cable can have."""
    found = number(name, value, positive=False)
    if not legal_delay(found):
        raise ParameterError(name, value, f"a delay from {DELAYS}")
    return found


def flag(name: str, value: Any) -> bool:
    """The value as bool."""
    if not isinstance(value, bool | int) or value not in (0, 1):
        raise ParameterError(name, value, "True or False")
    return bool(value)


def divisor(name: str, value: int, whole_of: str, total: int) -> None:
    """Do nothing where ``value`` divides ``total``, of which there are so many of ``whole_of``.

    Raises:
        ParameterError: it does not; names the divisors next to it.

    >>> divisor("servers", 5, "endpoints", 32)
    Traceback (most recent call last):
    ...
    fabric.words.errors.ParameterError: servers: 5: divides the 32 endpoints: the nearest legal are 4 and 8
    """
    if total % value == 0:
        return
    below = next(d for d in range(min(value, total), 0, -1) if total % d == 0)
    above = next((d for d in range(value, total + 1) if total % d == 0), None)
    near = f"{below} and {above}" if above else f"{below}"
    raise ParameterError(name, value, f"divides the {total:,} {whole_of}: the nearest legal are {near}")


def servers(name: str, endpoints: int, gpus: int) -> None:
    """Do nothing where the endpoints (argument ``name``) fill servers of ``gpus`` (0: none) to the last."""
    if gpus and endpoints % gpus:
        full = endpoints // gpus * gpus
        near = f"{full} and {full + gpus}" if full else f"{gpus}"
        raise ParameterError(name, endpoints, f"servers of {gpus} GPUs: the nearest legal are {near}")
