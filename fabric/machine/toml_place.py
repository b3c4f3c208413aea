"""Where a key of one of several tables stands in a file of TOML, ``[[fault]]`` and ``at``. Knows no value."""

from __future__ import annotations

import os
import re

from fabric.machine.document import text_lines
from fabric.words.place import at

__all__ = ["toml_place"]

_HEADER = re.compile(r"\s*\[{1,2}[^\[\],=]+\]{1,2}\s*(#.*)?$")
_LONG = re.compile(r'"""|\'\'\'')


def toml_place(path: str, table: str, number: int, key: str = "", *, of_value: bool = True) -> str:
    """The place of the value of ``key``, behind its quote, or of the key, in the table ``[[table]]`` of this
    number from 0; of the table where it has no such key; "" where there is none, or the path is no file.

    The file is read again; it is one that ``parse_toml`` has taken.
    """
    if not os.path.isfile(path):
        return ""
    begins = re.compile(rf"\s*\[\[\s*[\"']?{re.escape(table)}[\"']?\s*\]\]")
    wanted = re.compile(rf"\s*(?=[\"']?{re.escape(key)}\b)[\"']?[\w-]+[\"']?\s*=\s*[\"']*")
    found, count, long = "", -1, False
    with text_lines(path) as lines:
        for line, text in enumerate(lines, 1):
            inside, long = long, long ^ (len(_LONG.findall(text)) % 2 == 1)
            if inside:
                continue
            if begins.match(text):
                if found:
                    break
                count += 1
                found = at(line, text.index("[") + 1) if count == number else ""
            elif _HEADER.match(text) and found:
                break
            elif found and key and (match := wanted.match(text)):
                return at(line, (match.end() if of_value else len(text) - len(text.lstrip())) + 1)
    return found
