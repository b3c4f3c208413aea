"""The table of nccl-tests: its header, and a line of results wherever in a line of text it stands.

What a launcher, a collector or a person put before the lines is never looked at: a header is found by its
words, results by what begins them (two whole numbers and a type) and by how many numbers follow. Reads no
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile
from typing import NamedTuple

from sims.studies.nccl_log.entry import Entry, entry

__all__ = ["Begun", "Columns", "Results", "begun", "columns_of", "missing", "plain"]

_TIMES = ("time", "cputime")
_NEEDED = ("size", "count", "type", "time", "algbw", "busbw")
_TITLES = {*_NEEDED, "cputime", "redop", "root", "#wrong", "error"}
_LEAST_TITLES = 4  # that make a line look like a header
_FIRST = 3  # size, count and type stand in every table, and first
_MOST_TITLES = 64
_LONGEST = 4000  # characters of a line of results: what follows is something else
_MOST_BEGINS = 50  # in a line that are looked at: one is in the table, others in what stands before it
_NEAR = 200  # characters after a type in which its numbers stand
_UNIT = re.compile(r"\((?:b|elements|elems|us|gb/s|%)\)")
_SEPARATORS = str.maketrans("|,;\u2502", "    ")  # Markdown, CSV, a box
_BEGIN = re.compile(r"(?<![\d.])\d++\s++\d++\s++([A-Za-z]\w*+)(?!\S)")
_TYPE = re.compile(r"u?int(?:8|32|64)?|u?char|half|float\d*|double|bfloat16|bf16|fp\d+\w*|f\d+e?\w*")
_VALUE = re.compile(r"[-+]?(?:\d++(?:\.\d*+)?(?:e[-+]?\d++)?\*?%?|\.\d++|inf|nan|n/a|-)", re.IGNORECASE)


class Columns(NamedTuple):
    """Titles left of the times, titles of one half from its time on, and how many halves there are: two, out
    of place and in place, or one.
    """

    left: tuple[str, ...]
    half: tuple[str, ...]
    halves: int

    @property
    def due(self) -> int:
        """Values in a whole line."""
        return len(self.left) + self.halves * len(self.half)


class Results(NamedTuple):
    """A line that was read: its size, reduction and root, and its values; ``full``: nothing is left blank."""

    size: str
    redop: str
    root: str
    values: tuple[str, ...]
    full: bool


def plain(line: str) -> str:
    """``line`` with blanks for what separates cells."""
    return line.translate(_SEPARATORS)


def columns_of(line: str) -> Columns | None:
    """The columns of a header, or None if ``line`` is none.

    >>> columns_of("0: # size count type time algbw busbw error time algbw busbw error")
    Columns(left=('size', 'count', 'type'), half=('time', 'algbw', 'busbw', 'error'), halves=2)
    """
    words = _titles(line)
    pairs = pairwise(words)
    begin = next((i for i, pair in enumerate(pairs) if pair == ("size", "count")), None)
    if begin is None or len(words) - begin > _MOST_TITLES:
        return None
    titles = [word for word in words[begin:] if word != "timestamp"]
    times = [i for i, title in enumerate(titles) if title in _TIMES]
    if not times or len(times) > 2 or times[0] < _FIRST:
        return None
    left, half, other = titles[: times[0]], titles[times[0] : times[-1]], titles[times[-1] :]
    if (half and half != other) or not {"algbw", "busbw"} <= set(other) or left[2] != "type":
        return None
    return Columns(tuple(left), tuple(other), len(times))


def missing(line: str) -> list[str] | None:
    """Which columns a line lacks that looks like a header and is none; None if it does not look like one."""
    words = set(_titles(line))
    if "cputime" in words:
        words.add("time")
    if len(words & _TITLES) < _LEAST_TITLES:
        return None
    return [title for title in _NEEDED if title not in words]


def _titles(line: str) -> list[str]:
    words = _UNIT.sub(" ", plain(line).lower()).split()
    return [word if word == "#wrong" else word.lstrip("#") for word in words if word.strip("#>*-")]


@dataclass(frozen=True)
class Begun:
    """A line of results from its size on: ``text``, on line ``number``, after ``before`` words of others."""

    number: int
    text: str
    before: int

    def read(self, columns: Columns) -> Results | None:
        """What it holds, if as many values stand in it as are due, or those of one half."""
        words = self.text.split()
        place, redop = _FIRST, "none"
        if "redop" in columns.left and place < len(words) and not _VALUE.fullmatch(words[place]):
            redop, place = words[place], place + 1
        run = tuple(takewhile(_VALUE.fullmatch, words[place:]))
        # Some tools leave redop and root blank, so only what is counted from the right is sure.
        others = len(columns.left) - _FIRST - ("redop" in columns.left)
        for halves in range(columns.halves, 0, -1):
            count = halves * len(columns.half)
            if 0 <= (more := len(run) - count) <= others:
                root = run[0] if more and "root" in columns.left else "-1"
                full = more == others and halves == columns.halves
                return Results(words[0], redop, root, run[more:], full)
        return None

    def continued(self, line: str, columns: Columns, *, next_line: bool) -> Begun | None:
        """With the values on ``line``, if it holds nothing else: a line that was wrapped, or in the middle of
        which another process wrote. A terminal breaks within a number, so the next line is also tried
        without a blank between.
        """
        words = plain(line[:_LONGEST]).split()
        rests = (words[self.before :], words)
        rest = next((rest for rest in rests if rest and all(map(_VALUE.fullmatch, rest))), None)
        if rest is None:
            return None
        kept = self._read_so_far(columns)
        if len(kept.split()) > columns.due:
            return None
        apart = Begun(self.number, f"{kept} {' '.join(rest)}", self.before)
        if next_line:
            joined = Begun(self.number, self.text + plain(line[:_LONGEST]), self.before)
            read, instead = apart.read(columns), joined.read(columns)
            if instead and instead.full and not (read and read.full):
                return joined
        return apart

    def _read_so_far(self, columns: Columns) -> str:
        """Up to the first word that is none of the table."""
        words = self.text.split()
        place = _FIRST + ("redop" in columns.left and len(words) > _FIRST)
        return " ".join(words[:place] + list(takewhile(_VALUE.fullmatch, words[place:])))

    def entries(self, found: Results, columns: Columns, name: str) -> Iterator[Entry]:
        """The results out of place and in place; only the latter where a replay measured only that."""
        width = len(columns.half)
        for i in range(0, len(found.values), width):
            values = dict(zip(columns.half, found.values[i : i + width]))
            yield entry(
                f"line {self.number}",
                found.size,
                in_place=i > 0 or len(found.values) < columns.halves * width,
                time=values.get("time", values.get("cputime")),
                algbw=values["algbw"],
                busbw=values["busbw"],
                wrong=values.get("#wrong", values.get("error", "N/A")),
                redop=found.redop,
                root=found.root,
                name=name,
            )


def begun(line: str, number: int) -> Begun | None:
    """The results that begin in ``line``: two whole numbers and a type, with numbers after them.

    >>> begun("[1,0]<stdout>:   1024   256  float  sum  -1  20.0", 7)
    Begun(number=7, text='1024   256  float  sum  -1  20.0', before=2)
    """
    text, start = plain(line), -1
    for found in islice(_BEGIN.finditer(text), _MOST_BEGINS):
        if _TYPE.fullmatch(found[1]):
            start = found.start()
            break
        if _numbers(text[found.end() : found.end() + _NEAR].split()) >= _LEAST_TITLES:
            start = found.start()  # a type that is not known here, or a prefix that looks like one
    if start < 0:
        return None
    return Begun(number, text[start : start + _LONGEST], len(text[:start].split()))


def _numbers(words: Sequence[str]) -> int:
    return sum(1 for word in words if _VALUE.fullmatch(word))
