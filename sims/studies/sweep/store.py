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

from fabric.machine.document import read_text
from fabric.machine.whole_file import replaced
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from fabric.words.place import at
from sims.scenario.files import damaged_words, write_records
from sims.scenario.job_row import JobRow
from sims.scenario.json_lines import json_lines, line_error
from sims.scenario.parquet import has_parquet
from sims.scenario.row import Failure, Row, read_result
from sims.scenario.rows import ROWS, SPEC, TABLE, latest
from sims.studies.sweep.lock import locked

__all__ = ["DAMAGED", "OTHER", "SPEC", "Store"]

OTHER = "rows-of-other-versions.jsonl"
DAMAGED = "rows-damaged.txt"

_BEGIN = '{"key"'  # of a line of ours


class Store:
    """What ``folder`` holds, and the way to add to it; made if it is not there. A context: nobody else writes
    there meanwhile.

    ``results``: by key, a row if there is one, else the last failure. ``notes``: what had to be done to the
    file when it was opened: lines that were cut off or damaged, and results of another version of the
    model, which in a figure would look like those of this one, are moved to files beside.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.results: dict[str, Row | JobRow | Failure] = {}
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
            for part in self.folder.glob(".*.part"):  # of files that a kill left half written
                if part.name.startswith((".rows", f".{SPEC}.")):
                    part.unlink(missing_ok=True)
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

    def append(self, result: Row | JobRow | Failure) -> None:
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
        if not isinstance(result, Failure) or isinstance(self.results.get(result.key), Failure | None):
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
        records = _alike([self.results[key].to_dict() for key in order])
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
        content = path.read_bytes()
        ours, lines, others, damaged = [], [], [], []
        for number, line, values in json_lines(content, str(path)):
            if values is None:
                damaged.append((number, line))
            elif (result := _result(values, f"{path}", number)) is None:
                others.append(line)
            else:
                ours.append(result)
                lines.append(line)
        if damaged and not (ours or others) and not damaged[0][1].startswith(_BEGIN):
            # Nothing here was ever a result: it is somebody else's file, which is not touched.
            raise line_error(str(path), *damaged[0])
        if others or damaged:
            self._set_aside(lines, {OTHER: others, DAMAGED: [line for _, line in damaged]})
        elif content and not content.endswith(b"\n"):
            os.write(self._handle, b"\n")
        if damaged:
            said = damaged_words([number for number, _ in damaged])
            self.notes.append(f"{path}: {said}: it is kept in {DAMAGED}, and its scenario runs again")
        if others:
            self.notes.append(
                f"{path}: {counted(len(others), 'result')} of another version of the model moved to {OTHER}"
            )
        self.results = {result.key: result for result in latest(ours)}

    def _set_aside(self, ours: list[str], beside: Mapping[str, list[str]]) -> None:
        """Move lines out of the way, first there and then here, each file whole."""
        for name, lines in beside.items():
            other = self.folder / name
            before = read_text(other, errors="replace") if other.exists() else ""
            if lines:
                with replaced(other) as file:
                    file.write(before + "".join(f"{line}\n" for line in lines))
        path = self.folder / ROWS
        with replaced(path) as file:
            file.write("".join(f"{line}\n" for line in ours))
        handle = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(handle, self._handle, inheritable=False)
        os.close(handle)


def _alike(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records with the columns of all of them, as a folder may hold results of several kinds of job."""
    if len({tuple(record) for record in records}) == 1:
        return records
    names = dict.fromkeys(name for record in records for name in record)
    return [{name: record.get(name) for name in names} for record in records]


def _result(values: Any, path: str, number: int) -> Row | JobRow | Failure | None:
    """The result in a line; None for one of another version of the model."""
    if not isinstance(values, Mapping) or not {"key", "version"} <= set(values):
        raise FileFormatError(path, at(number, 1), "is not a result of a sweep")
    try:
        return read_result(values)
    except ParameterError:
        return None
