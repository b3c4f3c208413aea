"""What 1% of cut cables costs an all-reduce on 101,306 endpoints in wall time: with them over without.

Both commands take turns; each answer is asserted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from tests.bench.commands import ENDPOINTS, K
from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, alternated

TARGET, ROUNDS = 1.5, 5
ALGORITHMS = ("ring", "halving-doubling")
TRUNK = 2 * (K // 2) ** 2 * K  # cables between switches, which may fail without cutting off an endpoint
CUT = f"{round(TRUNK / 100):,} of {TRUNK + ENDPOINTS:,} cables failed"


def microseconds(output: str) -> float:
    return float(next(line for line in output.splitlines() if line.split()[:1] == [str(2**30)]).split()[5])


def measure() -> Iterator[Measured]:
    for algorithm in ALGORITHMS:
        command = [*FABRICSIM, "allreduce", f"fat-tree:k={K}", "--algorithm", algorithm, "--size", "1GiB"]
        with tempfile.TemporaryDirectory() as folder:
            plain, cut = alternated(command, [*command, "--fail", "cables=1%"], folder, ROUNDS)
        # No path is lost, and bytes need at least what the endpoints' links take.
        least = 2 * (1 - 1 / ENDPOINTS) * 2**30 / 50e9 * 1e6
        assert CUT in cut.output and CUT not in plain.output
        assert microseconds(cut.output) > least and microseconds(plain.output) > least
        ratio = cut.wall / plain.wall
        yield Measured(case=algorithm, value=ratio, target=TARGET, seconds=cut.wall, floor=plain.wall)
