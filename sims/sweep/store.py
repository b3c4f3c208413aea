"""The folder of a sweep: each result appended as it arrives, so that whatever happens, what is there counts.

``rows.jsonl`` grows line by line, a line per result, the newest of a scenario last; ``rows.csv`` (and
``rows.parquet``) are made of it when a run ends; ``sweep.toml`` says what ran last. Runs nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from fabric.errors import FabricsimError, FileFormatError, ParameterError
from sims.output import replaced, without_torn_end, write_records
from sims.parquet import has_parquet
from sims.result import Failure, Row, read_result
from sims.rows import ROWS, SPEC, TABLE, latest
from sims.sweep.lock import locked

__all__ = ["OTHER", "SPEC", "Store"]

OTHER = "rows-of-other-versions.jsonl"


class Store:
    """What ``folder`` holds, and the way to add to it; made if it is not there. A context: nobody else writes
    there meanwhile.

    ``results``: by key, a row if there is one, else the last failure. ``notes``: what had to be done to the
    file when it was opened: a last line that was cut off is removed, and results of another version of the
    model, which in a figure would look like those of this one, are moved to a file beside.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.results: dict[str, Row | Failure] = {}
        self.notes: list[str] = []
        self._open = ExitStack()
        self._handle, self._length = -1, 0

    def __enter__(self) -> Store:
        """Take hold of the folder and read what is there.

        Raises:
            FabricsimError: the folder cannot be written to, or another process does.
            FileFormatError: a line that is no result.
        """
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise FabricsimError(f"{self.folder}: is not a folder, and a sweep writes to one")
            self.folder.mkdir(parents=True, exist_ok=True)
            self._open.enter_context(locked(self.folder))
            self._handle = os.open(self.folder / ROWS, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            self._open.callback(os.close, self._handle)
            self._read()
            self._length = os.lseek(self._handle, 0, os.SEEK_END)
        except BaseException as error:
            self._open.close()
            if isinstance(error, OSError):
                words = error.strerror or error
                raise FabricsimError(f"{self.folder}: cannot be written to: {words}") from None
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def append(self, result: Row | Failure) -> None:
        """Add ``result``, whole or not at all.

        Raises:
            FabricsimError: the disk is full, or the file cannot be written.
        """
        line = json.dumps(result.to_dict(), allow_nan=False).encode() + b"\n"
        try:
            written = 0
            while written < len(line):
                written += os.write(self._handle, line[written:])
        except OSError as error:
            os.ftruncate(self._handle, self._length)
            where = self.folder / ROWS
            raise FabricsimError(f"{where}: cannot be written: {error.strerror or error}") from None
        self._length += len(line)
        if isinstance(result, Row) or not isinstance(self.results.get(result.key), Row):
            self.results[result.key] = result

    def finish(self, first: Iterable[str] = ()) -> list[Path]:
        """Write the tables, those of the keys ``first`` before all others; the files that are there now.

        Raises:
            FabricsimError: as ``append``.
        """
        try:
            os.fsync(self._handle)
        except OSError as error:
            raise FabricsimError(f"{self.folder / ROWS}: {error.strerror or error}") from None
        if not self.results:
            return []
        order = dict.fromkeys([*(key for key in first if key in self.results), *sorted(self.results)])
        records = [self.results[key].to_dict() for key in order]
        files = [self.folder / name for name in (TABLE, *(["rows.parquet"] if has_parquet() else []))]
        for file in files:
            write_records(file, records)
        return [self.folder / ROWS, *files]

    def note_spec(self, text: str) -> None:
        """Keep the file of the sweep that runs here now."""
        with replaced(self.folder / SPEC) as file:
            file.write(text)

    def _read(self) -> None:
        path = self.folder / ROWS
        try:
            text = path.read_bytes().decode()  # as it is, for its length is that of the file
        except UnicodeDecodeError as error:
            raise FileFormatError(str(path), "", f"is not text: {error}") from None
        whole = without_torn_end(text)
        if whole != text:
            os.ftruncate(self._handle, len(whole.encode()))
            self.notes.append(f"{path}: its last line was cut off and is left out")
        if whole and not whole.endswith("\n"):
            os.write(self._handle, b"\n")
        ours, lines, others = [], [], []
        for number, line in enumerate(whole.split("\n"), 1):
            if line.strip():
                result = _result(line, f"{path}", number)
                if result is None:
                    others.append(line)
                else:
                    ours.append(result)
                    lines.append(line)
        if others:
            self._set_aside(lines, others)
        self.results = {result.key: result for result in latest(ours)}

    def _set_aside(self, ours: list[str], others: list[str]) -> None:
        """Move results of other versions out of the way, first there and then here, each file whole."""
        beside, path = self.folder / OTHER, self.folder / ROWS
        before = beside.read_text(encoding="utf-8") if beside.exists() else ""
        with replaced(beside) as file:
            file.write(before + "".join(f"{line}\n" for line in others))
        with replaced(path) as file:
            file.write("".join(f"{line}\n" for line in ours))
        handle = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(handle, self._handle, inheritable=False)
        os.close(handle)
        count = f"{len(others):,} result{'s' * (len(others) > 1)}"
        self.notes.append(f"{path}: {count} of another version of the model moved to {OTHER}")


def _result(line: str, path: str, number: int) -> Row | Failure | None:
    """The result in a line; None for one of another version of the model."""
    try:
        values: Any = json.loads(line)
    except ValueError as error:
        raise FileFormatError(path, f"line {number}", f"is not JSON: {error}") from None
    if not isinstance(values, Mapping) or not {"key", "version"} <= set(values):
        raise FileFormatError(path, f"line {number}", "is not a result of all-reduce")
    try:
        return read_result(values)
    except ParameterError:
        return None
