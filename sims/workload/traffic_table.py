"""Traffic as a table of flows, CSV: who sends how much to whom and when. Knows names of endpoints; no clock.

A row is read at a time: what is kept of it are numbers, and each text that names endpoints once.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from fabric.graph.node_names import NodeNames
from fabric.machine.cell_place import cell_place, csv_rows, wrong_width
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.units import MOST_SPAN, SIZES, SPAN_RULE, legal_sizes

__all__ = ["read_table"]

_COLUMNS = ("src", "dst", "size_bytes")
_MOST = 10_000_000  # flows of a file
_EXACT = 2.0**12  # s, up to which a float of a start is off by less than half a picosecond
Flows = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]


def read_table(path: str | os.PathLike[str], endpoints: int, names: NodeNames | None = None) -> Flows:
    """Source, destination, bytes, start (s), and start after the earliest (s), to all digits that the file
    says, of each flow, each (flows,), in the order of the file.

    Raises:
        FileFormatError: as ``read_traffic``.
    """
    table = _Table(os.fspath(path))
    size, start, rest = np.array(table.size), np.array(table.start), np.array(table.rest)
    if names is None or all(text.strip().lstrip("+-").isdecimal() for text in table.texts):
        src, dst = (table.numbers(name) for name in ("src", "dst"))
    else:
        src, dst, row = _named(table, names)
        size, start, rest = size[row], start[row], rest[row]
        table.line = array("q", np.array(table.line)[row].tobytes())
    for name, values in (("src", src), ("dst", dst)):
        table.refuse(
            name, values, (values < 0) | (values >= endpoints), f"endpoints are 0 to {endpoints - 1}"
        )
    table.refuse("dst", dst, src == dst, "a flow goes to another endpoint than its own")
    table.refuse("size_bytes", size, ~legal_sizes(size), f"a finite number above zero, {SIZES}")
    table.refuse("start_s", start, ~(np.isfinite(start) & (start >= 0)), "a finite number, zero or more")
    first = np.lexsort((rest, start))[0]
    after = (start - start[first]) + (rest - rest[first])
    table.refuse("start_s", start, ~(after <= MOST_SPAN), SPAN_RULE)
    return src, dst, size, start, after


class _Table:
    """The rows of the file: ``line`` and the numbers of each, and which of ``texts`` are its two ends;
    ``rest``: what a start says beyond its float."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.line, self.size, self.start, self.rest = array("q"), array("d"), array("d"), array("d")
        self.ends = {"src": array("q"), "dst": array("q")}
        self.texts: dict[str, int] = {}
        # As a spreadsheet writes where the comma stands in numbers: src;dst;size_bytes, and 0,01.
        with csv_rows(path, ";\t") as (self.delimiter, rows):
            self.header = self._columns(*next(rows, (1, [])))
            self._read(rows)
        if not self.line:
            raise FileFormatError(path, "", "holds no flows")

    def _columns(self, line: int, row: list[str]) -> list[str]:
        header = [name.strip() for name in row]
        legal = (*_COLUMNS, "start_s")
        unknown = [i for i, name in enumerate(header) if name not in legal or name in header[:i]]
        missing = [name for name in _COLUMNS if name not in header]
        if unknown or missing:
            where = cell_place(self.path, line, unknown[0] if unknown else len(header), self.delimiter)
            rule = f"unknown or repeated column {', '.join(header[i] for i in unknown)}"
            if missing:
                rule = (
                    f"no column {', '.join(missing)}; needed are {', '.join(_COLUMNS)}, start_s is optional"
                )
            raise FileFormatError(self.path, where, rule)
        return header

    def _read(self, rows: Iterator[tuple[int, list[str]]]) -> None:
        width, texts, row = len(self.header), self.texts, [""]
        line, src, dst, size, start = self.line, *self.ends.values(), self.size, self.start
        rest = self.rest
        at = [self.header.index(name) for name in _COLUMNS]
        later = self.header.index("start_s") if "start_s" in self.header else -1
        value = float if self.delimiter == "," else _pointed
        for number, row in rows:
            if len(row) != width:
                raise wrong_width(self.path, number, row, width, self.delimiter)
            line.append(number)
            try:
                size.append(value(row[at[2]]))
                start.append(value(row[later]) if later >= 0 else 0.0)
                rest.append(_rest(row[later], start[-1]) if start[-1] > _EXACT else 0.0)
            except ValueError:
                name = "size_bytes" if len(size) < len(line) else "start_s"
                raise self.wrong(name, number, f"{row[self.header.index(name)]!r}: a number") from None
            src.append(texts.setdefault(row[at[0]], len(texts)))
            dst.append(texts.setdefault(row[at[1]], len(texts)))

    def numbers(self, name: str) -> NDArray[np.int64]:
        """The whole numbers in a column."""
        found = np.zeros(len(self.texts), np.int64)
        bad = np.zeros(len(self.texts), bool)
        for text, i in self.texts.items():
            try:
                found[i] = int(text)
            except (ValueError, OverflowError):
                bad[i] = True
        ends = np.array(self.ends[name])
        if bad[ends].any():
            row = int(np.argmax(bad[ends]))
            text = list(self.texts)[ends[row]]
            raise self.wrong(name, self.line[row], f"{text!r}: a whole number")
        return found[ends]

    def refuse(self, name: str, values: NDArray, bad: NDArray[np.bool_], rule: str) -> None:
        """Raise for the first value that is ``bad``, if there is one."""
        if bad.any():
            first = int(np.argmax(bad))
            more = f" (and {counted(int(bad.sum()) - 1, 'more line')})" if bad.sum() > 1 else ""
            raise self.wrong(name, self.line[first], f"{values[first].item()}: {rule}{more}")

    def wrong(self, name: str, line: int, problem: str) -> FileFormatError:
        """The mistake of a value in the column ``name``."""
        where = cell_place(self.path, line, self.header.index(name), self.delimiter)
        return FileFormatError(self.path, where, f"{name} = {problem}")


