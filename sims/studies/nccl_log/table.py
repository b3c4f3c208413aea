"""The table of nccl-tests: its header, and a line of results wherever in a line of text it stands.

What a launcher, a collector or a person put before the lines is never looked at: a header is found by its
words, results by what begins them (two whole numbers and a type) and by how many numbers follow. Reads no
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, islice, pairwise, takewhile
from typing import NamedTuple

from sims.studies.nccl_log.clean import LogText
from sims.studies.nccl_log.entry import TYPE, Entry, entry

__all__ = [
    "Begun",
    "Columns",
    "Results",
    "begun",
    "columns_of",
    "damaged",
    "like_results",
    "missing",
    "odd_title",
    "plain",
]

_TIMES = ("time", "cputime")
_NEEDED = ("size", "count", "type", "time", "algbw", "busbw")
_TITLES = {*_NEEDED, "cputime", "redop", "root", "#wrong", "error"}
_LEAST_TITLES = 4  # that make a line look like a header
_FIRST = 3  # size, count and type stand in every table, and first
_MOST_TITLES = 64
_LONGEST = 4000  # characters of a line of results: what follows is something else
_MOST_BEGINS = 50  # in a line that are looked at: one is in the table, others in what stands before it
_NEGATIVE = re.compile(r"-\d")  # a root, and no time
_WORD = re.compile(r"\S+")
_SHOWN = 40  # characters of a word in a message
_NEAR = 200  # characters after a type in which its numbers stand
_UNIT = re.compile(r"\((?:b|elements|elems|us|gb/s|%)\)")
_SEPARATORS = str.maketrans("|,;\u2502", "    ")  # Markdown, CSV, a box
_BEGIN = re.compile(r"(?<![\w.\u2212-])\d++\s++\d++\s++([A-Za-z]\w*+)(?!\S)")
_TYPED = re.compile(rf"(?<!\S)(?:{TYPE.pattern})(?!\S)")
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
    """A line that was read: its size, reduction and root, and its values, of which the first is the word
    ``first`` of the line; ``full``: nothing is left blank.
    """

    size: str
    redop: str
    root: str
    values: tuple[str, ...]
    full: bool
    first: int


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


def odd_title(line: str) -> int:
    """The column of the first word behind a title of a table that is none itself; of the first title where
    there is none such.

    >>> odd_title("0: # size count tpye time"), odd_title("# count type time")
    (17, 3)
    """
    found = [(match.start() + 1, _titles(match[0])) for match in _WORD.finditer(_without_units(line))]
    titles = [(column, words[0]) for column, words in found if words]
    first = next((i for i, (_, word) in enumerate(titles) if word in _TITLES), 0)
    odd = (column for column, word in titles[first:] if word not in _TITLES and word != "timestamp")
    return next(odd, titles[first][0])


def _without_units(line: str) -> str:
    return _UNIT.sub(lambda match: " " * len(match[0]), plain(line).lower())


def _titles(line: str) -> list[str]:
    words = _without_units(line).split()
    return [word if word == "#wrong" else word.lstrip("#") for word in words if word.strip("#>*-")]


@dataclass(frozen=True)
class Begun:
    """A line of results from its size on: ``text``, on line ``number``, after ``before`` words of others;
    ``places``: line and column of each word of the text.
    """

    number: int
    text: str
    before: int
    places: tuple[tuple[int, int], ...] = field(repr=False)

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
            if 0 <= (more := len(run) - count) <= others and not _NEGATIVE.match(run[more]):
                root = run[0] if more and "root" in columns.left else "-1"
                full = more == others and halves == columns.halves
                return Results(words[0], redop, root, run[more:], full, place + more)
        return None

    def stops(self, columns: Columns) -> tuple[int, int]:
        """Line and column of the first word that is none of the table, or one too many; behind the last."""
        words = self.text.split()
        count = min(len(self.read_so_far(columns).split()), columns.due)
        if count < len(words):
            return self.places[count]
        line, column = self.places[-1]
        return line, column + len(words[-1])

    def continued(self, number: int, line: str, columns: Columns) -> Begun | None:
        """With the values on ``line``, if it holds nothing else: a line that was wrapped, or in the middle of
        which another process wrote. A terminal breaks within a number, so the next line is also tried
        without a blank between.
        """
        text = plain(line[:_LONGEST])
        words = text.split()
        rests = (words[self.before :], words)
        rest = next((rest for rest in rests if rest and all(map(_VALUE.fullmatch, rest))), None)
        if rest is None:
            return None
        kept = self.read_so_far(columns)
        count = len(kept.split())
        if count > columns.due:
            return None
        new = tuple((number, match.start() + 1) for match in _WORD.finditer(text))
        places = (*self.places[:count], *new[len(new) - len(rest) :])
        apart = Begun(self.number, f"{kept} {' '.join(rest)}", self.before, places)
        if number == self.number + 1:
            glued = not (self.text[-1:].isspace() or text[:1].isspace())
            joined = Begun(self.number, self.text + text, self.before, (*self.places, *new[glued:]))
            read, instead = apart.read(columns), joined.read(columns)
            if instead and instead.full and not (read and read.full):
                return joined
        return apart

    def read_so_far(self, columns: Columns) -> str:
        """Up to the first word that is none of the table."""
        words = self.text.split()
        place = _FIRST + ("redop" in columns.left and len(words) > _FIRST)
        return " ".join(words[:place] + list(takewhile(_VALUE.fullmatch, words[place:])))

    def entries(self, found: Results, columns: Columns, log: LogText) -> Iterator[Entry]:
        """The results out of place and in place; only the latter where a replay measured only that."""
        width, said = len(columns.half), self.text.split()
        titles = ["time" if title in _TIMES else title for title in columns.half]
        for i in range(0, len(found.values), width):
            values = dict(zip(columns.half, found.values[i : i + width]))
            words = {
                "size": 0,
                "count": 1,
                "type": 2,
                "redop": _FIRST,
                **{title: found.first + i + j for j, title in enumerate(titles)},
            }
            yield entry(
                partial(_where, log, self, words),
                found.size,
                in_place=i > 0 or len(found.values) < columns.halves * width,
                time=values.get("time", values.get("cputime")),
                algbw=values["algbw"],
                busbw=values["busbw"],
                wrong=values.get("#wrong", values.get("error", "N/A")),
                redop=found.redop,
                root=found.root,
                dtype=said[2],
                count=said[1],
                name=log.name,
            )


def _where(log: LogText, row: Begun, words: Mapping[str, int], title: str) -> str:
    """The place of the value of a title, of which the word of the row is told; the line for ""."""
    return log.place(*row.places[words[title]]) if title else f"line {row.number}"


def begun(line: str, number: int) -> Begun | None:
    """The results that begin in ``line``: two whole numbers and a type, with numbers after them.

    >>> begun("[1,0]<stdout>:   1024   256  float  sum  -1  20.0", 7)
    Begun(number=7, text='1024   256  float  sum  -1  20.0', before=2)
    """
    text, start = plain(line), -1
    for found in islice(_BEGIN.finditer(text), _MOST_BEGINS):
        if TYPE.fullmatch(found[1]):
            start = found.start()
            break
        if _numbers(text[found.end() : found.end() + _NEAR].split()) >= _LEAST_TITLES:
            start = found.start()  # a type that is not known here, or a prefix that looks like one
    if start < 0:
        return None
    places = tuple((number, match.start() + 1) for match in _WORD.finditer(text, start, start + _LONGEST))
    return Begun(number, text[start : start + _LONGEST], len(text[:start].split()), places)


def damaged(line: str, columns: Columns) -> tuple[int, str] | None:
    """The column and the mistake of results that do not begin as results do: a type and numbers follow a size
    and a count of which one is no whole number. None where nothing is wrong.

    >>> damaged("1024 nan float sum -1 20.0 1.0 1.0 0", Columns(("size", "count", "type"), ("time",), 1))
    (6, "results whose count is 'nan': a whole number is due")
    """
    text = plain(line[:_LONGEST])
    for found in islice(_TYPED.finditer(text), _MOST_BEGINS):
        before, after = list(_WORD.finditer(text, 0, found.start())), text[found.end() :].split()
        if _run(after[1:] if after and not _VALUE.fullmatch(after[0]) else after) < len(columns.half):
            continue
        if len(before) < _FIRST - 1:
            return found.start() + 1, "results without a size and a count before their type"
        size, count = before[-2:]
        title, odd = ("size", size) if count[0].isdecimal() else ("count", count)
        return odd.start() + 1, f"results whose {title} is {odd[0][:_SHOWN]!r}: a whole number is due"
    return None


def like_results(line: str, columns: Columns) -> bool:
    """Whether as many numbers stand side by side in a line as results have, with points as times and
    bandwidths have: what is no word of another program, and was not read.
    """
    if line.count(".") < columns.halves * 2:
        return False
    runs = groupby(plain(line[:_LONGEST]).split(), lambda word: bool(_VALUE.fullmatch(word)))
    due = columns.halves * len(columns.half)
    values = (tuple(run)[:due] for of, run in runs if of)
    return any(len(run) == due and sum("." in word for word in run) >= columns.halves * 2 for run in values)


def _run(words: Sequence[str]) -> int:
    """How many values stand at the beginning."""
    return sum(1 for _ in takewhile(_VALUE.fullmatch, words))


def _numbers(words: Sequence[str]) -> int:
    return sum(1 for word in words if _VALUE.fullmatch(word))
