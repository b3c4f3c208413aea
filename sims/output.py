"""Files that appear whole or not at all, and tables of rows in them. Knows no model."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fabric.errors import FabricsimError, FileFormatError, ParameterError
from sims.parquet import read_parquet, require_parquet, write_parquet

__all__ = [
    "FIGURE_FORMATS",
    "ROW_FORMATS",
    "check_outputs",
    "check_writable",
    "read_records",
    "records_text",
    "replaced",
    "tell_written",
    "without_torn_end",
    "write_columns",
    "write_records",
]

FIGURE_FORMATS = (".svg", ".png", ".pdf")
ROW_FORMATS = (".csv", ".json", ".jsonl", ".parquet")


@contextmanager
def replaced(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """A file that takes the place of ``path`` when the block ends well, and leaves no trace when it does not.

    A device or a pipe is written as it is; of a link, what it leads to is replaced. Text is UTF-8 with the
    line ends that it has.

    Raises:
        FabricsimError: the folder cannot be written to, or the disk is full.
    """
    target = Path(path)
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        if target.exists() and not target.is_file():
            with open(target, mode, **text) as file:
                yield file
            return
        target = target.resolve()
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        try:
            with open(handle, mode, **text) as file:
                yield file
            os.chmod(part, 0o666 & ~_umask())
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FabricsimError(f"{path}: cannot be written: {error.strerror or error}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
        raise ParameterError(option, str(path), f"the folder {target.parent} does not exist")
    if target.exists() and not os.access(target, os.W_OK):
        raise ParameterError(option, str(path), "may not be written to")
    if (target.is_file() or not target.exists()) and not os.access(target.resolve().parent, os.W_OK):
        raise ParameterError(option, str(path), f"the folder {target.parent} may not be written to")


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
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(records[0])
        writer.writerows(map(_cell, r.values()) for r in records)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A value in CSV: what is not one number or text is written as JSON."""
    return json.dumps(value, allow_nan=False) if isinstance(value, (dict, list)) else value


def write_columns(path: str | os.PathLike[str], columns: Mapping[str, Sequence[Any]]) -> None:
    """Write equally long columns of plain values: as CSV straight from the columns, else as records."""
    if Path(path).suffix != ".csv":
        names = list(columns)
        write_records(path, [dict(zip(names, values)) for values in zip(*columns.values())])
        return
    with replaced(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))


def without_torn_end(text: str) -> str:
    """``text``, lines of JSON, without a last one that was cut off while it was written.

    >>> without_torn_end('{"a": 1}\\n{"a": ')
    '{"a": 1}\\n'
    """
    whole, newline, last = text.rpartition("\n")
    try:
        json.loads(last or "{}")
    except ValueError:
        return whole + newline
    return text


def read_records(path: str | os.PathLike[str], *, torn: bool = False) -> list[dict[str, Any]]:
    """The records of a .csv, .json, .jsonl or .parquet file; values of CSV are texts.

    ``torn``: leave out a last line of .jsonl that was cut off.

    Raises:
        FileFormatError: the file is missing, empty, cut off or not of its format; names the record.
        ParameterError: the ending is none of ROW_FORMATS.
    """
    source = Path(path)
    readers: dict[str, Callable[[str], Iterable[Any]]] = {
        ".csv": lambda text: csv.DictReader(io.StringIO(text), strict=True),
        ".json": json.loads,
        ".jsonl": lambda text: map(json.loads, filter(str.strip, text.split("\n"))),
    }
    if source.suffix not in ROW_FORMATS:
        raise ParameterError("rows", str(path), "the ending of the file tells its format", ROW_FORMATS)
    try:
        if source.suffix == ".parquet":
            require_parquet(path)
            with open(source, "rb") as file:
                found = read_parquet(file)
        else:
            text = source.read_text(encoding="utf-8-sig")
            torn = torn and source.suffix == ".jsonl"
            found = list(readers[source.suffix](without_torn_end(text) if torn else text))
    except OSError as error:
        raise FileFormatError(str(path), "", f"cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, RecursionError, csv.Error) as error:
        raise FileFormatError(str(path), "", f"is not {source.suffix[1:].upper()}: {error}") from None
    for number, record in enumerate(found, 1):
        cut = source.suffix == ".csv" and isinstance(record, dict) and None in record.values()
        if not isinstance(record, dict) or None in record or cut:
            raise FileFormatError(str(path), f"record {number}", "is cut off or not a row")
    if not found:
        raise FileFormatError(str(path), "", "holds no rows")
    return found


def tell_written(*paths: str | os.PathLike[str] | None) -> None:
    """Say on stderr which files a command has written."""
    for path in paths:
        if path:
            print(f"wrote {path}", file=sys.stderr)
