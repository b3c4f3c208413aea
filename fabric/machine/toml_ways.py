"""Where each key and value stands in a text of TOML, by its way there: keys of tables, numbers of items.

The text is one that ``tomllib`` has taken: nothing is checked again. Reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["TomlWays", "Way"]

Way = tuple[str | int, ...]

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_BARE = re.compile(r"[\w-]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*)'")
# A text of several lines may end with up to two quotes of its own.
_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})', re.DOTALL)
_PLAIN = re.compile(r"[^,\]}\n#]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


class TomlWays:
    """``found``: by its way, where the key and the value of everything in the text begin.

    >>> ways = TomlWays('[a]\\nb = [1, "x"]')
    >>> ways.index(("a", "b", 1)), ways.index(("a", "b"), of_key=True), ways.index(("a", "c"))
    (13, 4, 0)
    """

    def __init__(self, text: str) -> None:
        self.text, self.found = text, dict[Way, tuple[int, int]]()
        self._items: dict[Way, int] = {}  # of tables [[x]]: how many there are so far
        self._read()

    def index(self, way: Sequence[str | int], *, of_key: bool = False) -> int:
        """Where the value begins to which ``way`` leads, behind its quote, or its key; of a table its header.
        As much of the way as there is counts.
        """
        known = next((tuple(way[:n]) for n in range(len(way), 0, -1) if tuple(way[:n]) in self.found), None)
        if known is None:
            return 0
        key, value = self.found[known]
        return key if of_key and len(known) == len(way) else value

    def _read(self) -> None:
        table, index = Way(), self._skip(0)
        while index < len(self.text):
            if self.text.startswith("[", index):
                table, index = self._header(index)
            else:
                index = self._pair(table, index)
            index = self._skip(index)

    def _header(self, start: int) -> tuple[Way, int]:
        several = self.text.startswith("[[", start)
        keys, index = self._keys(start + 1 + several)
        table = Way()
        for key, _ in keys[:-1]:
            table = self._last((*table, key))
        table = (*table, keys[-1][0])
        self.found.setdefault(table, (keys[-1][1], start))
        if several:
            number = self._items[table] = self._items.get(table, -1) + 1
            table = (*table, number)
            self.found[table] = (keys[-1][1], start)
        return table, self.text.index("]", index) + 1 + several

    def _last(self, table: Way) -> Way:
        """The table itself, or of several the last so far."""
        return (*table, self._items[table]) if table in self._items else table

    def _pair(self, table: Way, start: int) -> int:
        keys, index = self._keys(start)
        value = self._skip(self.text.index("=", index) + 1)
        way = table
        for key, at in keys:
            way = (*way, key)
            self.found.setdefault(way, (at, at))
        return self._value(way, value)

    def _value(self, way: Way, start: int) -> int:
        """Note the value that begins at ``start``; where it ends."""
        key = self.found.get(way, (start, start))[0]
        self.found[way] = (key, start)
        if self.text.startswith("{", start):
            return self._inline(way, start)
        if self.text.startswith("[", start):
            return self._list(way, start)
        if match := _LONG.match(self.text, start):
            self.found[way] = (key, start + 3)
        elif match := _BASIC.match(self.text, start) or _LITERAL.match(self.text, start):
            self.found[way] = (key, start + 1)
        else:
            match = _PLAIN.match(self.text, start)
        return match.end() if match else len(self.text)

    def _list(self, way: Way, start: int) -> int:
        index, number = self._skip(start + 1), 0
        while not self.text.startswith("]", index):
            index = self._skip(self._value((*way, number), index))
            number += 1
            if self.text.startswith(",", index):
                index = self._skip(index + 1)
        return index + 1

    def _inline(self, way: Way, start: int) -> int:
        index = self._skip(start + 1)
        while not self.text.startswith("}", index):
            index = self._skip(self._pair(way, index))
            if self.text.startswith(",", index):
                index = self._skip(index + 1)
        return index + 1

    def _keys(self, index: int) -> tuple[list[tuple[str, int]], int]:
        """The parts of a dotted key from ``index`` on, each with its place, and where they end."""
        found = []
        while True:
            index = self._skip(index)
            if match := _BASIC.match(self.text, index):
                key = _ESCAPE.sub(_unescaped, match[1])
            else:
                match = _LITERAL.match(self.text, index) or _BARE.match(self.text, index)
                assert match, "tomllib has taken it"
                key = match[1] if match.re is _LITERAL else match[0]
            found.append((key, index))
            index = self._skip(match.end())
            if not self.text.startswith(".", index):
                return found, index
            index += 1

    def _skip(self, index: int) -> int:
        match = _BLANK.match(self.text, index)
        return match.end() if match else index


def _unescaped(match: re.Match[str]) -> str:
    said = match[1]
    return chr(int(said[1:], 16)) if said[0] in "uU" else _ESCAPED.get(said, said)
