"""The folder of a sweep: what is there counts, whatever happened; one writer; whole lines or none."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sweep_cases import ROOT, by_key, scenarios, undisturbed

from fabric.words.errors import FabricsimError, FileFormatError
from sims.scenario.files import read_records
from sims.scenario.row import Failure, Row
from sims.scenario.rows import read_results
from sims.studies.sweep.store import DAMAGED, OTHER, Store

RESULTS = undisturbed(scenarios(8))


def filled(folder: Path, results: list[Row | Failure] = RESULTS) -> Path:
    with Store(folder) as store:
        for result in results:
            store.append(result)
    return folder / "rows.jsonl"


def failure(result: Row | Failure) -> Failure:
    return Failure(scenario=result.scenario, error="MemoryError: none left", version="0")


def test_what_is_appended_is_there_at_once_and_after(tmp_path: Path) -> None:
    with Store(tmp_path / "a" / "b") as store:
        for count, result in enumerate(RESULTS, 1):
            store.append(result)
            assert len((tmp_path / "a" / "b" / "rows.jsonl").read_text().splitlines()) == count
    with Store(tmp_path / "a" / "b") as store:
        assert list(store.results.values()) == RESULTS and store.notes == []
    assert read_results(tmp_path / "a" / "b") == RESULTS


def test_the_tables_are_made_at_the_end_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.finish() == []
        for result in reversed(RESULTS):
            store.append(result)
        files = store.finish([RESULTS[3].key, "no such key", RESULTS[1].key])
    assert [file.name for file in files][:2] == ["rows.jsonl", "rows.csv"]
    expected = [RESULTS[3], RESULTS[1], *(r for i, r in enumerate(RESULTS) if i not in (1, 3))]
    for file in files[1:]:
        assert read_results(file) == expected


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_that_was_cut_off_is_removed_and_said(tmp_path: Path, cut: int) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_results(tmp_path) == (RESULTS if cut == 1 else RESULTS[:-1])
    with Store(tmp_path) as store:
        whole = len(store.results)
        assert whole == len(RESULTS) - (cut > 1)
        assert [note.split(": ")[1] for note in store.notes] == [
            f"line {len(RESULTS)} is cut off or damaged and is left out"
        ] * (cut > 1)
        store.append(RESULTS[-1])
    assert read_results(tmp_path) == RESULTS
    assert len(read_records(path)) == whole + 1


def test_line_ends_of_another_system_cost_no_row(tmp_path: Path) -> None:
    path = filled(tmp_path / "out")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b'{"key": "0123')
    for _ in range(2):
        with Store(tmp_path / "out") as store:
            assert list(store.results.values()) == RESULTS


def test_a_row_wins_over_failures_and_a_later_failure_over_an_earlier(tmp_path: Path) -> None:
    row = RESULTS[0]
    later = Failure(scenario=row.scenario, error="later", version="0")
    filled(tmp_path / "a", [failure(row), later])
    filled(tmp_path / "b", [failure(row), row, later])
    with Store(tmp_path / "a") as a, Store(tmp_path / "b") as b:
        assert a.results == {row.key: later} and b.results == {row.key: row}


def test_results_of_another_model_are_moved_beside(tmp_path: Path) -> None:
    path = filled(tmp_path)
    lines = path.read_text().splitlines()
    old = {**json.loads(lines[2]), "key": "0" * 16}
    path.write_text("\n".join([*lines[:2], json.dumps(old), *lines[3:]]) + "\n")
    with Store(tmp_path) as store:
        assert list(store.results.values()) == [*RESULTS[:2], *RESULTS[3:]]
        assert store.notes == [f"{path}: 1 result of another version of the model moved to {OTHER}"]
        store.append(RESULTS[2])
    assert read_records(tmp_path / OTHER) == [old]
    assert by_key(read_results(tmp_path)) == RESULTS
    with Store(tmp_path) as store:
        assert store.notes == []


@pytest.mark.parametrize(("line", "said"), [('{"a": 1}', "is not a result"), ("7", "is not")])
def test_a_line_that_is_no_result_is_named_and_nothing_is_changed(
    tmp_path: Path, line: str, said: str
) -> None:
    path = filled(tmp_path)
    path.write_text(before := f"{line}\n{path.read_text()}")
    with pytest.raises(FileFormatError, match=rf"rows.jsonl: line 1, column 1: {said}"), Store(tmp_path):
        pass
    assert path.read_text() == before


@pytest.mark.parametrize("at", range(len(RESULTS)))
def test_a_line_cut_in_the_middle_costs_that_row_and_not_the_folder(tmp_path: Path, at: int) -> None:
    path = filled(tmp_path)
    lines = path.read_text().splitlines()
    lines[at] = cut = lines[at][: len(lines[at]) // 2]
    path.write_text("".join(f"{line}\n" for line in lines))
    rest = [result for i, result in enumerate(RESULTS) if i != at]
    assert by_key(read_results(tmp_path)) == by_key(rest)  # for a figure, which changes nothing
    with Store(tmp_path) as store:
        assert by_key(store.results.values()) == by_key(rest)
        assert [f"line {at + 1} is cut off or damaged" in note for note in store.notes] == [True]
        store.append(RESULTS[at])
    assert (tmp_path / DAMAGED).read_text() == f"{cut}\n"  # nothing is thrown away
    with Store(tmp_path) as store:
        assert (store.notes, by_key(store.results.values())) == ([], by_key(RESULTS))


def test_a_file_that_never_held_a_result_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("my notes\n")
    with pytest.raises(FileFormatError, match="line 1, column 1: is not JSON"), Store(tmp_path):
        pass
    assert (tmp_path / "rows.jsonl").read_text() == "my notes\n"


def test_parts_that_a_kill_left_are_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in (".rows.csv.abc123.part", ".sweep.toml.abc123.part", ".figure.svg.abc123.part", "a.part"):
        (tmp_path / name).write_text("half")
    with Store(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.glob("*.part")) == [".figure.svg.abc123.part", "a.part"]


def test_the_lock_follows_no_link_and_empties_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for place, link in (("soft", os.symlink), ("hard", os.link)):
        folder = tmp_path / place
        folder.mkdir()
        link(victim, folder / ".lock")
        with (
            pytest.raises(FabricsimError, match=rf"{place}/.lock: is (a link|not a plain file)"),
            Store(folder),
        ):
            pass
        assert victim.read_text() == "precious"
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / ".lock")
    with pytest.raises(FabricsimError, match="is not a plain file"), Store(tmp_path / "pipe"):
        pass


def test_one_writer_at_a_time_and_a_dead_one_does_not_count(tmp_path: Path) -> None:
    program = (
        "import sys, time; from sims.studies.sweep.store import Store\n"
        "with Store(sys.argv[1]):\n    print(1, flush=True)\n    time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"1\n"
    rule = rf"{tmp_path}: process {holder.pid} on \S+ is writing there: wait for it or end it"
    with pytest.raises(FabricsimError, match=rule), Store(tmp_path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    filled(tmp_path)
    assert read_results(tmp_path) == RESULTS


def test_a_full_disk_is_one_line_and_what_was_written_stays(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: it takes a part of the line."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = len(filled(tmp_path / "whole").read_bytes())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size * 2 // 3, before[1]))
    kept = 0
    try:
        with (
            pytest.raises(FabricsimError, match=r"rows.jsonl: cannot be written: File too large$"),
            Store(tmp_path / "full") as store,
        ):
            for result in RESULTS:
                store.append(result)
                kept += 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert 0 < kept < len(RESULTS)
    assert (tmp_path / "full" / "rows.jsonl").read_text().endswith("\n")
    with Store(tmp_path / "full") as store:
        assert list(store.results.values()) == RESULTS[:kept] and store.notes == []


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, said in (
        (tmp_path / "file", "is not a folder, and a sweep writes to one"),
        (tmp_path / "file" / "a", "cannot be written to: Not a directory"),
    ):
        with pytest.raises(FabricsimError, match=rf"{folder}: {said}"), Store(folder):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user, whom this one may become")
def test_somebody_elses_folder_is_one_line(tmp_path: Path) -> None:
    program = (
        "import os, sys; from sims.studies.sweep.store import Store\n"
        "from fabric.words.errors import FabricsimError\n"
        "os.setuid(65534)\n"
        "try:\n    Store(sys.argv[1]).__enter__()\nexcept FabricsimError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{tmp_path}: cannot be written to: Permission denied\n"
