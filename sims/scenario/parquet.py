"""Records as Parquet, the only door to pyarrow, which is an extra. Knows no row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import IO, Any

from fabric.machine.memory import available_memory
from fabric.words.errors import FabricsimError, TooLargeError

__all__ = ["has_parquet", "read_parquet", "require_parquet", "write_parquet"]

_PER_VALUE = 100  # bytes of a Python value, its place in an Arrow column and in its dict


def has_parquet() -> bool:
    """Whether Parquet can be read and written here."""
    return _trouble() == ""


def require_parquet(path: object) -> None:
    """Do nothing where ``path`` can be read or written.

    Raises:
        FabricsimError: pyarrow is not installed, or not for this NumPy; says how it is.
    """
    if trouble := _trouble():
        rule = "Parquet needs the extra [parquet]: python -m pip install 'fabricsim[parquet]'"
        raise FabricsimError(f"{path}: {rule} ({trouble})")


def _trouble() -> str:
    """Why pyarrow cannot be used, or nothing. One built for another NumPy is found, but fails to load."""
    if find_spec("pyarrow") is None:
        return "pyarrow is not installed"
    try:
        import pyarrow.parquet
    except Exception as error:  # ImportError, AttributeError, ValueError: as the two disagree
        installed = f"pyarrow {_version('pyarrow')}, numpy {_version('numpy')}"
        return f"{installed}: cannot be loaded: {' '.join(str(error).split())[:200]}"
    return "" if hasattr(pyarrow.parquet, "read_table") else "another module is called pyarrow"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"


def write_parquet(file: IO[bytes], records: Sequence[Mapping[str, Any]]) -> None:
    """Write ``records`` (equal keys, plain values); lists and dicts become JSON, as in CSV."""
    from pyarrow import Table
    from pyarrow.parquet import write_table

    columns = {name: [_cell(record[name]) for record in records] for name in (records[0] if records else ())}
    write_table(Table.from_pydict(columns), file)


def read_parquet(file: IO[bytes]) -> list[dict[str, Any]]:
    """The records of a file.

    Raises:
        ValueError: it is no Parquet.
        TooLargeError: what it says that it holds does not fit in memory: a few bytes can stand for many rows.
    """
    from pyarrow.parquet import ParquetFile

    try:
        source = ParquetFile(file)
        about = source.metadata
        sizes = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        needed, free = 2 * sizes + _PER_VALUE * about.num_rows * about.num_columns, available_memory()
        if not needed <= free:
            raise TooLargeError(f"{about.num_rows:,} rows of {about.num_columns:,} columns", needed, free)
        found: list[dict[str, Any]] = source.read().to_pylist()
    except FabricsimError:
        raise
    except Exception as error:  # each kind of damage has a class of its own
        raise ValueError(" ".join(str(error).split())[:200]) from None
    return found


def _cell(value: Any) -> Any:
    return json.dumps(value, allow_nan=False) if isinstance(value, (dict, list)) else value
