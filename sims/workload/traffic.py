"""Traffic: who sends how much to whom, and when. Patterns and a CSV reader; knows no clock."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.graph.node_names import NodeNames
from fabric.machine.document import read_text
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError, ParameterError

__all__ = ["PATTERNS", "Traffic", "pattern", "read_traffic"]

_COLUMNS = ("src", "dst", "size_bytes")
_MOST = 10_000_000  # flows of a file


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Flows between endpoints: ``src``, ``dst``, ``size`` in bytes, ``start`` in s, each (flows,)."""

    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    size: NDArray[np.float64]
    start: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.src)


def _permutation(n: int, seed: int) -> NDArray[np.int64]:
    """Uniform over the permutations that leave nobody in place: shuffle until it is one (1/e of all are)."""
    draw = np.random.default_rng(seed)
    while True:
        target = draw.permutation(n)
        if not np.any(target == np.arange(n)):
            return target


PATTERNS: dict[str, str] = {
    "permutation": "each endpoint sends to another one, each receives once; drawn by the seed",
    "shift": "endpoint i sends to i + STEP (shift:STEP, default half of the endpoints), round and round",
    "incast": "all endpoints send to the first",
}


def pattern(text: str, endpoints: int, size: float, seed: int = 0) -> Traffic:
    """One of PATTERNS over all endpoints, ``size`` bytes a flow, all at once.

    Raises:
        ParameterError: unknown pattern, a step or size out of its range, fewer than two endpoints.
    """
    name, _, step = text.partition(":")
    if endpoints < 2:
        raise ParameterError("traffic", text, "needs at least two endpoints")
    if not 0 < size < math.inf:
        raise ParameterError("size", size, "a finite number of bytes above zero")
    src = np.arange(endpoints)
    makers: dict[str, Callable[[], NDArray[np.int64]]] = {
        "permutation": lambda: _permutation(endpoints, seed),
        "shift": lambda: (src + _step(step, endpoints)) % endpoints,
        "incast": lambda: np.zeros(endpoints, np.int64),
    }
    if name not in makers:
        raise ParameterError("traffic", text, "neither a pattern nor the path of a file", PATTERNS)
    if step and name != "shift":
        raise ParameterError("traffic", text, f"{name} takes no parameter")
    dst = makers[name]()
    src, dst = src[src != dst], dst[src != dst]
    return Traffic(src=src, dst=dst, size=np.full(len(src), float(size)), start=np.zeros(len(src)))


def _step(text: str, endpoints: int) -> int:
    if not text:
        return endpoints // 2
    if not text.isdecimal() or len(text) > 18 or not 1 <= int(text) < endpoints:
        raise ParameterError("traffic shift: step", text, f"a whole number from 1 to {endpoints - 1:,}")
    return int(text)


