"""Tables of rows in files, and whether a file can be written. Knows no model."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from fabric.machine.cell_place import no_csv
from fabric.machine.document import parse_json, read_bytes, read_text
from fabric.machine.whole_file import replaced
from fabric.words.errors import FileFormatError, ParameterError
from sims.scenario.json_lines import json_lines, line_error
from sims.scenario.parquet import read_parquet, require_parquet, write_parquet
from sims.scenario.record_place import record_place

__all__ = [
    "FIGURE_FORMATS",
    "ROW_FORMATS",
    "check_outputs",
    "check_writable",
    "damaged_words",
    "read_records",
    "records_text",
    "tell_damaged",
    "tell_written",
    "write_columns",
    "write_records",
]

FIGURE_FORMATS = (".svg", ".png", ".pdf")
ROW_FORMATS = (".csv", ".json", ".jsonl", ".parquet")

_FORMULA = re.compile("'*[=+@\t\r-]")  # what such a text becomes counts too, so that each has its own


def check_writable(path: str | os.PathLike[str], option: str, formats: Sequence[str]) -> None:
    """Find out before a long run, not after it, that its output cannot be written.

    Raises:
        ParameterError: an unknown ending, a folder that does not exist or may not be written to.
    """
    target = Path(path)
    if target.suffix not in formats and str(path) != "/dev/null":
        raise ParameterError(option, str(path), "the ending of the file tells its format", formats)
    if target.suffix == ".parquet":
        require_parquet(path)
    if target.is_dir():
        raise ParameterError(option, str(path), "is a folder, not a file")
    if not target.parent.is_dir():
        folder = target.parent
        rule = f"{folder} is no folder" if folder.exists() else f"the folder {folder} does not exist"
        raise ParameterError(option, str(path), rule)
    if target.exists() and not os.access(target, os.W_OK):
        raise ParameterError(option, str(path), "may not be written to")
    if (target.is_file() or not target.exists()) and not os.access(target.resolve().parent, os.W_OK):
        raise ParameterError(option, str(path), f"the folder {target.parent} may not be written to")
    if not target.exists():
        _require_room(target, option)


def _require_room(target: Path, option: str) -> None:
    """Make a file without a name beside ``target``: what may be written to need not take files."""
    try:
        with tempfile.TemporaryFile(dir=target.resolve().parent):
            pass
    except OSError as error:
        rule = f"the folder {target.parent} cannot be written to: {error.strerror or error}"
        raise ParameterError(option, str(target), rule) from None


def check_outputs(*outputs: tuple[str, str | os.PathLike[str] | None, Sequence[str]]) -> None:
    """``check_writable`` for each (option, file or None, formats)."""
    for option, path, formats in outputs:
        if path:
            check_writable(path, option, formats)


def write_records(path: str | os.PathLike[str], records: Sequence[Mapping[str, Any]]) -> None:
    """Write ``records`` (equal keys, plain values) as .csv, .json (a list), .jsonl (one object a line) or
    .parquet.
    """
    if Path(path).suffix == ".parquet":
        with replaced(path, "wb") as file:
            write_parquet(file, records)
        return
    with replaced(path) as file:
        file.write(records_text(records, Path(path).suffix))


def records_text(records: Sequence[Mapping[str, Any]], kind: str) -> str:
    """The text of ``records`` in the format of the ending ``kind``; the same records, the same bytes."""
    if kind == ".json":
        return json.dumps(list(map(dict, records)), indent=1, allow_nan=False) + "\n"
    if kind == ".jsonl":
        return "".join(json.dumps(dict(r), allow_nan=False) + "\n" for r in records)
    text = io.StringIO()
    if records:
        writer = _writer(text)
        writer.writerow(records[0])
        writer.writerows(map(_cell, r.values()) for r in records)
    return text.getvalue()


class _Lines:
    """A file to which lines that end in CR LF go with LF."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, line: str) -> None:
        self.file.write(f"{line[:-2]}\n")


def _writer(file: IO[str]) -> Any:
    """A csv.writer of lines that end in LF. It puts in quotes what its own line end has a part of: CR too."""
    return csv.writer(_Lines(file), lineterminator="\r\n")


def _cell(value: Any) -> Any:
    """A value in CSV: what is not one number or text is written as JSON.

    A spreadsheet runs a text that begins like a formula: an apostrophe before it says that it is text.
    """
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    return json.dumps(value, allow_nan=False) if isinstance(value, (dict, list)) else value


