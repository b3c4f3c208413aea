"""How the main job grows from 1,000 to a million endpoints, beside the bare NetworkX graph of the same tree.

Seconds are of the processor, as machines are shared. An exponent is that of a cost over endpoints: 1 is
linear.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator

from tests.bench.commands import THREE
from tests.bench.measured import Measured
from tests.bench.process import ALONE, FABRICSIM, Ran, rows, run

KS = (16, 32, 48, 74, 128, 160)  # of a fat tree: k^3 / 4 endpoints
LARGE = 100_000  # endpoints: from there on the start of an interpreter does not count, and once is enough
LIMITS = {"time": 1.2, "memory": 1.1}  # of exponents from there on


def measure() -> Iterator[Measured]:
    found: list[tuple[int, Ran]] = []
    for k in KS:
        endpoints = k**3 // 4
        rounds = 1 if endpoints > LARGE else 3
        with tempfile.TemporaryDirectory() as folder:
            command = [*FABRICSIM, "allreduce", f"fat-tree:k={k}", *THREE, "--out", "r.csv"]
            job = min((run(command, folder) for _ in range(rounds)), key=lambda ran: ran.processor)
            check(folder, endpoints)
            bare = [sys.executable, str(ALONE / "floor.py"), str(k)]
            floor = min((run(bare, folder) for _ in range(rounds)), key=lambda ran: ran.processor)
        found.append((endpoints, job))
        yield Measured(
            case=f"{endpoints:,} endpoints",
            value=job.processor / floor.processor,
            target=4,
            seconds=job.processor,
            floor=floor.processor,
            peak_mb=job.peak,
        )
    first, last = next(pair for pair in found if pair[0] > LARGE), found[-1]
    for what, cost in (("time", "processor"), ("memory", "peak")):
        exponent = slope(first[0], getattr(first[1], cost), last[0], getattr(last[1], cost))
        name = f"exponent of {what}, {first[0]:,} to {last[0]:,} endpoints"
        yield Measured(case=name, value=exponent, unit="", target=LIMITS[what])


def slope(few: int, cheap: float, many: int, dear: float) -> float:
    """The power of the number of endpoints with which a cost grows."""
    return math.log(dear / cheap) / math.log(many / few)


def check(folder: str, endpoints: int) -> None:
    """All rows, and the bytes of the ring at line rate, as in ``commands``."""
    found = rows(folder, "r.csv")
    assert len(found) == 48, len(found)
    ring = [row for row in found if row["algorithm"] == "ring"]
    spent = float(ring[-1]["time_s"]) - float(ring[0]["time_s"])
    carried = (int(ring[-1]["size_bytes"]) - int(ring[0]["size_bytes"])) * 2 * (endpoints - 1) / endpoints
    assert math.isclose(spent, carried / 50e9, rel_tol=1e-9), spent
