"""Merge results: files and folders of sweeps become one, sorted by key, each scenario once. Runs nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from fabric.machine.under_way import reading
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError, ParameterError
from sims.scenario.files import ROW_FORMATS, check_writable, write_records
from sims.scenario.job_row import JobRow
from sims.scenario.row import Failure, Row
from sims.scenario.rows import latest, results_in
from sims.studies.sweep.store import Store

__all__ = ["DisagreementError", "merge_results", "merged"]

# Equal keys are equal causes; the program may have another version, and files other paths.
_COMPARED = [
    field.name for field in fields(Row) if field.compare and field.name not in ("scenario", "version")
]


class DisagreementError(FabricsimError):
    """Two rows of one scenario differ: ``DisagreementError(key, first, second, column)``, two places."""

    def __init__(self, key: str, first: str, second: str, column: str) -> None:
        self.key, self.first, self.second, self.column = key, first, second, column
        super().__init__(key, first, second, column)

    def __str__(self) -> str:
        rule = "one of them is not what this model gives"
        return f"{self.first} and {self.second}: the rows of key {self.key} differ in {self.column}: {rule}"


def merged(paths: Sequence[str | os.PathLike[str]]) -> list[Row | JobRow | Failure]:
    """The results in files and folders, as of ``read_results``, sorted by key; rows win over failures.

    Raises:
        FileFormatError: as of ``read_results``.
        DisagreementError: two rows of one scenario have different numbers.
    """
    seen: dict[str, tuple[Row | JobRow, str]] = {}
    with reading(*paths):
        every = [(path, result) for path in paths for result in results_in(path)]
    for path, result in every:
        if not isinstance(result, Failure):
            row, where = seen.setdefault(result.key, (result, str(path)))
            own = _COMPARED if isinstance(result, Row) else [one.name for one in result.columns()]
            for column in own:
                if getattr(row, column) != getattr(result, column):
                    raise DisagreementError(result.key, where, str(path), column)
    return sorted(latest(result for _, result in every), key=lambda result: result.key)


def merge_results(
    paths: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]
) -> tuple[int, list[Path]]:
    """Write what ``merged`` gives to a file, or to a folder as a sweep would; the number and the files.

    The folder may be one of ``paths``; another one that holds results already is refused.

    Raises:
        FabricsimError: as ``merged``; ``out`` cannot be written.
    """
    target = Path(out)
    if target.suffix in ROW_FORMATS and not target.is_dir():
        check_writable(target, "--out", ROW_FORMATS)
        results = merged(paths)
        write_records(target, [result.to_dict() for result in results])
        return len(results), [target]
    if target.suffix and not target.is_dir():
        raise ParameterError("--out", str(out), "a folder, or a file of one of these formats", ROW_FORMATS)
    results = merged(paths)
    with Store(target) as store:
        own = any(Path(path).is_dir() and os.path.samefile(path, target) for path in paths)
        if store.results and not own:
            holds = f"holds {counted(len(store.results), 'result')} already"
            rule = f"{holds}: name it among what is merged, or another one"
            raise ParameterError("--out", str(out), rule)
        for result in results:
            there = store.results.get(result.key)
            if there is None or there.to_dict() != result.to_dict():  # gains count here, as they do in no ==
                store.append(result)
        return len(results), store.finish()
