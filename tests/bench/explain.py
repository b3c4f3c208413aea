"""What --explain costs at 100,000 endpoints, as a ratio to the same command without it, in turns.

Each answer is asserted: the time now is that of the plain run, and a gain is that of a run with the change.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from math import isclose
from pathlib import Path

from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, alternated, run

TARGET = 5.0
ROUNDS = 3
PRESET = "preset:colossus-100k"
CASES: list[tuple[str, list[str]]] = [
    ("ring, 1 GiB", ["allreduce", PRESET, "--algorithm", "ring", "--size", "1GiB"]),
    ("halving-doubling, 1 GiB", ["allreduce", PRESET, "--algorithm", "halving-doubling", "--size", "1GiB"]),
    ("five algorithms, 16 sizes", ["allreduce", PRESET]),
    (
        "ring, 1% of cables cut",
        ["allreduce", PRESET, "--algorithm", "ring", "--size", "1GiB", "--fail", "cables=1%"],
    ),
    ("permutation, 1 GB", ["flows", PRESET, "--size", "1GB"]),
]


def check_rows(folder: str) -> None:
    """The rows are those of the plain run, with gains; those of perfect load balancing are run once more."""
    plain, why = (json.loads(Path(folder, name).read_text(encoding="utf-8")) for name in ("a.json", "b.json"))
    assert [{**row, "gains": 0} for row in plain] == [{**row, "gains": 0} for row in why]
    assert all(len(row["gains"]) >= 7 for row in why)
    last = why[-1]
    words = [PRESET, "--algorithm", last["used"], "--size", str(last["size_bytes"]), "--routing", "adaptive"]
    run([*FABRICSIM, "allreduce", *words, "--fail", last["fail"], "--out", "c.json"], folder)
    (other,) = json.loads(Path(folder, "c.json").read_text(encoding="utf-8"))
    saved = last["time_s"] - other["time_s"]
    assert isclose(last["gains"]["perfect load balancing"], saved, abs_tol=1e-12), (last, other)


def check_flows(plain: str, why: str) -> None:
    assert why.startswith(plain)
    (line,) = (line for line in why.splitlines() if line.startswith("  2x every cable"))
    assert "50.0%" in line.split(), line  # of a permutation the bytes are all


def measure() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        for name, words in CASES:
            outs = (["--out", "a.json"], ["--out", "b.json"]) if words[0] == "allreduce" else ([], [])
            command = [*FABRICSIM, *words]
            plain, why = alternated([*command, *outs[0]], [*command, *outs[1], "--explain"], folder, ROUNDS)
            if words[0] == "flows":
                check_flows(plain.output, why.output)
            else:
                check_rows(folder)
            ratio = why.wall / plain.wall
            yield Measured(case=name, value=ratio, target=TARGET, seconds=why.wall, floor=plain.wall)