def _plain(text: str) -> str:
    """The text of which ``_cell`` made this one."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def write_columns(path: str | os.PathLike[str], columns: Mapping[str, Sequence[Any]]) -> None:
    """Write equally long columns of plain values: as CSV straight from the columns, else as records."""
    if Path(path).suffix != ".csv":
        names = list(columns)
        write_records(path, [dict(zip(names, values)) for values in zip(*columns.values())])
        return
    with replaced(path) as file:
        writer = _writer(file)
        writer.writerow(columns)
        writer.writerows(
            zip(*(map(_cell, values) if _holds_text(values) else values for values in columns.values()))
        )


def _holds_text(values: Sequence[Any]) -> bool:
    return any(isinstance(value, str) for value in values)


def read_records(path: str | os.PathLike[str], *, damaged: list[int] | None = None) -> list[dict[str, Any]]:
    """The records of a .csv, .json, .jsonl or .parquet file; values of CSV are texts.

    ``damaged``: where given, a line of .jsonl that is no JSON is left out, and its number added.

    Raises:
        FileFormatError: the file is missing, empty, cut off or not of its format; names the record, with line
            and column.
        TooLargeError: its records would not fit in memory.
        ParameterError: the ending is none of ROW_FORMATS.
    """
    source, name = Path(path), str(path)
    if source.suffix not in ROW_FORMATS:
        raise ParameterError("rows", name, "the ending of the file tells its format", ROW_FORMATS)
    try:
        found = list(_READ[source.suffix](name, damaged))
    except (ValueError, TypeError) as error:
        raise FileFormatError(name, "", f"is not {source.suffix[1:].upper()}: {error}") from None
    for number, record in enumerate(found, 1):
        cut = source.suffix == ".csv" and isinstance(record, dict) and None in record.values()
        if not isinstance(record, dict) or None in record or cut:
            cells = sum(value is not None for value in record.values()) if isinstance(record, dict) else 0
            index = cells - 1 if isinstance(record, dict) and None in record else cells
            raise FileFormatError(name, record_place(name, number, index=index), "is cut off or not a row")
    if not found:
        raise FileFormatError(name, "", "holds no rows")
    return found


def _csv_records(name: str, damaged: list[int] | None) -> Iterator[Any]:
    reader = csv.DictReader(io.StringIO(read_text(name, newline=""), newline=""), strict=True)
    try:
        for record in reader:
            yield {key: _plain(value) if isinstance(value, str) else value for key, value in record.items()}
    except csv.Error as error:
        raise no_csv(name, error, reader.reader.line_num) from None


def _json_records(name: str, damaged: list[int] | None) -> Iterable[Any]:
    found = parse_json(read_text(name), name)
    return found if isinstance(found, list) else [None]


def _jsonl_records(name: str, damaged: list[int] | None) -> Iterator[Any]:
    for number, line, value in json_lines(read_bytes(name), name):
        if value is not None:
            yield value
        elif damaged is not None:
            damaged.append(number)
        else:
            raise line_error(name, number, line)


def _parquet_records(name: str, damaged: list[int] | None) -> Iterable[Any]:
    require_parquet(name)
    try:
        with open(name, "rb") as file:
            return read_parquet(file)
    except OSError as error:
        raise FileFormatError(name, "", f"cannot be read: {error.strerror or error}") from None


_READ: Mapping[str, Callable[[str, list[int] | None], Iterable[Any]]] = {
    ".csv": _csv_records,
    ".json": _json_records,
    ".jsonl": _jsonl_records,
    ".parquet": _parquet_records,
}


def tell_written(*paths: str | os.PathLike[str] | None) -> None:
    """Say on stderr which files a command has written."""
    for path in paths:
        if path:
            print(f"wrote {path}", file=sys.stderr)


def damaged_words(lines: Sequence[int]) -> str:
    """Which lines of a file of rows are left out.

    >>> damaged_words([3])
    'line 3 is cut off or damaged and is left out'
    """
    if len(lines) == 1:
        return f"line {lines[0]} is cut off or damaged and is left out"
    return f"{len(lines):,} lines are cut off or damaged and are left out, the first is {lines[0]}"


def tell_damaged(path: str | os.PathLike[str], lines: Sequence[int]) -> None:
    """Say on stderr which lines of a file are left out."""
    print(f"{path}: {damaged_words(lines)}", file=sys.stderr)
