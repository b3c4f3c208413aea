"""All-to-all of 100,000 ranks and of 1,562 groups of 64; half a million endpoints: whole commands, in s.

Each answer is asserted by what its bytes take at least, and by what it cannot exceed on such a fabric.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, Ran, rows, run

NIC = 50e9  # bytes/s of colossus-100k's and k = 74's endpoints
GIB = 2**30


def ran(folder: str, *words: str) -> tuple[Ran, list[dict[str, str]]]:
    command = run([*FABRICSIM, *words, "--out", "r.csv"], folder)
    return command, rows(folder, "r.csv")


def measured(case: str, command: Ran, seconds: float, peak: float) -> Iterator[Measured]:
    """Processor seconds are told in the case, as other work on the machine stretches the clock."""
    name = f"{case} ({command.processor:.1f} s of processor time)"
    yield Measured(case=name, value=command.wall, unit="s", target=seconds, seconds=command.wall)
    yield Measured(case=f"{case}: memory", value=command.peak, unit="MB", target=peak, peak_mb=command.peak)


def measure() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        n = 100_000
        for routing in ("dmodk", "ecmp"):
            words = ("--algorithm", "linear", "--routing", routing, "--size", "1GiB")
            command, (row,) = ran(folder, "collective", "all-to-all", "preset:colossus-100k", *words)
            least = (n - 1) / n * GIB / NIC
            assert least * (1 - 1e-9) <= float(row["time_s"]) <= (1.01 if routing == "dmodk" else 3) * least
            yield from measured(f"all-to-all, 100,000 ranks, {routing}", command, 10, 4000)
        words = ("--groups", "tp=1,dp=rest", "--experts", "ep=64", "--over", "ep", "--algorithm", "linear")
        command, (row,) = ran(
            folder, "collective", "all-to-all", "fat-tree:k=74", "--ranks", "99968", *words, "--size", "64MiB"
        )
        times = json.loads(row["group_times"])
        least = 63 / 64 * 2**26 / NIC
        assert least <= times["fastest"] <= times["slowest"] <= float(row["time_s"]) * (1 + 1e-12)
        yield from measured("all-to-all of 1,562 groups of 64", command, 15, 4000)
        for algorithm, least in (
            # 4 NICs of 100 GB/s a server, each with a ring; each rail 1/4 of the message.
            ("ring", 2 * GIB / 4 / 100e9),
            ("hierarchical-ring", 2 * GIB / 4 / 100e9),
        ):
            command, (row,) = ran(
                folder, "allreduce", "preset:fairwater-524k", "--algorithm", algorithm, "--size", "1GiB"
            )
            assert int(row["endpoints"]) == 524_288 and float(row["time_s"]) >= least * (1 - 1e-5)
            yield from measured(f"fairwater-524k, {algorithm}", command, 60, 8000)
