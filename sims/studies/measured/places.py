"""Where measured runs ran: the host of each rank, from a table for each run. Simulates nothing."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fabric.machine.cell_place import cell_place, no_csv
from fabric.machine.document import read_text
from fabric.words.errors import FileFormatError, ParameterError

__all__ = ["read_places"]

_RANK, _HOST = "MPI_Rank", "allocation"
_MOST_DIGITS = 9


def read_places(folder: str | Path) -> Mapping[str, tuple[str, ...]]:
    """The hosts of each run by its name: of ``RUN.csv`` the column ``allocation`` by ``MPI_Rank``.

    Host names are those of the site, without its domain; ranks are 0, 1, ... each once.

    Raises:
        ParameterError: no such folder, or none of its files is a table.
        FileFormatError: a column is missing, or ranks are not 0, 1, ...; with line and column.
    """
    path = Path(folder)
    files = sorted(path.glob("*.csv")) if path.is_dir() else []
    if not files:
        raise ParameterError("hosts", str(folder), "a folder with a table RUN.csv for each run is needed")
    return {file.stem: _hosts(file) for file in files}


def _hosts(file: Path) -> tuple[str, ...]:
    text = read_text(file).replace("\0", "")
    reader = csv.reader(text.splitlines(), skipinitialspace=True)
    try:
        return _by_rank(str(file), reader)
    except csv.Error as error:
        raise no_csv(file, error, reader.line_num) from None


def _by_rank(name: str, reader: Any) -> tuple[str, ...]:
    """The hosts in a table of which ``reader`` gives the rows."""
    header: list[str] = next(reader, [])
    if not {_RANK, _HOST} <= set(header):
        where = cell_place(name, 1, len(header)) if header else ""
        legal = f"the columns {_RANK} and {_HOST} are needed"
        raise FileFormatError(name, where, f"{', '.join(header or ['nothing'])}: {legal}")
    of_rank, of_host = header.index(_RANK), header.index(_HOST)
    found: dict[int, str] = {}
    lines: list[int] = []  # of each rank
    for row in filter(None, reader):
        cells = [cell.strip() for cell in [*row, *[""] * (len(header) - len(row))]]
        rank, host = cells[of_rank], cells[of_host].partition(".")[0]
        if not (rank.isascii() and rank.isdecimal() and len(rank) < _MOST_DIGITS) or int(rank) in found:
            where = cell_place(name, reader.line_num, of_rank)
            raise FileFormatError(name, where, f"rank {rank[:40]!r}: each of 0, 1, ... once")
        if not host:
            where = cell_place(name, reader.line_num, of_host)
            raise FileFormatError(name, where, f"rank {rank}: each with its host")
        found[int(rank)] = host
        lines.append(reader.line_num)
    beyond = next((i for i, rank in enumerate(found) if rank >= len(found)), None)
    if beyond is not None:
        where = cell_place(name, lines[beyond], of_rank)
        raise FileFormatError(name, where, f"{len(found):,} ranks: 0, 1, ... are needed, each with its host")
    return tuple(found[rank] for rank in range(len(found)))
