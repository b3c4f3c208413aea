"""Results in files: rows and failures read back, from one file or from a sweep's folder. Draws nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fabric.errors import FabricsimError, FileFormatError, ParameterError
from sims.output import read_records
from sims.result import Failure, Row, read_result

__all__ = ["ROWS", "latest", "read_results", "read_rows", "results_of"]

ROWS = "rows.jsonl"  # the file of a sweep's folder to which results are appended


def read_results(path: str | os.PathLike[str]) -> list[Row | Failure]:
    """The results in a .csv, .json or .jsonl file or in the folder of a sweep, one per key.

    What a sweep that was killed had only begun to write to its folder is left out.

    Raises:
        FileFormatError: missing, empty, cut off, or a record is not a result; names the record.
    """
    source, folder = Path(path), Path(path).is_dir()
    if not source.exists():
        raise FileFormatError(str(path), "", "no such file or folder")
    if folder:
        source = source / ROWS
        if not source.is_file():
            raise FileFormatError(str(path), "", f"a folder without {ROWS}: not the output of a sweep")
    return latest(results_of(read_records(source, torn=folder), str(source)))


def results_of(records: Iterable[Mapping[str, Any]], path: str) -> Iterable[Row | Failure]:
    """The result in each record; what is none is a FileFormatError that names ``path`` and the record."""
    for number, record in enumerate(records, 1):
        try:
            yield read_result(record)
        except ParameterError as error:
            raise FileFormatError(path, f"record {number}", f"not a row of all-reduce: {error}") from None


def latest(results: Iterable[Row | Failure]) -> list[Row | Failure]:
    """One result per key, in the order of first appearance: a row if there is one, else the last failure."""
    found: dict[str, Row | Failure] = {}
    for result in results:
        if isinstance(result, Row) or not isinstance(found.get(result.key), Row):
            found[result.key] = result
    return list(found.values())


def read_rows(path: str | os.PathLike[str]) -> list[Row]:
    """The rows in ``path``, as of ``read_results``; failures are left out.

    Raises:
        FabricsimError: every point failed.
    """
    results = read_results(path)
    rows = [result for result in results if isinstance(result, Row)]
    if not rows:
        first = next(result for result in results if isinstance(result, Failure))
        raise FabricsimError(
            f"{path}: none of its {len(results):,} points gave a row; the first: {first.error}"
        )
    return rows
