"""Rows as a frame: a column for each setting, part of a setting and result. Draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from fabric.words.errors import ParameterError
from sims.scenario.row import Failure, Row
from sims.show.figures.columns import DOTTED
from sims.show.figures.parts import parts

__all__ = ["Columns", "frame"]

_SHOWN_ROWS, _SHOWN_COLUMNS = 12, 8


class Columns(dict[str, Any]):
    """Columns by name, where no library of frames is installed: a dict of arrays that shows itself.

    >>> table = Columns(size=np.array([1, 2]), time=np.array([0.5, 0.25]), used=np.array(["ring", "tree"]))
    >>> table[["used", "time"]]
    used  time
    ring   0.5
    tree  0.25
    """

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, list):
            return Columns({one: self[one] for one in name})
        if name not in self:
            raise KeyError(str(ParameterError("column", name, "no such column", self)))
        return super().__getitem__(name)

    def __repr__(self) -> str:
        names = list(self)[:_SHOWN_COLUMNS]
        cells = [[name, *map(_cell, self[name][:_SHOWN_ROWS])] for name in names]
        widths = [max(map(len, column)) for column in cells]
        lines = ["  ".join(text.rjust(width) for text, width in zip(line, widths)) for line in zip(*cells)]
        rows = len(self[names[0]]) if names else 0
        left = [f"{rows - _SHOWN_ROWS:,} more rows"] if rows > _SHOWN_ROWS else []
        left += [f"{len(self) - len(names):,} more columns"] if len(self) > len(names) else []
        return "\n".join([*lines, *([f"and {' and '.join(left)}"] if left else [])])


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


_LIBRARIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "pandas": lambda columns: import_module("pandas").DataFrame(columns),
    "polars": lambda columns: import_module("polars").DataFrame(columns),
    "arrays": Columns,
}


def frame(rows: Iterable[Row | Failure], library: str = "") -> Any:
    """``rows`` as a frame, a line each: ``key``, the settings, their parts, the results, ``error``.

    Parts of settings have a dot in their name, as everywhere (``topology.k``, ``algorithm.channels``), and so
    have results that are tables (``utilisation.leaf -> spine.peak``). Numbers stay numbers: (rows,) int64
    where every row has one, float64 with nan where some have none; texts are "" where a row has none.

    Args:
        rows: of any command or sweep; points that failed have no results.
        library: pandas, polars, or arrays (``Columns``, a dict of numpy arrays); "" for the first of these
            that is there.

    Raises:
        ParameterError: another library, or one that is not installed.

    >>> from sims import all_reduce
    >>> from topologies import fat_tree
    >>> table = frame(all_reduce(fat_tree(k=4), "ring,tree", "1KiB,1MiB"), "arrays")
    >>> table["algorithm"].tolist(), table["size_bytes"].tolist()
    (['ring', 'ring', 'tree', 'tree'], [1024, 1048576, 1024, 1048576])
    """
    if not isinstance(library, str) or (library and library not in _LIBRARIES):
        raise ParameterError("library", library, "unknown", _LIBRARIES)
    if library and library != "arrays" and not find_spec(library):
        raise ParameterError("library", library, "is not installed")
    chosen = library or next(name for name in _LIBRARIES if name == "arrays" or find_spec(name))
    known: dict[tuple[str, str], dict[str, Any]] = {}
    if not isinstance(rows, Iterable):
        raise ParameterError("rows", rows, _ROWS)
    records = [_record(row, known) for row in rows]
    names = dict.fromkeys(name for record in records for name in record)
    return _LIBRARIES[chosen]({name: _array([record.get(name) for record in records]) for name in names})


_ROWS = "a list of rows, as sims gives them"


def _record(row: Row | Failure, known: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """All that is known of a row by the name of its column; ``known``: the parts of texts met before."""
    if not hasattr(row, "to_dict"):
        raise ParameterError("rows", row, _ROWS)
    plain: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    for name, value in row.to_dict().items():
        if isinstance(value, Mapping):
            tables |= _flat(name, value)
        else:
            plain[name] = value
    for whole in DOTTED:
        text = getattr(row.scenario, whole)
        if (whole, text) not in known:
            known[whole, text] = _parts(whole, text)
        plain |= {f"{whole}.{part}": value for part, value in known[whole, text].items()}
    return {**plain, **tables}


def _parts(whole: str, text: str) -> dict[str, Any]:
    try:
        return parts(whole, text)
    except ParameterError:  # what another version could read, or what made the point fail
        return {}


def _flat(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(f"{name}.{key}", value) if isinstance(value, Mapping) else {f"{name}.{key}": value}
    return flat


def _array(values: list[Any]) -> np.ndarray[Any, Any]:
    if all(isinstance(value, bool) for value in values):
        return np.array(values, bool)
    if all(isinstance(value, int) for value in values):
        return np.array(values, np.int64)
    if all(value is None or isinstance(value, (int, float)) for value in values):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    return np.array(["" if value is None else str(value) for value in values], object)
