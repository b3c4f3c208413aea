"""Results of a sweep's folder come in the order of the sweep, whatever order they arrived in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sweep_cases import scenarios

from fabric.words.errors import FileFormatError
from sims.scenario.files import write_records
from sims.scenario.row import Row
from sims.scenario.rows import ROWS, TABLE, read_results
from sims.studies.sweep.bench import Bench
from sims.studies.sweep.merge import DisagreementError, merge_results, merged

RESULTS = [Bench().run(scenario) for scenario in scenarios(8)]


def folder(path: Path, table: str | None) -> Path:
    write_records(path / ROWS, [result.to_dict() for result in reversed(RESULTS)])
    if table is not None:
        (path / TABLE).write_text(table, encoding="utf-8")
    return path


def test_the_table_says_the_order(tmp_path: Path) -> None:
    folder(tmp_path, None)
    write_records(tmp_path / TABLE, [result.to_dict() for result in RESULTS])
    assert read_results(tmp_path) == RESULTS


def test_what_the_table_does_not_name_comes_last_as_it_arrived(tmp_path: Path) -> None:
    folder(tmp_path, None)
    write_records(tmp_path / TABLE, [result.to_dict() for result in RESULTS[:2]])
    assert read_results(tmp_path) == [*RESULTS[:2], *reversed(RESULTS[2:])]


@pytest.mark.parametrize("table", [None, "", "nothing,of,ours\n1,2,3\n", '"cut off'])
def test_without_a_table_of_ours_results_stand_as_they_arrived(tmp_path: Path, table: str | None) -> None:
    assert read_results(folder(tmp_path, table)) == [*reversed(RESULTS)]


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"a folder without rows\.jsonl: not the output of a sweep"):
        read_results(tmp_path)


def test_gains_of_a_row_outlive_an_equal_row_without_them(tmp_path: Path) -> None:
    row = Bench().run(scenarios(4)[0])
    assert isinstance(row, Row)
    plain, told = tmp_path / "plain.jsonl", tmp_path / "told.jsonl"
    write_records(plain, [row.to_dict()])
    write_records(told, [replace(row, gains={"routing": 1.0}).to_dict()])
    for paths in ([plain, told], [told, plain]):
        (found,) = merged(paths)
        assert isinstance(found, Row) and found.gains == {"routing": 1.0}
        folder = tmp_path / paths[0].stem
        merge_results([paths[0]], folder)
        merge_results([folder, paths[1]], folder)
        (kept,) = read_results(folder)
        assert isinstance(kept, Row) and kept.gains == {"routing": 1.0}


def test_rows_of_one_file_that_disagree_are_not_merged(tmp_path: Path) -> None:
    row = Bench().run(scenarios(4)[0])
    assert isinstance(row, Row)
    path = tmp_path / "both.jsonl"
    write_records(path, [row.to_dict(), replace(row, contention=9.0).to_dict()])
    with pytest.raises(DisagreementError, match=f"the rows of key {row.key} differ in contention"):
        merged([path])
