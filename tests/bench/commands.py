"""Whole commands at 101,306 endpoints, as ratios to the bare NetworkX graph of the same tree.

The floor builds the same graph with add_edges_from and exits. Commands take turns with it, and the quickest
of each is taken, because machines are shared and noisy.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.measured import Measured
from tests.bench.process import ALONE, FABRICSIM, alternated, rows, run

ROUNDS = 5
K = 74
ENDPOINTS = K**3 // 4

THREE = ["--algorithm", "ring,tree,hierarchical-ring", "--sizes", "8:16G:x4"]


def check_main(folder: str, _: str) -> None:
    """16 sizes of three algorithms; the ring's bytes at line rate.

    2 (n - 1) / n S / B of it, with the latency apart.
    """
    found = rows(folder, "r.csv")
    assert len(found) == 48, len(found)
    ring = [row for row in found if row["algorithm"] == "ring"]
    slope = (float(ring[-1]["time_s"]) - float(ring[0]["time_s"])) / (int(ring[-1]["size_bytes"]) - 8)
    assert math.isclose(slope, 2 * (ENDPOINTS - 1) / ENDPOINTS / 50e9, rel_tol=1e-9), slope


def check_figure(folder: str, output: str) -> None:
    """The same, and a figure of it."""
    check_main(folder, output)
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
        "three algorithms, 16 sizes",
        ["allreduce", f"fat-tree:k={K}", *THREE, "--out", "r.csv"],
        1.7,
        check_main,
    ),
    (
        "three algorithms, 16 sizes, figure",
        ["allreduce", f"fat-tree:k={K}", *THREE, "--out", "r.csv", "--plot", "r.svg"],
        2.3,
        check_figure,
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


def measure() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments, target, check in CASES:
            least = [sys.executable, str(ALONE / "floor.py"), str(K)]
            floor, ran = alternated(least, [*FABRICSIM, *arguments], folder, ROUNDS)
            check(folder, ran.output)
            ratio, peak = ran.wall / floor.wall, ran.peak
            yield Measured(
                case=name, value=ratio, target=target, seconds=ran.wall, floor=floor.wall, peak_mb=peak
            )
            if name.startswith("three"):
                yield Measured(case=f"{name}: memory", value=peak, unit="MB", target=800)
        yield from growth(folder)
        yield from beginnings(folder)


def growth(folder: str) -> Iterator[Measured]:
    """How the time of the first case grows between k=32, 48 and 74 (1: linear)."""
    ks = (32, 48, K)
    walls = [
        min(
            run([*FABRICSIM, "allreduce", f"fat-tree:k={k}", *THREE, "--out", "r.csv"], folder).wall
            for _ in range(3)
        )
        for k in ks
    ]
    for a, b, target in ((0, 1, 1.2), (1, 2, 1.2), (0, 2, 1.1)):
        exponent = math.log(walls[b] / walls[a]) / math.log((ks[b] / ks[a]) ** 3)
        name = f"exponent of time over endpoints, k={ks[a]} to k={ks[b]}"
        yield Measured(case=name, value=exponent, unit="", target=target, seconds=walls[b])


FIRST = """
from sims import all_reduce
from topologies import load
(row,) = all_reduce(load("fat-tree:k=4"), "ring", 2**20)
assert 2 * 15 / 16 * 2**20 / 50e9 < row.time_s < 2 * 2**20 / 50e9 + 30 * 10e-6, row
"""


def beginnings(folder: str) -> Iterator[Measured]:
    """What a user waits for before anything is simulated."""
    text = min((run([*FABRICSIM, "--help"], folder) for _ in range(ROUNDS)), key=lambda ran: ran.wall)
    assert "allreduce" in text.output and "Usage" in text.output
    yield Measured(case="--help", value=text.wall, unit="s", target=0.15, seconds=text.wall)
    first = min(run([sys.executable, "-c", FIRST], folder).wall for _ in range(ROUNDS))
    yield Measured(
        case="first all_reduce of an interpreter", value=first, unit="s", target=0.6, seconds=first
    )
