"""Scenarios on processes of this machine: the same rows as in one, whichever of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sweep_cases import ROOT, by_key, scenarios, slow_workers, undisturbed

from fabric.machine.cores import cores
from sims.scenario.row import Failure, Row
from sims.studies.sweep import process
from sims.studies.sweep.pool import Pool, PoolError, fitting


def alive(pid: int) -> bool:
    """Whether there is such a process and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_rows_are_those_of_one_process() -> None:
    asked = [*scenarios(), scenarios()[0].model_copy(update={"topology": "no-such:k=4"})]
    with Pool(3) as pool:
        found = list(pool.run(asked))
        pids = pool.pids
        again = list(pool.run(asked[:5]))
    assert by_key(found) == undisturbed(asked)
    assert [type(result) for result in by_key(found)].count(Failure) == 1
    assert by_key(again) == undisturbed(asked[:5])
    assert len(pids) == 3 and not any(map(alive, pids))


def test_a_worker_that_is_killed_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", slow_workers(tmp_path, 0.03))
    asked, found, killed = scenarios(), [], []
    with Pool(2) as pool:
        for result in pool.run(asked):
            found.append(result)
            if len(found) in (5, 15, 16):
                killed.append(pool.pids[0])
                os.kill(killed[-1], signal.SIGKILL)
        assert len(pool.pids) == 2 and not set(killed) & set(pool.pids)
    assert len(set(killed)) >= 2
    assert by_key(found) == undisturbed(asked)  # equal lists: none lost, none twice


def test_a_scenario_that_kills_its_workers_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", slow_workers(tmp_path, 0.0))
    asked = scenarios(16)
    asked.append(asked[0].model_copy(update={"size_bytes": 666}))
    with Pool(2) as pool:
        found = list(pool.run(asked))
    failures = [result for result in found if isinstance(result, Failure)]
    assert [failure.scenario for failure in failures] == asked[-1:]
    rule = "KilledWorker: 3 workers died over it, the last was killed by SIGKILL: out of memory?"
    assert failures[0].error == rule and found[-1] == failures[0]
    assert by_key([result for result in found if isinstance(result, Row)]) == undisturbed(asked[:-1])


def test_workers_that_do_not_start_are_an_error_and_not_a_hang(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_PROGRAM", "raise SystemExit('no such module')")
    rule = r"3 worker processes ended as soon as they started \(exit status 1\)"
    with pytest.raises(PoolError, match=rule), Pool(2) as pool:
        list(pool.run(scenarios(4)))
    assert "no such module" in capfd.readouterr().err


def test_leaving_in_the_middle_ends_the_workers_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", slow_workers(tmp_path, 0.5))
    with pytest.raises(KeyboardInterrupt), Pool(2) as pool:
        for _ in pool.run(scenarios()):
            pids, began = pool.pids, time.monotonic()
            raise KeyboardInterrupt
    assert time.monotonic() - began < 1
    assert pids and not any(map(alive, pids))


def test_what_a_scenario_prints_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    env = slow_workers(tmp_path, 0.0)
    with (tmp_path / "sitecustomize.py").open("a") as file:
        file.write(
            "def loud(self, scenario):\n    print('{}', flush=True)\n    return run(self, scenario)\n"
            "bench.Bench.run = loud\n"
        )
    monkeypatch.setattr(os, "environ", env)
    with Pool(1) as pool:
        assert len(list(pool.run(scenarios(4)))) == 4
    assert capfd.readouterr().err.split() == ["{}"] * 4


def test_no_more_workers_than_fit() -> None:
    assert [fitting(2e9, free) for free in (0.0, 2e9, 4e9, 10e9)] == [1, 1, 1, 4]
    assert fitting(1e9, float("inf")) > 1000
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """Nor does a notebook: a worker imports fabricsim, and never the program that started it."""
    script = tmp_path / "script.py"
    script.write_text(
        "from sims.studies.sweep import read_sweep, run_sweep\n"
        "spec = read_sweep(sets=['topology=star:endpoints=4', 'size=8:1K:x2'])\n"
        "print(run_sweep(spec, 'out', jobs=2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "8 points, 8 run now\n", "")
