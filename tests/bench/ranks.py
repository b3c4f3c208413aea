"""Ranks that do not wait (``--sync rank``), exactly: processor seconds of whole commands. Needs numba.

Each answer is asserted: bytes need at least what the endpoints' links take, and rounds in step are what the
default says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, rows, run

ROUNDS = 2
SIZE = 2**30
# k of the fat-tree, algorithm, routing, seconds allowed, whether the default takes as long.
CASES = [
    (16, "halving-doubling", "ecmp", 5.0, False),
    (32, "halving-doubling", "ecmp", 15.0, False),
    (16, "ring", "dmodk", 30.0, True),
]


def measure() -> Iterator[Measured]:
    for k, algorithm, routing, target, same in CASES:
        ranks = k**3 // 4
        common = [*FABRICSIM, "allreduce", f"fat-tree:k={k}", "--algorithm", algorithm, "--size", str(SIZE)]
        common += ["--routing", routing, "--out", "r.csv"]
        with tempfile.TemporaryDirectory() as folder:
            run(
                [*common, "--sync", "rank", "--ranks", "8"], folder
            )  # compiles, where nothing is compiled yet
            ran = min((run([*common, "--sync", "rank"], folder) for _ in range(ROUNDS)), key=lambda r: r.wall)
            (row,) = rows(folder, "r.csv")
            step = run(common, folder)
            (default,) = rows(folder, "r.csv")
        time = float(row["time_s"])
        assert time >= 2 * (1 - 1 / ranks) * SIZE / 50e9 and row["sync"] == "rank"
        assert not same or abs(time / float(default["time_s"]) - 1) < 1e-6
        yield Measured(
            case=f"{algorithm}, {ranks:,} ranks, {routing}: seconds of processor",
            value=ran.processor,
            target=target,
            unit="s",
            seconds=ran.wall,
            floor=step.wall,
            peak_mb=ran.peak,
        )
