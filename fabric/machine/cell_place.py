"""A file of CSV read a row at a time, and where a cell of it stands. Knows no title and no value.

Rows do not carry their text: where something is wrong, the file is read again up to that row.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from fabric.machine.document import text_lines
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from fabric.words.place import at, cell_starts, place_in

__all__ = ["cell_place", "csv_rows", "no_csv", "wrong_width"]


@contextmanager
def csv_rows(
    path: str | os.PathLike[str], marks: str = ","
) -> Iterator[tuple[str, Iterator[tuple[int, list[str]]]]]:
    """The delimiter, which is the first of ``marks`` in the first line, else a comma; and each row that is
    not empty, with the number of its last line.

    Raises:
        FileFormatError: as ``text_lines``; with the place, what is not CSV.
    """
    with text_lines(path) as lines:
        first = next(lines, "")
        delimiter = next((mark for mark in marks if mark in first), ",")
        reader = csv.reader(_again(first, lines), delimiter=delimiter)
        try:
            yield delimiter, ((reader.line_num, row) for row in reader if row)
        except csv.Error as error:
            raise no_csv(path, error, reader.line_num, delimiter) from None


def cell_place(
    path: str | os.PathLike[str], line: int, index: int, delimiter: str = ",", after: int = 0
) -> str:
    """The place of a cell, by the last ``line`` of its row and its ``index`` there.

    Behind the last cell of the row where it has none of that index; of what can be read only once, such as a
    pipe, the line alone. ``after``: lines before the first row, which are no CSV.
    """
    first, row = _row(path, line, delimiter, after)
    if row is None:
        return at(line)
    starts = cell_starts(row, delimiter)
    text = row.rstrip("\r\n")
    if index >= len(starts):
        return place_in(row, len(text), first)
    end = starts[index + 1] - 1 if index + 1 < len(starts) else len(text)
    cell = text[starts[index] : end]
    return place_in(row, starts[index] + len(cell) - len(cell.lstrip() or cell), first)


def no_csv(
    path: str | os.PathLike[str], error: csv.Error, line: int, delimiter: str = ",", after: int = 0
) -> FileFormatError:
    """The mistake of a file whose row that ends on ``line`` is no CSV, as ``error`` says.

    ``after``: as of ``cell_place``.
    """
    where = _broken_place(path, line, delimiter, after)
    return FileFormatError(os.fspath(path), where, f"is not CSV: {error}")


def _broken_place(path: str | os.PathLike[str], line: int, delimiter: str, after: int) -> str:
    """The place in the row that ends on ``line``, where it is no CSV: a quote that does not close or is not
    the end of its cell, or else the longest cell.
    """
    first, row = _row(path, line, delimiter, after)
    if row is None:
        return at(line)
    starts = cell_starts(row, delimiter)
    for start in starts:
        quoted = re.compile(r'"(?:[^"]|"")*+"').match(row, start)
        if row.startswith('"', start) and quoted is None:
            return place_in(row, start, first)
        if quoted and row[quoted.end() : quoted.end() + 1].strip(f"{delimiter}\r\n"):
            return place_in(row, quoted.end(), first)
    longest = max(zip(starts, [*starts[1:], len(row)]), key=lambda cell: cell[1] - cell[0])
    return place_in(row, longest[0], first)


def _row(path: str | os.PathLike[str], line: int, delimiter: str, after: int) -> tuple[int, str | None]:
    """The first line of the row that ends on ``line``, and its text; None of what can be read only once."""
    if not os.path.isfile(path):
        return line, None
    with text_lines(path) as lines:
        first, row = _last_row(islice(lines, after, None), line - after, delimiter)
    return after + first, row


def _last_row(lines: Iterable[str], line: int, delimiter: str) -> tuple[int, str]:
    """The first line of the row that ends on ``line``, and its text."""
    taken: list[str] = []

    def kept() -> Iterator[str]:
        for text in lines:
            taken.append(text)
            yield text

    reader = csv.reader(kept(), delimiter=delimiter)
    try:
        while next(reader, None) is not None and reader.line_num < line:
            taken.clear()
    except csv.Error:
        pass
    return max(1, reader.line_num - len(taken) + 1), "".join(taken)


def wrong_width(
    path: str | os.PathLike[str], line: int, row: Sequence[str], width: int, delimiter: str = ","
) -> FileFormatError:
    """The mistake of a row that has not as many cells as there are columns: where the first is missing or
    one too many.
    """
    rule = f"{counted(len(row), 'value')} for {counted(width, 'column')}"
    return FileFormatError(os.fspath(path), cell_place(path, line, width, delimiter), rule)


def _again(first: str, lines: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from lines
