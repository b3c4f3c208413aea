"""An algorithm is one file: among the others it is in help, on the command line, in sweeps and reports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import ROOT
from sweep_cases import fabricsim

from sims.scenario.rows import read_rows

FILE = '''
"""All-reduce in two steps: everything to everyone else's part, and back. Knows no network."""

import numpy as np

from sims.workload.collective import ALL_REDUCE
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.parameters import whole_parameter
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule


@algorithm(ALL_REDUCE, "two-step", "all at once, twice", fold=whole_parameter(4, "no more is of use", "2"))
def two_step(n: int, *, fold: int = 1) -> Schedule:
    src, dst = np.nonzero(~np.eye(n, dtype=bool))
    there = Phase(kind="round", src=src, dst=dst, first=dst * fold, count=fold, modulus=n * fold, op=REDUCE)
    back = Phase(kind="round", src=src, dst=dst, first=src * fold, count=fold, modulus=n * fold, op=COPY)
    return Schedule(name="two-step", n=n, chunks=n * fold, phases=(there, back))
'''

# Stands for the folder of the package, into which a file would be put: every process looks here, too.
FOUND = """
import sims.workload.collectives as collectives
collectives.__path__.append({folder!r})
collectives.discover()
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "two_step.py").write_text(FILE, encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(FOUND.format(folder=str(folder)), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "COLUMNS": "200"}


def run(folder: Path, env: dict[str, str], *words: str, status: int = 0) -> str:
    process = fabricsim(folder, *words, env=env)
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, err
    return err if status else out


def test_from_help_to_report(tmp_path: Path, env: dict[str, str]) -> None:
    words = "".join(run(tmp_path, env, "allreduce", "--help").split())
    assert "hierarchical-ring|tree|halving-doubling,chain-tree,in-network,two-step,auto" in words
    star = ("star:endpoints=8", "--size", "1K")
    assert "# two-step:fold=2" in run(tmp_path, env, "allreduce", *star, "--algorithm", "two-step:fold=2")
    auto = run(tmp_path, env, "allreduce", *star, "--algorithm", "auto", "--out", "auto.jsonl")
    assert "two-step" in auto  # two steps against the log2(8) = 3 of recursive doubling
    assert [row.used for row in read_rows(tmp_path / "auto.jsonl")] == ["two-step"]
    assert "two-step:fold: '5': a whole number from 1 to 4: no more is of use" in run(
        tmp_path, env, "allreduce", *star, "--algorithm", "two-step:fold=5", status=2
    )
    sets = ["topology=star:endpoints=8", "algorithm=two-step,ring", "fold=1,2", "size=1K,1M"]
    sets[1:3] = ["algorithm=two-step:fold=1,two-step:fold=2,ring"]
    run(
        tmp_path,
        env,
        "sweep",
        *(word for text in sets for word in ("--set", text)),
        "-o",
        "out",
        "--jobs",
        "2",
    )
    found = read_rows(tmp_path / "out")
    times = {(row.scenario.algorithm, row.scenario.size_bytes): row.time_s for row in found}
    assert len(times) == 6
    for size in (1024, 2**20):
        assert times["two-step:fold=1", size] == pytest.approx(times["two-step:fold=2", size], rel=1e-12)
    run(tmp_path, env, "report", "out", "-o", "page.html")
    assert (
        "At 1 KiB two-step:fold=1 and two-step:fold=2 are the fastest" in (tmp_path / "page.html").read_text()
    )
