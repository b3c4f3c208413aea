"""What --explain costs at 100,000 endpoints, as a ratio to the same command without it, in turns.

Each answer is asserted: the time now is that of the plain run, and a gain is that of a run with the change.
Exit status 1 where a ratio is over its target.
"""

from __future__ import annotations

import json
import sys
import tempfile
from math import isclose
from pathlib import Path
from statistics import median

from bench import FABRICSIM, run

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


def main() -> None:
    over = []
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'case':<28} {'plain':>8} {'explain':>8} {'ratio':>7} {'target':>7}")
        for name, words in CASES:
            ratios, plains, whys = [], [], []
            outs = (["--out", "a.json"], ["--out", "b.json"]) if words[0] == "allreduce" else ([], [])
            for _ in range(ROUNDS):
                plain, _, before = run([*FABRICSIM, *words, *outs[0]], folder)
                why, _, after = run([*FABRICSIM, *words, *outs[1], "--explain"], folder)
                plains.append(plain)
                whys.append(why)
                ratios.append(why / plain)
            if words[0] == "flows":
                check_flows(before, after)
            else:
                check_rows(folder)
            ratio = median(ratios)
            over += [name] * (ratio > TARGET)
            print(
                f"{name:<28} {median(plains):>6.2f} s {median(whys):>6.2f} s {ratio:>6.2f}x {TARGET:>6.0f}x"
            )
    if over:
        sys.exit("over target: " + ", ".join(over))


if __name__ == "__main__":
    main()
