"""Where values stand in a text of JSON, by their way there: keys of objects, numbers of items; and what the
parser refuses without a place. Reads no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

__all__ = ["deep_index", "half_character", "json_index", "twice_index"]

_BLANK = re.compile(r"\s*")
# Values are passed over: a number may have more digits than Python reads, a text control characters.
_VALUES = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
_TEXT = r'"(?:[^"\\]|\\.)*"'
_MARKS = re.compile(rf"{_TEXT}|[{{}}\[\]:,]", re.DOTALL)
_HALF = re.compile(r"\\\\|\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\(u[dD][89a-fA-F]\w\w)")


def json_index(text: str, way: Sequence[str | int], start: int = 0) -> int:
    """Where in a text of JSON, from ``start`` on, the value begins to which ``way`` leads, or as much of it
    as there is.

    Values beside the way are passed over as a whole; the text is one that ``json`` has taken.

    >>> json_index('{"a": [1, {"b": 2}]}', ("a", 1, "b"))
    16
    """
    index = _skip(text, start)
    for step in way:
        found = _inside(text, index, step)
        if found is None:
            break
        index = found
    return index


def twice_index(text: str) -> int:
    """Where a key stands for the second time in one object; 0 where none does.

    >>> twice_index('[{"a": 1}, {"a": "a", "b": {"a": 1}, "a": 2}]')
    37
    """
    open_: list[set[str] | None] = []  # of each open object its keys; None of a list
    before = ""
    for match in _MARKS.finditer(text):
        mark = match[0]
        if mark in "{[":
            open_.append(set() if mark == "{" else None)
        elif mark in "}]":
            del open_[-1:]
        elif mark[0] == '"' and before in ("{", ",") and open_ and (keys := open_[-1]) is not None:
            key = _VALUES.decode(mark)
            if key in keys:
                return match.start()
            keys.add(key)
        before = mark
    return 0


def deep_index(text: str, most: int) -> int:
    """Where a bracket opens that stands in ``most`` others; 0 where none does.

    >>> deep_index('["[[[", [[1]]]', 2)
    9
    """
    return next((index for index, depth in _depths(text) if depth > most), 0)


def _depths(text: str) -> Iterator[tuple[int, int]]:
    depth = 0
    for match in _MARKS.finditer(text):
        if match[0] in "{[":
            depth += 1
            yield match.start(), depth
        elif match[0] in "}]":
            depth -= 1


def half_character(text: str) -> int:
    """Where half of a character is written, \\ud800 to \\udfff without its other half; 0 where none is.

    >>> half_character(r'["\\ud83d\\ude00", "\\ud83d"]')
    18
    """
    return next((match.start() for match in _HALF.finditer(text) if match[1]), 0)


def _inside(text: str, index: int, step: str | int) -> int | None:
    """Where the item or the value of the key begins in the list or object that begins at ``index``."""
    if text[index : index + 1] != ("[" if isinstance(step, int) else "{"):
        return None
    index, number = _skip(text, index + 1), 0
    while index < len(text) and text[index] not in "]}":
        key: str | int = number
        if isinstance(step, str):
            key, index = _VALUES.raw_decode(text, index)
            index = _skip(text, _skip(text, index) + 1)  # behind the colon
        if key == step:
            return index
        _, index = _VALUES.raw_decode(text, index)
        index, number = _skip(text, index), number + 1
        if text[index : index + 1] == ",":
            index = _skip(text, index + 1)
    return None


def _skip(text: str, index: int) -> int:
    found = _BLANK.match(text, index)
    return found.end() if found else index
