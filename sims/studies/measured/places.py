"""Where measured runs ran: the host of each rank, from a table for each run. Simulates nothing."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from fabric.machine.document import read_text
from fabric.words.errors import FileFormatError, ParameterError

__all__ = ["read_places"]

_RANK, _HOST = "MPI_Rank", "allocation"


def read_places(folder: str | Path) -> Mapping[str, tuple[str, ...]]:
    """The hosts of each run by its name: of ``RUN.csv`` the column ``allocation`` by ``MPI_Rank``.

    Host names are those of the site, without its domain; ranks are 0, 1, ... each once.

    Raises:
        ParameterError: no such folder, or none of its files is a table.
        FileFormatError: a column is missing, or ranks are not 0, 1, ...
    """
    path = Path(folder)
    files = sorted(path.glob("*.csv")) if path.is_dir() else []
    if not files:
        raise ParameterError("hosts", str(folder), "a folder with a table RUN.csv for each run is needed")
    return {file.stem: _hosts(file) for file in files}


def _hosts(file: Path) -> tuple[str, ...]:
    text = read_text(file).replace("\0", "")
    table = csv.DictReader(text.splitlines(), skipinitialspace=True)
    if not {_RANK, _HOST} <= set(table.fieldnames or ()):
        legal = f"the columns {_RANK} and {_HOST} are needed"
        raise FileFormatError(str(file), "line 1", f"{', '.join(table.fieldnames or ['nothing'])}: {legal}")
    found: dict[str, str] = {}
    for line in table:
        found[(line[_RANK] or "").strip()] = (line[_HOST] or "").strip().partition(".")[0]
    ranks = [str(rank) for rank in range(len(found))]
    if sorted(found) != sorted(ranks) or not all(found.values()):
        raise FileFormatError(
            str(file), "", f"{len(found):,} ranks: 0, 1, ... are needed, each with its host"
        )
    return tuple(found[rank] for rank in ranks)
