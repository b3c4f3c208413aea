"""What a caller of the library hands over, looked at once at the door: of which kind it is."""

from __future__ import annotations

import os
from collections.abc import Iterable

from fabric.words.errors import ParameterError

__all__ = ["require", "require_path"]


def require(
    name: str, value: object, kind: type | tuple[type, ...], rule: str, choices: Iterable[str] = ()
) -> None:
    """Raise ParameterError unless ``value`` is of a ``kind``; ``rule`` says what to pass."""
    if not isinstance(value, kind):
        raise ParameterError(name, value, rule, choices)


def require_path(name: str, value: object) -> None:
    """Raise ParameterError unless ``value`` is the path of a file."""
    require(name, value, (str, os.PathLike), "the path of a file, as a text or a pathlib.Path")
