"""Sweeps, as ratios to the simulation alone or to another sweep of the same run.

Commands take turns, and the median is taken, because machines are shared and noisy; answers are asserted.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.measured import Measured
from tests.bench.process import ALONE, FABRICSIM, rows, run

ROUNDS = 5
BARE = ALONE / "bare_sweep.py"
PROCESSOR = ALONE / "processor_time.py"
SIZES = "8:16G:x4,1000..1003"  # 20 of them
ALGORITHMS = "ring,tree,halving-doubling,recursive-doubling,hierarchical-ring:pipeline=8"
COMMON = ["topology=fat-tree:k=16", f"size={SIZES}", f"algorithm={ALGORITHMS}", "seed=0..9"]
LONG = ["topology=fat-tree:k=48", "algorithm=recursive-doubling,halving-doubling", "seed=0..149"]


def sweep(folder: str, out: str, sets: list[str], *more: str) -> float:
    """Seconds of a sweep into a fresh folder."""
    options = [word for text in sets for word in ("--set", text)]
    return run([*FABRICSIM, "sweep", *options, "-o", out, *more], folder).wall


def overhead(folder: str) -> Measured:
    """1,000 points on a k=16 fabric in one command, against a loop that runs them and does nothing else."""
    loops, walls = [], []
    for number in range(ROUNDS):
        ran = run([sys.executable, str(BARE), *COMMON], folder)
        loops.append(ran.wall)
        walls.append(sweep(folder, f"a{number}", COMMON, "-j1"))
        found = rows(folder, f"a{number}/rows.csv")
        assert len(found) == 1000, len(found)
        total = math.fsum(float(row["time_s"]) for row in found)
        assert math.isclose(total, float(ran.output), rel_tol=1e-12), (total, ran.output)
    each = median(wall - loop for wall, loop in zip(walls, loops)) / 1000
    name = "overhead of each of 1,000 points, k=16, -j 1"
    return Measured(
        case=name, value=1e3 * each, unit="ms", target=5, seconds=median(walls), floor=median(loops)
    )


def two_workers(folder: str) -> Measured:
    """300 points that take 50 ms and more each: two processes against one.

    By the clock, and by processor time, which other work on the machine does not change: this process and
    half of what the two workers took, as if each had a core of its own.
    """
    ratios, spent, points = [], [], []
    for number in range(2):
        one = sweep(folder, f"b{number}", LONG, "-j1")
        two = sweep(folder, f"c{number}", LONG, "-j2")
        assert (
            Path(folder, f"b{number}/rows.csv").read_bytes()
            == Path(folder, f"c{number}/rows.csv").read_bytes()
        )
        ratios.append(one / two)
        alone, _ = processor(folder, f"d{number}", "1")
        parent, workers = processor(folder, f"e{number}", "2")
        spent.append(alone / (parent + workers / 2))
        points.append(alone / 300)
    assert min(points) > 0.05, points
    by_either = max(median(ratios), median(spent))  # the clock, or processor time
    return Measured(case="two workers against one, 300 points", value=by_either, target=1.6, least=True)


def processor(folder: str, out: str, jobs: str) -> tuple[float, float]:
    """Processor seconds of the long sweep: of its own process, of its workers."""
    ran = run([sys.executable, str(PROCESSOR), jobs, out, *LONG], folder)
    own, workers = map(float, ran.output.split())
    return own, workers


def many_sizes(folder: str) -> Iterator[Measured]:
    """32 sizes against one on 101,306 endpoints: routes are found once, and so are rates."""
    for algorithm in ("ring", "tree", "halving-doubling"):
        sets = ["topology=fat-tree:k=74", f"algorithm={algorithm}"]
        ratios = []
        for number in range(ROUNDS):
            one = sweep(folder, f"one-{algorithm}-{number}", [*sets, "size=16G"], "-j1")
            all_of_them = sweep(folder, f"all-{algorithm}-{number}", [*sets, "size=8:16G:x2"], "-j1")
            found = rows(folder, f"all-{algorithm}-{number}/rows.csv")
            (last,) = rows(folder, f"one-{algorithm}-{number}/rows.csv")
            assert len(found) == 32 and found[-1] == last, (len(found), found[-1], last)
            ratios.append(all_of_them / one)
        yield Measured(case=f"32 sizes against one, {algorithm}, k=74", value=median(ratios), target=1.5)


def measure() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        yield overhead(folder)
        yield two_workers(folder)
        yield from many_sizes(folder)
