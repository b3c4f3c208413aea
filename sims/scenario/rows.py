"""Results in files: rows and failures read back, from one file or from a sweep's folder. Draws nothing."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from fabric.machine.document import read_text
from fabric.machine.under_way import reading
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from fabric.words.given import require_path
from sims.scenario.files import ROW_FORMATS, read_records, tell_damaged
from sims.scenario.job_row import JobRow
from sims.scenario.record_place import record_place
from sims.scenario.row import Failure, Row, read_result
from sims.settings.table import SETTINGS

__all__ = [
    "ROWS",
    "SPEC",
    "TABLE",
    "is_results",
    "latest",
    "read_results",
    "read_rows",
    "results_in",
    "results_of",
    "rows_of",
    "sweep_text",
]

Kind = TypeVar("Kind", Row, JobRow)

SPEC = "sweep.toml"  # what the sweep of a folder was
ROWS = "rows.jsonl"  # the file of a sweep's folder to which results are appended
TABLE = "rows.csv"  # the same as a table, in the order of the sweep


def read_results(*paths: str | os.PathLike[str]) -> list[Row | JobRow | Failure]:
    """The results in files of rows (any of ROW_FORMATS) and folders of sweeps, one per key.

    What a sweep that was killed had only begun to write to its folder is left out.

    Raises:
        FileFormatError: missing, empty, cut off, or a record is not a result; names the record, line, column.
    """
    for path in paths:
        require_path("path", path)
    with reading(*(_rows_of(path) for path in paths)):
        return latest(result for path in paths for result in results_in(path))


def results_in(path: str | os.PathLike[str]) -> Iterable[Row | JobRow | Failure]:
    """Every result in a file or folder, as of ``read_results``, several of one key included."""
    source, folder = _rows_of(path), Path(path).is_dir()
    if not Path(path).exists():
        raise FileFormatError(str(path), "", "no such file or folder")
    if folder and not source.is_file():
        raise FileFormatError(str(path), "", f"a folder without {ROWS}: not the output of a sweep")
    damaged: list[int] | None = [] if folder else None
    found = results_of(read_records(source, damaged=damaged), str(source))
    if damaged:
        tell_damaged(source, damaged)
    return _in_order(found, source.with_name(TABLE)) if folder else found


def _rows_of(path: str | os.PathLike[str]) -> Path:
    """The file with the rows of a folder; of a file itself."""
    return Path(path) / ROWS if Path(path).is_dir() else Path(path)


def _in_order(results: Iterable[Row | JobRow | Failure], table: Path) -> list[Row | JobRow | Failure]:
    """In the order of ``table`` as far as it goes: that in which they came is an accident of the run."""
    try:
        with open(table, encoding="utf-8", newline="") as file:
            place = {str(line.get("key")): number for number, line in enumerate(csv.DictReader(file))}
    except (OSError, ValueError, csv.Error):  # not there yet, or not ours: the results stand without it
        place = {}
    return sorted(results, key=lambda result: place.get(result.key, len(place)))


def is_results(text: str) -> bool:
    """Whether ``text`` names results, and not a topology, which may also be a .csv or .json file."""
    source = Path(text)
    if not source.is_file() or source.suffix not in (".csv", ".json"):
        return source.is_dir() or source.suffix in ROW_FORMATS
    try:
        with open(source, encoding="utf-8", errors="replace") as file:
            head = file.read(4096)
    except OSError as error:
        raise FileFormatError(text, "", f"cannot be read: {error.strerror}") from None
    return "key" in head and ("algorithm" in head or "kind" in head)


def results_of(records: Iterable[Mapping[str, Any]], path: str) -> Iterable[Row | JobRow | Failure]:
    """The result in each record; what is none is a FileFormatError that names ``path`` and the record."""
    for number, record in enumerate(records, 1):
        try:
            yield read_result(record)
        except ParameterError as error:
            where = record_place(path, number, _column(error, record))
            raise FileFormatError(path, where, f"not a row of results: {error}") from None


def _column(error: ParameterError, record: Mapping[str, Any]) -> str:
    """The column that an error is of: its own, or that of the setting; "" where there is none."""
    name = re.split(r"[^\w-]", error.name, maxsplit=1)[0].replace("-", "_")
    columns = (name, SETTINGS[name].field if name in SETTINGS else "")
    return next((column for column in columns if column in record), "")


def latest(results: Iterable[Row | JobRow | Failure]) -> list[Row | JobRow | Failure]:
    """One result per key, in the order of first appearance: a row if there is one, else the last failure.

    Of equal rows one with gains stays.
    """
    found: dict[str, Row | JobRow | Failure] = {}
    for result in results:
        if isinstance(result, Row) and not result.gains and result == found.get(result.key):
            continue
        if not isinstance(result, Failure) or isinstance(found.get(result.key), Failure | None):
            found[result.key] = result
    return list(found.values())


def sweep_text(*paths: str | os.PathLike[str]) -> str | None:
    """The text of the sweep of which the only one of ``paths`` is the folder; None if there is none."""
    source = Path(paths[0]) / SPEC
    if len(paths) > 1 or not source.is_file():
        return None
    return read_text(source, errors="replace")


def read_rows(*paths: str | os.PathLike[str]) -> list[Row]:
    """The rows in ``paths``, as of ``read_results``; failures are left out.

    Raises:
        FabricsimError: every point failed.
    """
    return rows_of(read_results(*paths), paths, Row)


def rows_of(
    results: Sequence[Row | JobRow | Failure], paths: Sequence[str | os.PathLike[str]], kind: type[Kind]
) -> list[Kind]:
    """The rows of ``kind`` among ``results`` of ``paths``.

    Raises:
        FabricsimError: there is none.
    """
    rows = [result for result in results if isinstance(result, kind)]
    if not rows:
        named = ", ".join(map(str, paths))
        first = next((result for result in results if isinstance(result, Failure)), None)
        if first is None:
            raise FabricsimError(f"{named}: rows of {results[0].scenario.kind}, and not of collectives")
        raise FabricsimError(
            f"{named}: of {counted(len(results), 'point')} none gave a row; the first: {first.error}"
        )
    return rows
