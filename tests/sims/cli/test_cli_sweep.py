"""``fabricsim sweep`` and ``merge`` as a user runs them: whatever is killed, the same command again ends with
the rows of an undisturbed run, none lost and none twice.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from sweep_cases import ROOT, fabricsim, slow_workers

from fabric.words.errors import ParameterError
from sims.scenario.files import read_records
from sims.scenario.row import Failure, Row
from sims.scenario.rows import read_results
from sims.studies.sweep import merge_results, read_sweep, run_sweep
from sims.studies.sweep.run import StoppedError

SPEC = """
title = "two fabrics"
[grid]
algorithm = ["ring", "tree"]
size = "1000..1009"
topology = ["fat-tree:k=4", "star:endpoints=8"]
"""
POINTS = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Row | Failure]:
    path = tmp_path_factory.mktemp("undisturbed")
    (path / "spec.toml").write_text(SPEC, encoding="utf-8")
    return list(run_sweep(path / "spec.toml", path / "out", jobs=1).results)


def ended(process: subprocess.Popen[str], timeout: float = 60) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def sweep(folder: Path, *words: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    return ended(fabricsim(folder, "sweep", "spec.toml", "-o", "out", *words, env=env))


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


def lines(folder: Path) -> int:
    path = folder / "out" / "rows.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def whole(folder: Path, undisturbed: list[Row | Failure]) -> None:
    """The folder holds the rows of an undisturbed run: in order in the table, once in the journal."""
    assert read_results(folder / "out" / "rows.csv") == undisturbed
    keys = [record["key"] for record in read_records(folder / "out" / "rows.jsonl")]
    assert sorted(keys) == sorted(result.key for result in undisturbed)


# --- the same rows, whatever happens ------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [["-j", "1"], ["-j", "3"], []])
def test_the_same_rows_whatever_j(folder: Path, undisturbed: list[Row | Failure], jobs: list[str]) -> None:
    status, out, err = sweep(folder, *jobs)
    assert (status, out) == (0, "40 points, 40 run now\n")
    assert [line.split("/")[-1] for line in err.splitlines()][:2] == ["rows.jsonl", "rows.csv"]
    whole(folder, undisturbed)
    status, out, err = sweep(folder, *jobs)
    assert (status, out) == (0, "40 points, 0 run now, 40 there before\n")
    assert err.startswith("out: 40 of 40 points are there already\n")
    whole(folder, undisturbed)


def test_a_killed_worker_costs_nothing(folder: Path, undisturbed: list[Row | Failure]) -> None:
    process = fabricsim(folder, "sweep", "spec.toml", "-o", "out", "-j2", env=slow_workers(folder, 0.05))
    for wanted in (5, 12, 20):
        until(lambda wanted=wanted: lines(folder) >= wanted)
        os.kill(children(process.pid)[0], signal.SIGKILL)
    status, out, _ = ended(process)
    assert (status, out) == (0, "40 points, 40 run now\n")
    whole(folder, undisturbed)


def test_a_killed_parent_takes_its_workers_along_and_can_go_on(
    folder: Path, undisturbed: list[Row | Failure]
) -> None:
    process = fabricsim(folder, "sweep", "spec.toml", "-o", "out", "-j2", env=slow_workers(folder, 0.05))
    until(lambda: lines(folder) >= 10)
    workers = children(process.pid)
    assert len(workers) == 2
    process.kill()
    ended(process)
    until(lambda: not any(map(alive, workers)), 2)
    with (folder / "out" / "rows.jsonl").open("a") as file:
        file.write('{"key": "0123')  # as if it had died in the middle of a line
    kept = lines(folder)
    assert 10 <= kept < POINTS
    status, out, err = sweep(folder, "-j2")
    assert (status, out) == (0, f"40 points, {POINTS - kept} run now, {kept} there before\n")
    assert f"rows.jsonl: line {kept + 1} is cut off or damaged and is left out" in err
    whole(folder, undisturbed)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_ctrl_c_keeps_the_rows_and_leaves_no_worker(
    folder: Path, undisturbed: list[Row | Failure], jobs: str, stop: int
) -> None:
    process = fabricsim(folder, "sweep", "spec.toml", "-o", "out", jobs, env=slow_workers(folder, 0.05))
    until(lambda: lines(folder) >= 10)
    workers, began = children(process.pid), time.monotonic()
    process.send_signal(stop)
    status, out, err = ended(process)
    assert time.monotonic() - began < 2
    assert (status, out) == (130, "") and err.endswith("fabricsim: interrupted\n")
    assert not any(map(alive, workers))
    kept = read_results(folder / "out" / "rows.csv")
    assert 10 <= len(kept) < POINTS and kept == [result for result in undisturbed if result in kept]
    assert sweep(folder)[0] == 0
    whole(folder, undisturbed)


def test_a_cluster_with_a_killed_worker_and_then_a_killed_scheduler(
    folder: Path, undisturbed: list[Row | Failure]
) -> None:
    pytest.importorskip("distributed")
    from dask_cluster import Cluster

    cluster = Cluster(folder)
    try:
        doomed = cluster.worker(pause=0.1)
        cluster.worker(pause=0.1)
        command = ("sweep", "spec.toml", "-o", "out", "--scheduler", cluster.address)
        process = fabricsim(folder, *command)
        until(lambda: lines(folder) >= 4, 40)
        doomed.kill()
        until(lambda: lines(folder) >= 16)
        cluster.scheduler.kill()
        status, out, err = ended(process)
    finally:
        cluster.stop()
    kept = lines(folder)
    assert (status, out) == (2, "") and 16 <= kept < POINTS
    rule = f"{kept} of 40 points are kept; the same command again does what is missing"
    assert rule in err.splitlines()[-1]
    assert len(read_results(folder / "out" / "rows.csv")) == kept
    assert sweep(folder)[0] == 0
    whole(folder, undisturbed)


def test_a_cluster_gives_the_same_rows(folder: Path, undisturbed: list[Row | Failure]) -> None:
    pytest.importorskip("distributed")
    from dask_cluster import Cluster

    cluster = Cluster(folder)
    try:
        doomed = cluster.worker(pause=0.05)
        cluster.worker(pause=0.05)
        process = fabricsim(folder, "sweep", "spec.toml", "-o", "out", "--scheduler", cluster.address)
        until(lambda: lines(folder) >= 4, 40)
        doomed.kill()
        assert ended(process)[0] == 0
    finally:
        cluster.stop()
    whole(folder, undisturbed)


def test_a_full_disk_keeps_what_was_written(folder: Path, undisturbed: list[Row | Failure]) -> None:
    run_sweep(folder / "spec.toml", folder / "whole", jobs=1)
    room = (folder / "whole" / "rows.jsonl").stat().st_size // 2
    process = subprocess.Popen(
        [sys.executable, "-m", "sims.cli", "sweep", "spec.toml", "-o", "out", "-j2"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    status, out, err = ended(process)
    kept = lines(folder)
    assert (status, out) == (2, "") and 0 < kept < POINTS
    (line,) = err.splitlines()
    assert line == (
        f"fabricsim: error: out/rows.jsonl: cannot be written: File too large: {kept} of 40 points are kept; "
        "the same command again does what is missing"
    )
    assert sweep(folder)[0] == 0
    whole(folder, undisturbed)


# --- failures, changes, mistakes ----------------------------------------------------------------------------


def test_failed_points_are_rows_and_are_tried_again(folder: Path) -> None:
    """A point that kills its workers; then a machine on which it does not."""
    sets = ["--set", "topology=star:endpoints=4", "--set", "size=665..667"]
    env = slow_workers(folder, 0.0)
    status, out, err = ended(fabricsim(folder, "sweep", *sets, "-o", "out", "-j2", env=env))
    assert status == 3
    assert out == "3 points, 3 run now, 1 failed: the same command tries them again\n"
    words = "KilledWorker: 3 workers died over it, the last was killed by SIGKILL: out of memory?"
    failed = [line for line in err.splitlines() if line.startswith("failed: ")]
    found = read_results(folder / "out" / "rows.csv")
    key = next(result.key for result in found if isinstance(result, Failure))
    assert failed == [f"failed: size=666 (key {key}): {words}"]
    assert [type(result) for result in found] == [Row, Failure, Row]
    status, out, _ = ended(fabricsim(folder, "sweep", *sets, "-o", "out", "-j2"))
    assert (status, out) == (0, "3 points, 1 run now, 2 there before\n")
    assert [type(result) for result in read_results(folder / "out")] == [Row, Row, Row]


def test_a_changed_sweep_keeps_the_rows_of_the_other_and_says_so(folder: Path) -> None:
    sweep(folder, "-j1")
    status, out, err = sweep(folder, "-j1", "--set", "size=1008..1011", "--set", "topology=star:endpoints=8")
    assert (status, out) == (0, "8 points, 4 run now, 4 there before\n")
    assert "out: 4 of 8 points are there already\nout: 36 results of other scenarios stay there\n" in err
    assert len(read_results(folder / "out")) == 44
    sizes = [row.scenario.size_bytes for row in read_results(folder / "out" / "rows.csv")]
    assert sizes[:4] == [1008, 1009, 1010, 1011]  # those of this sweep come first, in its order
    again = read_sweep(folder / "out" / "sweep.toml")
    assert len(again) == 8 and again.title == "two fabrics"


def test_a_dry_run_lists_and_writes_nothing(folder: Path) -> None:
    status, out, err = sweep(folder, "--dry-run", "-j2")
    assert (status, err) == (0, "")
    listed = out.splitlines()
    assert "40 points" in listed and sum(line[:1].isdigit() for line in listed) == POINTS + 1
    assert listed[-1].startswith("about ") and "on 2 workers" in listed[-1] and "GB" in listed[-1]
    assert not (folder / "out").exists()


def test_all_mistakes_are_told_at_once_and_nothing_is_written(folder: Path) -> None:
    text = '[grid]\nsize = ["1X"]\nalgorithm = ["rang"]\n[base]\nseed = -1\nrank = 4\n'
    (folder / "spec.toml").write_text(text, encoding="utf-8")
    status, out, err = sweep(folder)
    assert (status, out) == (2, "") and not (folder / "out").exists()
    (line,) = err.splitlines()
    assert all(word in line for word in ("spec.toml: ", "'1X'", "'rang'", "'-1'", "'rank'"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--out: not given: a folder for the rows: -o FOLDER"),
        (["-o", "x"], "SPEC: not given: name a file, or axes as in --set"),
        (["-o", "x", "none.toml"], "none.toml: cannot be read: No such file"),
        (["-o", "x", "spec.toml", "-j", "0"], "--jobs: '0': a whole number from 1"),
        (["-o", "x", "spec.toml", "-j", "two"], "--jobs: 'two': a whole number"),
        (["-o", "x", "spec.toml", "-j2", "--scheduler", "tcp://h:1"], "has its own workers"),
        (["-o", "spec.toml", "spec.toml"], "spec.toml: is not a folder, and a sweep writes to one"),
        (["-o", "x", "--set", "foo=1"], "'foo': no field and no part of one"),
    ],
)
def test_a_mistake_is_one_line(folder: Path, words: list[str], said: str) -> None:
    status, out, err = ended(fabricsim(folder, "sweep", *words))
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert said in line and not (folder / "x").exists()


def test_more_workers_than_fit_are_not_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sims.studies.sweep.run.available_memory", lambda: 0.1e9)
    said: list[str] = []
    run_sweep(folder / "spec.toml", folder / "out", jobs=8, say=said.append)
    assert said == ["1 worker instead of 8: a worker needs about 0.1 GB and 0.1 GB are free"]


def test_the_disk_fills_in_a_program_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sims.studies.sweep.store.os.write", full)
    rule = r"rows.jsonl: cannot be written: No space left on device: 0 of 40 points are kept"
    with pytest.raises(StoppedError, match=rule):
        run_sweep(folder / "spec.toml", folder / "out", jobs=1)


def test_a_stop_writes_the_tables_where_that_is_quick(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(results: Iterator[Row | Failure], count: int) -> Iterator[Row | Failure]:
        yield from islice(results, 5)
        raise KeyboardInterrupt

    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run_sweep(folder / "spec.toml", folder / "out", jobs=1, watch=stop)
    assert len(read_results(folder / "out" / "rows.csv")) == 5
    monkeypatch.setattr("sims.studies.sweep.run._QUICK", 9)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(folder / "spec.toml", folder / "out", jobs=1, watch=stop, say=said.append)
    assert said[-1].endswith("out: the tables are not made anew: the same command again does it")
    assert len(read_results(folder / "out")) == 10
    assert len(read_results(folder / "out" / "rows.csv")) == 5


def test_jobs_are_one_or_more(folder: Path) -> None:
    with pytest.raises(ParameterError, match="jobs: 0: at least one process"):
        run_sweep(folder / "spec.toml", folder / "out", jobs=0)


# --- merge --------------------------------------------------------------------------------------------------


def test_halves_merge_to_the_whole(folder: Path, undisturbed: list[Row | Failure]) -> None:
    for name, sizes in (("a", "1000..1006"), ("b", "1004..1009")):
        run_sweep(read_sweep(folder / "spec.toml", [f"size={sizes}"]), folder / name, jobs=1)
    (folder / "c.csv").write_bytes((folder / "b" / "rows.csv").read_bytes())
    expected = sorted(undisturbed, key=lambda result: result.key)
    for target in ("out", "out.jsonl", "out.csv"):
        status, out, _ = ended(fabricsim(folder, "merge", "a", "b", "c.csv", "-o", target))
        assert (status, out) == (0, f"{target}: 40 results of 3 sources\n")
        assert read_results(folder / target) == expected
    assert (folder / "out" / "rows.jsonl").read_bytes() == (folder / "out.jsonl").read_bytes()
    status, out, _ = sweep(folder)  # a merged folder goes on as a sweep's
    assert (status, out) == (0, "40 points, 0 run now, 40 there before\n")
    whole(folder, undisturbed)


def test_a_row_wins_over_a_failure_and_two_rows_must_agree(
    folder: Path, undisturbed: list[Row | Failure]
) -> None:
    from dataclasses import replace

    from sims.scenario.files import write_records

    row = undisturbed[0]
    assert isinstance(row, Row)
    failed = Failure(scenario=row.scenario, error="MemoryError: none left", version="0")
    half = {"algbw_GBps": row.algbw_GBps / 2, "busbw_GBps": row.busbw_GBps / 2}
    slower = replace(row, time_s=row.time_s * 2, **half)
    for name, result in (
        ("a", failed),
        ("b", row),
        ("c", slower),
        ("d", replace(row, version="x")),
    ):
        write_records(folder / f"{name}.jsonl", [result.to_dict()])
    merge_results([folder / "a.jsonl", folder / "b.jsonl", folder / "d.jsonl"], folder / "m.jsonl")
    assert read_results(folder / "m.jsonl") == [replace(row, version="x")]  # the same numbers: the last one
    status, out, err = ended(fabricsim(folder, "merge", "b.jsonl", "c.jsonl", "-o", "n.jsonl"))
    assert (status, out) == (2, "") and not (folder / "n.jsonl").exists()
    assert f"b.jsonl and c.jsonl: the rows of key {row.key} differ in time_s: one of them is not" in err


def test_a_folder_with_other_results_is_not_merged_into(folder: Path) -> None:
    for name, sizes in (("a", "1000..1001"), ("b", "1002..1003")):
        run_sweep(read_sweep(folder / "spec.toml", [f"size={sizes}"]), folder / name, jobs=1)
    status, _, err = ended(fabricsim(folder, "merge", "a", "-o", "b"))
    assert status == 2 and "--out: 'b': holds 8 results already: name it among what is merged" in err
    assert ended(fabricsim(folder, "merge", "a", "b", "-o", "b"))[0] == 0
    assert len(read_results(folder / "b")) == 16
    status, _, err = ended(fabricsim(folder, "merge", "a", "nowhere", "-o", "c"))
    assert status == 2 and "nowhere: no such file or folder" in err and not (folder / "c").exists()
    status, _, err = ended(fabricsim(folder, "merge", "a", "-o", "c.txt"))
    assert status == 2 and "a folder, or a file of one of these formats (legal: .csv" in err
