"""Where something stands in a text, as errors say it, and where a line stops being what it should be.

Lines and columns count from 1, as editors do; a tab is one column. Reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["Pieces", "at", "cell_starts", "place_in", "word_at", "words"]

_BETWEEN = r"\s,;=(){}<>\[\]\"'#:|"  # what stands between words, whatever the format
_WORD = re.compile(f"[^{_BETWEEN}]")


def at(line: int, column: int = 0) -> str:
    """The place; without a column that of the whole line.

    >>> at(3), at(3, 14)
    ('line 3', 'line 3, column 14')
    """
    return f"line {line}, column {column}" if column else f"line {line}"


def place_in(text: str, index: int, line: int = 1) -> str:
    """The place of the character ``index`` of a text whose first line is ``line``.

    >>> place_in("one\\ntwo", 5)
    'line 2, column 2'
    """
    return at(line + text.count("\n", 0, index), index - text.rfind("\n", 0, index))


def words(text: str) -> Iterator[tuple[int, str]]:
    """The words of a line that blanks part, each with the column where it begins.

    >>> list(words(" one  two"))
    [(2, 'one'), (7, 'two')]
    """
    return ((match.start() + 1, match[0]) for match in re.finditer(r"\S+", text))


def cell_starts(row: str, delimiter: str = ",") -> list[int]:
    """The index at which each cell of a row of CSV begins, its quote included.

    >>> cell_starts('a,"b,c",d')
    [0, 2, 8]
    """
    found, index = [0], 0
    while True:
        if row.startswith('"', index):
            index += 1
            while (index := row.find('"', index)) >= 0 and row.startswith('""', index):
                index += 2
            if index < 0:
                return found
        index = row.find(delimiter, index) + 1
        if not index:
            return found
        found.append(index)


class Pieces:
    """The regular expression of a line, one piece for each thing in it, so that it can say which is wrong.

    >>> link = Pieces(r"(\\d+)", r"\\s+", r"(\\d+)", r"\\s+", r"\\d+Gbps")
    >>> link.fullmatch("0 16 400Gbps")[2], link.stops("0 16 fast"), link.stops("0 x16 fast")
    ('16', 6, 3)
    """

    def __init__(self, *pieces: str, flags: int = 0) -> None:
        self._pieces, self._flags = pieces, flags
        self.whole = re.compile("".join(pieces), flags)
        self.fullmatch, self.match = self.whole.fullmatch, self.whole.match

    def stops(self, text: str) -> int:
        """The column of the first word of a line that is not what should stand there."""
        fits = (re.compile("".join(self._pieces[:n]), self._flags) for n in range(len(self._pieces), 0, -1))
        found = next((match for one in fits if (match := one.match(text))), None)
        return word_at(text, found.end() if found else 0)


def word_at(text: str, index: int) -> int:
    """The column of the word that ``index`` is inside of, or of the next thing; behind the end where none is.

    >>> word_at("cpu 4x", 5), word_at("cpu 4x", 3), word_at("cpu ", 3)
    (5, 5, 4)
    """
    if _WORD.match(text, index):
        while index and _WORD.match(text, index - 1):
            index -= 1
    following = re.compile(r"\S").search(text, index)
    return following.start() + 1 if following else len(text.rstrip()) + 1
