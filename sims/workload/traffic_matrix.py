"""Traffic as a matrix of bytes from each endpoint to each, CSV or NumPy's, and as htsim's connections.

Knows numbers of endpoints; no fabric and no clock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.machine.document import open_text
from fabric.words.errors import FileFormatError
from fabric.words.place import Pieces, at
from fabric.words.place import words as words_of
from fabric.words.units import SIZES, legal_sizes

__all__ = ["read_connections", "read_matrix", "traffic_kind"]

Flows = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]

_MAGIC = b"\x93NUMPY"
_NUMBERS = re.compile(r"\s*[0-9.eE+-]{1,40}((?:[ \t]+(?:[,;][ \t]*)?|[,;][ \t]*)[0-9.eE+-]{1,40})+\s*")
_PAIR = re.compile(r"\s*([0-9]{1,9})->([0-9]{1,9})((?:\s+\w+\s+[0-9]{1,18})+)\s*")
_COUNTS = ("nodes", "connections", "triggers")
_RULE = "a line is SRC->DST and keys with numbers, such as 0->1 id 1 start 0 size 2000000"
_BETWEEN = re.compile(r"\s*[,;\t]\s*|\s+")
_LONGEST = 2**24  # characters of a row
_MOST = 10_000_000  # flows
_PS = 1e-12  # htsim counts picoseconds


def traffic_kind(path: str | Path) -> str:
    """``matrix``, ``connections`` of htsim, or "" for a table of flows, by how the file begins."""
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            start = file.read(len(_MAGIC))
    except OSError as error:
        raise FileFormatError(name, "", f"cannot be read: {error.strerror}") from None
    if start.startswith(_MAGIC):
        return "matrix"
    with open_text(name) as text:
        lines = [line for line in text.read(65_536).split("\n") if line.strip() and line[0] != "#"][:2]
    if lines and _NUMBERS.fullmatch(lines[0]):
        return "matrix"
    return "connections" if [line.split()[0].lower() for line in lines] == ["nodes", "connections"] else ""


def read_matrix(path: str | Path, endpoints: int) -> Flows:
    """The flows of a square matrix: row ``i``, column ``j`` are the bytes from endpoint i to j, all at once.

    Nothing is sent where it says 0, and nothing from an endpoint to itself. Rows and columns are the first
    endpoints of the fabric.

    Raises:
        FileFormatError: no numbers, not square, larger than the fabric, or a value that is negative or not
            finite; with line and column, in NumPy's row and column.
    """
    name = os.fspath(path)
    with open(name, "rb") as file:
        binary = file.read(6) == _MAGIC
    table = _binary(name) if binary else _text(name, endpoints)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.size:
        shape = " x ".join(map(str, table.shape))
        raise FileFormatError(
            name, "", f"a matrix of {shape or 'nothing'}: a row and a column for each endpoint"
        )
    if len(table) > endpoints:
        raise FileFormatError(name, "", f"{len(table):,} endpoints, and the fabric has {endpoints:,}")
    bad = ~((table == 0) | legal_sizes(table))
    if bad.any():
        row, column = map(int, np.argwhere(bad)[0])
        value = table[row, column].item()
        where = f"row {row + 1} column {column + 1}" if binary else _place(name, row, column)
        raise FileFormatError(name, where, f"{value!r}: bytes, a finite number, zero or more: 0, or {SIZES}")
    src, dst = np.nonzero(table)
    other = src != dst
    src, dst = src[other].astype(np.int64), dst[other].astype(np.int64)
    if not len(src):
        raise FileFormatError(name, "", "holds no flows: nobody sends to another")
    return src, dst, table[src, dst].astype(np.float64), np.zeros(len(src)), np.zeros(len(src))


def _binary(name: str) -> NDArray[np.float64]:
    try:
        table = np.load(name, mmap_mode="r", allow_pickle=False)  # what the header claims is not yet read
    except Exception as error:  # a header is a piece of Python, and breaks in as many ways
        problem = f"no array of NumPy that can be read: {str(error)[:80]}"
        raise FileFormatError(name, "", problem) from None
    if not isinstance(table, np.ndarray) or table.dtype.kind not in "iuf":
        raise FileFormatError(
            name, "", f"an array of {getattr(table, 'dtype', 'arrays')}: numbers are needed"
        )
    return np.asarray(table, np.float64) if table.ndim == 2 else table


def _text(name: str, endpoints: int) -> NDArray[np.float64]:
    rows: list[NDArray[np.float64]] = []
    for number, line in _lines(name):
        cells = _BETWEEN.split(line.strip().rstrip(",;"))
        if rows and len(cells) != len(rows[0]):
            rule = f"{len(cells)} values, and {len(rows[0])} in the first row"
            raise FileFormatError(name, at(number, _column(line, len(rows[0]))), rule)
        if len(rows) >= endpoints:
            raise FileFormatError(
                name, at(number, _column(line, 0)), f"more rows than the fabric has endpoints, {endpoints:,}"
            )
        try:
            rows.append(np.array(cells, dtype=str).astype(np.float64))
        except ValueError:
            wrong = next(i for i, cell in enumerate(cells) if not _is_number(cell))
            rule = f"{cells[wrong][:40]!r} is no number"
            raise FileFormatError(name, at(number, _column(line, wrong)), rule) from None
    return np.array(rows)


def _column(line: str, cell: int) -> int:
    """The column in which a cell of a row begins; behind the last where there are not so many."""
    start, text = len(line) - len(line.lstrip()), line.rstrip()
    for _ in range(cell):
        between = _BETWEEN.search(text, start)
        if between is None:
            return len(text) + 1
        start = between.end()
    return start + 1


def _place(name: str, row: int, column: int) -> str:
    """The place of a value of a matrix, whose file is read again up to it."""
    number, line = next(islice(_lines(name), row, None))
    return at(number, _column(line, column))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_connections(path: str | Path, endpoints: int) -> Flows:
    """The flows of htsim's connection matrix: ``0->1 id 1 start 0 size 2000000``, the start in picoseconds.

    Raises:
        FileFormatError: with the line: none of its lines, an endpoint out of range, no size, or a trigger,
            by which a flow waits for another; counts that differ.
    """
    name = os.fspath(path)
    found: list[tuple[int, int, int, int]] = []
    counts: dict[str, int] = {}
    for number, line in _lines(name):
        words = line.split()
        if len(words) == 2 and words[0].lower() in _COUNTS and words[1].isdecimal():
            counts[words[0].lower()] = int(words[1][:18])
            continue
        match = _PAIR.fullmatch(line)
        if match is None:
            raise FileFormatError(name, at(number, _wrong(line)), f"{line.strip()[:60]!r}: {_RULE}")
        pairs = match[3].split()
        said = dict(zip(pairs[::2], map(int, pairs[1::2])))
        if waits := said.keys() & {"trigger", "send_done_trigger", "recv_done_trigger"}:
            column = next(column for column, word in words_of(line) if word in waits)
            rule = "a trigger: flows that wait for others are not read"
            raise FileFormatError(name, at(number, column), rule)
        src, dst, size = int(match[1]), int(match[2]), said.get("size", 0)
        if max(src, dst) >= endpoints or src == dst or not size or len(found) >= _MOST:
            column = match.start(1 if src >= endpoints else 2) + 1
            if not size and src != dst and max(src, dst) < endpoints:
                columns = [column for column, _ in words_of(line)]
                column = columns[2 + pairs.index("size")] if "size" in said else len(line.rstrip()) + 1
            rule = f"two endpoints from 0 to {endpoints - 1:,} and a size above zero are needed"
            raise FileFormatError(name, at(number, column), f"{line.strip()[:60]!r}: {rule}")
        found.append((src, dst, size, said.get("start", 0)))
    if len(found) != counts.get("connections", len(found)) or not found:
        rule = f"{len(found):,} connections, and the file says {counts.get('connections', 0):,}"
        raise FileFormatError(name, "", rule)
    src, dst, size, start = np.array(found, np.int64).T
    return src, dst, size.astype(np.float64), start * _PS, (start - start.min()) * _PS


def _wrong(line: str) -> int:
    """The column of the first word that is none of a connection's or a count's."""
    (_, first), *rest = words_of(line)
    if first.lower() in _COUNTS:
        return rest[0][0] if rest else len(line.rstrip()) + 1
    if not re.fullmatch(r"[0-9]{1,9}->[0-9]{1,9}", first):
        return Pieces(r"\s*[0-9]{1,9}", r"->", r"[0-9]{1,9}").stops(line)
    legal = (r"\w+", r"[0-9]{1,18}")
    bad = (column for i, (column, word) in enumerate(rest) if not re.fullmatch(legal[i % 2], word))
    return next(bad, len(line.rstrip()) + 1)


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank and no comment, as they stand, each with its number."""
    with open_text(name) as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST), ""), 1):
            if (text := line.lstrip()) and not text.startswith("#"):
                yield number, line
