"""Records as Parquet, the only door to pyarrow, which is an extra. Knows no row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import IO, Any

from fabric.errors import FabricsimError

__all__ = ["has_parquet", "read_parquet", "require_parquet", "write_parquet"]


def has_parquet() -> bool:
    """Whether Parquet can be read and written here."""
    return find_spec("pyarrow") is not None


def require_parquet(path: object) -> None:
    """Do nothing where ``path`` can be read or written.

    Raises:
        FabricsimError: pyarrow is not installed; says how it is.
    """
    if not has_parquet():
        rule = "Parquet needs the extra [parquet]: in the checkout, python -m pip install -e '.[parquet]'"
        raise FabricsimError(f"{path}: {rule}")


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
    """
    from pyarrow.parquet import read_table

    found: list[dict[str, Any]] = read_table(file).to_pylist()
    return found


def _cell(value: Any) -> Any:
    return json.dumps(value, allow_nan=False) if isinstance(value, (dict, list)) else value
