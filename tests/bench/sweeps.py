"""Speed of sweeps, as ratios to the simulation alone or to another sweep of the same run; answers asserted.

Commands take turns, and the median is taken, because machines are shared and noisy. Exit status 1 where a
target is missed.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench import FABRICSIM, ROUNDS, rows, run

BARE = Path(__file__).parent / "bare_sweep.py"
PROCESSOR = Path(__file__).parent / "processor_time.py"
SIZES = "8:16G:x4,1000..1003"  # 20 of them
ALGORITHMS = "ring,tree,halving-doubling,recursive-doubling,hierarchical-ring"
COMMON = ["topology=fat-tree:k=16", f"size={SIZES}", f"algorithm={ALGORITHMS}", "seed=0..9"]
LONG = ["topology=fat-tree:k=32", "algorithm=recursive-doubling,halving-doubling", "seed=0..149"]


def sweep(folder: str, out: str, sets: list[str], *more: str) -> float:
    """Seconds of a sweep into a fresh folder."""
    options = [word for text in sets for word in ("--set", text)]
    return run([*FABRICSIM, "sweep", *options, "-o", out, *more], folder)[0]


def overhead(folder: str) -> list[str]:
    """1,000 points on a k=16 fabric in one command, against a loop that runs them and does nothing else."""
    loops, walls = [], []
    for number in range(ROUNDS):
        took, _, output = run([sys.executable, str(BARE), *COMMON], folder)
        loops.append(took)
        walls.append(sweep(folder, f"a{number}", COMMON, "-j1"))
        found = rows(folder, f"a{number}/rows.csv")
        assert len(found) == 1000, len(found)
        total = math.fsum(float(row["time_s"]) for row in found)
        assert math.isclose(total, float(output), rel_tol=1e-12), (total, output)
    each = median(wall - loop for wall, loop in zip(walls, loops)) / 1000
    print(f"1,000 points, k=16, -j 1: {median(walls):.2f} s, the simulation alone {median(loops):.2f} s")
    print(f"  overhead per point {1e3 * each:.2f} ms (target 5 ms)")
    return ["overhead per point"] * (each > 5e-3)


def two_workers(folder: str) -> list[str]:
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
    print(f"300 points of {1e3 * median(points):.0f} ms: two workers {median(ratios):.2f}x one by the clock,")
    print(f"  {median(spent):.2f}x by processor time (target 1.6x by either)")
    return ["two workers"] * (max(median(ratios), median(spent)) < 1.6)


def processor(folder: str, out: str, jobs: str) -> tuple[float, float]:
    """Processor seconds of the long sweep: of its own process, of its workers."""
    _, _, output = run([sys.executable, str(PROCESSOR), jobs, out, *LONG], folder)
    own, workers = map(float, output.split())
    return own, workers


def many_sizes(folder: str) -> list[str]:
    """32 sizes against one on 101,306 endpoints: routes are found once, and so are rates."""
    over = []
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
        print(f"32 sizes, {algorithm}, k=74: {median(ratios):.2f}x one size (target 1.5x)")
        over += [f"32 sizes of {algorithm}"] * (median(ratios) > 1.5)
    return over


def main() -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        over = [*overhead(folder), *two_workers(folder), *many_sizes(folder)]
    print(f"took {time.monotonic() - began:.0f} s")
    if over:
        sys.exit("over target: " + ", ".join(over))


if __name__ == "__main__":
    main()
