"""Flows of unequal sizes, exactly: what they cost beyond flows of one size on the same paths. Needs numba.

Seconds of processor time, as other work on the machine stretches the clock. Each answer is asserted: no end
comes before its bytes can, and the last one is what the form without numba finds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sims.workload.traffic import pattern
from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, alternated, rows, run

ROUNDS = 3
# k of the fat-tree, destinations of each endpoint, seconds allowed, whether in all or beyond equal sizes; the
# makespan that the form without numba finds (minutes), None: too long to wait for.
CASES = [
    (32, 1, 0.8, False, 0.08326741421999985),
    (74, 1, 3.0, False, None),
    (32, 4, 6.0, True, None),
]


def write(folder: str, k: int, each: int) -> list[str]:
    """Two files of traffic, of unequal and of equal sizes."""
    n, draw = k**3 // 4, np.random.default_rng(1)
    if each == 1:
        who = pattern("permutation", n, 1.0, 0)
        src, dst = who.src, who.dst
    else:
        src, dst = np.repeat(np.arange(n), each), draw.integers(0, n - 1, each * n)
        dst += dst >= src
    names = []
    for size in (draw.uniform(1e6, 1e9, len(src)).astype(int), np.full(len(src), 5 * 10**8)):
        names.append(str(Path(folder, f"{len(names)}.csv")))
        lines = [f"{a},{b},{c}\n" for a, b, c in zip(src.tolist(), dst.tolist(), size.tolist())]
        Path(names[-1]).write_text("src,dst,size_bytes\n" + "".join(lines), encoding="utf-8")
    return names


def check(folder: str, flows: int, makespan: float | None) -> None:
    found = rows(folder, "ends.csv")
    end = np.array([float(row["end_s"]) for row in found])
    size = np.array([float(row["size_bytes"]) for row in found])
    assert len(found) == flows and np.all(end >= size / 50e9)
    if makespan is not None:
        assert abs(end.max() / makespan - 1) < 1e-9, repr(end.max())


def measure() -> Iterator[Measured]:
    for k, each, target, in_all, makespan in CASES:
        with tempfile.TemporaryDirectory() as folder:
            unequal, equal = write(folder, k, each)
            common = [*FABRICSIM, "flows", f"fat-tree:k={k}", "--resolution", "0", "--out", "ends.csv"]
            run([*common, "--traffic", unequal], folder)  # compiles, where nothing is compiled yet
            plain, ran = alternated(
                [*common, "--traffic", equal], [*common, "--traffic", unequal], folder, ROUNDS
            )
            check(folder, each * k**3 // 4, makespan)
        seconds = ran.processor if in_all else ran.processor - plain.processor
        yield Measured(
            case=f"k={k}, {each} from each: seconds of processor{'' if in_all else ' beyond equal sizes'}",
            value=seconds,
            target=target,
            unit="s",
            seconds=ran.wall,
            floor=plain.wall,
            peak_mb=ran.peak,
        )
