"""What all groups of a job at once cost in wall time: over one group of all the same ranks, by one algorithm.

Both commands take turns; each answer is asserted. Groups of 128 whose ranks are far apart share the upper
tiers with all others, groups of neighbours hardly any.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, alternated, rows

TARGET, MEMORY, ROUNDS = 1.5, 1000, 3
TREE = ("fat-tree:k=74", "--ranks", "100096")  # has no servers that come out even
SERVERS = ("preset:colossus-100k", "--ranks", "99968")
CASES = (
    ("ring", TREE, "pp=782,dp=128"),
    ("halving-doubling", TREE, "pp=782,dp=128"),
    ("tree", TREE, "dp=128,pp=782"),
    ("hierarchical-tree", SERVERS, "dp=128,pp=781"),
    ("hierarchical-halving-doubling", SERVERS, "tp=4,pp=781,dp=32"),
)


def check(folder: str, algorithm: str, n: int) -> None:
    """No group is quicker than its bytes on its own NICs; the slowest is no quicker than alone; rings of one
    NIC each wait for a whole number of others."""
    (row,) = rows(folder, "g.csv")
    times = json.loads(row["group_times"])
    least = 2 * (1 - 1 / n) * 2**30 / 50e9
    assert times["fastest"] <= times["mean"] <= times["slowest"] <= float(row["time_s"]) * (1 + 1e-12)
    assert times["alone"] <= times["slowest"] * (1 + 1e-12)
    if "hierarchical" not in algorithm:
        assert times["fastest"] >= least
    if algorithm == "ring":
        shared = float(row["contention"])
        assert abs(shared - round(shared)) < 1e-9 and times["slowest"] >= shared * least


def measure() -> Iterator[Measured]:
    for algorithm, ranks, groups in CASES:
        command = [*FABRICSIM, "collective", "all-reduce", *ranks, "--algorithm", algorithm, "--size", "1GiB"]
        mine = [*command, "--groups", groups, "--over", "dp", "--out", "g.csv"]
        with tempfile.TemporaryDirectory() as folder:
            one, many = alternated(command, mine, folder, ROUNDS)
            check(folder, algorithm, int(groups.partition("dp=")[2].partition(",")[0]))
        case = f"{algorithm}, {groups}"
        ratio = many.wall / one.wall
        yield Measured(
            case=case, value=ratio, target=TARGET, seconds=many.wall, floor=one.wall, peak_mb=many.peak
        )
        yield Measured(case=f"{case}: memory", value=many.peak, target=MEMORY, unit="MB")
