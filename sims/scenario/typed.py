"""Values of the three types that a scenario's fields have, as they are or as the text of a file. No names.

A file of rows has passed through many hands: spreadsheets write 16 as 16.0 and true as TRUE.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from numbers import Integral
from typing import Any

from fabric.words.errors import ParameterError

__all__ = ["READERS", "text", "truth", "whole_number"]

_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,4000})(?:\.0*)?\s*", re.ASCII)
_TRUTHS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


def whole_number(name: str, value: Any, *, least: int | None = None, below: int | None = None) -> int:
    """A whole number from ``least``, below ``below``, of itself or of its text.

    >>> whole_number("ranks", "16.0", least=2)
    16
    """
    found = None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, Integral) and not isinstance(value, bool):
        found = int(value)
    elif isinstance(value, str) and (match := _WHOLE.fullmatch(value)):
        found = int(match[1])
    if found is None or (least is not None and found < least) or (below is not None and found >= below):
        rule = "a whole number" + (f" from {least:,}" if least is not None else "")
        raise ParameterError(name, value, rule + (f", below {below:,}" if below is not None else ""))
    return found


def truth(name: str, value: Any) -> bool:
    """True or False, of itself or of its text."""
    found = _TRUTHS.get(str(value).strip().lower())
    if found is None:
        raise ParameterError(name, value, "true or false")
    return found


def text(name: str, value: Any) -> str:
    """A text, as it is."""
    if not isinstance(value, str):
        raise ParameterError(name, value, "a text")
    return value


READERS: dict[type, Callable[[str, Any], Any]] = {int: whole_number, bool: truth, str: text}
