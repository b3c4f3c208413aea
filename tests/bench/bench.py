"""Speed and memory of whole commands, as ratios to a floor measured in the same run; each answer is asserted.

The floor builds the same NetworkX graph with add_edges_from and exits. Commands take turns with it, and the
median is taken, because machines are shared and noisy. Exit status 1 where a ratio is over its target.
"""

from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
FABRICSIM = [sys.executable, "-m", "sims.cli.main"]
ROUNDS = 5
K = 74
ENDPOINTS = K**3 // 4

THREE = ["--algorithm", "ring,tree,hierarchical-ring", "--sizes", "8:16G:x4"]


def run(command: list[str], cwd: str) -> tuple[float, float, str]:
    """Wall seconds, peak resident MB and output of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit status {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024, output


def rows(folder: str, name: str) -> list[dict[str, str]]:
    with open(Path(folder, name), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_main(folder: str, _: str) -> None:
    """16 sizes of three algorithms; the ring's bytes at line rate.

    2 (n - 1) / n S / B of it, with the latency apart.
    """
    found = rows(folder, "r.csv")
    assert len(found) == 48, len(found)
    ring = [row for row in found if row["algorithm"] == "ring"]
    slope = (float(ring[-1]["time_s"]) - float(ring[0]["time_s"])) / (int(ring[-1]["size_bytes"]) - 8)
    assert math.isclose(slope, 2 * (ENDPOINTS - 1) / ENDPOINTS / 50e9, rel_tol=1e-9), slope
    assert Path(folder, "r.svg").stat().st_size > 10_000


def check_doubling(_: str, output: str) -> None:
    """The bytes take 2 S/B to fold in and out and 2 (1 - 1/65536) S/B for the rounds, at the least."""
    line = next(line for line in output.splitlines() if line.split()[:1] == [str(2**30)])
    assert float(line.split()[5]) * 1e-6 >= (4 - 2 / 65536) * 2**30 / 50e9, line


def check_flows(folder: str, _: str) -> None:
    """A row per endpoint; none faster than its NIC, and nothing ends before its bytes can."""
    found = rows(folder, "flows.csv")
    assert len(found) == ENDPOINTS
    assert max(float(row["rate_GBps"]) for row in found) <= 50
    assert min(float(row["end_s"]) for row in found) >= 1e9 / 50e9


def check_balance(folder: str, _: str) -> None:
    """Perfect balance has no collisions; hashing uses 1 - 1/e of the links, more flows than one of each."""
    found = {(row["routing"], row["kind"]): row for row in rows(folder, "balance.csv")}
    assert len(found) == 4 * 6, len(found)
    assert math.isclose(float(found["adaptive", "leaf -> spine"]["slowest_GBps"]), 50)
    assert abs(float(found["ecmp:qps=1", "leaf -> spine"]["used"]) - (1 - (1 - 2 / K) ** (K / 2))) < 0.01
    slowest = [float(found[name, "leaf -> spine"]["slowest_GBps"]) for name in ("ecmp:qps=1", "ecmp:qps=16")]
    assert slowest[0] < slowest[1] < 50


def check_sprayed(folder: str, _: str) -> None:
    """Even splits over what 1% of cut cables leave: a little slower than the ideal, never faster."""
    found = rows(folder, "spray.csv")
    ring = next(row for row in found if row["algorithm"].startswith("hierarchical-ring"))
    assert 0.8 < 1 / float(ring["contention"]) <= 1, ring["contention"]


CASES: list[tuple[str, list[str], float, Callable[[str, str], None]]] = [
    (
        "three algorithms, 16 sizes, figure",
        ["allreduce", f"fat-tree:k={K}", *THREE, "--out", "r.csv", "--plot", "r.svg"],
        4,
        check_main,
    ),
    (
        "halving-doubling, 1 GiB",
        ["allreduce", f"fat-tree:k={K}", "--algorithm", "halving-doubling", "--size", "1GiB"],
        15,
        check_doubling,
    ),
    (
        "permutation, ecmp, to the last byte",
        [
            "flows",
            f"fat-tree:k={K}",
            "--traffic",
            "permutation",
            "--size",
            "1GB",
            "--routing",
            "ecmp",
            "--out",
            "flows.csv",
        ],
        4,
        check_flows,
    ),
    (
        "routing compare, four policies",
        ["routing", "compare", f"fat-tree:k={K}", "--out", "balance.csv", "--plot", "balance.svg"],
        20,
        check_balance,
    ),
    (
        "spray, 1% of cables cut",
        [
            *("allreduce", f"fat-tree:k={K}", "--algorithm", "hierarchical-ring", "--size", "1GiB"),
            *("--routing", "spray", "--fail", "cables=1%", "--out", "spray.csv"),
        ],
        6,
        check_sprayed,
    ),
]


def main() -> None:
    over = []
    with tempfile.TemporaryDirectory() as folder:
        print(f"floor: the bare NetworkX graph of fat-tree:k={K}; medians of {ROUNDS} rounds in turn")
        print(f"{'case':<38} {'floor':>8} {'wall':>8} {'ratio':>7} {'target':>7} {'peak':>8}")
        for name, arguments, target, check in CASES:
            floors, walls, peaks = [], [], []
            for _ in range(ROUNDS):
                floors.append(run([sys.executable, str(HERE / "floor.py"), str(K)], folder)[0])
                wall, peak, output = run([*FABRICSIM, *arguments], folder)
                check(folder, output)
                walls.append(wall)
                peaks.append(peak)
            ratio = median(w / f for w, f in zip(walls, floors))
            over += [name] * (ratio > target)
            print(
                f"{name:<38} {median(floors):>6.2f} s {median(walls):>6.2f} s {ratio:>6.2f}x {target:>6}x "
                f"{max(peaks):>5.0f} MB"
            )
            if name.startswith("three") and max(peaks) > 800:
                over.append("peak memory above 800 MB")
        over += scaling(folder)
        seconds = median(run([*FABRICSIM, "--help"], folder)[0] for _ in range(ROUNDS))
        print(f"{'--help':<38} {'':>8} {seconds:>6.2f} s {'':>7} {'0.5 s':>7}")
        over += ["--help"] * (seconds > 0.5)
    if over:
        sys.exit("over target: " + ", ".join(over))


def scaling(folder: str) -> list[str]:
    """How the cost of the first case grows with the endpoints.

    The exponent between k=32, 48 and 74 (1: linear).
    """
    ks, walls = (32, 48, K), []
    for k in ks:
        command = [*FABRICSIM, "allreduce", f"fat-tree:k={k}", *THREE, "--out", "r.csv", "--plot", "r.svg"]
        walls.append(median(run(command, folder)[0] for _ in range(3)))
    for (k0, t0), (k1, t1) in zip(zip(ks, walls), list(zip(ks, walls))[1:]):
        exponent = math.log(t1 / t0) / math.log((k1 / k0) ** 3)
        print(f"k={k0} -> k={k1}: {t0:.2f} s -> {t1:.2f} s, time grows as endpoints^{exponent:.2f}")
    return (
        []
        if math.log(walls[-1] / walls[0]) / math.log((K / ks[0]) ** 3) <= 1.1
        else ["scaling above endpoints^1.1"]
    )


if __name__ == "__main__":
    main()
