"""Traffic: who sends how much to whom, and when. Patterns and a CSV reader; knows no fabric and no clock."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.errors import FileFormatError, ParameterError

__all__ = ["PATTERNS", "Traffic", "pattern", "read_traffic"]

_COLUMNS = ("src", "dst", "size_bytes")


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Flows between endpoints: ``src``, ``dst`` (flows,), ``size`` in bytes and ``start`` in s; src and dst differ."""

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
        ParameterError: unknown pattern, a step that sends to oneself, fewer than two endpoints.
    """
    name, _, step = text.partition(":")
    if endpoints < 2:
        raise ParameterError("traffic", text, "needs at least two endpoints")
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
    if not text.isdigit() or int(text) % endpoints == 0:
        raise ParameterError("traffic shift: step", text, f"a whole number from 1 to {endpoints - 1:,}")
    return int(text)


def read_traffic(path: str | Path, endpoints: int) -> Traffic:
    """The flows of a CSV file with the columns src, dst, size_bytes and optionally start_s.

    Raises:
        FileFormatError: missing file or column, an endpoint out of range or sending to itself, a size or start that is
            no number of its range; names the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(str(path), "", f"cannot be read: {error}") from None
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        rule = f"no column {', '.join(missing)}; needed are {', '.join(_COLUMNS)}, and start_s where flows start late"
        raise FileFormatError(str(path), "line 1", rule)
    unknown = [name for name in header if name not in (*_COLUMNS, "start_s")]
    if unknown:
        raise FileFormatError(str(path), "line 1", f"unknown column {', '.join(unknown)}")
    rows = [row for row in reader if row]
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise FileFormatError(str(path), f"line {number}", f"{len(row)} values for {len(header)} columns")
    if not rows:
        raise FileFormatError(str(path), "", "holds no flows")
    columns = dict(zip(header, zip(*rows)))
    src, dst = (_numbers(path, name, columns[name], np.int64) for name in ("src", "dst"))
    size = _numbers(path, "size_bytes", columns["size_bytes"], np.float64)
    start = _numbers(path, "start_s", columns.get("start_s", ("0",) * len(rows)), np.float64)
    for name, values in (("src", src), ("dst", dst)):
        _refuse(path, name, values, (values < 0) | (values >= endpoints), f"endpoints are 0 to {endpoints - 1}")
    _refuse(path, "dst", dst, src == dst, "a flow goes to another endpoint than its own")
    _refuse(path, "size_bytes", size, ~(np.isfinite(size) & (size > 0)), "a finite number above zero")
    _refuse(path, "start_s", start, ~(np.isfinite(start) & (start >= 0)), "a finite number, zero or more")
    return Traffic(src=src, dst=dst, size=size, start=start)


def _numbers(path: str | Path, name: str, values: tuple[str, ...], kind: type) -> NDArray:
    try:
        return np.array(values).astype(kind)
    except ValueError:
        for number, value in enumerate(values, 2):
            try:
                kind(value)
            except ValueError:
                what = "a whole number" if kind is np.int64 else "a number"
                raise FileFormatError(str(path), f"line {number}", f"{name} = {value!r}: {what}") from None
        raise


def _refuse(path: str | Path, name: str, values: NDArray, bad: NDArray[np.bool_], rule: str) -> None:
    if bad.any():
        first = int(np.argmax(bad))
        more = f" (and {int(bad.sum()) - 1:,} more lines)" if bad.sum() > 1 else ""
        raise FileFormatError(str(path), f"line {first + 2}", f"{name} = {values[first].item()}: {rule}{more}")
