"""The errors a user can cause. One base class; the command line turns each into one line and exit status 2.

Arguments are kept positional and the words are made in ``__str__``, so that an error survives the trip
through a process pool or a SimPy process, both of which rebuild it as ``type(e)(*e.args)``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from fabric.words.counted import counted

__all__ = [
    "FabricsimError",
    "FileFormatError",
    "NoRouteError",
    "ParameterError",
    "SchemaError",
    "TooLargeError",
    "inside",
]

_COUNTED = 1e6  # GB: beyond, the digits of an estimate say nothing
_NUMBER = re.compile(r"[-+]?[\d.,]+(?:e[-+]?\d+)?\s*%?")
_SHOWN = 10  # violations and choices listed before "and N more"


class FabricsimError(Exception):
    """Base class: something the user asked for cannot be done as asked.

    ``way``, ``of_key``: the way to the value that is wrong in what was read, or to its key (``inside``).
    """

    way: tuple[str | int, ...] = ()
    of_key: bool = False

    def __str__(self) -> str:
        return " ".join(str(a) for a in self.args)


@contextmanager
def inside(*way: str | int, of_key: bool = False, table: Collection[str] = ()) -> Iterator[None]:
    """Say of mistakes of the block that they are of the value to which ``way`` leads, or in it; with
    ``of_key`` of its key. ``table``: keys of the value, of which a mistake may name one last.

    >>> try:
    ...     with inside("job", 2), inside("size"):
    ...         raise ParameterError("size", "1", "bytes with their unit")
    ... except ParameterError as error:
    ...     error.way
    ('job', 2, 'size')
    """
    try:
        yield
    except FabricsimError as error:
        if table and not error.way and isinstance(error, ParameterError):
            key = error.name.rpartition(": ")[2]
            error.way = (key,) if key in table else ()
        error.of_key = error.of_key if error.way else of_key
        error.way = (*way, *error.way)
        raise


class ParameterError(FabricsimError):
    """A parameter has an illegal value: ``ParameterError(name, value, rule, choices, meant)``.

    ``choices`` lists the legal values where there is a list, or examples such as ``cables=26``; the nearest
    spelling of a name is suggested, and never a number; before it ``meant``, where others call it otherwise.
    """

    def __init__(
        self, name: str, value: Any, rule: str, choices: Iterable[str] = (), meant: str = ""
    ) -> None:
        self.name, self.value, self.rule, self.choices = name, value, rule, tuple(choices)
        self.meant = meant
        super().__init__(name, value, rule, self.choices, meant)

    def quote(self, value: Any) -> None:
        """Say ``value`` in place of the one that was refused: the same, as the user wrote it."""
        self.value = value
        self.args = (self.name, value, self.rule, self.choices, self.meant)

    def __str__(self) -> str:
        text = f"{self.name}: {_shown(self.value)}: {self.rule}"
        if self.choices:
            near = self.meant or _misspelt(str(self.value), self.choices)
            text += f" (did you mean {near!r}?" if near else " ("
            text += (" " if near else "") + f"legal: {', '.join(self.choices)})"
        return text


class SchemaError(FabricsimError):
    """A graph breaks the attribute schema: ``SchemaError(graph_name, problems)``, all problems reported.

    Each problem is one clause "node 7: kind = 'gpx': one of gpu, switch, nvswitch"; up to ten are shown.
    """

    def __init__(self, graph: str, problems: Iterable[str]) -> None:
        self.graph, self.problems = graph, tuple(problems)
        super().__init__(graph, self.problems)

    def __str__(self) -> str:
        shown = "; ".join(self.problems[:_SHOWN])
        more = len(self.problems) - _SHOWN
        return f"graph {self.graph}: {shown}" + (f"; and {more} more" if more > 0 else "")


class NoRouteError(FabricsimError):
    """Pairs without a legal path: ``NoRouteError(src, dst, count)`` names the first and counts them."""

    def __init__(self, src: Any, dst: Any, count: int, reason: str = "") -> None:
        self.src, self.dst, self.count, self.reason = src, dst, count, reason
        super().__init__(src, dst, count, reason)

    def __str__(self) -> str:
        more = f" (and {counted(self.count - 1, 'more pair')})" if self.count > 1 else ""
        why = f": {self.reason}" if self.reason else ""
        return f"no path from endpoint {self.src} to endpoint {self.dst}{more}{why}"


class FileFormatError(FabricsimError):
    """A file cannot be read as what it claims to be: ``FileFormatError(path, where, problem)``."""

    def __init__(self, path: str, where: str, problem: str) -> None:
        self.path, self.where, self.problem = path, where, problem
        super().__init__(path, where, problem)

    def __str__(self) -> str:
        return f"{self.path}: {self.where + ': ' if self.where else ''}{self.problem}"


class TooLargeError(FabricsimError):
    """A request does not fit in memory: ``TooLargeError(what, needed_bytes, available_bytes)``."""

    def __init__(self, what: str, needed: float, available: float) -> None:
        self.what, self.needed, self.available = what, needed, available
        super().__init__(what, needed, available)

    def __str__(self) -> str:
        needed = self.needed / 1e9
        return (
            f"{self.what}: needs about {needed:{',.1f' if needed < _COUNTED else '.3g'}} GB of memory, "
            f"{self.available / 1e9:,.1f} GB are available: ask for less or use a larger machine"
        )


def _shown(value: Any) -> str:
    text = "not given" if value is None else repr(value)
    text = text if isinstance(value, str) else " ".join(text.split())  # an array has several lines
    return text if len(text) <= 80 else text[:77] + "..."


def _misspelt(text: str, choices: Iterable[str]) -> str:
    """``text`` with the name that it seems to mean, or ""; of examples NAME=VALUE the name counts alone.

    >>> [_misspelt(text, ["cables=26", "none"]) for text in ("cable=1", "cables=-1", "nome", "-1")]
    ['cables=1', '', 'none', '']
    """
    if _NUMBER.fullmatch(text):
        return ""
    name, equals, value = text.partition("=")
    examples = {choice.partition("=")[0] for choice in choices if "=" in choice}
    if equals and name in examples:
        return ""
    if near := get_close_matches(text, [choice for choice in choices if "=" not in choice], n=1):
        return near[0]
    near = get_close_matches(name, sorted(examples), n=1)
    return f"{near[0]}={value}" if near else ""
