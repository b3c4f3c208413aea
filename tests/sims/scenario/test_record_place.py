"""A wrong value in a file of rows: the error names its record, line and column, in each format."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from fabric import Fabric
from fabric.words.errors import FileFormatError
from sims import all_reduce
from sims.scenario.files import records_text, write_records
from sims.scenario.parquet import has_parquet
from sims.scenario.record_place import record_place
from sims.scenario.rows import read_results
from topologies import fat_tree

WRONG: dict[str, Any] = {
    "key": "0123456789abcdef",
    "ranks": "x7x",
    "seed": "x7x",
    "size_bytes": "x7x",
    "root": "x7x",
    "allow_partition": "x7x",
    "engine": "x7x",
    "collective": "x7x",
    "sync": "x7x",
    "endpoints": 3,
    "time_s": -7.5,
    "algbw_GBps": 7.5e9,
    "busbw_GBps": 7.5e9,
    "contention": "x7x",
    "utilisation": "x7x",
    "gains": "x7x",
    "planes": "x7x",
}


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    rows = all_reduce(Fabric.from_graph(fat_tree(k=4)), "ring,tree", sizes=[1024, 2**20])
    return [row.to_dict() for row in rows]


def seen(path: Path) -> tuple[int, int, int]:
    with pytest.raises(FileFormatError) as caught:
        read_results(path)
    found = re.fullmatch(r"record (\d+), line (\d+), column (\d+)", caught.value.where)
    assert found, str(caught.value)
    return int(found[1]), int(found[2]), int(found[3])


@pytest.mark.parametrize("key", WRONG)
@pytest.mark.parametrize("ending", [".csv", ".json", ".jsonl"])
def test_the_place_of_a_wrong_value(
    key: str, ending: str, records: list[dict[str, Any]], tmp_path: Path
) -> None:
    changed = [dict(record) for record in records]
    changed[2][key] = WRONG[key]
    text = records_text(changed, ending).replace("\n", "\n\n" if ending == ".jsonl" else "\n")
    path = tmp_path / f"r{ending}"
    path.write_text(text, encoding="utf-8", newline="")
    record, line, column = seen(path)
    value = text.split("\n")[line - 1][column - 1 :]
    written = {".csv": str(WRONG[key])}.get(ending, json.dumps(WRONG[key]))
    assert record == 3 and value.startswith(written)
    before = text.split("\n")[line - 1][: column - 1]
    if ending == ".csv":
        assert (
            line == 4
            and next(csv.reader([before]))[:-1]
            == next(csv.reader([text.split("\n")[3]]))[: list(records[0]).index(key)]
        )
    else:
        assert before.endswith(f'"{key}": ')


def test_a_column_that_is_missing_is_told_of_the_record(
    records: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "r.json"
    text = records_text([{k: v for k, v in one.items() if k != "time_s"} for one in records], ".json")
    path.write_text(text)
    assert seen(path) == (1, 2, 2)
    assert record_place(str(path), 9) == "record 9, line 1, column 1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_cells_of_several_lines_and_other_encodings(
    encoding: str, records: list[dict[str, Any]], tmp_path: Path
) -> None:
    """A cell with a line end before the wrong one, in the file of a spreadsheet."""
    changed = [{"note": "one\r\ntwo \u00e9", **record} for record in records]
    changed[1]["ranks"] = "x7x"
    path = tmp_path / "r.csv"
    text = records_text(changed, ".csv").replace("\r\n", "\n").replace("\n", "\r\n")
    path.write_text(text, encoding=encoding, newline="")
    _, line, column = seen(path)
    assert line == 5
    assert text.split("\r\n")[line - 1][column - 1 :].startswith("x7x")


def test_of_parquet_the_column_is_named(records: list[dict[str, Any]], tmp_path: Path) -> None:
    if not has_parquet():
        pytest.skip("Parquet is an extra")
    changed = [{**record, "endpoints": 3} for record in records]
    write_records(tmp_path / "r.parquet", changed)
    with pytest.raises(FileFormatError, match=r"r\.parquet: record 1, column endpoints: not a row"):
        read_results(tmp_path / "r.parquet")


def test_the_line_of_what_is_no_csv(records: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    lines = records_text(records, ".csv").split("\n")
    path.write_text("\n".join([*lines[:2], lines[2].replace("all-reduce", "a" * 200_000), *lines[3:]]))
    with pytest.raises(FileFormatError, match="is not CSV: field larger") as caught:
        read_results(path)
    assert caught.value.where == f"line 3, column {lines[2].index('all-reduce') + 1}"


def test_lines_as_utf_16(records: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(records_text(records, ".jsonl"), encoding="utf-16", newline="\r\n")
    assert len(read_results(path)) == len(records)
