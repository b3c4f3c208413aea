"""Where a value of a record stands in a file of rows. Knows no column; the file is read again."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from fabric.machine.cell_place import cell_place, csv_rows
from fabric.machine.document import read_bytes
from fabric.machine.json_place import json_place
from fabric.machine.json_ways import json_index
from fabric.words.errors import FabricsimError
from fabric.words.place import at
from sims.scenario.json_lines import json_lines

__all__ = ["record_place"]


def record_place(path: str, number: int, key: str = "", index: int = 0) -> str:
    """``record 3, line 4, column 17``: the record of this number, from 1, and where the value of its ``key``
    is, or the cell of this ``index`` where it has no such key.

    Of Parquet, which has no lines, the name of the column; of what can be read only once the record alone.
    """
    return ", ".join(filter(None, (f"record {number}", _place(path, number, key, index))))


def _place(path: str, number: int, key: str, index: int) -> str:
    if not os.path.isfile(path):
        return ""
    try:
        match Path(path).suffix:
            case ".csv":
                return _of_csv(path, number, key, index)
            case ".json":
                return json_place(path, (number - 1, key) if key else (number - 1,))
            case ".jsonl":
                return _of_line(path, number, key)
    except FabricsimError:  # it is another file by now
        return ""
    return f"column {key}" if key else ""


def _of_csv(path: str, number: int, key: str, index: int) -> str:
    with csv_rows(path) as (_, rows):
        _, header = next(rows, (0, []))
        line, _ = next(islice(rows, number - 1, None), (0, []))
    return cell_place(path, line, header.index(key) if key in header else index) if line else ""


def _of_line(path: str, number: int, key: str) -> str:
    whole = ((line, text) for line, text, value in json_lines(read_bytes(path), path) if value is not None)
    line, text = next(islice(whole, number - 1, None), (0, ""))
    return at(line, json_index(text, (key,) if key else ()) + 1) if line else ""
