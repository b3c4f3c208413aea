"""What a call of Python may give once or several times. Knows no job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fabric.words.errors import ParameterError
from fabric.words.units import parse_sizes
from sims.settings.table import SETTINGS

__all__ = ["bytes_of", "each_of"]


def each_of(name: str, given: Any) -> list[Any]:
    """One value, or a list of values, as a list.

    Raises:
        ParameterError: it is empty.

    >>> each_of("algorithm", "ring"), each_of("algorithm", ("ring", "tree"))
    (['ring'], ['ring', 'tree'])
    """
    several = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    if not several or any(value is None for value in several):
        raise ParameterError(name, given, "one or more are needed")
    return several


def bytes_of(sizes: Any) -> list[int]:
    """Sizes in bytes, of numbers, texts, or a list of both.

    Raises:
        ParameterError: none, or what is no size.

    >>> bytes_of(["1KiB", 4096.0]), bytes_of("8:128:x4")
    ([1024, 4096], [8, 32, 128])
    """
    texts = map(SETTINGS["size"].text_of, each_of("sizes", sizes))
    return [count for text in texts for count in parse_sizes(text)]
