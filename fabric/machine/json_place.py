"""Where a value stands in a text of JSON, by its way there: keys of objects and numbers of list items."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence

from fabric.machine.document import read_text
from fabric.words.place import place_in

__all__ = ["json_index", "json_place"]

_BLANK = re.compile(r"\s*")
# Values are passed over: a number may have more digits than Python reads, a text control characters.
_VALUES = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)


def json_place(path: str, way: Sequence[str | int]) -> str:
    """The place of the value, or of as much of its ``way`` as there is; "" where the path is no file.

    The file is read again.
    Values beside the way are passed over as a whole; the text is one that ``parse_json`` has taken.
    """
    if not os.path.isfile(path):
        return ""  # what can be read only once
    text = read_text(path, newline="")
    return place_in(text.replace("\r\n", " \n").replace("\r", "\n"), json_index(text, way))


def json_index(text: str, way: Sequence[str | int], start: int = 0) -> int:
    """Where in a text of JSON, from ``start`` on, the value begins to which ``way`` leads, or as much of it
    as there is.

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
