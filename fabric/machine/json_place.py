"""Where a value stands in a file of JSON, by its way there: keys of objects and numbers of list items."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fabric.machine.document import read_text
from fabric.machine.json_ways import json_index
from fabric.words.place import place_in

__all__ = ["json_place"]


def json_place(path: str, way: Sequence[str | int]) -> str:
    """The place of the value, or of as much of its ``way`` as there is; "" where the path is no file.

    The file is read again; it is one that ``parse_json`` has taken.
    """
    if not os.path.isfile(path):
        return ""  # what can be read only once
    text = read_text(path, newline="")
    return place_in(text.replace("\r\n", " \n").replace("\r", "\n"), json_index(text, way))