def read_traffic(path: str | Path, endpoints: int, names: NodeNames | None = None) -> Traffic:
    """The flows of a CSV file with the columns src, dst, size_bytes and optionally start_s; or of a matrix of
    bytes, CSV or NumPy's, or of a connection matrix of htsim (sims.workload.traffic_matrix).

    An endpoint is called by its number or, with ``names``, as those call it: a host stands for its endpoints,
    a list in double quotes (``"lrdn[1,3]"``) for all that it names. A line that names as many on either side
    is a flow from each to its peer, one that names one on one side a flow for each of the other.

    Raises:
        FileFormatError: missing file or column, an endpoint out of range, unknown or sending to itself, sides
            that name several and not as many, a size or start that is no number of its range; names the line.
    """
    from sims.workload.traffic_matrix import read_connections, read_matrix, traffic_kind

    kind = traffic_kind(path)
    if kind:
        src, dst, size, start = (read_matrix if kind == "matrix" else read_connections)(path, endpoints)
        return Traffic(src=src, dst=dst, size=size, start=start)
    text = read_text(path)
    lines_of = text.splitlines()
    # As a spreadsheet writes where the comma stands in numbers: src;dst;size_bytes, and 0,01.
    comma = next((mark for mark in ";\t" if lines_of and mark in lines_of[0]), ",")
    reader = csv.reader(lines_of, delimiter=comma)
    try:
        # A blank line is no row.
        lines, table = zip(*[(reader.line_num, row) for row in reader if row] or [(1, [])])
    except csv.Error as error:
        raise FileFormatError(str(path), f"line {reader.line_num}", f"is not CSV: {error}") from None
    header, rows, lines = [name.strip() for name in table[0]], table[1:], lines[1:]
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        rule = f"no column {', '.join(missing)}; needed are {', '.join(_COLUMNS)}, start_s is optional"
        raise FileFormatError(str(path), "line 1", rule)
    unknown = [
        name for i, name in enumerate(header) if name not in (*_COLUMNS, "start_s") or name in header[:i]
    ]
    if unknown:
        raise FileFormatError(str(path), "line 1", f"unknown or repeated column {', '.join(unknown)}")
    for number, row in zip(lines, rows):
        if len(row) != len(header):
            rule = f"{counted(len(row), 'value')} for {counted(len(header), 'column')}"
            raise FileFormatError(str(path), f"line {number}", rule)
    if not rows:
        raise FileFormatError(str(path), "", "holds no flows")
    columns = dict(zip(header, zip(*rows)))
    if comma != ",":
        for name in columns.keys() - {"src", "dst"}:
            columns[name] = tuple(map(_pointed, columns[name]))
    columns.setdefault("start_s", ("0",) * len(rows))

    def numbers(name: str, kind: type) -> NDArray:
        try:
            return np.array(columns[name]).astype(kind)
        except (ValueError, OverflowError):
            for number, value in zip(lines, columns[name]):
                try:
                    kind(value)
                except (ValueError, OverflowError):
                    what = "a whole number" if kind is np.int64 else "a number"
                    raise FileFormatError(
                        str(path), f"line {number}", f"{name} = {value!r}: {what}"
                    ) from None
            raise

    def refuse(name: str, values: NDArray, bad: NDArray[np.bool_], rule: str) -> None:
        if bad.any():
            first = int(np.argmax(bad))
            more = f" (and {counted(int(bad.sum()) - 1, 'more line')})" if bad.sum() > 1 else ""
            problem = f"{name} = {values[first].item()}: {rule}{more}"
            raise FileFormatError(str(path), f"line {lines[first]}", problem)

    size, start = numbers("size_bytes", np.float64), numbers("start_s", np.float64)
    if names is None or all(
        text.strip().lstrip("+-").isdecimal() for text in columns["src"] + columns["dst"]
    ):
        src, dst = numbers("src", np.int64), numbers("dst", np.int64)
    else:
        src, dst, line = _named(str(path), lines, columns["src"], columns["dst"], names)
        size, start, lines = size[line], start[line], tuple(np.array(lines)[line].tolist())
    for name, values in (("src", src), ("dst", dst)):
        refuse(name, values, (values < 0) | (values >= endpoints), f"endpoints are 0 to {endpoints - 1}")
    refuse("dst", dst, src == dst, "a flow goes to another endpoint than its own")
    refuse("size_bytes", size, ~(np.isfinite(size) & (size > 0)), "a finite number above zero")
    refuse("start_s", start, ~(np.isfinite(start) & (start >= 0)), "a finite number, zero or more")
    return Traffic(src=src, dst=dst, size=size, start=start)


def _pointed(text: str) -> str:
    """A number with a decimal comma, with a point; not of 1,000, which may be a thousand and is refused."""
    return text if re.fullmatch(r"\s*[1-9]\d*,\d{3}\s*", text) else text.replace(",", ".", 1)


def _named(
    path: str, lines: Sequence[int], src: Sequence[str], dst: Sequence[str], names: NodeNames
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The flows of lines that name their endpoints: from, to, and the index of the line of each, (flows,)."""
    known: dict[str, NDArray[np.int64]] = {}
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    total = 0
    for number, *sides in zip(lines, src, dst):
        for column, text in zip(("src", "dst"), sides):
            if text not in known:
                try:
                    known[text] = names.endpoints(text.strip())
                except ParameterError as error:
                    said = f"{column} = {error.value!r:.80}: {error.rule}"
                    raise FileFormatError(path, f"line {number}", said) from None
        a, b = known[sides[0]], known[sides[1]]
        if len(a) != len(b) and min(len(a), len(b)) != 1:
            rule = f"{len(a):,} endpoints to {len(b):,}: as many on either side, or one on one of them"
            raise FileFormatError(path, f"line {number}", rule)
        total += max(len(a), len(b))
        if total > _MOST:
            raise FileFormatError(path, f"line {number}", f"more than {_MOST:,} flows so far")
        pairs.append((a, b))
    count = [max(len(a), len(b)) for a, b in pairs]
    of = [np.concatenate([np.resize(side, n) for n, side in zip(count, sides)]) for sides in zip(*pairs)]
    return of[0], of[1], np.repeat(np.arange(len(pairs)), count)
