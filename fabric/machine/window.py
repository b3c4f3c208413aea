"""A text of which a part is held at a time, for readers whose words do not end with lines. Knows no words."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from fabric.words.place import at

__all__ = ["Window"]

_LINES = 4_096  # read at once


class Window:
    """``text`` is the part that is held; it grows at its end, and what is no longer needed is cut off before.

    Places are told of all that has been read, by the index in ``text``.

    >>> window = Window(iter(["one\\n", "two\\n"]))
    >>> window.more(), window.text, window.place(5)
    (True, 'one\\ntwo\\n', 'line 2, column 2')
    >>> window.cut(4)
    >>> window.text, window.place(1), window.more(), window.ended
    ('two\\n', 'line 2, column 2', False, True)
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.text, self.ended = "", False
        self._lines, self._before, self._breaks = lines, 0, array("q")

    def more(self) -> bool:
        """Read on; whether there was something."""
        piece = "".join(islice(self._lines, _LINES))
        end = self._before + len(self.text)
        self._breaks.extend(end + match.start() for match in re.finditer("\n", piece))
        self.text += piece
        self.ended = not piece
        return bool(piece)

    def cut(self, index: int) -> None:
        """Let go of what stands before ``index``, which becomes 0."""
        self._before += index
        self.text = self.text[index:]

    def match(self, pattern: re.Pattern[str], index: int) -> re.Match[str] | None:
        """What ``pattern`` finds at ``index``, whatever has to be read for it: words may go on behind what is
        held, and so a match that ends there counts when the file does.
        """
        match = pattern.match(self.text, index)
        while not self.ended and (match is None or match.end() == len(self.text)) and self.more():
            match = pattern.match(self.text, index)
        return match

    def where(self, index: int) -> int:
        """The number of a place that stays when the window moves on: as ``place`` takes it with ``kept``."""
        return self._before + index

    def place(self, index: int, *, kept: bool = False) -> str:
        """The line and the column of ``index``, or of what ``where`` gave."""
        position = index if kept else self._before + index
        line = bisect_left(self._breaks, position)
        return at(line + 1, position - (self._breaks[line - 1] if line else -1))