def _rest(text: str, found: float) -> float:
    """What the number ``text`` is beyond ``found``, its float.

    >>> _rest("1760000000.1", 1760000000.1)
    9.5367431640625e-08
    """
    try:
        return float(Decimal(text.strip().replace(",", ".")) - Decimal(found))
    except ArithmeticError:  # infinite, or a thousand with its comma
        return 0.0


def _pointed(text: str) -> float:
    """A number with a decimal comma; not of 1,000, which may be a thousand and is refused."""
    return float(text if re.fullmatch(r"\s*[1-9]\d*,\d{3}\s*", text) else text.replace(",", ".", 1))


def _named(table: _Table, names: NodeNames) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The flows of rows that name their endpoints: from, to, and the row of each, (flows,)."""
    texts = list(table.texts)
    known: dict[int, NDArray[np.int64]] = {}
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    total = 0
    for line, *sides in zip(table.line, *table.ends.values()):
        for column, i in zip(("src", "dst"), sides):
            if i not in known:
                with _said(table, column, line):
                    known[i] = names.endpoints(texts[i].strip())
        a, b = known[sides[0]], known[sides[1]]
        if len(a) != len(b) and min(len(a), len(b)) != 1:
            rule = f"{len(a):,} endpoints to {len(b):,}: as many on either side, or one on one of them"
            raise table.wrong("dst", line, f"{texts[sides[1]].strip()!r:.80}: {rule}")
        total += max(len(a), len(b))
        if total > _MOST:
            raise FileFormatError(table.path, f"line {line}", f"more than {_MOST:,} flows so far")
        pairs.append((a, b))
    count = [max(len(a), len(b)) for a, b in pairs]
    of = [np.concatenate([_repeated(side, n) for n, side in zip(count, sides)]) for sides in zip(*pairs)]
    return of[0], of[1], np.repeat(np.arange(len(pairs)), count)


def _repeated(side: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.resize(side, count) if len(side) != count else side


@contextmanager
def _said(table: _Table, column: str, line: int) -> Iterator[None]:
    try:
        yield
    except ParameterError as error:
        raise table.wrong(column, line, f"{error.value!r:.80}: {error.rule}") from None
