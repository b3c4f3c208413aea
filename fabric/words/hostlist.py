"""Lists of names as Slurm writes them: ``lrdn[0001-0012,0040],login1``. Knows no fabric."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from math import prod

from fabric.words.errors import ParameterError

__all__ = ["MOST_NAMES", "column_of", "expand", "is_list", "split_names"]

MOST_NAMES = 1_000_000  # that one list stands for

_BRACKET = re.compile(r"(\[[^\[\]]*\])")
_RANGE = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18})(?:/([0-9]{1,18}))?)?")


def is_list(text: str) -> bool:
    """Whether ``text`` may stand for several names."""
    return any(mark in text for mark in "[],")


def split_names(text: str) -> list[str]:
    """The pieces between the commas of ``text`` that stand outside brackets and double quotes.

    Quotes are dropped, and spaces round a piece; within quotes two of them are one.

    >>> split_names('lrdn[0001-0012,0040], login1, "leaf, left"')
    ['lrdn[0001-0012,0040]', 'login1', 'leaf, left']
    """
    return [piece for _, piece in _pieces(text)]


def column_of(line: str, fits: str | Callable[[str], bool]) -> int:
    """The column, from 1, of the first piece of a line that is the name ``fits`` or stands for it, or that
    ``fits`` says yes to; of the first piece where none does.

    >>> column_of(" n[1-4], n9", "n9"), column_of(" n[1-4], n9", "n3")
    (10, 2)
    """
    pieces = list(_pieces(line))
    wanted = fits if callable(fits) else lambda piece: fits in (piece, *_names(piece))
    at = next((at for at, piece in pieces if wanted(piece)), pieces[0][0])
    return at + 1


def _names(piece: str) -> list[str]:
    try:
        return expand(piece)
    except ParameterError:
        return []


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Where each piece begins, and what it is."""
    start, piece, depth, quoted = 0, "", 0, False
    for i, sign in enumerate(text.replace('""', "\0\1")):
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not depth and not quoted:
            yield start + _blanks(text[start:i]), piece.strip()
            start, piece = i + 1, ""
        elif sign != "\1":
            depth = depth if quoted else max(0, depth + (sign == "[") - (sign == "]"))
            piece += '"' if sign == "\0" else sign
    yield start + _blanks(text[start:]), piece.strip()


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip() or text)


def expand(text: str, what: str = "names") -> list[str]:
    """The names that ``text`` stands for, in its order; of several brackets the last runs fastest.

    In brackets stand numbers and ranges ``low-high`` or ``low-high/step``, both ends included; numbers have
    at least as many digits as the low end is written with. Counted before anything is written out.

    Raises:
        ParameterError: of the argument ``what``: an empty name, a bracket that does not close, holds another
            or holds no numbers, a range that descends, or more than MOST_NAMES names.

    >>> expand("n[9-11],d[01-02]")
    ['n9', 'n10', 'n11', 'd01', 'd02']
    """
    items = [_parts(item, what) for item in split_names(text)]
    total = sum(prod(count for _, count in map(_sized, parts)) for parts in items)
    if total > MOST_NAMES:
        raise ParameterError(what, text, f"stands for {total:,} names: at most {MOST_NAMES:,}")
    return ["".join(found) for parts in items for found in product(*map(_written, parts))]


_Part = str | list[tuple[int, int, int, int]]  # as it stands, or (low, high, step, digits) of ranges


def _parts(item: str, what: str) -> list[_Part]:
    if not item:
        raise ParameterError(what, item, "a name between two commas is missing")
    found: list[_Part] = []
    for piece in _BRACKET.split(item):
        if _BRACKET.fullmatch(piece):
            found.append([_range(item, one.strip(), what) for one in piece[1:-1].split(",")])
        elif "[" in piece or "]" in piece:
            rule = "brackets close, and hold numbers and no other brackets, as in lrdn[0001-0012,0040]"
            raise ParameterError(what, item, rule)
        else:
            found.append(piece)
    return found


def _range(item: str, text: str, what: str) -> tuple[int, int, int, int]:
    match = _RANGE.fullmatch(text)
    if match is None:
        rule = f"{text!r} is no range: numbers stand in brackets, as in lrdn[0001-0012,0040]"
        raise ParameterError(what, item, rule)
    low, high, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
    if high < low or step < 1:
        raise ParameterError(what, item, f"{text!r} is no range: low-high with the low end first")
    return low, high, step, len(match[1])


def _sized(part: _Part) -> tuple[_Part, int]:
    if isinstance(part, str):
        return part, 1
    return part, sum((high - low) // step + 1 for low, high, step, _ in part)


def _written(part: _Part) -> list[str]:
    if isinstance(part, str):
        return [part]
    return [f"{n:0{digits}d}" for low, high, step, digits in part for n in range(low, high + 1, step)]
